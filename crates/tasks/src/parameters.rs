//! The description of a task's parameters, from which the page makes its controls.

use serde_json::{Map, Value};

use crate::Task;

/// One parameter of a task, named as in the Hub's specification.
#[derive(Debug)]
pub struct Parameter {
    /// Its key in `parameters`.
    pub name: &'static str,
    /// What it does, for visitors.
    pub description: &'static str,
    /// Its type and range.
    pub kind: ParameterKind,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A whole number of at least `least`.
    Integer {
        /// The smallest value allowed.
        least: u64,
    },
    /// True or false.
    Boolean,
    /// One of several words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// Texts: a list of them, or one text with commas between them.
    TextList,
}

/// Names that some parameters had, with those that they have now.
const OLD_NAMES: &[(&str, &str)] = &[("multi_class", "multi_label")];

impl ParameterKind {
    /// Whether a value is of this kind; null stands for the default.
    fn takes(self, value: &Value) -> bool {
        value.is_null()
            || match self {
                Self::Integer { least } => value.as_u64().is_some_and(|number| number >= least),
                Self::Boolean => value.is_boolean(),
                Self::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
                Self::Text => value.is_string(),
                Self::TextList => match value {
                    Value::Array(texts) => texts.iter().all(Value::is_string),
                    other => other.is_string(),
                },
            }
    }

    /// What a value must be, in words.
    fn in_words(self) -> String {
        match self {
            Self::Integer { least } => format!("a whole number of at least {least}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".to_owned(),
            Self::TextList => "a list of texts".to_owned(),
        }
    }
}

/// Parameters with others over them.
pub fn parameters_over(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Object(mut below), Value::Object(above)) => {
            below.extend(above);
            Value::Object(below)
        }
        (below, Value::Null) => below,
        // What is no object is refused by the task, in its own words.
        (_, above) => above,
    }
}

impl Task {
    /// What is wrong with parameters, in a sentence for whoever gave them; `None` where nothing is.
    pub fn wrong_parameter(&self, parameters: &Value) -> Option<String> {
        let given = match parameters {
            Value::Null => return None,
            Value::Object(given) => given,
            _ => return Some("the parameters must be an object".to_owned()),
        };
        given.iter().find_map(|(name, value)| match self.parameter(name) {
            Some(known) if known.kind.takes(value) => None,
            Some(known) => Some(format!("the parameter `{name}` must be {}", known.kind.in_words())),
            None => Some(format!("`{name}` is no parameter of {}", self.tag)),
        })
    }

    /// Those of an author's parameters that the task has and takes, under their present names; null for none. Cards
    /// carry parameters of other programs too, and of other tasks.
    pub fn fitting_parameters(&self, given: &Value) -> Value {
        let given = given.as_object().into_iter().flatten();
        let fitting: Map<String, Value> = given
            .filter_map(|(name, value)| Some((self.parameter(name)?, value)))
            .filter(|(parameter, value)| !value.is_null() && parameter.kind.takes(value))
            .map(|(parameter, value)| (parameter.name.to_owned(), value.clone()))
            .collect();
        if fitting.is_empty() { Value::Null } else { Value::Object(fitting) }
    }

    fn parameter(&self, name: &str) -> Option<&Parameter> {
        let name = OLD_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, now)| now);
        self.parameters.iter().find(|known| known.name == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{token_classification, zero_shot_classification};

    #[test]
    fn an_author_s_parameters_are_taken_where_they_fit() {
        let given =
            json!({"multi_class": true, "temperature": 1, "hypothesis_template": 3, "candidate_labels": "a, b"});
        let task = &zero_shot_classification::TASK;
        assert_eq!(task.fitting_parameters(&given), json!({"multi_label": true, "candidate_labels": "a, b"}));
        assert_eq!(task.fitting_parameters(&json!({"wait_for_model": true})), json!(null));
        assert_eq!(task.fitting_parameters(&json!("x")), json!(null));
    }

    #[test]
    fn wrong_parameters_are_named() {
        let wrong = |given| token_classification::TASK.wrong_parameter(&given);
        assert_eq!(wrong(json!({"ignore_labels": ["O"], "stride": 0, "aggregation_strategy": "max"})), None);
        assert_eq!(wrong(json!({"ignore_labels": null})), None);
        assert!(wrong(json!({"ignore_labels": [1]})).unwrap().contains("a list of texts"));
        assert!(wrong(json!({"stride": -1})).unwrap().contains("at least 0"));
        assert!(wrong(json!({"top_k": 1})).unwrap().contains("no parameter"));
        assert_eq!(zero_shot_classification::TASK.wrong_parameter(&json!({"multi_class": true})), None);
    }
}
