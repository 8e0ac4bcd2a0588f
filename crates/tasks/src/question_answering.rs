//! `question-answering`: the words of a context that answer a question.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::examples::{is_filled, text_at};
use crate::{Field, FieldKind, OneOrMany, OutputShape, Parameter, ParameterKind, Task};

/// The task's description.
pub const TASK: Task = Task {
    tag: "question-answering",
    name: "Question Answering",
    description: "Finds the answer to a question in a text.",
    fields: &[
        Field {
            name: "question",
            label: "Question",
            placeholder: "Your question here…",
            kind: FieldKind::Line,
            optional: false,
        },
        Field {
            name: "context",
            label: "Context",
            placeholder: "The text that holds the answer…",
            kind: FieldKind::Text,
            optional: false,
        },
    ],
    parameters: &[
        Parameter {
            name: "top_k",
            description: "How many answers to show at most.",
            kind: ParameterKind::Integer { least: 1 },
        },
        Parameter {
            name: "doc_stride",
            description: "How many tokens neighbouring windows of a long context share.",
            kind: ParameterKind::Integer { least: 0 },
        },
        Parameter {
            name: "max_answer_len",
            description: "How many tokens an answer has at most: 15 where nothing is given.",
            kind: ParameterKind::Integer { least: 1 },
        },
        Parameter {
            name: "max_seq_len",
            description: "How many tokens the question and one window of the context have at most.",
            kind: ParameterKind::Integer { least: 1 },
        },
        Parameter {
            name: "max_question_len",
            description: "How many tokens of the question are read at most.",
            kind: ParameterKind::Integer { least: 1 },
        },
        Parameter {
            name: "handle_impossible_answer",
            description: "Lets the model say that the context holds no answer.",
            kind: ParameterKind::Boolean,
        },
        Parameter {
            name: "align_to_words",
            description: "Lets answers begin and end with whole words.",
            kind: ParameterKind::Boolean,
        },
    ],
    output: OutputShape::Answers { within: "context" },
    inputs_of_example,
    missing_input,
};

/// A question and the text to look in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The question.
    pub question: String,
    /// The text that holds the answer.
    pub context: String,
}

/// The parameters of the Hub's specification, with the defaults of Python's pipeline (transformers 4.57).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// At most so many answers; 1 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Tokens that neighbouring windows share; the lesser of 128 and half of `max_seq_len` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_stride: Option<usize>,
    /// Tokens of an answer at most; 15 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_answer_len: Option<usize>,
    /// Tokens of a window at most, the question and special tokens included; the lesser of 384 and what the model
    /// takes where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seq_len: Option<usize>,
    /// Tokens of the question at most; 64 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_question_len: Option<usize>,
    /// Whether "no answer" is among the answers; false where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle_impossible_answer: Option<bool>,
    /// Whether answers are widened to whole words; true where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub align_to_words: Option<bool>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// How sure the model is.
    pub score: f32,
    /// Where the answer begins in the context, in characters (Unicode scalar values).
    pub start: usize,
    /// Where it ends, likewise.
    pub end: usize,
    /// The words of the context; empty where the context holds no answer.
    pub answer: String,
}

/// As Python gives it: a single answer stands alone, several are a list with the best first. (The Hub's specification
/// has a list always.)
pub type Output = OneOrMany<Answer>;

/// Cards write `text` for the question.
fn inputs_of_example(entry: &Value) -> Option<Value> {
    let question = text_at(entry, &["question", "text"])?;
    let context = text_at(entry, &["context"])?;
    Some(json!({"question": question, "context": context}))
}

fn missing_input(inputs: &Value) -> Option<&'static str> {
    if !is_filled(inputs, "question") {
        return Some("Enter a question.");
    }
    (!is_filled(inputs, "context")).then_some("Enter the text that holds the answer.")
}
