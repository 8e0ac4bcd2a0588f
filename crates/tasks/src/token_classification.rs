//! `token-classification`: the entities of a text, each with its label, score and place.

use serde::{Deserialize, Serialize};

use crate::{OutputShape, Parameter, ParameterKind, Task, examples, field};

/// The task's description.
pub const TASK: Task = Task {
    tag: "token-classification",
    name: "Token Classification",
    description: "Finds names, places and other marked words in a text.",
    fields: &[field::TEXT],
    parameters: &[
        Parameter {
            name: "aggregation_strategy",
            description: "How the labels of tokens become those of words and groups: `simple` where nothing is chosen.",
            kind: ParameterKind::Choice(&["none", "simple", "first", "average", "max"]),
        },
        Parameter {
            name: "ignore_labels",
            description: "Labels that are left out: `O` where nothing is given.",
            kind: ParameterKind::TextList,
        },
        Parameter {
            name: "stride",
            description: "Reads a long text in windows that share so many tokens, instead of cutting it.",
            kind: ParameterKind::Integer { least: 0 },
        },
    ],
    output: OutputShape::Entities,
    inputs_of_example: examples::text,
    missing_input: examples::missing_text,
};

/// One text.
pub type Inputs = String;

/// How the labels of tokens become those of groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AggregationStrategy {
    /// Each token by itself.
    None,
    /// Neighbours with the same label are one entity. The default, as the Hub's API has it; Python's own is `none`.
    #[default]
    Simple,
    /// As `simple`, with the label of each word's first token.
    First,
    /// As `simple`, with the label that is best on the average of each word's tokens.
    Average,
    /// As `simple`, with the label of each word's surest token.
    Max,
}

/// The parameters of the Hub's specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// `simple` where absent, on the page as in the module and on the command line.
    #[serde(default)]
    pub aggregation_strategy: AggregationStrategy,
    /// `["O"]` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_labels: Option<Vec<String>>,
    /// Tokens that neighbouring windows share; where absent, a text that is too long is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
}

/// A token, or a group of tokens, with its label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// The label of a group; absent with the strategy `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_group: Option<String>,
    /// The label of a token; only with the strategy `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Between 0 and 1.
    pub score: f32,
    /// The token's place among the tokens; only with the strategy `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The tokens, decoded.
    pub word: String,
    /// Where it begins in the text, in characters (Unicode scalar values).
    pub start: usize,
    /// Where it ends, likewise.
    pub end: usize,
}

/// The entities, in the order of the text.
pub type Output = Vec<Entity>;
