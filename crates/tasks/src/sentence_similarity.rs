//! `sentence-similarity`: how close each sentence is in meaning to one source sentence.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
        },
        Field {
            name: "sentences",
            label: "Sentences to compare to",
            placeholder: "Your sentence here…",
            kind: FieldKind::TextList { least: 2 },
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
    let source = entry.get("source_sentence")?.as_str()?;
    let sentences = entry.get("sentences")?.as_array()?;
    sentences.iter().all(Value::is_string).then(|| json!({"source_sentence": source, "sentences": sentences}))
}

fn missing_input(inputs: &Value) -> Option<&'static str> {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    if !inputs.get("source_sentence").is_some_and(text) {
        return Some("Enter a source sentence.");
    }
    let sentences = inputs.get("sentences").and_then(Value::as_array);
    if !sentences.is_some_and(|sentences| sentences.iter().any(text)) {
        return Some("Enter at least one sentence to compare it to.");
    }
    None
}
