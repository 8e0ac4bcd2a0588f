//! `text-classification`: labels for a text, each with a score.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::examples::{missing_text, text_at};
use crate::{Field, FieldKind, OutputShape, Parameter, ParameterKind, Task, field};

/// The task's description.
pub const TASK: Task = Task {
    tag: "text-classification",
    name: "Text Classification",
    description: "Gives a text one or more labels, each with a score.",
    fields: &[
        field::TEXT,
        Field {
            name: "text_pair",
            label: "Second text",
            placeholder: "For models that compare two texts…",
            kind: FieldKind::Text,
            optional: true,
        },
    ],
    parameters: &[
        Parameter {
            name: "top_k",
            description: "How many labels to show at most.",
            kind: ParameterKind::Integer { least: 1 },
        },
        Parameter {
            name: "function_to_apply",
            description: "How the model’s logits become scores.",
            kind: ParameterKind::Choice(&["sigmoid", "softmax", "none"]),
        },
    ],
    output: OutputShape::Scores,
    inputs_of_example,
    missing_input: missing_text,
};

/// A text, or a pair of texts for models that compare two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Inputs {
    /// One text.
    Text(String),
    /// Two texts, as Python's pipeline takes them.
    Pair {
        /// The first text.
        text: String,
        /// The second text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text_pair: Option<String>,
    },
}

/// What turns logits into scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FunctionToApply {
    /// Each label by itself, between 0 and 1.
    Sigmoid,
    /// All labels together sum to 1.
    Softmax,
    /// The logits themselves.
    None,
}

/// The parameters of the Hub's specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// At most so many labels, the best first; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Overrides what the model's config asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_to_apply: Option<FunctionToApply>,
}

/// One label with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// From the config's `id2label`.
    pub label: String,
    /// Between 0 and 1, or a logit where the function is `none`.
    pub score: f32,
}

/// The labels, the best first.
pub type Output = Vec<Score>;

/// Cards write `text`, and `text_pair` where the model compares two.
fn inputs_of_example(entry: &Value) -> Option<Value> {
    let text = text_at(entry, &["text"])?;
    Some(match text_at(entry, &["text_pair"]) {
        Some(pair) => json!({"text": text, "text_pair": pair}),
        None => json!(text),
    })
}
