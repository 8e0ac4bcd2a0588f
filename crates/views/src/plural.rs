//! The plural categories of whole numbers, as CLDR has them for the languages that there are tables of.

/// The category of a count.
pub(crate) fn category(language: &str, count: u64) -> &'static str {
    match (language, count) {
        ("zh", _) => "other",
        ("ar", 0) => "zero",
        ("ar", 2) => "two",
        ("fr", 0) | (_, 1) => "one",
        ("ar", _) => match count % 100 {
            3..=10 => "few",
            11..=99 => "many",
            _ => "other",
        },
        ("es" | "fr", 1..) if count.is_multiple_of(1_000_000) => "many",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `Intl.PluralRules` of ICU 78 answers for these counts.
    #[test]
    fn categories_are_those_of_cldr() {
        const COUNTS: [u64; 14] = [0, 1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 111, 1_000_000, 1_000_001];
        for (language, categories) in [
            ("en", "other one other other other other other other other other other other other other"),
            ("de", "other one other other other other other other other other other other other other"),
            ("es", "other one other other other other other other other other other other many other"),
            ("fr", "one one other other other other other other other other other other many other"),
            ("zh", "other other other other other other other other other other other other other other"),
            ("ar", "zero one two few few many many other other other few many other other"),
        ] {
            let found = COUNTS.map(|count| category(language, count)).join(" ");
            assert_eq!(found, categories, "{language}");
        }
    }
}
