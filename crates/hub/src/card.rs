//! A model card's metadata: the YAML between the `---` lines of README.md, or the Hub's `cardData`.

#[cfg(not(target_arch = "wasm32"))]
mod check;
mod evaluation;
mod gate;
mod metadata;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::yaml;

#[cfg(not(target_arch = "wasm32"))]
pub use check::{Problem, Severity, check, check_of};
pub use evaluation::{Evaluation, EvaluationDataset, EvaluationMetric, EvaluationSource, EvaluationTask};
pub use gate::{Gate, GateField, GateInput};
pub use metadata::{BaseModelRelation, Emissions, Licence};

/// The metadata of a card, by the names of the Hub's specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelCard(Map<String, Value>);

impl ModelCard {
    /// Takes metadata that a host has parsed already.
    pub fn new(metadata: Map<String, Value>) -> Self {
        Self(metadata)
    }

    /// Reads the front matter of a README.md; a card without any, or with malformed YAML, has no metadata.
    pub fn parse(readme: &str) -> Self {
        match split(readme).and_then(|(yaml, _)| yaml::parse(yaml)) {
            Some(Value::Object(metadata)) => Self(metadata),
            _ => Self::default(),
        }
    }

    /// A field's value.
    pub fn get(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }

    /// A field that is one text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).as_str().filter(|text| !text.is_empty())
    }

    /// The first language, as an ISO 639 code.
    pub fn language(&self) -> Option<&str> {
        match self.get("language") {
            Value::String(language) => Some(language),
            Value::Array(languages) => languages.first().and_then(Value::as_str),
            _ => None,
        }
    }

    /// Whether there is no metadata at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets a field that the card itself lacks.
    pub(crate) fn set_default(&mut self, key: &str, value: &Value) {
        if !value.is_null() && self.get(key).is_null() {
            self.0.insert(key.to_owned(), value.clone());
        }
    }
}

/// The card's text: what follows the front matter, or all of it where there is none.
pub fn body(readme: &str) -> &str {
    split(readme).map_or(readme, |(_, body)| body)
}

/// The YAML between the `---` lines and what follows them, by the rule of huggingface_hub's `repocard.py`: leading white space
/// and every kind of line break are allowed.
fn split(readme: &str) -> Option<(&str, &str)> {
    let text = readme.trim_start_matches('\u{feff}').trim_start();
    let rest = text.strip_prefix("---")?;
    let rest = ["\r\n", "\n", "\r"].iter().find_map(|line_break| rest.strip_prefix(line_break))?;
    rest.match_indices("---").find_map(|(at, fence)| {
        let yaml = rest.get(..at)?;
        let yaml = ["\r\n", "\n", "\r"].iter().find_map(|line_break| yaml.strip_suffix(line_break))?;
        let after = rest.get(at + fence.len()..)?.trim_start_matches([' ', '\t']);
        let body = match after {
            "" => after,
            _ => after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'))?,
        };
        Some((yaml, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_read_with_crlf_bom_and_leading_space() {
        for readme in [
            "---\nlicense: mit\nlanguage:\n- de\n- en\n---\n# Title\n",
            "\u{feff}---\r\nlicense: mit\r\nlanguage:\r\n- de\r\n- en\r\n---\r\ntext",
            " \n---\nlicense: mit\nlanguage: [de, en]\n--- \n",
        ] {
            let card = ModelCard::parse(readme);
            assert_eq!((card.text("license"), card.language()), (Some("mit"), Some("de")), "{readme:?}");
        }
    }

    #[test]
    fn the_body_follows_the_front_matter() {
        for (readme, expected) in [
            ("---\nlicense: mit\n---\n\n# Title\n", "\n# Title\n"),
            (" \r\n---\r\nlicense: mit\r\n--- \t\r\ntext", "text"),
            ("---\nlicense: mit\n---", ""),
            ("---\na: |\n  ---\n----\n---\ntext", "text"),
            ("# Title\n---\nlicense: mit\n---\n", "# Title\n---\nlicense: mit\n---\n"),
            ("---\n---\ntext", "---\n---\ntext"),
            ("---\nnever: closed\n", "---\nnever: closed\n"),
        ] {
            assert_eq!(body(readme), expected, "{readme:?}");
        }
    }

    #[test]
    fn cards_without_metadata_are_empty() {
        for readme in ["", "# Title", "---\nnever: closed\n", "---\n- a list\n---\n", "---\n: [\n---\n"] {
            assert_eq!(ModelCard::parse(readme), ModelCard::default(), "{readme:?}");
        }
    }

    #[test]
    fn yaml_that_grows_without_bound_is_refused() {
        let mut bomb = String::from("---\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let previous = format!("*a{},", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{previous}]\n");
        }
        assert_eq!(ModelCard::parse(&(bomb + "---\n")), ModelCard::default());
    }
}
