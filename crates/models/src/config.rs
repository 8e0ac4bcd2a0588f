//! `config.json`: typed and bounded access to what an architecture needs of it.

use serde_json::{Map, Value};

use crate::{Error, Result};

/// No dimension of a model that fits a browser is larger.
const LARGEST_DIMENSION: u64 = 1 << 24;

/// A checkpoint's config, in the style of transformers 4 or 5.
#[derive(Debug, Clone)]
pub struct Config(Map<String, Value>);

impl Config {
    /// Parses `config.json`.
    pub fn parse(json: &[u8]) -> Result<Self> {
        match serde_json::from_slice(json) {
            Ok(Value::Object(config)) => Ok(Self(config)),
            Ok(_) => Err(Error::Config("it is not an object".to_owned())),
            Err(error) => Err(Error::Config(error.to_string())),
        }
    }

    /// The same config, where absent keys have these values.
    pub(crate) fn with_defaults(&self, defaults: &[(&str, usize)]) -> Self {
        defaults.iter().fold(self.clone(), |config, (key, value)| config.or(key, *value))
    }

    /// The same config, where the value under the first name of each pair, if there is one, stands under the second too.
    pub(crate) fn with_names(&self, names: &[(&str, &str)]) -> Self {
        let mut config = self.clone();
        for (own, usual) in names {
            if let Some(value) = self.0.get(*own).filter(|value| !value.is_null()) {
                config.0.insert((*usual).to_owned(), value.clone());
            }
        }
        config
    }

    /// The architecture's name.
    pub fn model_type(&self) -> Result<&str> {
        self.text("model_type").ok_or_else(|| Error::Config("it has no `model_type`".to_owned()))
    }

    /// The class names that the checkpoint was saved from, for instance `BertForSequenceClassification`.
    pub fn architectures(&self) -> Vec<&str> {
        self.get("architectures").as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// A value that is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).as_str()
    }

    /// Whether there is a value, be it null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// A value as it is; null where absent.
    pub fn get(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }

    /// The same with a value for a key that it lacks: the default of the Python class.
    pub(crate) fn or(mut self, key: &str, value: impl Into<Value>) -> Self {
        if self.get(key).is_null() {
            self.0.insert(key.to_owned(), value.into());
        }
        self
    }

    /// Whether a switch is on, or `default` where the config has none.
    pub(crate) fn flag_or(&self, key: &str, default: bool) -> bool {
        self.get(key).as_bool().unwrap_or(default)
    }

    /// A dimension, at least 1.
    pub fn dimension(&self, key: &str) -> Result<usize> {
        match self.get(key) {
            Value::Null => Err(Error::Config(format!("it has no `{key}`"))),
            value => bounded(key, value),
        }
    }

    /// A dimension, or `default` where the config has none.
    pub fn dimension_or(&self, key: &str, default: usize) -> Result<usize> {
        match self.get(key) {
            Value::Null => Ok(default),
            value => bounded(key, value),
        }
    }

    /// A dimension; `None` where the config has none, or 0, or -1.
    pub(crate) fn dimension_if_positive(&self, key: &str) -> Result<Option<usize>> {
        match self.get(key) {
            Value::Null => Ok(None),
            value if value.as_i64().is_some_and(|number| number <= 0) => Ok(None),
            value => bounded(key, value).map(Some),
        }
    }

    /// Several dimensions; `None` where the config has none.
    pub(crate) fn dimensions(&self, key: &str) -> Result<Option<Vec<usize>>> {
        match self.get(key).as_array() {
            Some(values) => values.iter().map(|value| bounded(key, value)).collect::<Result<_>>().map(Some),
            None => Ok(None),
        }
    }

    /// A small positive number, or `default` where the config has none.
    pub fn epsilon_or(&self, key: &str, default: f64) -> Result<f64> {
        match self.get(key) {
            Value::Null => Ok(default),
            value => match value.as_f64() {
                Some(number) if number > 0.0 && number < 1.0 => Ok(number),
                _ => Err(Error::Config(format!("`{key}` is {value}, not a number between 0 and 1"))),
            },
        }
    }

    /// The names of `count` labels: `id2label`, or Python's `LABEL_0`, `LABEL_1`, …
    pub fn labels(&self, count: usize) -> Vec<String> {
        let named = self.get("id2label");
        let name = |index: usize| Some(named.get(index.to_string())?.as_str()?.to_owned());
        (0..count).map(|index| name(index).unwrap_or_else(|| format!("LABEL_{index}"))).collect()
    }

    /// How many labels the config speaks of, by Python's rule: the length of `id2label`, else `num_labels`, else 2.
    pub fn label_count(&self) -> Result<usize> {
        match self.get("id2label") {
            Value::Object(labels) if !labels.is_empty() => Ok(labels.len()),
            _ => self.dimension_or("num_labels", 2),
        }
    }
}

fn bounded(key: &str, value: &Value) -> Result<usize> {
    match value.as_u64() {
        Some(number @ 1..=LARGEST_DIMENSION) => Ok(number as usize),
        _ => Err(Error::Config(format!("`{key}` is {value}, not a number between 1 and {LARGEST_DIMENSION}"))),
    }
}
