//! The Hub's tasks as plain data: what each takes, which parameters steer it, what it answers, and how its form looks.

mod device;
mod error_code;
pub mod examples;
mod expectation;
pub mod feature_extraction;
mod field;
pub mod fill_mask;
mod link;
mod one_or_many;
mod parameters;
pub mod protocol;
pub mod question_answering;
pub mod sentence_similarity;
mod stored;
mod table;
mod table_edit;
pub mod table_question_answering;
pub mod text_classification;
pub mod text_ranking;
pub mod token_classification;
pub mod zero_shot_classification;

pub use device::{Choice, Device, ModelSize, choose};
pub use error_code::ErrorCode;
pub use examples::Example;
pub use expectation::{Expectation, LoadSize, refusal};
pub use field::{Field, FieldKind, split_at_commas};
pub use link::{Download, Link};
pub use one_or_many::{OneOrMany, Texts};
pub use parameters::{Parameter, ParameterKind, parameters_over};
pub use stored::StoredModel;
pub use table::Table;
pub use table_edit::TableEdit;

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
    /// `[{entity_group | entity, score, word, start, end}]`: marks in the text.
    Entities,
    /// `{answer, score, start, end}` or a list of them: a mark in the text of the field `within`.
    Answers {
        /// The field that the answers are in.
        within: &'static str,
    },
    /// `[{score, token_str, sequence}]`, or a list of such lists: bars for each mask.
    Fills,
    /// `[{index, score}]`: the texts of the field `of`, the best first.
    Ranking {
        /// The list field that is ranked.
        of: &'static str,
    },
    /// `{answer, coordinates, cells, aggregator}` or a list of them: marks in the table of the field `of`.
    Cells {
        /// The field that holds the table.
        of: &'static str,
    },
}

/// Every task that Vitrine runs, in the Hub's order, which decides between several tasks that fit a model.
pub const TASKS: &[&Task] = &[
    &text_classification::TASK,
    &token_classification::TASK,
    &table_question_answering::TASK,
    &question_answering::TASK,
    &zero_shot_classification::TASK,
    &feature_extraction::TASK,
    &fill_mask::TASK,
    &sentence_similarity::TASK,
    &text_ranking::TASK,
];

/// The task with this pipeline tag (or one of Python's aliases for it).
pub fn task(tag: &str) -> Option<&'static Task> {
    let tag = match tag {
        "sentiment-analysis" => "text-classification",
        "ner" => "token-classification",
        tag => tag,
    };
    TASKS.iter().find(|task| task.tag == tag).copied()
}
