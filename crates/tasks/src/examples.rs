//! Example inputs: from a model card's `widget:` list, else the Hub's defaults for the card's language.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Task, parameters_over};

/// An example that a visitor can pick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Its name in the list; empty where the card names none.
    pub title: String,
    /// The group it is listed under; empty where the card names none.
    pub group: String,
    /// The task's inputs.
    pub inputs: Value,
    /// Parameters that go with them; null for none.
    pub parameters: Value,
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
    let mut found: Vec<Example> = entries.iter().filter_map(|entry| example(task, entry)).collect();
    if found.is_empty() {
        found = defaults(task, language.unwrap_or("en"));
    }
    found
}

fn example(task: &Task, entry: &Value) -> Option<Example> {
    let inputs = (task.inputs_of_example)(entry)?;
    // Zero-shot entries have `multi_class` beside the text.
    let beside = task.fitting_parameters(entry);
    let own = entry.get("parameters").unwrap_or(&Value::Null);
    let mut parameters = parameters_over(beside, task.fitting_parameters(own));
    if let Value::Object(parameters) = &mut parameters {
        // What is a field of the form is no parameter any more.
        parameters.retain(|name, _| task.fields.iter().all(|field| field.name != name));
    }
    Some(Example {
        title: text_at(entry, &["example_title"]).unwrap_or_default().to_owned(),
        group: text_at(entry, &["group"]).unwrap_or_default().to_owned(),
        inputs,
        parameters: if parameters.as_object().is_some_and(Map::is_empty) { Value::Null } else { parameters },
        output: entry.get("output").filter(|output| !output.is_null()).cloned(),
    })
}

/// The text under the first of these keys that has one.
pub(crate) fn text_at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| value.get(key)?.as_str())
}

/// The texts under the first of these keys that is a list of texts.
pub(crate) fn texts_at<'a>(value: &'a Value, keys: &[&str]) -> Option<Vec<&'a str>> {
    keys.iter().find_map(|key| value.get(key)?.as_array()?.iter().map(Value::as_str).collect())
}

/// Whether there is a text under this key, and not an empty one.
pub(crate) fn is_filled(value: &Value, key: &str) -> bool {
    text_at(value, &[key]).is_some_and(|text| !text.trim().is_empty())
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

/// The Hub’s default inputs by language and task (`default-widget-inputs.ts` of `@huggingface/tasks` 0.21.54, MIT), without
/// those of more than 450 characters where a language has shorter ones.
const DEFAULTS: &str = include_str!("default_examples.json");

fn defaults(task: &Task, language: &str) -> Vec<Example> {
    let Ok(all) = serde_json::from_str::<Value>(DEFAULTS) else {
        return Vec::new();
    };
    // Tasks without inputs of their own on the Hub take those of a task with the same form.
    let tag = match task.tag {
        "feature-extraction" => "text-classification",
        "text-ranking" => "sentence-similarity",
        tag => tag,
    };
    let of_language = |language: &str| -> Vec<Example> {
        let entries = all.get(language).and_then(|tasks| tasks.get(tag)?.as_array());
        entries.into_iter().flatten().filter_map(|entry| example(task, entry)).collect()
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
        assert_eq!((found[1].title.as_str(), &found[1].inputs), ("", &json!("bad")));
    }

    #[test]
    fn an_unknown_language_falls_back_to_english() {
        let found = examples(&crate::text_classification::TASK, &Value::Null, Some("tlh"));
        assert_eq!(found[0].inputs, json!("I like you. I love you"));
    }

    /// Every form that the Hub documents, and those that its old validators refused.
    #[test]
    fn all_forms_of_entries_are_read() {
        let rows = json!([["Repository", "Stars"], ["Transformers", "36542"], ["Datasets", "4512"]]);
        let labelled = json!({"text": "a", "candidate_labels": ["b", "not b"]});
        for (tag, entry, inputs) in [
            ("text-classification", json!({"text": "a"}), json!("a")),
            ("text-classification", json!({"text": "a", "text_pair": "b"}), json!({"text": "a", "text_pair": "b"})),
            ("token-classification", json!({"text": "a"}), json!("a")),
            ("fill-mask", json!({"text": "a <mask>"}), json!("a <mask>")),
            ("question-answering", json!({"text": "a", "context": "b"}), json!({"question": "a", "context": "b"})),
            ("question-answering", json!({"question": "a", "context": "b"}), json!({"question": "a", "context": "b"})),
            (
                "table-question-answering",
                json!({"text": "a", "table": {"Repository": ["Transformers", "Datasets"], "Stars": [36542, 4512]}}),
                json!({"query": "a", "table": rows}),
            ),
            ("table-question-answering", json!({"text": "a", "table": rows}), json!({"query": "a", "table": rows})),
            ("zero-shot-classification", json!({"text": "a", "candidate_labels": "b, not b"}), labelled.clone()),
            ("zero-shot-classification", labelled.clone(), labelled),
            ("zero-shot-classification", json!({"text": "a"}), json!("a")),
            (
                "sentence-similarity",
                json!({"source_sentence": "a", "sentences": ["b"]}),
                json!({"source_sentence": "a", "sentences": ["b"]}),
            ),
            ("text-ranking", json!({"query": "a", "texts": ["b"]}), json!({"query": "a", "texts": ["b"]})),
            (
                "text-ranking",
                json!({"source_sentence": "a", "sentences": ["b"]}),
                json!({"query": "a", "texts": ["b"]}),
            ),
        ] {
            let found = examples(crate::task(tag).unwrap(), &json!([entry]), None);
            assert_eq!(found[0].inputs, inputs, "{tag} {entry}");
        }
    }

    #[test]
    fn entries_of_the_wrong_form_are_left_out() {
        for (tag, entry) in [
            ("question-answering", json!({"text": "a"})),
            ("table-question-answering", json!({"text": "a", "table": {"A": ["1"], "B": []}})),
            ("table-question-answering", json!({"text": "a", "table": "A"})),
            ("zero-shot-classification", json!({"text": "a", "candidate_labels": 3})),
            ("sentence-similarity", json!({"source_sentence": "a", "sentences": "b"})),
            ("text-ranking", json!({"query": "a", "texts": [1]})),
            ("fill-mask", json!("a <mask>")),
        ] {
            let task = crate::task(tag).unwrap();
            assert_eq!(examples(task, &json!([entry]), None), examples(task, &Value::Null, None), "{tag} {entry}");
        }
    }

    #[test]
    fn an_entry_carries_its_parameters() {
        let parameters = |tag, entry: Value| examples(crate::task(tag).unwrap(), &entry, None)[0].parameters.clone();
        let old = json!({"text": "a", "candidate_labels": "b", "multi_class": true, "hypothesis_template": "{}"});
        assert_eq!(
            parameters("zero-shot-classification", old),
            json!({"multi_label": true, "hypothesis_template": "{}"})
        );
        let own = json!({"text": "a", "parameters": {"aggregation_strategy": "max", "temperature": 1}});
        assert_eq!(parameters("token-classification", own), json!({"aggregation_strategy": "max"}));
        assert_eq!(parameters("fill-mask", json!({"text": "a"})), Value::Null);
    }

    #[test]
    fn tables_keep_the_order_of_their_columns() {
        let widget = serde_json::from_str(r#"[{"text": "a", "table": {"Z": ["1"], "A": ["2"]}}]"#).unwrap();
        let found = examples(&crate::table_question_answering::TASK, &widget, None);
        assert_eq!(found[0].inputs["table"], json!([["Z", "A"], ["1", "2"]]));
    }
}
