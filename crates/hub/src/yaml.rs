//! YAML front matter as JSON: the core schema of YAML 1.2, with bounds on what a small text may grow to.

#[cfg(not(target_arch = "wasm32"))]
mod node;

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use node::{Content, Entry, Node};

/// Values in all, those of aliases included; a card with more is not read.
const MOST_VALUES: usize = 100_000;

/// Levels of nesting; the parser itself is not recursive, but what reads the value is.
const MOST_LEVELS: usize = 64;

/// Reads the first document as JSON; `None` where it is malformed or out of bounds. Of a key's values the last counts.
pub(crate) fn parse(text: &str) -> Option<Value> {
    read(text).ok().flatten()
}

/// Why a text is not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// What the events of a document are made into. Lines count from 1.
pub(crate) trait Tree: Clone {
    /// The entries of a map that is being read.
    type Entries: Default;

    /// A scalar, by the core schema.
    fn scalar(value: Value, line: usize) -> Self;

    /// A sequence.
    fn list(items: Vec<Self>, line: usize) -> Self;

    /// A mapping.
    fn map(entries: Self::Entries, line: usize) -> Self;

    /// Adds an entry, whose key stands on `line`.
    fn insert(entries: &mut Self::Entries, key: String, line: usize, value: Self);

    /// The text that stands for this value where it is a key.
    fn into_key(self) -> String;
}

impl Tree for Value {
    type Entries = Map<String, Self>;

    fn scalar(value: Value, _: usize) -> Self {
        value
    }

    fn list(items: Vec<Self>, _: usize) -> Self {
        Self::Array(items)
    }

    fn map(entries: Map<String, Self>, _: usize) -> Self {
        Self::Object(entries)
    }

    fn insert(entries: &mut Map<String, Self>, key: String, _: usize, value: Self) {
        entries.insert(key, value);
    }

    fn into_key(self) -> String {
        if let Self::String(text) = self { text } else { self.to_string() }
    }
}

/// Reads the first document; `None` where there is none.
pub(crate) fn read<T: Tree>(text: &str) -> Result<Option<T>, Malformed> {
    let mut reader = Reader { root: None, open: Vec::new(), anchors: HashMap::new(), count: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| Malformed { line: error.marker().line(), reason: error.info().to_owned() })?;
        let line = span.start.line();
        let done = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if plain { scalar(&text) } else { Value::String(text.into_owned()) };
                reader.put(T::scalar(value, line), line, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => reader.open(Open::List(Vec::new()), line, anchor),
            Event::MappingStart(anchor, _) => reader.open(Open::Map(T::Entries::default(), None), line, anchor),
            Event::SequenceEnd | Event::MappingEnd => reader.close(),
            Event::Alias(anchor) => match reader.anchors.get(&anchor).cloned() {
                Some((value, size)) => reader.put(value, line, 0, size),
                None => Err("an alias of nothing"),
            },
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
        };
        done.map_err(|reason| Malformed { line, reason: reason.to_owned() })?;
    }
    Ok(reader.root)
}

struct Reader<T: Tree> {
    root: Option<T>,
    /// Collections that are open.
    open: Vec<Collection<T>>,
    /// Values by anchor, each with how many values it holds.
    anchors: HashMap<usize, (T, usize)>,
    count: usize,
}

struct Collection<T: Tree> {
    members: Open<T>,
    line: usize,
    anchor: usize,
    /// The count of values before it.
    before: usize,
}

enum Open<T: Tree> {
    List(Vec<T>),
    /// The entries so far, and the key that waits for its value, with its line.
    Map(T::Entries, Option<(String, usize)>),
}

impl<T: Tree> Reader<T> {
    fn open(&mut self, members: Open<T>, line: usize, anchor: usize) -> Result<(), &'static str> {
        self.open.push(Collection { members, line, anchor, before: self.count });
        if self.open.len() <= MOST_LEVELS { Ok(()) } else { Err("too many levels") }
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let Some(Collection { members, line, anchor, before }) = self.open.pop() else {
            return Err("an end without a beginning");
        };
        let value = match members {
            Open::List(items) => T::list(items, line),
            Open::Map(entries, _) => T::map(entries, line),
        };
        let size = self.count - before + 1;
        // Its members are counted already.
        self.count = before;
        self.put(value, line, anchor, size)
    }

    fn put(&mut self, value: T, line: usize, anchor: usize, size: usize) -> Result<(), &'static str> {
        self.count += size;
        if self.count > MOST_VALUES {
            return Err("too many values");
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        match self.open.last_mut().map(|collection| &mut collection.members) {
            None => self.root = Some(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(entries, key)) => match key.take() {
                Some((key, line)) => T::insert(entries, key, line, value),
                None => *key = Some((value.into_key(), line)),
            },
        }
        Ok(())
    }
}

/// A plain scalar by the core schema (YAML 1.2.2, 10.3.2).
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let number = text.strip_prefix('+').unwrap_or(text);
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.contains(|c: char| c.is_ascii_digit()) {
        if let Ok(whole) = number.parse::<i64>() {
            return whole.into();
        }
        if let Some(float) = number.parse::<f64>().ok().and_then(Number::from_f64) {
            return Value::Number(float);
        }
    }
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_core_schema_is_followed() {
        let text = "a: 1\nb: -2.5\nc: 1e3\nd: 'yes'\ne: yes\nf: ~\ng: true\nh: 1.0.0\ni: \"1\"\nj: |\n  two\n  lines\nk: no\nl: 2026-11-23\nm: inf\n";
        let expected = json!({
            "a": 1, "b": -2.5, "c": 1000.0, "d": "yes", "e": "yes", "f": null, "g": true, "h": "1.0.0", "i": "1",
            "j": "two\nlines\n", "k": "no", "l": "2026-11-23", "m": "inf",
        });
        assert_eq!(parse(text), Some(expected));
    }

    #[test]
    fn collections_aliases_and_odd_keys_are_read() {
        let text = "x: &a {p: [1, 2], q: }\ny: *a\n1: one\nz:\n- - 3\n  - four: 5\n";
        let a = json!({"p": [1, 2], "q": null});
        assert_eq!(parse(text), Some(json!({"x": a, "y": a, "1": "one", "z": [[3, {"four": 5}]]})));
    }

    #[test]
    fn what_is_malformed_or_deep_is_refused() {
        for text in [
            "a: [",
            "a: *nobody",
            "a: 'open",
            "\t- x\n- y: : :",
            &"[".repeat(100_000),
            &format!("a: {}", "[".repeat(65)),
        ] {
            assert_eq!(parse(text), None, "{text:.40}");
        }
        assert!(parse(&format!("{}1{}", "[".repeat(64), "]".repeat(64))).is_some());
    }
}
