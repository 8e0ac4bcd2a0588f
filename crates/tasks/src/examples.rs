//! Example inputs: from a model card's `widget:` list, else the Hub's defaults for the card's language.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Task;

/// An example that a visitor can pick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Its name in the list.
    pub title: String,
    /// The group it is listed under; empty where the card names none.
    pub group: String,
    /// The task's inputs.
    pub inputs: Value,
    /// The author's own output, shown without running anything.
    pub output: Option<Value>,
}

/// The examples for `task`: those of the card's `widget:` value that fit it, else the defaults for `language`.
pub fn examples(task: &Task, widget: &Value, language: Option<&str>) -> Vec<Example> {
    let entries = match widget {
        Value::Array(entries) => entries.as_slice(),
        Value::Object(_) => std::slice::from_ref(widget),
        _ => &[],
    };
    let mut found: Vec<Example> = entries
        .iter()
        .filter_map(|entry| {
            let inputs = (task.inputs_of_example)(entry)?;
            let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(Example {
                title: text("example_title").unwrap_or_default(),
                group: text("group").unwrap_or_default(),
                inputs,
                output: entry.get("output").filter(|output| !output.is_null()).cloned(),
            })
        })
        .collect();
    if found.is_empty() {
        found = defaults(task, language.unwrap_or("en"));
    }
    for (index, example) in found.iter_mut().enumerate() {
        if example.title.is_empty() {
            example.title = format!("Example {}", index + 1);
        }
    }
    found
}

/// The inputs of an entry `{text}`.
pub(crate) fn text(entry: &Value) -> Option<Value> {
    entry.get("text").filter(|text| text.is_string()).cloned()
}

/// What is missing from inputs that are one text.
pub(crate) fn missing_text(inputs: &Value) -> Option<&'static str> {
    let text = match inputs {
        Value::String(text) => Some(text.as_str()),
        Value::Object(_) => inputs.get("text").and_then(Value::as_str),
        Value::Array(texts) if !texts.is_empty() && texts.iter().all(Value::is_string) => return None,
        _ => None,
    };
    match text {
        Some(text) if !text.trim().is_empty() => None,
        _ => Some("Enter some text."),
    }
}

/// The Hub's default inputs by language and task (`default-widget-inputs.ts` of `@huggingface/tasks` 0.21.54, MIT).
const DEFAULTS: &str = include_str!("default_examples.json");

fn defaults(task: &Task, language: &str) -> Vec<Example> {
    let Ok(all) = serde_json::from_str::<Value>(DEFAULTS) else {
        return Vec::new();
    };
    let of_language = |language: &str| -> Vec<Example> {
        // Tasks without inputs of their own on the Hub take a sentence as text classification does.
        let entries = [task.tag, "text-classification"].into_iter().find_map(|tag| all.get(language)?.get(tag));
        let entries = entries.and_then(Value::as_array).into_iter().flatten();
        let inputs = entries.filter_map(task.inputs_of_example);
        inputs.map(|inputs| Example { title: String::new(), group: String::new(), inputs, output: None }).collect()
    };
    let found = of_language(language);
    if found.is_empty() { of_language("en") } else { found }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::TASKS;

    #[test]
    fn every_language_with_defaults_has_them_for_every_task() {
        let all: Value = serde_json::from_str(DEFAULTS).unwrap();
        for language in all.as_object().unwrap().keys() {
            for task in TASKS {
                let examples = examples(task, &Value::Null, Some(language));
                assert!(!examples.is_empty(), "{language} {}", task.tag);
                assert!(examples.iter().all(|example| (task.missing_input)(&example.inputs).is_none()));
            }
        }
    }

    #[test]
    fn the_card_comes_first_and_entries_of_other_tasks_are_left_out() {
        let widget = json!([
            {"text": "fine", "example_title": "Good", "group": "Short", "output": [{"label": "P", "score": 0.9}]},
            {"source_sentence": "a", "sentences": ["b"]},
            {"text": "bad"},
        ]);
        let found = examples(&crate::text_classification::TASK, &widget, Some("fr"));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].title.as_str(), found[0].group.as_str()), ("Good", "Short"));
        assert_eq!(found[0].output, Some(json!([{"label": "P", "score": 0.9}])));
        assert_eq!((found[1].title.as_str(), &found[1].inputs), ("Example 2", &json!("bad")));
    }

    #[test]
    fn an_unknown_language_falls_back_to_english() {
        let found = examples(&crate::text_classification::TASK, &Value::Null, Some("tlh"));
        assert_eq!(found[0].inputs, json!("I like you. I love you"));
    }
}
