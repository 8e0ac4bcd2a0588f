//! `fill-mask`: the words that fit where a text has a mask token.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{OneOrMany, OutputShape, Parameter, ParameterKind, Task, Texts, examples, field};

/// The task's description.
pub const TASK: Task = Task {
    tag: "fill-mask",
    name: "Fill-Mask",
    description: "Says which words fit into a gap of a text.",
    fields: &[field::TEXT],
    parameters: &[
        Parameter {
            name: "top_k",
            description: "How many words to show at most: 5 where nothing is given.",
            kind: ParameterKind::Integer { least: 1 },
        },
        Parameter {
            name: "targets",
            description: "Only these words are scored, not the whole vocabulary.",
            kind: ParameterKind::TextList,
        },
    ],
    output: OutputShape::Fills,
    inputs_of_example: examples::text,
    missing_input: examples::missing_text,
};

/// What stands for the mask token in the Hub's own examples, and in many cards.
const PLACEHOLDER: &str = "<mask>";

/// Puts the tokenizer's mask token where inputs have the placeholder, unless they have the token already.
pub fn put_mask_token(inputs: &mut Value, token: &str) {
    let text = match inputs {
        Value::Object(fields) => fields.get_mut("text"),
        other => Some(other),
    };
    if let Some(Value::String(text)) = text
        && !text.contains(token)
    {
        *text = text.replace(PLACEHOLDER, token);
    }
}

/// One text with one mask token or several: the tokenizer's own, for instance `[MASK]`.
pub type Inputs = String;

/// The parameters of the Hub's specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// At most so many words for each mask, the best first; 5 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// The words to score, one or several; the whole vocabulary where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Texts>,
}

/// A word for a mask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// Between 0 and 1.
    pub score: f32,
    /// The word's id in the vocabulary.
    pub token: u32,
    /// The word.
    pub token_str: String,
    /// The text with the word in its place.
    pub sequence: String,
}

/// As Python gives it: the words for the one mask, or a list of them for each of several masks.
pub type Output = OneOrMany<Vec<Fill>>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_placeholder_becomes_the_mask_token() {
        for (inputs, token, expected) in [
            (json!("a <mask> b <mask>"), "[MASK]", json!("a [MASK] b [MASK]")),
            (json!({"text": "a <mask>"}), "[MASK]", json!({"text": "a [MASK]"})),
            (json!("a <mask>"), "<mask>", json!("a <mask>")),
            (json!("[MASK] is not <mask>"), "[MASK]", json!("[MASK] is not <mask>")),
            (json!(["<mask>"]), "[MASK]", json!(["<mask>"])),
        ] {
            let mut put = inputs.clone();
            put_mask_token(&mut put, token);
            assert_eq!(put, expected, "{inputs}");
        }
    }
}
