//! The Hub's tasks as plain data: what each takes, which parameters steer it, what it answers, and how its form looks.

mod error_code;
pub mod examples;
pub mod feature_extraction;
mod parameters;
pub mod protocol;
pub mod sentence_similarity;
mod stored;
pub mod text_classification;

pub use error_code::ErrorCode;
pub use examples::Example;
pub use parameters::{Parameter, ParameterKind};
pub use stored::StoredModel;

use serde_json::Value;

/// One task of the Hub, under its pipeline tag.
#[derive(Debug)]
pub struct Task {
    /// The Hub's pipeline tag, for instance `text-classification`.
    pub tag: &'static str,
    /// The name people read, for instance "Text Classification".
    pub name: &'static str,
    /// What the task does, in one sentence for visitors.
    pub description: &'static str,
    /// The fields of its form, in order.
    pub fields: &'static [Field],
    /// The parameters a visitor may change, as in the Hub's specification.
    pub parameters: &'static [Parameter],
    /// How its output is shown.
    pub output: OutputShape,
    /// Turns an entry of a model card's `widget:` list into inputs; `None` where the entry is of another task.
    pub inputs_of_example: fn(&Value) -> Option<Value>,
    /// Says what is missing from inputs that cannot run; `None` where they can.
    pub missing_input: fn(&Value) -> Option<&'static str>,
}

/// One field of a task's form. The form's inputs are one JSON value: the field named `""` is that value itself,
/// any other name is a key of an object.
#[derive(Debug)]
pub struct Field {
    /// The key in the task's `inputs`, or `""` where the inputs are this field alone.
    pub name: &'static str,
    /// The label above the field.
    pub label: &'static str,
    /// What stands in the field while it is empty.
    pub placeholder: &'static str,
    /// How it is entered.
    pub kind: FieldKind,
}

/// How a field is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text.
    Line,
    /// Text of any length.
    Text,
    /// A list of texts, one box each.
    TextList {
        /// Fewest boxes shown.
        least: usize,
    },
}

/// The shapes that outputs come in; a view exists for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputShape {
    /// `[{label, score}]`: labelled bars.
    Scores,
    /// `[number]`, one for each text of the field `of`: bars labelled with those texts.
    Similarities {
        /// The list field that the numbers belong to.
        of: &'static str,
    },
    /// Nested arrays of numbers.
    Numbers,
}

/// Every task that Vitrine runs, in the Hub's order, which decides between several tasks that fit a model.
pub const TASKS: &[&Task] = &[&text_classification::TASK, &feature_extraction::TASK, &sentence_similarity::TASK];

/// The task with this pipeline tag (or one of Python's aliases for it).
pub fn task(tag: &str) -> Option<&'static Task> {
    let tag = match tag {
        "sentiment-analysis" => "text-classification",
        tag => tag,
    };
    TASKS.iter().find(|task| task.tag == tag).copied()
}
