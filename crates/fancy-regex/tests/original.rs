//! The matches of this crate beside those of the crate it stands in for.

/// Texts with what tokenizers meet: words, numbers, spaces of all kinds, scripts, marks, emoji.
const TEXTS: &[&str] = &[
    "",
    "a",
    "Hello, world! It's 2024; we'll go—they've 12,345.67 reasons.\n\n\tYes  \r\n",
    "  leading and   inner  spaces\u{a0}\u{3000}end  ",
    "I'M WE'LL don'T ſtraße KELVIN \u{212A}elvin ΣΊΣΥΦΟΣ ς σ Ünïcödé",
    "日本語のテキスト、カタカナ 漢字 ひらがな 한국어 ไทย हिन्दी العربية עברית",
    "naïve e\u{301}clair x_y __init__ CamelCaseWord HTTPServer v1.2.3",
    "👍🏽 emoji 👨‍👩‍👧 flags 🇩🇪 ½ ⅷ ² ٣ ৪ → € $ + = < >",
    "aaaaaaaabbb abab aab {3} [x] (y) \\ / - _ ^ $ # ~ & ",
    "line one\nline two\r\nline three\n",
    "<s> [CLS] [MASK]</s> http://a.b/c?d=e&f#g user@example.org",
    "\u{0}\u{7}\u{b}\u{c}\u{85}\u{2028}\u{200d}\u{feff}\u{fffd}\u{10ffff}",
];

/// Expressions of published tokenizers, then one for each part of the syntax.
const PATTERNS: &[&str] = &[
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    r"\s?\p{L}+|\s?\p{N}+|\s?[^\s\p{L}\p{N}]+|\s+$|\s+(?!\S)|\s+",
    r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))",
    r"(?:^|(?<=\s))\p{P}",
    r"\w+|[^\w\s]+",
    r"^\w",
    r"\w$",
    r"^\s*",
    r"\s*$",
    r" {2,}",
    r"\s{2,}|[\n\r\t]",
    r"(?<=[a-z])(?=[A-Z])",
    r"(?<!\d)\d{2}(?!\d)",
    r"(?<=(?:ab|b))a",
    r"\b\w{2}\b",
    r"\B.",
    r"(?m)^.+$",
    r"(?s).+?e",
    r"(?x) a + # comment
        b",
    r"(?i)straSSe|s+|[k-l]+|σ+",
    r"(?i)[^a-z\s]+",
    r"(?i)\p{Lu}+",
    r"(a|ab)(c|bcd|b)?",
    r"(\w)\1",
    r"(?<letter>[a-z])\k<letter>",
    r"(?P<letter>[a-z])(?P=letter)",
    r"(?>a+)b",
    r"a++b|a*+",
    r"(?:a|b)*?b",
    r"(a*)*",
    r"(?:a*?)+b",
    r"(?:)",
    r"|a",
    r"a|",
    r"x*",
    r"a{2}|b{2,}|a{0,1}",
    r"{3}|\{3\}",
    r"[[:alpha:]]+|[[:^space:][:digit:]]",
    r"[a-z&&[^aeiou]]+",
    r"[\w--[a-z]]+",
    r"[]\]x]+|[^]]",
    r"[-a]+|[a-]+|[+\-*]",
    r"[\x41-\x5A\u{61}-\u{7a}]+|\u00e9|\x{1F44D}",
    r"\p{Han}+|\p{Hiragana}+|\p{script=Katakana}|\p{Hangul}+|\p{Thai}|\p{Arabic}|\p{Hebrew}|\p{Devanagari}+",
    r"\P{L}+|[^\P{Lu}]",
    r"\pL+|\PN",
    r"\p{Letter}\p{Mark}*|\p{Decimal_Number}|\p{Sc}|\p{Sm}|\p{So}",
    r"\p{Nl}|\p{No}|\p{Pd}|\p{Zs}|\p{Cc}|\p{Cf}",
    r"\p{Alphabetic}+|\p{Lowercase}|\p{White_Space}",
    r"\d+|\D",
    r"\h+|\H",
    r"\S+|\W",
    r"[\s\S]",
    r"\A.|.\z|.\Z",
    r"\.|\?|\(|\)|\$|\/",
    r"(?#comment)a",
    r"(?-i)a(?i)B|c(?-i:D)",
    r"(?=a)a|(?!a)b",
    r"((?=(a+))a)*b",
];

fn matches(pattern: &str, text: &str) -> Result<Vec<(usize, usize)>, String> {
    let regex = fancy_regex::Regex::new(pattern).map_err(|error| error.to_string())?;
    regex
        .find_iter(text)
        .map(|found| found.map(|found| (found.start(), found.end())).map_err(|e| e.to_string()))
        .collect()
}

fn expected(pattern: &str, text: &str) -> Result<Vec<(usize, usize)>, String> {
    let regex = original::Regex::new(pattern).map_err(|error| error.to_string())?;
    regex
        .find_iter(text)
        .map(|found| found.map(|found| (found.start(), found.end())).map_err(|e| e.to_string()))
        .collect()
}

#[test]
fn matches_are_those_of_the_original() {
    let mut different = Vec::new();
    for pattern in PATTERNS {
        for text in TEXTS {
            let (ours, theirs) = (matches(pattern, text), expected(pattern, text));
            if theirs.is_err() || ours != theirs {
                different.push(format!("{pattern:?} in {text:?}:\n  {ours:?}\n  {theirs:?}"));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// The characters of a class among all that the original's version of Unicode knows; what changed since is few.
#[test]
fn classes_are_those_of_the_original() {
    let all: String = (0..=u32::from(char::MAX)).filter_map(char::from_u32).collect();
    let unknown = original::Regex::new(r"\p{Cn}+").unwrap();
    let all = unknown.replace_all(&all, "").into_owned();
    for pattern in [
        r"\w",
        r"\s",
        r"\d",
        r"\p{L}",
        r"\p{Lu}",
        r"\p{Ll}",
        r"\p{Lt}",
        r"\p{Lm}",
        r"\p{Lo}",
        r"\p{M}",
        r"\p{Mn}",
        r"\p{Mc}",
        r"\p{N}",
        r"\p{Nd}",
        r"\p{P}",
        r"\p{S}",
        r"\p{Z}",
        r"\p{Cc}",
        r"\p{Cf}",
        r"\p{Co}",
        r"\p{Han}",
        r"\p{Hiragana}",
        r"\p{Katakana}",
        r"\p{Latin}",
        r"\p{Greek}",
        r"\p{Cyrillic}",
        r"\p{Common}",
        r"\p{Lowercase}",
        r"\p{Alphabetic}",
        r"\p{Emoji}",
        r"(?i)[a-z]",
        r"(?i)\p{Lu}",
        r"(?i)[α-ω]",
        r"(?i)k",
        r"(?i)ß",
    ] {
        let set = |found: Vec<(usize, usize)>| -> std::collections::BTreeSet<usize> {
            found.into_iter().map(|(start, _)| start).collect()
        };
        let (ours, theirs) = (set(matches(pattern, &all).unwrap()), set(expected(pattern, &all).unwrap()));
        let different: Vec<char> =
            ours.symmetric_difference(&theirs).filter_map(|at| all[*at..].chars().next()).collect();
        assert!(
            different.len() * 1000 <= theirs.len(),
            "{pattern}: {:?} of {}",
            &different[..different.len().min(20)],
            theirs.len()
        );
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for pattern in [
        "(",
        ")",
        "a)",
        "(a",
        "[",
        "[a",
        "[b-a]",
        "*",
        "+a",
        "(?",
        "(?<",
        "(?<n",
        r"\",
        r"\p{Nonsense}",
        r"\p{",
        r"\x{110000}",
        r"\xZZ",
        r"\1",
        r"\k<n>",
        "a{2,1}",
        "[[:no:]]",
        "(?q)a",
        r"\y",
    ] {
        assert!(fancy_regex::Regex::new(pattern).is_err(), "{pattern}");
    }
    let deep = "(".repeat(5000) + &")".repeat(5000);
    for pattern in [deep.as_str(), r"((\w{1000}){1000}){1000}", r"(((a{0,999}){999}){999}){999}"] {
        assert!(fancy_regex::Regex::new(pattern).is_err(), "{}", &pattern[..20]);
    }
}

#[test]
fn a_search_that_runs_away_is_given_up() {
    let text = "a".repeat(2000);
    for pattern in [r"^(?:a+)+(?!x)b$", r"(a|aa)+$x", r"(?:a*)*b", r"(?<=(a+)+b)c|(a+)+c"] {
        let regex = fancy_regex::RegexBuilder::new(pattern).backtrack_limit(100_000).build().unwrap();
        assert!(matches!(regex.find_iter(&text).next(), Some(Err(fancy_regex::Error::BacktrackLimit))), "{pattern}");
    }
}

#[test]
fn a_long_text_is_searched_to_its_end() {
    let text = format!("{}{}", " ".repeat(200_000), "x".repeat(200_000));
    for pattern in [PATTERNS[0], PATTERNS[1], r"\w+|[^\w\s]+"] {
        assert!(matches(pattern, &text).is_ok(), "{pattern}");
    }
}

#[test]
fn escaped_texts_match_themselves() {
    for text in ["a.b", r"[x](y){3}\", "^$#&-~|*+?", "é 日"] {
        let found = matches(&fancy_regex::escape(text), &format!("--{text}--"));
        assert_eq!(found, Ok(vec![(2, 2 + text.len())]), "{text}");
    }
}
