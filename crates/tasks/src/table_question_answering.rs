//! `table-question-answering`: the cells of a table that answer a question.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::examples::{is_filled, text_at};
use crate::{Field, FieldKind, OneOrMany, OutputShape, Parameter, ParameterKind, Table, Task, Texts};

/// The task's description.
pub const TASK: Task = Task {
    tag: "table-question-answering",
    name: "Table Question Answering",
    description: "Finds the answer to a question in a table.",
    fields: &[
        Field {
            name: "query",
            label: "Question",
            placeholder: "Your question here…",
            kind: FieldKind::Line,
            optional: false,
        },
        Field { name: "table", label: "Table", placeholder: "", kind: FieldKind::Table, optional: false },
    ],
    parameters: &[
        Parameter {
            name: "padding",
            description: "How inputs are padded; it does not change the answer.",
            kind: ParameterKind::Choice(&["do_not_pad", "longest", "max_length"]),
        },
        Parameter {
            name: "sequential",
            description: "Answers several questions one after the other, each with the last answer in mind.",
            kind: ParameterKind::Boolean,
        },
        Parameter {
            name: "truncation",
            description: "Leaves out the last rows of a table that is too long for the model; yes by default.",
            kind: ParameterKind::Boolean,
        },
    ],
    output: OutputShape::Cells { of: "table" },
    inputs_of_example,
    missing_input,
};

/// Questions and the table to look in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The question, or several about the same table. Python and the API say `query`, the specification `question`.
    #[serde(alias = "question")]
    pub query: Texts,
    /// The table.
    pub table: Table,
}

/// What fills a batch of inputs up to one length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing.
    #[default]
    DoNotPad,
    /// Padding tokens up to the longest input.
    Longest,
    /// Padding tokens up to what the model takes.
    MaxLength,
}

/// The parameters of the Hub's specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// `do_not_pad` where absent.
    #[serde(default)]
    pub padding: Padding,
    /// Whether several questions build on each other; false where absent.
    #[serde(default)]
    pub sequential: bool,
    /// Whether rows are left out of a table that is too long; true where absent, as in Python.
    #[serde(default)]
    pub truncation: Option<bool>,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The cells in words; with an aggregator, `AVERAGE > 1, 2`.
    pub answer: String,
    /// `[row, column]` of each cell, from 0; the header is no row.
    pub coordinates: Vec<[usize; 2]>,
    /// The text of each cell.
    pub cells: Vec<String>,
    /// What is done with the cells, for instance `SUM`; absent where the model has no aggregators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregator: Option<String>,
}

/// As Python gives it: the answer to the one question, or a list of answers to several.
pub type Output = OneOrMany<Answer>;

/// Cards write `text` for the question. The table is given as rows, which keeps its columns in order everywhere.
fn inputs_of_example(entry: &Value) -> Option<Value> {
    let query = text_at(entry, &["query", "question", "text"])?;
    let table = Table::of(entry.get("table")?)?;
    Some(json!({"query": query, "table": table}))
}

fn missing_input(inputs: &Value) -> Option<&'static str> {
    if !is_filled(inputs, "query") && !is_filled(inputs, "question") {
        return Some("Enter a question.");
    }
    let table = inputs.get("table").and_then(Table::of);
    let filled = table.is_some_and(|table| table.rows.iter().flatten().any(|cell| !cell.trim().is_empty()));
    (!filled).then_some("Enter a table with at least one row.")
}
