//! Sizes, durations and numbers as people read them, in the language in force.

use crate::{Text, locale, text};

/// The sign before decimals, and the one between groups of three digits.
fn separators() -> (char, char) {
    match locale::language() {
        "de" | "es" => (',', '.'),
        "fr" => (',', '\u{202f}'),
        _ => ('.', ','),
    }
}

/// A number with so many decimals.
pub fn decimal(value: f64, digits: usize) -> String {
    format!("{value:.digits$}").replace('.', separators().0.encode_utf8(&mut [0; 4]))
}

/// A whole number; from five digits on they stand in groups.
pub fn integer(value: u64) -> String {
    let digits = value.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(separators().1);
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes in SI units: one decimal below 100 (`90.9 MB`), none from there on (`113 MB`).
pub fn bytes(bytes: u64) -> String {
    const UNITS: [Text; 4] = [text::MEGABYTES, text::GIGABYTES, text::TERABYTES, text::PETABYTES];
    if bytes < 1000 {
        return text::BYTES.of(&bytes.to_string());
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = text::KILOBYTES;
    for next in UNITS {
        // What would round to 1000 belongs to the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    unit.of(&decimal(value, if value < 99.95 { 1 } else { 0 }))
}

/// Bytes in a second: `3.1 MB/s`.
pub fn speed(bytes_per_second: f64) -> String {
    text::PER_SECOND.of(&bytes(if bytes_per_second.is_finite() { bytes_per_second.max(0.0) as u64 } else { 0 }))
}

/// Milliseconds as `42 ms`, `1.2 s`, `1 min 5 s` or `2 h 3 min`.
pub fn duration(milliseconds: f64) -> String {
    if !milliseconds.is_finite() || milliseconds < 0.0 {
        return "–".to_owned();
    }
    if milliseconds < 0.95 {
        return text::LESS_THAN_A_MILLISECOND.as_str().to_owned();
    }
    if milliseconds < 999.5 {
        return text::MILLISECONDS.of(&decimal(milliseconds, 0));
    }
    let seconds = milliseconds / 1000.0;
    if seconds < 9.95 && milliseconds % 1000.0 != 0.0 {
        return text::SECONDS.of(&decimal(seconds, 1));
    }
    let seconds = seconds.round() as u64;
    match seconds {
        0..60 => text::SECONDS.of(&seconds.to_string()),
        60..3600 => joined(seconds / 60, text::MINUTES, seconds % 60, text::SECONDS),
        _ => joined(seconds / 3600, text::HOURS, seconds % 3600 / 60, text::MINUTES),
    }
}

/// Seconds to come: tenths up to ten of them, then whole ones.
pub fn about(seconds: f64) -> String {
    let tenths = (seconds.max(0.1) * 10.0).round();
    if tenths < 100.0 && tenths % 10.0 != 0.0 {
        return text::SECONDS.of(&decimal(tenths / 10.0, 1));
    }
    duration((tenths / 10.0).round() * 1000.0)
}

fn joined(large: u64, large_unit: Text, small: u64, small_unit: Text) -> String {
    let large = large_unit.of(&large.to_string());
    if small == 0 { large } else { format!("{large} {}", small_unit.of(&small.to_string())) }
}

/// A number with three decimals and a true minus sign; `–` for what is no number.
pub fn number(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return "–".to_owned();
    };
    let whole = if value.abs() < 1e6 { format!("{value:.3}") } else { format!("{value:.3e}") };
    let whole = whole.replace('.', separators().0.encode_utf8(&mut [0; 4]));
    match whole.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.' | b',')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => whole,
    }
}

/// The first seven digits of a commit, as git shortens it; names of branches and tags stay whole.
pub fn commit(commit: &str) -> &str {
    let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { commit.get(..7).unwrap_or(commit) } else { commit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_rounded_within_their_unit() {
        for (value, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (90_868_376, "90.9 MB"),
            (99_949_999, "99.9 MB"),
            (99_950_000, "100 MB"),
            (113_000_000, "113 MB"),
            (999_499_999, "999 MB"),
            (999_500_000, "1.0 GB"),
            (2_471_645_608, "2.5 GB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn durations_take_the_unit_that_reads_well() {
        for (value, text) in [
            (0.2, "< 1 ms"),
            (1.0, "1 ms"),
            (42.4, "42 ms"),
            (999.4, "999 ms"),
            (999.6, "1.0 s"),
            (1234.0, "1.2 s"),
            (2000.0, "2 s"),
            (9950.0, "10 s"),
            (12_300.0, "12 s"),
            (59_600.0, "1 min"),
            (65_000.0, "1 min 5 s"),
            (7_380_000.0, "2 h 3 min"),
            (f64::NAN, "–"),
            (-1.0, "–"),
        ] {
            assert_eq!(duration(value), text);
        }
    }

    #[test]
    fn speeds_survive_any_number() {
        assert_eq!(speed(3_140_000.0), "3.1 MB/s");
        assert_eq!(speed(f64::INFINITY), "0 B/s");
        assert_eq!(speed(-5.0), "0 B/s");
    }

    #[test]
    fn numbers_have_three_decimals_and_no_negative_zero() {
        assert_eq!(number(Some(0.9987)), "0.999");
        assert_eq!(number(Some(-2.5)), "−2.500");
        assert_eq!(number(Some(-0.0001)), "0.000");
        assert_eq!(number(Some(1e30)), "1.000e30");
        assert_eq!(number(Some(f64::NAN)), "–");
        assert_eq!(number(None), "–");
    }

    /// What `Intl.NumberFormat` of ICU 78 writes in these languages with Latin digits, grouped from five digits on (`min2`).
    #[test]
    fn numbers_have_the_signs_of_the_language() {
        for (language, decimals, small, large) in [
            ("en", "0.938", "1234", "1,234,567"),
            ("ar", "0.938", "1234", "1,234,567"),
            ("de", "0,938", "1234", "1.234.567"),
            ("es", "0,938", "1234", "1.234.567"),
            ("fr", "0,938", "1234", "1\u{202f}234\u{202f}567"),
            ("zh", "0.938", "1234", "1,234,567"),
        ] {
            let table = Box::leak(Box::new(locale::Table::parse(language, "{}").unwrap()));
            locale::with(Some(table), || {
                assert_eq!((decimal(0.9375, 3).as_str(), integer(1234).as_str()), (decimals, small), "{language}");
                assert_eq!(
                    (number(Some(0.9375)).as_str(), integer(1_234_567).as_str()),
                    (decimals, large),
                    "{language}"
                );
                assert_eq!(number(Some(-0.0001)), decimals.replace("938", "000"), "{language}");
            });
        }
    }

    #[test]
    fn only_hashes_are_shortened() {
        assert_eq!(commit("c9745ed1d9f207416be6d2e6f8de32d1f16199bf"), "c9745ed");
        assert_eq!(commit("refs/pr/1"), "refs/pr/1");
    }
}
