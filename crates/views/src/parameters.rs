//! The controls of a task's parameters, closed until someone opens them.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_tasks::{Parameter, ParameterKind, Task};

use crate::locale::translated;
use crate::text;

/// A closed section with a control for each parameter of the task that is no field of its form; an empty control means
/// the default, which is not sent.
pub(crate) fn parameters(task: &Task, values: &Value) -> Markup {
    let is_field = |name: &str| task.fields.iter().any(|field| field.name == name);
    let shown: Vec<&Parameter> = task.parameters.iter().filter(|parameter| !is_field(parameter.name)).collect();
    html! {
        @if !shown.is_empty() {
            details class="parameters" open[shown.iter().any(|parameter| values.get(parameter.name).is_some())] {
                summary { (text::PARAMETERS) }
                div class="grid" {
                    @for parameter in shown {
                        (control(parameter, values.get(parameter.name).unwrap_or(&Value::Null)))
                    }
                }
            }
        }
    }
}

fn control(parameter: &Parameter, value: &Value) -> Markup {
    let id = format!("vitrine-parameter-{}", parameter.name);
    let hint = format!("{id}-hint");
    let field = match parameter.kind {
        ParameterKind::Integer { least } => html! {
            input part="input" id=(id) type="number" inputmode="numeric" min=(least) step="1" placeholder=(text::DEFAULT)
                data-parameter=(parameter.name) data-kind="integer" aria-describedby=(hint)
                value=[value.as_u64()];
        },
        ParameterKind::TextList => html! {
            input part="input" id=(id) type="text" dir="auto" spellcheck="false" placeholder=(text::DEFAULT)
                data-parameter=(parameter.name) data-kind="list" aria-describedby=(hint) value=[list_text(value)];
        },
        ParameterKind::Text => html! {
            input part="input" id=(id) type="text" dir="auto" spellcheck="false" placeholder=(text::DEFAULT)
                data-parameter=(parameter.name) data-kind="text" aria-describedby=(hint) value=[value.as_str()];
        },
        ParameterKind::Boolean => {
            let options = [("true", text::YES.as_str()), ("false", text::NO.as_str())];
            let chosen = value.as_bool().map(|value| if value { "true" } else { "false" });
            select(parameter, &id, &hint, "boolean", &options, chosen)
        }
        ParameterKind::Choice(words) => {
            let options: Vec<(&str, &str)> = words.iter().map(|word| (*word, *word)).collect();
            select(parameter, &id, &hint, "choice", &options, value.as_str())
        }
    };
    html! {
        div class="parameter" {
            label part="label" class="mono" for=(id) { (parameter.name) }
            (field)
            p class="hint" id=(hint) {
                (translated(parameter.description))
                @if parameter.kind == ParameterKind::TextList { " " (text::COMMAS) }
            }
        }
    }
}

/// Texts in one line with commas between them; `None` for other values.
pub(crate) fn list_text(value: &Value) -> Option<String> {
    match value {
        Value::Array(texts) => Some(texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        other => other.as_str().map(str::to_owned),
    }
}

fn select(
    parameter: &Parameter,
    id: &str,
    hint: &str,
    kind: &str,
    options: &[(&str, &str)],
    chosen: Option<&str>,
) -> Markup {
    html! {
        select part="input" id=(id) data-parameter=(parameter.name) data-kind=(kind) aria-describedby=(hint) {
            option value="" { (text::DEFAULT) }
            @for (value, label) in options {
                option value=(value) selected[chosen == Some(*value)] { (label) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vitrine_tasks::{
        feature_extraction, sentence_similarity, text_classification, token_classification, zero_shot_classification,
    };

    use super::*;

    #[test]
    fn values_are_shown_and_open_the_section() {
        let html = parameters(&text_classification::TASK, &json!({"top_k": 3, "function_to_apply": "none"}));
        let html = html.into_string();
        assert!(html.contains("<details class=\"parameters\" open>"));
        assert!(html.contains("value=\"3\"") && html.contains("<option value=\"none\" selected>"));
        let html = parameters(&feature_extraction::TASK, &json!({"truncate": false})).into_string();
        assert!(html.contains("<option value=\"false\" selected>"));
    }

    #[test]
    fn values_of_the_wrong_type_are_left_out() {
        let values = json!({"top_k": "<b>", "function_to_apply": ["x"]});
        let html = parameters(&text_classification::TASK, &values).into_string();
        assert!(!html.contains("<b>") && !html.contains("selected") && !html.contains(" value=\"\" "));
        assert_eq!(parameters(&sentence_similarity::TASK, &Value::Null).into_string(), "");
    }

    #[test]
    fn lists_are_lines_with_commas() {
        let html = parameters(&token_classification::TASK, &json!({"ignore_labels": ["O", "<B>"]})).into_string();
        assert!(html.contains("data-kind=\"list\"") && html.contains("value=\"O, &lt;B&gt;\""));
    }

    #[test]
    fn what_the_form_has_as_a_field_is_not_asked_twice() {
        let html = parameters(&zero_shot_classification::TASK, &json!({"candidate_labels": ["a"]})).into_string();
        assert!(!html.contains("candidate_labels") && html.contains("<details class=\"parameters\">"));
    }
}
