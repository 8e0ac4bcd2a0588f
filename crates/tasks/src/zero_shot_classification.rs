//! `zero-shot-classification`: how well labels of one's own choosing fit a text.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::examples::{is_filled, missing_text, text_at, texts_at};
use crate::text_classification::Score;
use crate::{Field, FieldKind, OutputShape, Parameter, ParameterKind, Task, Texts, field, split_at_commas};

/// The task's description.
pub const TASK: Task = Task {
    tag: "zero-shot-classification",
    name: "Zero-Shot Classification",
    description: "Says how well labels of your own choosing fit a text.",
    fields: &[
        field::TEXT,
        Field {
            name: "candidate_labels",
            label: "Possible labels, with commas between them",
            placeholder: "urgent, not urgent, phone",
            kind: FieldKind::CommaList,
            optional: false,
        },
    ],
    parameters: &[
        Parameter {
            name: "candidate_labels",
            description: "The labels to choose from.",
            kind: ParameterKind::TextList,
        },
        Parameter {
            name: "multi_label",
            description: "Whether several labels can be true; each then has a score of its own.",
            kind: ParameterKind::Boolean,
        },
        Parameter {
            name: "hypothesis_template",
            description: "The sentence that is made of each label: “This example is {}.” where nothing is given.",
            kind: ParameterKind::Text,
        },
    ],
    output: OutputShape::Scores,
    inputs_of_example,
    missing_input,
};

/// A text whose labels are among the parameters, as in the Hub's API, or a text with its labels, as the form gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Inputs {
    /// The text alone.
    Text(String),
    /// The text and its labels.
    Labelled {
        /// The text; Python calls it `sequences`.
        #[serde(alias = "sequences")]
        text: String,
        /// The labels, before those of the parameters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        candidate_labels: Option<Texts>,
    },
}

/// The parameters of the Hub's specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The labels: a list, or one text with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_labels: Option<Texts>,
    /// The sentence made of each label, with `{}` in its place; `This example is {}.` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypothesis_template: Option<String>,
    /// Whether each label is scored by itself; false where absent. `multi_class` is its old name.
    #[serde(default, alias = "multi_class", skip_serializing_if = "Option::is_none")]
    pub multi_label: Option<bool>,
}

/// The labels, the best first, as the Hub's specification has them. (Python gives `{sequence, labels, scores}`.)
pub type Output = Vec<Score>;

/// The labels of a list, or of one text with commas between them, as Python parses it.
pub fn labels(texts: &Texts) -> Vec<String> {
    match texts {
        Texts::One(line) => split_at_commas(line).map(str::to_owned).collect(),
        Texts::Many(labels) => labels.clone(),
    }
}

fn inputs_of_example(entry: &Value) -> Option<Value> {
    let text = text_at(entry, &["text"])?;
    let labels: Vec<&str> = match entry.get("candidate_labels") {
        // They may be among the card's parameters.
        None => return Some(json!(text)),
        Some(Value::String(line)) => split_at_commas(line).collect(),
        Some(_) => texts_at(entry, &["candidate_labels"])?,
    };
    Some(json!({"text": text, "candidate_labels": labels}))
}

fn missing_input(inputs: &Value) -> Option<&'static str> {
    let labels = inputs.get("candidate_labels").and_then(Value::as_array);
    missing_text(inputs).or_else(|| {
        let any = labels.is_some_and(|labels| !labels.is_empty()) || is_filled(inputs, "candidate_labels");
        (!any).then_some("Enter at least one label.")
    })
}
