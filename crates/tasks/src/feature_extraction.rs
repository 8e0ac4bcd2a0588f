//! `feature-extraction`: texts as vectors of numbers.

use serde::{Deserialize, Serialize};

use crate::{OutputShape, Parameter, ParameterKind, Task, Texts, examples, field};

/// The task's description.
pub const TASK: Task = Task {
    tag: "feature-extraction",
    name: "Feature Extraction",
    description: "Turns a text into numbers that stand for its meaning.",
    fields: &[field::TEXT],
    parameters: &[
        Parameter { name: "normalize", description: "Scale each embedding to length 1.", kind: ParameterKind::Boolean },
        Parameter {
            name: "prompt_name",
            description: "The prompt of the repository that is put before the text.",
            kind: ParameterKind::Text,
        },
        Parameter {
            name: "truncate",
            description: "Cut inputs that are longer than the model takes, instead of refusing them.",
            kind: ParameterKind::Boolean,
        },
        Parameter {
            name: "truncation_direction",
            description: "The side on which a long input is cut.",
            kind: ParameterKind::Choice(&["Left", "Right"]),
        },
    ],
    output: OutputShape::Numbers,
    inputs_of_example: examples::text,
    missing_input: examples::missing_text,
};

/// One text or several.
pub type Inputs = Texts;

/// The parameters of the Hub's specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Scales each pooled embedding to length 1, beyond what the repository asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// The prompt, of those in the repository's `config_sentence_transformers.json`, put before each text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_name: Option<String>,
    /// Whether a text longer than the model takes is cut (the default, with a note) or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate: Option<bool>,
    /// The side that is cut; the right where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncation_direction: Option<TruncationDirection>,
}

/// A side of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TruncationDirection {
    /// The beginning is cut.
    #[serde(alias = "left")]
    Left,
    /// The end is cut.
    #[serde(alias = "right")]
    Right,
}

/// What a model answers: pooled where its repository says how to pool, else a vector for each token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Output {
    /// `[texts][hidden]`: an embedding for each text.
    Pooled(Vec<Vec<f32>>),
    /// `[tokens][hidden]`: a vector for each token of the one text.
    Tokens(Vec<Vec<f32>>),
    /// `[texts][tokens][hidden]`.
    ManyTokens(Vec<Vec<Vec<f32>>>),
}
