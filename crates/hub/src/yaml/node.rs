//! A YAML document as it is written: with the line of each value, and with keys that are there more than once.

use serde_json::{Map, Value};

use super::Tree;

/// A value and its line.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The line that it begins on, from 1 on.
    pub line: usize,
    /// What it is.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A text, number, truth value or null.
    Scalar(Value),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in its order.
    Map(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub key: String,
    /// The key's line.
    pub line: usize,
    /// The value.
    pub value: Node,
}

impl Tree for Node {
    type Entries = Vec<Entry>;

    fn scalar(value: Value, line: usize) -> Self {
        Self { line, content: Content::Scalar(value) }
    }

    fn list(items: Vec<Self>, line: usize) -> Self {
        Self { line, content: Content::List(items) }
    }

    fn map(entries: Vec<Entry>, line: usize) -> Self {
        Self { line, content: Content::Map(entries) }
    }

    fn insert(entries: &mut Vec<Entry>, key: String, line: usize, value: Self) {
        entries.push(Entry { key, line, value });
    }

    fn into_key(self) -> String {
        self.into_value().into_key()
    }
}

impl Node {
    fn into_value(self) -> Value {
        match self.content {
            Content::Scalar(value) => value,
            Content::List(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Content::Map(entries) => {
                let entries = entries.into_iter().map(|entry| (entry.key, entry.value.into_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Content, Malformed, Node, read};

    #[test]
    fn lines_are_those_of_keys_and_items() {
        let text = "a: 1\n\n# a comment\nb:\n- x\n-   y: 2\n    z: [3,\n      4]\nb: twice\n";
        let node: Node = read(text).unwrap().unwrap();
        let Content::Map(entries) = &node.content else { panic!("{node:?}") };
        let lines: Vec<(&str, usize)> = entries.iter().map(|entry| (entry.key.as_str(), entry.line)).collect();
        assert_eq!(lines, [("a", 1), ("b", 4), ("b", 9)]);
        let Content::List(items) = &entries[1].value.content else { panic!("{node:?}") };
        assert_eq!((items[0].line, items[1].line), (5, 6));
        let Content::Map(entries) = &items[1].content else { panic!("{node:?}") };
        let Content::List(numbers) = &entries[1].value.content else { panic!("{node:?}") };
        assert_eq!((entries[1].line, numbers[0].line, numbers[1].line), (7, 7, 8));
    }

    #[test]
    fn what_is_malformed_is_told_with_its_line() {
        let line = |text: &str| read::<Node>(text).map(drop).map_err(|Malformed { line, .. }| line);
        assert_eq!(line("a: 1\nb: *nobody\n"), Err(2));
        assert_eq!(line("a: 1\nb:\n  c: 2\n d: 3\n"), Err(4));
        assert_eq!(line(&format!("a:\n- 1\n- {}\n", "[".repeat(65))), Err(3));
        assert_eq!(line(""), Ok(()));
    }
}
