//! "Use this model": the model in Python, JavaScript, Rust and HTML, each with its commit pinned.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_hub::Endpoint;
use vitrine_tasks::{Task, examples};
use vitrine_views::{Snippet, snippet};

use super::Model;
use super::badges::library;
use crate::place::{is_hosted, pinned};
use crate::{Place, text};

/// Stands for the site's address where it is not known; the page's script puts the real one there.
const SITE: &str = "https://your.site";

/// One collapsed part for each language.
pub(super) fn usage(model: &Model, place: &Place) -> Markup {
    let snippets = snippets(model, place);
    html! {
        section id="use" aria-labelledby="use-title" {
            h2 id="use-title" { (text::USE) }
            @for (index, (language, code)) in snippets.iter().enumerate() {
                details name="use" open[index == 0] {
                    summary { (language) }
                    div class="code" {
                        pre dir="ltr" tabindex="0" role="region" aria-label=(language) {
                            code data-root=(place.root) data-site=[place.url.is_none().then_some(SITE)] { (code) }
                        }
                        button type="button" data-action="copy" data-copied=(text::COPIED) hidden { (text::COPY) }
                    }
                }
            }
        }
    }
}

/// Each language's name and code.
pub(crate) fn snippets(model: &Model, place: &Place) -> Vec<(&'static str, String)> {
    let site = place.url.unwrap_or(SITE);
    let mut snippets = Vec::new();
    if let Some(task) = model.task() {
        snippets.push(("Python", python(model, task)));
        // A bundle has no address that others could name.
        if place.bundled.is_none() {
            snippets.push(("JavaScript", javascript(model, task, site)));
            snippets.push(("HTML", html_embed(model, site)));
        }
        snippets.push(("Rust", rust(model)));
    } else {
        snippets.push(("Python", python_files(model)));
        snippets.push(("Rust", rust(model)));
    }
    snippets
}

/// The endpoint that a page elsewhere has to name; `None` for the Hub.
fn endpoint<'a>(model: &'a Model, site: &'a str) -> Option<&'a str> {
    match model.snapshot.endpoint.as_str() {
        Endpoint::HUB => None,
        endpoint if is_hosted(model.snapshot) => Some(endpoint),
        _ => Some(site),
    }
}

/// A text as a literal of Python, JavaScript and Rust alike.
fn literal(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// The inputs of the first example.
fn inputs(model: &Model, task: &Task) -> Value {
    let card = &model.snapshot.card;
    let example = examples::examples(task, card.get("widget"), card.language()).into_iter().next();
    example.map(|example| example.inputs).unwrap_or_default()
}

/// Python's argument that pins the commit; nothing where there is none.
fn python_revision(model: &Model) -> String {
    let commit = model.snapshot.commit.as_deref();
    commit.map(|commit| format!(", revision={}", literal(commit))).unwrap_or_default()
}

fn python(model: &Model, task: &Task) -> String {
    let repo = literal(&model.snapshot.repo);
    let revision = python_revision(model);
    let inputs = inputs(model, task);
    let field = |name: &str| python_value(inputs.get(name).unwrap_or(&Value::Null));
    let of_sentence_transformers = library(model).as_deref() == Some("sentence-transformers");
    match task.tag {
        "sentence-similarity" | "feature-extraction"
            if of_sentence_transformers || task.tag == "sentence-similarity" =>
        {
            let rest = match task.tag {
                "sentence-similarity" => format!(
                    "source = model.encode({})\nothers = model.encode({})\nprint(model.similarity(source, others))",
                    field("source_sentence"),
                    field("sentences")
                ),
                _ => format!("embedding = model.encode({})\nprint(embedding.shape)", python_value(&inputs)),
            };
            format!(
                "# pip install sentence-transformers\nfrom sentence_transformers import SentenceTransformer\n\n\
                 model = SentenceTransformer({repo}{revision})\n{rest}"
            )
        }
        "text-ranking" => format!(
            "# pip install sentence-transformers\nfrom sentence_transformers import CrossEncoder\n\n\
             model = CrossEncoder({repo}{revision})\nprint(model.rank({}, {}))",
            field("query"),
            field("texts")
        ),
        tag => {
            // Version 5 has no pipeline for some tasks any more.
            let package = if tag == "question-answering" { "\"transformers<5\"" } else { "transformers" };
            let call = match tag {
                "question-answering" => format!("question={}, context={}", field("question"), field("context")),
                "table-question-answering" => format!("query={}, table={}", field("query"), python_table(&inputs)),
                "zero-shot-classification" => {
                    format!("{}, candidate_labels={}", field("text"), field("candidate_labels"))
                }
                "fill-mask" => return python_mask(&repo, &revision, &inputs),
                _ => python_value(inputs.get("text").unwrap_or(&inputs)),
            };
            format!(
                "# pip install {package} torch\nfrom transformers import pipeline\n\n\
                 run = pipeline({}, model={repo}{revision})\nprint(run({call}))",
                literal(tag)
            )
        }
    }
}

/// The tokenizer's mask token takes the place of the one that the example was written with.
fn python_mask(repo: &str, revision: &str, inputs: &Value) -> String {
    let text = inputs.as_str().unwrap_or("Paris is the <mask> of France.");
    let text = literal(text);
    format!(
        "# pip install transformers torch\nfrom transformers import pipeline\n\n\
         run = pipeline(\"fill-mask\", model={repo}{revision})\n\
         text = {text}.replace(\"<mask>\", run.tokenizer.mask_token)\nprint(run(text))"
    )
}

/// A value as Python writes it; its JSON but for the names of three constants.
fn python_value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python_value).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {}", literal(name), python_value(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// The rows of a table as the map from columns to cells that Python's pipeline takes.
fn python_table(inputs: &Value) -> String {
    let rows: Vec<&Vec<Value>> =
        inputs.get("table").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_array).collect();
    let Some((header, rows)) = rows.split_first() else { return "{}".to_owned() };
    let columns = header.iter().enumerate().map(|(index, name)| {
        let cells: Vec<String> = rows.iter().filter_map(|row| row.get(index)).map(python_value).collect();
        format!("{}: [{}]", python_value(name), cells.join(", "))
    });
    format!("{{{}}}", columns.collect::<Vec<_>>().join(", "))
}

fn python_files(model: &Model) -> String {
    let revision = python_revision(model);
    format!(
        "# pip install huggingface_hub\nfrom huggingface_hub import snapshot_download\n\n\
         folder = snapshot_download({}{revision})",
        literal(&model.snapshot.repo)
    )
}

fn javascript(model: &Model, task: &Task, site: &str) -> String {
    let inputs = inputs(model, task);
    let options: Vec<String> =
        [("revision", pinned(model.snapshot)), ("endpoint", endpoint(model, site).map(str::to_owned))]
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}: {}", literal(&value?))))
            .collect();
    let options = if options.is_empty() { String::new() } else { format!(", {{\n  {},\n}}", options.join(",\n  ")) };
    format!(
        "import {{ pipeline }} from {};\n\nconst run = await pipeline({}, {}{options});\nconsole.log(await run({inputs}));",
        literal(&format!("{site}/assets/vitrine.js")),
        literal(task.tag),
        literal(&model.snapshot.repo),
    )
}

/// The crate hf-hub, version 1, and candle's reader.
fn rust(model: &Model) -> String {
    let (owner, name) = model.snapshot.repo.split_once('/').unwrap_or(("", &model.snapshot.repo));
    let revision =
        model.snapshot.commit.as_deref().map(|commit| format!(".revision({})", literal(commit))).unwrap_or_default();
    let weights = model.snapshot.files.iter().find(|file| file.path.ends_with(".safetensors"));
    let tensors = weights.map(|file| {
        format!(
            "\n    let weights = candle_core::safetensors::load(\n        folder.join({}),\n        &candle_core::Device::Cpu,\n    )?;\n    println!(\"{{}} tensors\", weights.len());",
            literal(&file.path)
        )
    });
    let candle = if tensors.is_some() { " candle-core" } else { "" };
    format!(
        "// cargo add hf-hub --features blocking{}\nfn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         let model = hf_hub::HFClientSync::new()?.model({}, {});\n    \
         let folder = model.snapshot_download(){revision}.send()?;{}\n    Ok(())\n}}",
        if candle.is_empty() { String::new() } else { format!("\n// cargo add{candle}") },
        literal(owner),
        literal(name),
        tensors.unwrap_or_else(|| "\n    println!(\"{}\", folder.display());".to_owned()),
    )
}

fn html_embed(model: &Model, site: &str) -> String {
    let script_url = format!("{site}/assets/model-widget.js");
    let revision = pinned(model.snapshot);
    snippet(&Snippet {
        model: &model.snapshot.repo,
        revision: revision.as_deref(),
        endpoint: endpoint(model, site),
        script_url: &script_url,
        ..Snippet::default()
    })
}
