//! A card's metadata checked as the Hub checks it when a card is pushed, with the line of each problem.
//!
//! The Hub names fields by their path (`model-index[0].results[0].task.type`) and says what they must be; where its words are
//! known, they are used here too.

mod examples;
mod fields;
mod identifiers;
mod model_index;
mod reader;

use std::fmt;

use crate::RepoId;
use crate::yaml::{self, Content, Malformed, Node};

use super::split;
use fields::FIELDS;
use reader::{Field, Reader};

/// Something of a card that should be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether the Hub refuses the card for it.
    pub severity: Severity,
    /// The line of README.md, from 1 on, where it has one.
    pub line: Option<usize>,
    /// The field as the Hub names it: a key, or a path such as `model-index[0].name`.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The Hub refuses the card.
    Error,
    /// The Hub takes the card and warns, or makes less of it than the author meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// What is wrong with the metadata of a README.md, by line.
pub fn check(readme: &str) -> Vec<Problem> {
    check_of(None, readme)
}

/// The same where the card's repository is known, which cannot be its own base model or its own successor.
pub fn check_of(repo: Option<&RepoId>, readme: &str) -> Vec<Problem> {
    let mut problems = problems(repo, readme);
    problems.sort_by_key(|problem| problem.line);
    problems
}

fn problems(repo: Option<&RepoId>, readme: &str) -> Vec<Problem> {
    let Some((yaml, _)) = split(readme) else {
        return vec![without_metadata(readme)];
    };
    // The YAML lies within the README.
    let before = readme.get(..yaml.as_ptr() as usize - readme.as_ptr() as usize).unwrap_or_default();
    let first_line = 1 + line_breaks(before);
    let line_of = |line: usize| first_line + line.saturating_sub(1);
    let whole = |severity, line, message: String| vec![Problem { severity, line: Some(line), field: None, message }];
    let root = match yaml::read::<Node>(yaml) {
        Ok(root) => root,
        Err(malformed) => {
            let Malformed { line, reason } = with_tab(yaml, malformed);
            return whole(Severity::Error, line_of(line), format!("the metadata is not valid YAML: {reason}"));
        }
    };
    match root {
        Some(Node { content: Content::Map(entries), .. }) if !entries.is_empty() => {
            let root = Node { line: 1, content: Content::Map(entries) };
            let mut reader = Reader::new(first_line);
            reader.duplicates(&root);
            check_fields(&mut reader, &root, repo);
            reader.problems
        }
        None | Some(Node { content: Content::Scalar(serde_json::Value::Null) | Content::Map(_), .. }) => {
            whole(Severity::Warning, first_line, EMPTY.to_owned())
        }
        Some(Node { line, .. }) => {
            whole(Severity::Error, line_of(line), "the metadata must be a map of fields to values".to_owned())
        }
    }
}

/// Of a tab in an indentation the parser may blame the line before.
fn with_tab(yaml: &str, malformed: Malformed) -> Malformed {
    let has_tab = |(_, line): &(usize, &str)| {
        line.find(|c: char| c != ' ').and_then(|at| line.get(at..)).is_some_and(|rest| rest.starts_with('\t'))
    };
    let lines = yaml.lines().enumerate().skip(malformed.line.saturating_sub(1));
    match lines.take(2).find(has_tab) {
        Some((index, _)) if malformed.reason.contains("tab") => {
            Malformed { line: index + 1, reason: "tab characters must not be used in indentation".to_owned() }
        }
        _ => malformed,
    }
}

/// The Hub's words.
const EMPTY: &str = "empty or missing yaml metadata in repo card";

fn without_metadata(readme: &str) -> Problem {
    let text = readme.trim_start_matches('\u{feff}').trim_start();
    let never_closed = text.lines().next().is_some_and(|line| line.trim_end() == "---");
    let why = if never_closed { ": the `---` that begins it has no other after it" } else { "" };
    Problem { severity: Severity::Warning, line: Some(1), field: None, message: format!("{EMPTY}{why}") }
}

fn check_fields(reader: &mut Reader, root: &Node, repo: Option<&RepoId>) {
    let Content::Map(entries) = &root.content else { return };
    for entry in entries {
        let field = Field { name: entry.key.clone(), line: entry.line, node: &entry.value };
        match FIELDS.iter().find(|(key, _)| *key == entry.key) {
            Some(_) if field.is_null() && entry.key != "instance_prompt" => {
                reader.warning(&field, format!("\"{}\" has no value", entry.key));
            }
            Some((_, check)) => check(reader, &field),
            None => misspelling(reader, &field),
        }
    }
    fields::licence_of_no_list(reader, root);
    fields::own_relatives(reader, root, repo);
    examples::examples(reader, root);
}

/// A key that the Hub does not know is the author's own, unless it is nearly one that it knows.
fn misspelling(reader: &mut Reader, field: &Field) {
    let known = FIELDS.iter().map(|(key, _)| *key);
    if let Some(meant) = nearest(&field.name, known) {
        reader.warning(field, format!("\"{}\" is no field of the Hub: did you mean \"{meant}\"?", field.name));
    }
}

/// The candidate that a word is one or two slips away from; short words allow one.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let slips = if word.len() < 6 { 1 } else { 2 };
    let near = candidates.filter(|candidate| candidate.chars().count().abs_diff(word.len()) <= slips);
    let with_distance = near.map(|candidate| (distance(&word, candidate), candidate));
    let (distance, candidate) = with_distance.min_by_key(|(distance, _)| *distance)?;
    (distance <= slips).then_some(candidate)
}

/// Letters to add, drop or change, at the least (Levenshtein).
fn distance(word: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (index, letter) in other.chars().enumerate() {
        let mut left = index + 1;
        let mut next = vec![left];
        for (pair, own) in row.windows(2).zip(word) {
            let &[diagonal, above] = pair else { break };
            left = (diagonal + usize::from(*own != letter)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Line breaks of every kind, counted as YAML does.
fn line_breaks(text: &str) -> usize {
    text.matches('\n').count() + text.matches('\r').count() - text.matches("\r\n").count()
}

#[cfg(test)]
mod tests;
