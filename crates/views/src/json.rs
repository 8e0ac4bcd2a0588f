//! Any value as indented JSON for reading, with long arrays of numbers and very long values cut short.

use maud::{Markup, html};
use serde_json::Value;

use crate::{format, text};

/// Numbers of an array that are shown.
const NUMBERS: usize = 8;
/// Lines shown at most.
const LINES: usize = 400;
/// Levels shown at most.
const DEPTH: usize = 32;
/// Characters of a text that are shown.
const CHARACTERS: usize = 2000;

/// The value as a `<pre>`; not meant to be parsed, since it is cut.
pub fn json(value: &Value) -> Markup {
    let mut writer = Writer::default();
    writer.value(value, 0);
    if writer.cut {
        writer.text.push_str("\n…");
    }
    html! {
        pre class="json" dir="ltr" tabindex="0" role="group" aria-label=(text::JSON) { code { (writer.text) } }
    }
}

#[derive(Default)]
struct Writer {
    text: String,
    lines: usize,
    cut: bool,
}

impl Writer {
    fn line(&mut self, depth: usize) {
        self.lines += 1;
        self.cut |= self.lines >= LINES;
        self.text.push('\n');
        self.text.push_str(&"  ".repeat(depth));
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Array(values) if !values.is_empty() && depth < DEPTH => {
                if values.iter().all(|value| value.is_number() || value.is_null()) {
                    return self.numbers(values);
                }
                self.text.push('[');
                for (index, value) in values.iter().enumerate() {
                    self.comma(index, depth + 1);
                    if self.cut {
                        return;
                    }
                    self.value(value, depth + 1);
                }
                self.end(']', depth);
            }
            Value::Object(entries) if !entries.is_empty() && depth < DEPTH => {
                self.text.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.comma(index, depth + 1);
                    if self.cut {
                        return;
                    }
                    self.string(key);
                    self.text.push_str(": ");
                    self.value(value, depth + 1);
                }
                self.end('}', depth);
            }
            Value::Array(values) => self.text.push_str(if values.is_empty() { "[]" } else { "[…]" }),
            Value::Object(entries) => self.text.push_str(if entries.is_empty() { "{}" } else { "{…}" }),
            Value::String(text) => self.string(text),
            other => self.text.push_str(&other.to_string()),
        }
    }

    fn comma(&mut self, index: usize, depth: usize) {
        if index > 0 && !self.cut {
            self.text.push(',');
        }
        if !self.cut {
            self.line(depth);
        }
    }

    fn end(&mut self, bracket: char, depth: usize) {
        if !self.cut {
            self.line(depth);
            self.text.push(bracket);
        }
    }

    fn string(&mut self, text: &str) {
        let shown = match text.char_indices().nth(CHARACTERS) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.to_owned(),
        };
        self.text.push_str(&Value::String(shown).to_string());
    }

    fn numbers(&mut self, values: &[Value]) {
        let shown: Vec<String> = values.iter().take(NUMBERS).map(Value::to_string).collect();
        self.text.push('[');
        self.text.push_str(&shown.join(", "));
        if values.len() > NUMBERS {
            self.text.push_str(", … ");
            self.text.push_str(&text::MORE.of(&format::integer((values.len() - NUMBERS) as u64)));
        }
        self.text.push(']');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_values_read_as_json() {
        let html = json(&json!([{"label": "<b>\"", "score": 0.5}, []])).into_string();
        let expected =
            "[\n  {\n    &quot;label&quot;: &quot;&lt;b&gt;\\&quot;&quot;,\n    &quot;score&quot;: 0.5\n  },\n  []\n]";
        assert!(html.contains(expected), "{html}");
    }

    #[test]
    fn long_values_are_cut() {
        let html = json(&json!([vec![0; 384]])).into_string();
        assert!(html.contains("[0, 0, 0, 0, 0, 0, 0, 0, … 376 more]"));
        let html = json(&json!(vec!["text"; 100_000])).into_string();
        assert!(html.len() < 20_000 && html.contains("\n…</code>"));
        let html = json(&json!("é".repeat(100_000))).into_string();
        assert!(html.len() < 5000);
    }

    #[test]
    fn deep_values_end() {
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep, "x"]);
        }
        assert!(json(&deep).into_string().contains("[…]"));
    }
}
