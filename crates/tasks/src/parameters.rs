//! The description of a task's parameters, from which the page makes its controls.

use serde_json::Value;

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
}

impl ParameterKind {
    /// Whether a value is of this kind; null stands for the default.
    fn takes(self, value: &Value) -> bool {
        value.is_null()
            || match self {
                Self::Integer { least } => value.as_u64().is_some_and(|number| number >= least),
                Self::Boolean => value.is_boolean(),
                Self::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
                Self::Text => value.is_string(),
            }
    }

    /// What a value must be, in words.
    fn in_words(self) -> String {
        match self {
            Self::Integer { least } => format!("a whole number of at least {least}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".to_owned(),
        }
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
        given.iter().find_map(|(name, value)| match self.parameters.iter().find(|known| known.name == name) {
            Some(known) if known.kind.takes(value) => None,
            Some(known) => Some(format!("the parameter `{name}` must be {}", known.kind.in_words())),
            None => Some(format!("`{name}` is no parameter of {}", self.tag)),
        })
    }
}
