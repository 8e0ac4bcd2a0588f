//! The identifiers that the Hub knows: of licences, tasks, libraries and languages.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The codes of ISO 639-1, 639-2 and 639-3.
static LANGUAGES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| words(include_str!("identifiers/languages.txt")).collect());

/// What `license` may be: as the Hub lists them where it refuses a card, which is more than its documentation does.
pub(super) fn licences() -> impl Iterator<Item = &'static str> {
    words(include_str!("identifiers/licences.txt"))
}

/// The libraries that the Hub has a badge and snippets for: `MODEL_LIBRARIES_UI_ELEMENTS` of `@huggingface/tasks` 0.21.54.
pub(super) fn libraries() -> impl Iterator<Item = &'static str> {
    words(include_str!("identifiers/libraries.txt"))
}

/// Whether `language` may be this.
pub(super) fn is_language(code: &str) -> bool {
    matches!(code, "code" | "multilingual") || LANGUAGES.contains(code)
}

fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_two_or_three_letters_or_are_the_special_ones() {
        for code in ["en", "eng", "ger", "deu", "zh", "yue", "ber", "code", "multilingual"] {
            assert!(is_language(code), "{code}");
        }
        for code in ["jp", "python", "pt_pt", "EN", "english", "", "zz", "qqq"] {
            assert!(!is_language(code), "{code}");
        }
    }
}
