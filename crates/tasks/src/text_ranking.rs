//! `text-ranking`: documents in the order in which they answer a query.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::examples::{is_filled, text_at, texts_at};
use crate::{Field, FieldKind, OutputShape, Parameter, ParameterKind, Task};

/// The task's description. The Hub has no specification of it; this one is that of Text Embeddings Inference's
/// `/rerank`, with `top_k` from `CrossEncoder.rank` of sentence-transformers.
pub const TASK: Task = Task {
    tag: "text-ranking",
    name: "Text Ranking",
    description: "Puts documents in the order in which they answer a query.",
    fields: &[
        Field {
            name: "query",
            label: "Query",
            placeholder: "Your question here…",
            kind: FieldKind::Line,
            optional: false,
        },
        Field {
            name: "texts",
            label: "Documents to rank",
            placeholder: "A document here…",
            kind: FieldKind::TextList { least: 2 },
            optional: false,
        },
    ],
    parameters: &[
        Parameter {
            name: "top_k",
            description: "How many documents to show at most.",
            kind: ParameterKind::Integer { least: 1 },
        },
        Parameter {
            name: "raw_scores",
            description: "Shows the model’s logits as they are.",
            kind: ParameterKind::Boolean,
        },
        Parameter {
            name: "return_text",
            description: "Puts each document’s text into the result.",
            kind: ParameterKind::Boolean,
        },
    ],
    output: OutputShape::Ranking { of: "texts" },
    inputs_of_example,
    missing_input,
};

/// A query and what is ranked by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The query.
    pub query: String,
    /// The documents, as sentence-transformers calls them; at least one.
    #[serde(alias = "documents")]
    pub texts: Vec<String>,
}

/// What steers the ranking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// At most so many documents, the best first; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Whether scores are logits, without the model's activation function; false where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_scores: Option<bool>,
    /// Whether each rank carries its text; false where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_text: Option<bool>,
}

/// A document's place in the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rank {
    /// Its place in `texts`, from 0.
    pub index: usize,
    /// The document; only where `return_text` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How well it answers the query.
    pub score: f32,
}

/// The documents, the best first.
pub type Output = Vec<Rank>;

/// No form is documented for cards; those of sentence similarity, of the API and of sentence-transformers are read.
fn inputs_of_example(entry: &Value) -> Option<Value> {
    let query = text_at(entry, &["query", "source_sentence", "text"])?;
    let texts = texts_at(entry, &["texts", "documents", "sentences"])?;
    Some(json!({"query": query, "texts": texts}))
}

fn missing_input(inputs: &Value) -> Option<&'static str> {
    if !is_filled(inputs, "query") {
        return Some("Enter a query.");
    }
    let filled =
        texts_at(inputs, &["texts", "documents"]).is_some_and(|texts| texts.iter().any(|text| !text.trim().is_empty()));
    (!filled).then_some("Enter at least one document.")
}
