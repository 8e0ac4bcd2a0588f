//! Writes a page with the widget in each of its states, for looking at the style sheet and for axe-core:
//! `cargo run -p vitrine-views --example preview -- OUT [rtl] [light|dark]`.

use std::path::Path;

use maud::{DOCTYPE, Markup, html};
use serde_json::{Value, json};
use vitrine_tasks::protocol::{Note, Phase};
use vitrine_tasks::{
    ErrorCode, StoredModel, TASKS, Task, examples, feature_extraction, fill_mask, question_answering,
    sentence_similarity, table_question_answering, text_classification, text_ranking, token_classification,
    zero_shot_classification,
};
use vitrine_views::*;

const COMMIT: &str = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf";

/// One widget of the page.
struct State {
    name: &'static str,
    task: &'static Task,
    inputs: Value,
    run: Run,
    status: Markup,
    error: Markup,
    output: Markup,
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let out = arguments.first().map_or("preview", String::as_str);
    let rtl = arguments.iter().any(|argument| argument == "rtl");
    let theme = arguments.iter().find(|argument| matches!(argument.as_str(), "light" | "dark"));
    std::fs::create_dir_all(out)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" dir=[rtl.then_some("rtl")] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "States of the widget" }
                link rel="stylesheet" href="page.css";
            }
            body {
                main {
                    h1 { "States of the widget" }
                    @for state in states() {
                        h2 { (state.name) }
                        model-widget theme=[theme] {
                            template shadowrootmode="open" {
                                link rel="stylesheet" href="style.css";
                                (skeleton(|region| fill(&state, region)))
                            }
                        }
                    }
                    h2 { "stored" }
                    model-widget theme=[theme] {
                        template shadowrootmode="open" {
                            link rel="stylesheet" href="style.css";
                            (stored_models(&stored()))
                            (stored_models(&[]))
                        }
                    }
                }
            }
        }
    };
    let style = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/style.css");
    std::fs::copy(style, Path::new(out).join("style.css"))?;
    let dark = "@media (prefers-color-scheme: dark) { body { background: #0b1011; color: #dde } }";
    let page_css = "body { font-family: system-ui; margin: 0; background: #eef2f2 } main { padding: 1rem }";
    std::fs::write(Path::new(out).join("page.css"), format!("{page_css}\n{dark}\n"))?;
    std::fs::write(Path::new(out).join("index.html"), page.into_string())
}

fn fill(state: &State, region: Region) -> Markup {
    let card = json!([
        {"text": "I love the way this phone fits in my hand.", "example_title": "Happy", "group": "Reviews",
         "output": [{"label": "POSITIVE", "score": 0.99}]},
        {"text": "The delivery was late.", "example_title": "A rather long title of an example that needs to be cut"},
        {"text": "أنا سعيد جدا", "example_title": "العربية", "group": "Reviews"},
        {"source_sentence": "That is a happy person", "sentences": ["That is a happy dog"], "example_title": "Dogs"},
    ]);
    match region {
        Region::Header => header(&Header {
            repo: "sentence-transformers/all-MiniLM-L6-v2",
            url: Some("https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"),
            task: Some(state.task),
            commit: Some(COMMIT),
            licence: Some("apache-2.0"),
            gated: state.name == "gated",
        }),
        Region::Form if state.name == "asking" => form_pending(),
        Region::Form => {
            let parameters = json!({"top_k": 5});
            let parameters = (state.name == "scores").then_some(&parameters);
            let mask_token = (state.task.tag == "fill-mask").then_some("[MASK]");
            let open_optional = state.name == "author’s output";
            let options = FormOptions { run: state.run, mac: false, parameters, mask_token, open_optional };
            form(state.task, &state.inputs, &examples::examples(state.task, &card, None), &options)
        }
        Region::Status => state.status.clone(),
        Region::Error => state.error.clone(),
        Region::Output => state.output.clone(),
        Region::Footer => {
            let text = snippet(&Snippet {
                model: "sentence-transformers/all-MiniLM-L6-v2",
                revision: Some(COMMIT),
                url: Some("https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"),
                script_url: "https://example.org/vitrine/model-widget.js",
                ..Snippet::default()
            });
            let stored_bytes = state.name.contains("offline").then_some(90_900_000);
            footer(&Footer {
                can_unload: stored_bytes.is_some(),
                stored_bytes,
                weights: stored_bytes.map(|_| ("q8", "model.q8.safetensors")),
                snippet: Some(&text),
                home: Some("https://example.org/vitrine/"),
            })
        }
        Region::Announce | Region::Alert => html! {},
    }
}

fn states() -> Vec<State> {
    let text = json!("I like you. I love you");
    let base = |name, task: &'static Task| State {
        name,
        task,
        inputs: text.clone(),
        run: Run::Run,
        status: html! {},
        error: html! {},
        output: html! {},
    };
    let classification = |name| base(name, &text_classification::TASK);
    let files: Vec<(&str, u64)> =
        vec![("config.json", 612), ("tokenizer.json", 466_247), ("model.safetensors", 90_868_376)];
    let total = files.iter().map(|(_, size)| size).sum();
    let asked = Consent { total, files: &files, ..Consent::default() };
    let loading = ProgressView {
        phase: Phase::Download,
        file: "model.safetensors",
        loaded: 38_200_000,
        total,
        cached: 466_859,
        bytes_per_second: Some(6_400_000.0),
        seconds_left: Some(8.2),
    };
    let ready_now = || ready(&Ready { stored: true, memory_bytes: Some(113_000_000) });
    let failed = |name, code, message, options: &ErrorOptions| State {
        error: error(code, message, options),
        ..classification(name)
    };
    let retry = ErrorOptions {
        can_retry: true,
        token_host: None,
        tasks: &[],
        details: "model sentence-transformers/all-MiniLM-L6-v2\nvitrine 0.1.0",
    };
    let mut states = vec![
        State { status: consent_pending(), ..classification("asking") },
        State { status: consent(&asked), run: Run::LoadAndRun, ..classification("consent") },
        State {
            status: consent(&Consent { cached: 12_000_000, metered: true, low_memory: true, ..asked }),
            run: Run::LoadAndRun,
            inputs: Value::Null,
            ..base("consent with warnings", &sentence_similarity::TASK)
        },
        State { status: consent(&Consent { cached: total, ..asked }), ..classification("consent offline") },
        State { status: progress(&loading), run: Run::Loading, ..classification("loading") },
        State {
            status: progress(&ProgressView { total: 0, phase: Phase::Waiting, ..loading }),
            run: Run::Loading,
            ..classification("waiting")
        },
        State { status: ready_now(), output: no_output(), ..classification("ready offline") },
        State {
            status: running(&RunningView { elapsed_ms: 2400.0 }),
            output: no_output(),
            run: Run::Running,
            ..classification("running")
        },
        failed(
            "integrity",
            ErrorCode::Integrity,
            "`model.safetensors` has another SHA-256 than the Hub tells.",
            &retry,
        ),
        failed(
            "gated",
            ErrorCode::GatedRepo,
            "The host answered 401.",
            &ErrorOptions { token_host: Some("huggingface.co"), ..retry },
        ),
        failed(
            "another head",
            ErrorCode::UnsupportedHead,
            "the checkpoint has the head of `BertForMaskedLM`, and none for text-classification",
            &ErrorOptions {
                can_retry: false,
                tasks: &["fill-mask".to_owned(), "feature-extraction".to_owned()],
                ..retry
            },
        ),
        failed("missing input", ErrorCode::InvalidInputs, "Enter some text.", &ErrorOptions::default()),
        failed("aborted", ErrorCode::Aborted, "", &retry),
    ];
    for (name, task, inputs, value, author) in outputs() {
        let meta = RunMeta {
            elapsed_ms: (!author).then_some(42.0),
            memory_bytes: (!author).then_some(113_000_000),
            author,
            json: name == "scores",
        };
        let notes = [Note::Truncated { tokens: 612, limit: 256 }];
        let notes: &[Note] = if name == "many labels" { &notes } else { &[] };
        let output = output(task, &inputs, &value, notes, &meta);
        let status = if author { consent(&asked) } else { ready(&Ready { stored: true, memory_bytes: None }) };
        states.push(State { output, status, inputs, ..base(name, task) });
    }
    debug_assert!(TASKS.iter().all(|task| states.iter().any(|state| state.task.tag == task.tag)));
    states
}

/// Outputs of every shape: name, task, inputs, output, whether the author gave it.
fn outputs() -> Vec<(&'static str, &'static Task, Value, Value, bool)> {
    let text = json!("I like you. I love you");
    let entity = |label: &str, word: &str, start: usize, end: usize| json!({"entity_group": label, "score": 0.97, "word": word, "start": start, "end": end});
    let tokens_of = |count: usize| -> Value {
        let token = |index: usize| {
            let label = format!("B-L{}", index % 12);
            json!({"entity": label, "score": 0.5, "word": "word", "start": index * 5, "end": index * 5 + 4})
        };
        (0..count).map(token).collect()
    };
    let context = "My name is Wolfgang, I live in Berlin 🦀 and work for the European Central Bank since 2019.";
    let answer = |start: usize, end: usize, score: f64| {
        let words: String = context.chars().skip(start).take(end - start).collect();
        json!({"answer": words, "score": score, "start": start, "end": end})
    };
    let fill = |word: &str, score: f64| json!({"token_str": word, "score": score, "sequence": format!("Paris is the {word} of [MASK].")});
    let score = |label: &str, score: f64| json!({"label": label, "score": score});
    let sentences = json!({"source_sentence": "That is a happy person", "sentences": [
        "That is a happy dog", "That is a very happy person who lives in a house by the sea", "هذا يوم مشمس"]});
    let many: Value = (0..28).map(|index| score(&format!("emotion {index}"), 0.4 / f64::from(index + 1))).collect();
    let vector: Vec<f64> =
        (0..384).map(|index| (f64::from(index) * 0.71).sin() * (f64::from(index) * 0.013).cos() * 0.12).collect();
    let tokens: Vec<&[f64]> = (0..9).map(|row| vector.get(row * 10..row * 10 + 200).unwrap_or_default()).collect();
    vec![
        (
            "scores",
            &text_classification::TASK,
            text.clone(),
            json!([score("POSITIVE", 0.9987), score("NEGATIVE", 0.0013)]),
            false,
        ),
        (
            "author’s output",
            &text_classification::TASK,
            text.clone(),
            json!([score("POSITIVE", 0.8), score("NEGATIVE", 0.2)]),
            true,
        ),
        (
            "logits",
            &text_classification::TASK,
            text.clone(),
            json!([score("a", 4.21), score("b", 1.3), score("c", -2.75)]),
            false,
        ),
        ("many labels", &text_classification::TASK, text.clone(), many, false),
        ("similarities", &sentence_similarity::TASK, sentences, json!([0.695, 0.943, -0.112]), false),
        ("embedding", &feature_extraction::TASK, text.clone(), json!([vector]), false),
        ("tokens", &feature_extraction::TASK, text.clone(), json!([tokens]), false),
        (
            "entities",
            &token_classification::TASK,
            json!("My name is Wolfgang, I live in Berlin 🦀 and work for the European Central Bank since 2019."),
            json!([
                entity("PER", "Wolfgang", 11, 19),
                entity("LOC", "Berlin", 31, 37),
                entity("ORG", "European Central Bank", 57, 78),
                entity("DATE", "2019", 85, 89),
            ]),
            false,
        ),
        ("many entities", &token_classification::TASK, json!("word ".repeat(600)), tokens_of(600), false),
        (
            "answers",
            &question_answering::TASK,
            json!({"question": "Where do I live?", "context": context}),
            json!([
                answer(31, 37, 0.93),
                answer(53, 78, 0.04),
                json!({"answer": "", "score": 0.01, "start": 0, "end": 0})
            ]),
            false,
        ),
        (
            "answer",
            &question_answering::TASK,
            json!({"question": "Where do I live?", "context": context}),
            answer(31, 37, 0.93),
            false,
        ),
        (
            "fills",
            &fill_mask::TASK,
            json!("Paris is the [MASK] of [MASK]."),
            json!([
                [fill("capital", 0.93), fill("heart", 0.02), fill("city", 0.01)],
                [fill("France", 0.9), fill("Europe", 0.05)],
            ]),
            false,
        ),
        (
            "zero-shot",
            &zero_shot_classification::TASK,
            json!({"text": "I have a problem with my iphone", "candidate_labels": ["urgent", "phone", "tablet"]}),
            json!({"sequence": "…", "labels": ["phone", "urgent", "tablet"], "scores": [0.7, 0.25, 0.05]}),
            false,
        ),
        (
            "ranking",
            &text_ranking::TASK,
            json!({"query": "How many people live in Berlin?", "texts": [
                "New York City is famous for the Metropolitan Museum of Art.",
                "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers. "
                    .repeat(8),
            ]}),
            json!([{"index": 1, "score": 8.607}, {"index": 0, "score": -4.32}]),
            false,
        ),
        (
            "cells",
            &table_question_answering::TASK,
            json!({"query": "How many stars do they have together?", "table": [
                ["Repository", "Stars", "Contributors", "Programming language"],
                ["Transformers", "36542", "651", "Python"],
                ["Datasets", "4512", "77", "Python"],
                ["Tokenizers", "3934", "34", "Rust, Python and NodeJS"]]}),
            json!({"answer": "SUM > 36542, 4512, 3934", "coordinates": [[0, 1], [1, 1], [2, 1]], "aggregator": "SUM"}),
            false,
        ),
        ("malformed", &text_classification::TASK, text, json!({"<b>": ["x", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]}), true),
    ]
}

fn stored() -> Vec<StoredModel> {
    let model = |model: &str, bytes| StoredModel {
        endpoint: "https://huggingface.co".to_owned(),
        model: model.to_owned(),
        commit: COMMIT.to_owned(),
        bytes,
    };
    vec![model("sentence-transformers/all-MiniLM-L6-v2", 91_334_235), model("org/tiny", 1_204_000)]
}
