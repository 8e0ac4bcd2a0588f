//! `sentence-similarity`: how close each sentence is in meaning to one source sentence.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::examples::{is_filled, text_at, texts_at};
use crate::{Field, FieldKind, OutputShape, Task};

/// The task's description.
pub const TASK: Task = Task {
    tag: "sentence-similarity",
    name: "Sentence Similarity",
    description: "Says how close sentences are in meaning.",
    fields: &[
        Field {
            name: "source_sentence",
            label: "Source sentence",
            placeholder: "Your sentence here…",
            kind: FieldKind::Line,
            optional: false,
        },
        Field {
            name: "sentences",
            label: "Sentences to compare to",
            placeholder: "Your sentence here…",
            kind: FieldKind::TextList { least: 2 },
            optional: false,
        },
    ],
    parameters: &[],
    output: OutputShape::Similarities { of: "sentences" },
    inputs_of_example,
    missing_input,
};

/// The source and what it is compared to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The sentence that the others are compared to.
    pub source_sentence: String,
    /// The sentences to compare; at least one.
    pub sentences: Vec<String>,
}

/// The task has no parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {}

/// A similarity for each of `sentences`, in their order.
pub type Output = Vec<f32>;

fn inputs_of_example(entry: &Value) -> Option<Value> {
    let source = text_at(entry, &["source_sentence"])?;
    let sentences = texts_at(entry, &["sentences"])?;
    Some(json!({"source_sentence": source, "sentences": sentences}))
}

fn missing_input(inputs: &Value) -> Option<&'static str> {
    if !is_filled(inputs, "source_sentence") {
        return Some("Enter a source sentence.");
    }
    let filled = texts_at(inputs, &["sentences"]).is_some_and(|texts| texts.iter().any(|text| !text.trim().is_empty()));
    (!filled).then_some("Enter at least one sentence to compare it to.")
}
