//! The author's example outputs, which need neither script nor download.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_tasks::{Example, examples};
use vitrine_views::output_alone;

use super::Model;
use crate::{Place, text};

/// Examples of the card that come with an output; nothing where there are none.
pub(super) fn examples_view(model: &Model, place: &Place) -> Markup {
    let Some(task) = model.task() else { return html! {} };
    let card = &model.snapshot.card;
    let found: Vec<Example> = examples::examples(task, card.get("widget"), card.language())
        .into_iter()
        .filter(|example| example.output.is_some())
        .collect();
    html! {
        @if !found.is_empty() {
            section id="examples" aria-labelledby="examples-title" {
                h2 id="examples-title" { (text::EXAMPLES) }
                p class="muted" { (text::EXAMPLES_HINT) }
                @for example in &found {
                    article class="example" {
                        h3 { bdi { (example.title) } }
                        (inputs(&example.inputs))
                        // The widget's own look, kept apart from the page's.
                        div {
                            template shadowrootmode="open" {
                                link rel="stylesheet" href={ (place.root) "assets/style.css" };
                                div class="vitrine example-output" { (output_alone(task, &example.inputs, example.output.as_ref().unwrap_or(&Value::Null))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Inputs as text: one text alone, or each field under its name.
fn inputs(inputs: &Value) -> Markup {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" · ")
        }
        Value::Array(rows) => rows.iter().map(row).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    };
    html! {
        dl class="inputs" {
            @match inputs {
                Value::Object(fields) => @for (name, value) in fields {
                    dt { (name.replace('_', " ")) }
                    dd dir="auto" { (shown(value)) }
                },
                value => { dt { (text::EXAMPLE_INPUT) } dd dir="auto" { (shown(value)) } },
            }
        }
    }
}

fn row(row: &Value) -> String {
    match row {
        Value::Array(cells) => {
            let cell = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
            cells.iter().map(cell).collect::<Vec<_>>().join(" | ")
        }
        other => other.to_string(),
    }
}
