//! The description of a task's form.

use serde_json::{Map, Value};

use crate::Task;

/// One field of a task's form: a key of its inputs. Inputs of which only `text` is filled are that text itself.
#[derive(Debug)]
pub struct Field {
    /// The key in the task's `inputs`.
    pub name: &'static str,
    /// The label above the field.
    pub label: &'static str,
    /// What stands in the field while it is empty.
    pub placeholder: &'static str,
    /// How it is entered.
    pub kind: FieldKind,
    /// Whether the task runs without it; it is closed until it is needed.
    pub optional: bool,
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
    /// A list of texts in one line, with commas between them.
    CommaList,
    /// A table of texts, the first row of which is its header.
    Table,
}

/// The field of tasks that take one text.
pub(crate) const TEXT: Field =
    Field { name: "text", label: "Text", placeholder: "Your sentence here…", kind: FieldKind::Text, optional: false };

impl Field {
    /// The value that its boxes hold, in their order; `columns` is how many of them make a row of a table.
    pub fn value_of(&self, boxes: Vec<String>, columns: usize) -> Value {
        let filled = |text: &String| !text.trim().is_empty();
        match self.kind {
            FieldKind::TextList { .. } => boxes.into_iter().filter(filled).collect(),
            FieldKind::Table => boxes.chunks(columns.max(1)).map(|row| Value::from(row.to_vec())).collect(),
            FieldKind::CommaList => boxes.iter().flat_map(|text| split_at_commas(text)).collect(),
            FieldKind::Line | FieldKind::Text => {
                let text = boxes.into_iter().next().filter(|text| !self.optional || filled(text));
                text.map_or(Value::Null, Value::String)
            }
        }
    }
}

/// The texts of a line with commas between them, as Python's zero-shot pipeline parses labels.
pub fn split_at_commas(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(str::trim).filter(|text| !text.is_empty())
}

impl Task {
    /// The inputs that fields make: a value for each key, null for those that are empty.
    pub fn inputs_of_fields(&self, mut fields: Map<String, Value>) -> Value {
        fields.retain(|_, value| !value.is_null());
        match (fields.len(), fields.get("text")) {
            (1, Some(text)) => text.clone(),
            _ => Value::Object(fields),
        }
    }

    /// What stands in a field: its key of the inputs, else of the parameters; null where neither has it.
    pub fn field_value<'a>(&self, field: &Field, inputs: &'a Value, parameters: &'a Value) -> &'a Value {
        match inputs {
            Value::Object(inputs) if inputs.contains_key(field.name) => inputs.get(field.name).unwrap_or(&Value::Null),
            Value::String(_) | Value::Array(_) if field.name == "text" => inputs,
            _ => parameters.get(field.name).unwrap_or(&Value::Null),
        }
    }

    /// The inputs with those fields that only the parameters give.
    pub fn filled_inputs(&self, inputs: &Value, parameters: &Value) -> Value {
        let value = |field: &Field| (field.name.to_owned(), self.field_value(field, inputs, parameters).clone());
        self.inputs_of_fields(self.fields.iter().map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        Task, feature_extraction, sentence_similarity, table_question_answering, text_classification,
        zero_shot_classification,
    };

    #[test]
    fn a_text_alone_is_the_inputs_themselves() {
        for (task, inputs) in [
            (&text_classification::TASK, json!("a")),
            (&text_classification::TASK, json!({"text": "a", "text_pair": "b"})),
            (&feature_extraction::TASK, json!(["a", "b"])),
            (&sentence_similarity::TASK, json!({"source_sentence": "a", "sentences": ["b"]})),
            (&zero_shot_classification::TASK, json!({"text": "a", "candidate_labels": ["b"]})),
        ] {
            assert_eq!(task.filled_inputs(&inputs, &json!(null)), inputs);
        }
        assert_eq!(text_classification::TASK.filled_inputs(&json!({"text": "a"}), &json!(null)), json!("a"));
    }

    #[test]
    fn parameters_fill_the_fields_that_inputs_lack() {
        let task = &zero_shot_classification::TASK;
        let parameters = json!({"candidate_labels": ["b"], "multi_label": true});
        let filled = task.filled_inputs(&json!("a"), &parameters);
        assert_eq!(filled, json!({"text": "a", "candidate_labels": ["b"]}));
        let own = json!({"text": "a", "candidate_labels": ["c"]});
        assert_eq!(task.filled_inputs(&own, &parameters), own);
    }

    #[test]
    fn boxes_become_values() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let field = |task: &'static Task, name: &str| task.fields.iter().find(|field| field.name == name).unwrap();
        for (task, name, boxes, value) in [
            (&text_classification::TASK, "text", ["", ""], json!("")),
            (&text_classification::TASK, "text_pair", [" ", ""], json!(null)),
            (&text_classification::TASK, "text_pair", ["b", ""], json!("b")),
            (&sentence_similarity::TASK, "sentences", ["", "b"], json!(["b"])),
            (&zero_shot_classification::TASK, "candidate_labels", [" a, ,b ", "c"], json!(["a", "b", "c"])),
            (&zero_shot_classification::TASK, "candidate_labels", ["", ""], json!([])),
        ] {
            assert_eq!(field(task, name).value_of(texts(&boxes), 1), value, "{name}");
        }
        let table = field(&table_question_answering::TASK, "table");
        assert_eq!(table.value_of(texts(&["A", "B", "1", ""]), 2), json!([["A", "B"], ["1", ""]]));
    }
}
