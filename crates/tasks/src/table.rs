//! A table of texts, in the forms in which cards, the API and Python give tables.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A table of texts. Its JSON is a list of rows, the first of which is the header; a map from column to cells is read
/// too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The header.
    pub columns: Vec<String>,
    /// The rows below it, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The table that a value holds; `None` where it is none, or its columns or rows are not equally long.
    pub fn of(value: &Value) -> Option<Self> {
        let table = match value {
            Value::Object(map) => {
                let columns = map.values().map(cells).collect::<Option<Vec<_>>>()?;
                let length = columns.first()?.len();
                if columns.iter().any(|column| column.len() != length) {
                    return None;
                }
                let row = |index: usize| columns.iter().filter_map(|column| column.get(index).cloned()).collect();
                Self { columns: map.keys().cloned().collect(), rows: (0..length).map(row).collect() }
            }
            Value::Array(rows) => {
                let mut rows = rows.iter().map(cells).collect::<Option<Vec<_>>>()?.into_iter();
                Self { columns: rows.next()?, rows: rows.collect() }
            }
            _ => return None,
        };
        table.rows.iter().all(|row| row.len() == table.columns.len()).then_some(table)
    }

    /// The table that a form begins with.
    pub fn empty() -> Self {
        let line = || vec![String::new(); 2];
        Self { columns: line(), rows: vec![line(), line()] }
    }

    /// The header and the rows below it.
    pub fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.columns).chain(&self.rows)
    }
}

/// A list of cells as texts; numbers as they are written, null as an empty cell.
fn cells(value: &Value) -> Option<Vec<String>> {
    let cell = |cell: &Value| match cell {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(cell.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    };
    value.as_array()?.iter().map(cell).collect()
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.lines())
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::of(&value).ok_or_else(|| D::Error::custom("the table must be equally long columns, or equally long rows"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_and_rows_are_the_same_table() {
        // As text, for its order is what this is about.
        let columns: Value =
            serde_json::from_str(r#"{"Repository": ["T", "D"], "2019": [1, null], "A": [true, 0.5]}"#).unwrap();
        let rows = json!([["Repository", "2019", "A"], ["T", "1", "true"], ["D", "", "0.5"]]);
        let table = Table::of(&columns).unwrap();
        assert_eq!(Some(&table), Table::of(&rows).as_ref());
        assert_eq!(serde_json::to_value(&table).unwrap(), rows);
        assert_eq!(serde_json::from_value::<Table>(rows).unwrap(), table);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for value in [
            json!(null),
            json!("a"),
            json!([]),
            json!({}),
            json!({"a": [1], "b": [1, 2]}),
            json!({"a": 1}),
            json!([["a", "b"], ["1"]]),
            json!([["a"], [["nested"]]]),
        ] {
            assert!(Table::of(&value).is_none() && serde_json::from_value::<Table>(value.clone()).is_err(), "{value}");
        }
    }
}
