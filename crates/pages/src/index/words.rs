//! The words that models are found by, in files by their first two characters.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Entry, Postings, differences};

/// Tags of a model that are searched; some cards have hundreds.
const TAGS: usize = 20;

/// A file for every beginning of two characters with its words, and one for every first character with the models of all its
/// words together.
pub(super) fn files(entries: &[&Entry]) -> Vec<(String, String)> {
    let mut words = Postings::new();
    let mut firsts = Postings::new();
    for (number, entry) in entries.iter().enumerate() {
        let texts = [entry.repo.as_str()].into_iter().chain(entry.tags.iter().take(TAGS).map(String::as_str));
        let mut found: Vec<String> = texts.flat_map(split).collect();
        found.sort();
        found.dedup();
        for word in found {
            let first: String = word.chars().take(1).collect();
            let models = firsts.entry(first).or_default();
            if models.last() != Some(&number) {
                models.push(number);
            }
            words.entry(word).or_default().push(number);
        }
    }
    let mut files: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (first, models) in firsts {
        files.entry(file_name(&first)).or_default().insert(first, json!(differences(&models)));
    }
    for (word, models) in words {
        let beginning: String = word.chars().take(2).collect();
        if beginning.chars().count() == 2 {
            files.entry(file_name(&beginning)).or_default().insert(word, json!(differences(&models)));
        }
    }
    files
        .into_iter()
        .map(|(name, words)| (format!("index/words/{name}.json"), Value::Object(words).to_string()))
        .collect()
}

/// The words of a text: runs of letters and digits, in lower case.
fn split(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The name of the file for a beginning: its characters, or their code points where they are not plain.
fn file_name(beginning: &str) -> String {
    let part = |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("u{:x}", u32::from(c)) };
    beginning.chars().map(part).collect::<Vec<_>>().join(if beginning.is_ascii() { "" } else { "-" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(split("org/all-MiniLM_L6.v2 Größe 中文"), ["org", "all", "minilm", "l6", "v2", "größe", "中文"]);
        assert_eq!(
            (file_name("mi"), file_name("中文"), file_name("ü")),
            ("mi".into(), "u4e2d-u6587".into(), "ufc".into())
        );
    }
}
