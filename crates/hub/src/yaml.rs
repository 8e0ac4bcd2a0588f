//! YAML front matter as JSON: the core schema of YAML 1.2, with bounds on what a small text may grow to.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Values in all, those of aliases included; a card with more is not read.
const MOST_VALUES: usize = 100_000;

/// Levels of nesting; the parser itself is not recursive, but what reads the value is.
const MOST_LEVELS: usize = 64;

/// Reads the first document; `None` where it is malformed or out of bounds.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        match event.ok()?.0 {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if plain { scalar(&text) } else { Value::String(text.into_owned()) };
                reader.put(value, anchor, 1)?;
            }
            Event::SequenceStart(anchor, _) => reader.open(Open::List(Vec::new()), anchor)?,
            Event::MappingStart(anchor, _) => reader.open(Open::Map(Map::new(), None), anchor)?,
            Event::SequenceEnd | Event::MappingEnd => reader.close()?,
            Event::Alias(anchor) => {
                let (value, size) = reader.anchors.get(&anchor)?.clone();
                reader.put(value, 0, size)?;
            }
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    reader.root
}

#[derive(Default)]
struct Reader {
    root: Option<Value>,
    /// Collections that are open, each with its anchor and the count of values before it.
    open: Vec<(Open, usize, usize)>,
    /// Values by anchor, each with how many values it holds.
    anchors: HashMap<usize, (Value, usize)>,
    count: usize,
}

enum Open {
    List(Vec<Value>),
    /// The entries so far, and the key that waits for its value.
    Map(Map<String, Value>, Option<String>),
}

impl Reader {
    fn open(&mut self, collection: Open, anchor: usize) -> Option<()> {
        self.open.push((collection, anchor, self.count));
        (self.open.len() <= MOST_LEVELS).then_some(())
    }

    fn close(&mut self) -> Option<()> {
        let (collection, anchor, before) = self.open.pop()?;
        let value = match collection {
            Open::List(values) => Value::Array(values),
            Open::Map(entries, _) => Value::Object(entries),
        };
        let size = self.count - before + 1;
        // Its members are counted already.
        self.count = before;
        self.put(value, anchor, size)
    }

    fn put(&mut self, value: Value, anchor: usize, size: usize) -> Option<()> {
        self.count += size;
        if self.count > MOST_VALUES {
            return None;
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some((Open::List(values), ..)) => values.push(value),
            Some((Open::Map(entries, key), ..)) => match key.take() {
                Some(key) => drop(entries.insert(key, value)),
                None => *key = Some(if let Value::String(text) = value { text } else { value.to_string() }),
            },
        }
        Some(())
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
