//! Evaluation results from the card's `model-index`, as a table.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_hub::card::{Evaluation, EvaluationMetric};
use vitrine_views::format;

use super::Model;
use crate::place::is_web_url;
use crate::text;

/// The table of results; nothing where the card has none.
pub(super) fn evaluation(model: &Model) -> Markup {
    let results = model.snapshot.card.evaluations();
    html! {
        @if !results.is_empty() {
            section id="results" aria-labelledby="results-title" {
                h2 id="results-title" { (text::RESULTS) }
                div class="scroll" tabindex="0" role="group" aria-labelledby="results-title" {
                    table {
                        thead {
                            tr {
                                th scope="col" { (text::TASK) }
                                th scope="col" { (text::DATASET) }
                                th scope="col" { (text::METRIC) }
                                th scope="col" class="number" { (text::VALUE) }
                                th scope="col" { (text::SOURCE) }
                            }
                        }
                        tbody { @for result in &results { @for metric in &result.metrics { (row(result, metric)) } } }
                    }
                }
            }
        }
    }
}

fn row(result: &Evaluation, metric: &EvaluationMetric) -> Markup {
    let (task, dataset) = (&result.task, &result.dataset);
    let first = |name: &Option<String>, id: &Option<String>| name.clone().or_else(|| id.clone()).unwrap_or_default();
    let within: Vec<&str> = [&dataset.config, &dataset.split].into_iter().filter_map(|part| part.as_deref()).collect();
    let url = result.source.as_ref().and_then(|source| source.url.as_deref());
    let url = url.filter(|url| is_web_url(url));
    let source = result.source.as_ref().and_then(|source| source.name.clone());
    html! {
        tr {
            td { bdi { (first(&task.name, &task.id)) } }
            td {
                bdi { (first(&dataset.name, &dataset.id)) }
                @if !within.is_empty() { " " span class="muted" { "(" (within.join(", ")) ")" } }
            }
            td { bdi { (first(&metric.name, &metric.id)) } }
            td class="number" { (value(&metric.value)) }
            td {
                @let name = source.unwrap_or_else(|| text::SELF_REPORTED.as_str().to_owned());
                @match url {
                    Some(url) => a href=(url) rel="noopener nofollow" { (name) },
                    None => (name),
                }
                @if metric.verified { " " span class="verified" { (text::VERIFIED) } }
            }
        }
    }
}

/// A metric's value as the author wrote it, with at most five decimals.
fn value(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            let rounded = format::decimal(number, 5);
            rounded.trim_end_matches('0').trim_end_matches(['.', ',']).to_owned()
        }
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Object(map) => {
            map.iter().map(|(name, inner)| format!("{name}: {}", self::value(inner))).collect::<Vec<_>>().join(", ")
        }
        Value::Array(list) => list.iter().map(self::value).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::value;

    #[test]
    fn values_are_shown_as_they_were_written() {
        for (given, shown) in [
            (json!(0.9105504587155964), "0.91055"),
            (json!(88.5), "88.5"),
            (json!(90), "90"),
            (json!("1e-3"), "1e-3"),
            (json!(null), "–"),
            (json!({"f1": 0.5, "n": 2}), "f1: 0.5, n: 2"),
        ] {
            assert_eq!(value(&given), shown);
        }
    }
}
