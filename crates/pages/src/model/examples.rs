//! The author's example outputs, which need neither script nor download.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;
use vitrine_tasks::{Example, Task, examples};
use vitrine_views::locale::translated;
use vitrine_views::output_alone;

use super::Model;
use crate::{Place, text};

/// Examples of the card that come with an output; nothing where there are none.
pub(super) fn examples_view(model: &Model, place: &Place) -> Markup {
    let Some(task) = model.task() else { return html! {} };
    let card = &model.snapshot.card;
    let found: Vec<(usize, Example)> = (1..)
        .zip(examples::examples(task, card.get("widget"), card.language()))
        .filter(|(_, example)| example.output.is_some())
        .collect();
    html! {
        @if !found.is_empty() {
            section id="examples" aria-labelledby="examples-title" {
                h2 id="examples-title" { (text::EXAMPLES) }
                p class="muted" { (text::EXAMPLES_HINT) }
                @for (number, example) in &found {
                    article class="example" {
                        h3 { bdi { (vitrine_views::text::example(&example.title, *number)) } }
                        (inputs(task, &example.inputs))
                        // The widget's own look, kept apart from the page's.
                        div {
                            template shadowrootmode="open" {
                                @match place.bundled {
                                    Some(bundled) => { style { (PreEscaped(bundled.widget_style)) } }
                                    None => { link rel="stylesheet" href={ (place.root) "assets/style.css" }; }
                                }
                                div class="vitrine example-output" { (output_alone(task, &example.inputs, example.output.as_ref().unwrap_or(&Value::Null))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Inputs as text: one text alone, or each field under its label.
fn inputs(task: &Task, inputs: &Value) -> Markup {
    let label = |name: &str| {
        let field = task.fields.iter().find(|field| field.name == name);
        field.map_or_else(|| name.replace('_', " "), |field| translated(field.label).to_owned())
    };
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
                    dt { (label(name)) }
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
