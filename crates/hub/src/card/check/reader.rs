//! The fields of a card as they are checked: each with its name, its line and what it must be.

use std::collections::HashMap;

use serde_json::Value;

use super::{Problem, Severity};
use crate::yaml::{Content, Entry, Node};

/// Letters of a key that a name has at most.
const LONGEST_KEY: usize = 100;

/// A value and what the Hub calls it.
pub(super) struct Field<'a> {
    /// A key, or a path.
    pub name: String,
    /// The line of its key in the metadata.
    pub line: usize,
    pub node: &'a Node,
}

impl<'a> Field<'a> {
    /// The metadata as a whole.
    pub fn root(node: &'a Node) -> Self {
        Self { name: String::new(), line: node.line, node }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.node.content, Content::Scalar(Value::Null))
    }

    /// The value, where it is a scalar.
    pub fn scalar(&self) -> Option<&'a Value> {
        match &self.node.content {
            Content::Scalar(value) => Some(value),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    pub fn text(&self) -> Option<&'a str> {
        self.scalar()?.as_str()
    }

    pub fn is_map(&self) -> bool {
        matches!(self.node.content, Content::Map(_))
    }

    /// The items, where it is a list.
    pub fn items(&self) -> Option<Vec<Field<'a>>> {
        let Content::List(items) = &self.node.content else { return None };
        let item = |(index, node): (usize, &'a Node)| {
            let name = format!("{}[{index}]", self.name);
            Field { name, line: node.line, node }
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The entries of a map, in its order.
    pub fn entries(&self) -> Vec<(&'a str, Field<'a>)> {
        let Content::Map(entries) = &self.node.content else { return Vec::new() };
        entries.iter().map(|entry| (entry.key.as_str(), self.entry(entry))).collect()
    }

    /// An entry of a map, where it has a value; of a key's values the last counts.
    pub fn get(&self, key: &str) -> Option<Field<'a>> {
        let Content::Map(entries) = &self.node.content else { return None };
        let entry = entries.iter().rfind(|entry| entry.key == key)?;
        Some(self.entry(entry)).filter(|field| !field.is_null())
    }

    fn entry(&self, entry: &'a Entry) -> Field<'a> {
        let key: String = entry.key.chars().take(LONGEST_KEY).collect();
        let name = if self.name.is_empty() { key } else { format!("{}.{key}", self.name) };
        Field { name, line: entry.line, node: &entry.value }
    }
}

/// Collects problems.
pub(super) struct Reader {
    /// The line of the README that the metadata begins on.
    first_line: usize,
    pub problems: Vec<Problem>,
}

impl Reader {
    pub fn new(first_line: usize) -> Self {
        Self { first_line, problems: Vec::new() }
    }

    pub fn error(&mut self, field: &Field, message: String) {
        self.add(Severity::Error, field, message);
    }

    pub fn warning(&mut self, field: &Field, message: String) {
        self.add(Severity::Warning, field, message);
    }

    fn add(&mut self, severity: Severity, field: &Field, message: String) {
        let line = Some(self.line(field.line));
        let name = Some(field.name.clone()).filter(|name| !name.is_empty());
        self.problems.push(Problem { severity, line, field: name, message });
    }

    fn line(&self, line: usize) -> usize {
        self.first_line + line.saturating_sub(1)
    }

    /// Keys that a map has more than once, at every depth.
    pub fn duplicates(&mut self, node: &Node) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::List(items) => items.iter().for_each(|item| self.duplicates(item)),
            Content::Map(entries) => {
                let mut seen: HashMap<&str, usize> = HashMap::new();
                for Entry { key, line, value } in entries {
                    if let Some(first) = seen.insert(key, *line) {
                        let first = self.line(first);
                        let field = Field { name: key.clone(), line: *line, node: value };
                        self.error(&field, format!("duplicated mapping key: \"{key}\" is on line {first} already"));
                    }
                    self.duplicates(value);
                }
            }
        }
    }

    /// A text.
    pub fn text<'a>(&mut self, field: &Field<'a>) -> Option<&'a str> {
        self.must(field, field.text(), "be a string")
    }

    /// A text of the form of a web address.
    pub fn url(&mut self, field: &Field) {
        if self.text(field).is_some_and(|text| !is_url(text)) {
            self.error(field, format!("\"{}\" must be a valid uri", field.name));
        }
    }

    /// A truth value.
    pub fn boolean(&mut self, field: &Field) {
        self.must(field, field.scalar().and_then(Value::as_bool), "be a boolean");
    }

    /// A list.
    pub fn items<'a>(&mut self, field: &Field<'a>) -> Vec<Field<'a>> {
        self.must(field, field.items(), "be an array").unwrap_or_default()
    }

    /// A list of texts.
    pub fn list_of_texts<'a>(&mut self, field: &Field<'a>) -> Vec<(Field<'a>, &'a str)> {
        let items = self.items(field);
        items.into_iter().filter_map(|item| self.text(&item).map(|text| (item, text))).collect()
    }

    /// A text or a list of texts.
    pub fn texts<'a>(&mut self, field: &Field<'a>) -> Vec<(Field<'a>, &'a str)> {
        if field.items().is_some() {
            return self.list_of_texts(field);
        }
        let text = self.text(field);
        text.map(|text| (Field { name: field.name.clone(), ..*field }, text)).into_iter().collect()
    }

    /// Whether it is a map.
    pub fn is_map(&mut self, field: &Field) -> bool {
        self.must(field, field.is_map().then_some(()), "be of type object").is_some()
    }

    /// An entry that a map has to have.
    pub fn required<'a>(&mut self, map: &Field<'a>, key: &str) -> Option<Field<'a>> {
        let found = map.get(key);
        if found.is_none() {
            let name = format!("{}.{key}", map.name);
            let message = format!("\"{name}\" is required");
            self.error(&Field { name, line: map.line, node: map.node }, message);
        }
        found
    }

    fn must<T>(&mut self, field: &Field, value: Option<T>, what: &str) -> Option<T> {
        if value.is_none() {
            self.error(field, format!("\"{}\" must {what}", field.name));
        }
        value
    }
}

/// Whether a text is a web address.
pub(super) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}
