//! What holds for every view: hostile texts stay texts, nothing breaks a strict content security policy, and every
//! control has a name.

use serde_json::{Value, json};
use vitrine_tasks::protocol::{Note, Phase};
use vitrine_tasks::{ErrorCode, Example, Expectation, StoredModel, TASKS};
use vitrine_views::locale::Table;
use vitrine_views::*;

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1) style=color:red>",
    "' onfocus='alert(1)' x='",
    "</textarea></pre></table></details></svg><style>*{}</style>",
    "javascript:alert(1)",
    "`<b>`<!-- --><![CDATA[",
    "\u{202e}\u{0}\u{feff}&lt;",
];

/// Every view, with `text` wherever a text of a page, a host, a model or a visitor goes.
fn views(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let value = json!(text);
    let nested = json!({text: [text, {text: text}]});
    let inputs = json!({
        "text": text, "text_pair": text, "source_sentence": text, "sentences": [text, text, text], "question": text,
        "context": text, "query": text, "texts": [text, text], "candidate_labels": [text, text],
        "table": [[text, text], [text, text]], text: text,
    });
    let entity = |key: &str, start: usize, end: usize| json!({key: text, "word": text, "score": 0.5, "start": start, "end": end});
    let answer = |start: usize, end: usize| json!({"answer": text, "score": 0.5, "start": start, "end": end});
    let fill = json!({"token_str": text, "sequence": text, "score": 0.5});
    let outputs = [
        json!([entity("entity_group", 0, 2), entity("entity", 2, 4)]),
        json!([answer(0, 2), answer(1, 4)]),
        json!([[fill], [fill]]),
        json!([{"index": 0, "score": 2}, {"index": 1, "score": -1, "text": text}]),
        json!({"answer": text, "coordinates": [[0, 1]], "cells": [text], "aggregator": text}),
        json!({"sequence": text, "labels": [text, text], "scores": [0.5, 0.1]}),
    ];
    let scores = json!([{"label": text, "score": 0.5}, {"label": text, "score": null}]);
    let example = |group: &str, output| Example {
        title: text.to_owned(),
        group: group.to_owned(),
        inputs: inputs.clone(),
        parameters: Value::Null,
        output,
    };
    let listed = [example(text, Some(scores.clone())), example("", None)];
    for (task, run) in TASKS.iter().zip([Run::Run, Run::LoadAndRun, Run::Loading, Run::Running].into_iter().cycle()) {
        let parameters = json!({
            "top_k": text, "truncate": text, "function_to_apply": text, "targets": [text, text], "ignore_labels": text,
            text: text,
        });
        let shown = FormOptions { run, parameters: Some(&parameters), mac: true, ..FormOptions::default() };
        let options = FormOptions { mask_token: Some(text), open_optional: true, ..shown };
        all.push(form(task, &inputs, &listed, &options));
        let heading = Header { repo: text, url: Some(text), task: Some(task), commit: Some(text), ..Header::default() };
        all.push(header(&Header { licence: Some(text), gated: true, ..heading }));
        let notes = [Note::MeanPooled, Note::Truncated { tokens: 2, limit: 1 }];
        let plain = [
            scores.clone(),
            value.clone(),
            nested.clone(),
            json!([0.5, -0.5]),
            json!([[0.5, -1.5], [1, 2]]),
            Value::Null,
        ];
        for value in plain.iter().chain(&outputs) {
            all.push(output(task, &inputs, value, &notes, &RunMeta { json: true, ..RunMeta::default() }));
        }
    }
    let files = [(text, 1), (text, u64::MAX)];
    let told = Expectation { memory: Some(110_000_000), seconds: Some(9.0), measured: true };
    let told = Some(&told);
    let asked = Consent { total: 5, cached: 2, files: &files, metered: true, low_memory: true, expectation: told };
    for (total, cached) in [(5, 2), (5, 5), (0, 0)] {
        all.push(consent(&Consent { total, cached, ..asked }));
        all.push(consent(&Consent { total, cached, expectation: None, ..asked }));
    }
    for phase in [Phase::Waiting, Phase::Download, Phase::Build] {
        let loading = ProgressView {
            phase,
            file: text,
            loaded: 2_000,
            total: 3_000_000,
            cached: 1,
            bytes_per_second: Some(1.0),
            seconds_left: Some(100.0),
        };
        all.push(progress(&loading));
        all.push(progress(&ProgressView { cached: 2_000, ..loading }));
    }
    let suited = [text.to_owned(), "fill-mask".to_owned()];
    for code in ErrorCode::ALL {
        all.push(error(
            *code,
            text,
            &ErrorOptions { can_retry: true, token_host: Some(text), tasks: &suited, details: text },
        ));
    }
    let embedded = Snippet { model: text, revision: Some(text), task: Some(text), ..Snippet::default() };
    let code = snippet(&Snippet { endpoint: Some(text), url: Some(text), script_url: text, ..embedded });
    let weights = Some((text, text));
    let foot = Footer { can_unload: true, stored_bytes: Some(1), weights, snippet: Some(&code), home: Some(text) };
    all.push(footer(&foot));
    let stored = StoredModel { endpoint: text.into(), model: text.into(), commit: text.into(), bytes: 1 };
    all.extend([stored_models(&[stored]), stored_models(&[])]);
    all.push(json(&nested));
    all.extend([form_pending(), consent_pending(), no_output(), ready(&Ready::default())]);
    all.push(ready(&Ready { stored: true, memory_bytes: Some(5_000_000) }));
    all.push(running(&RunningView { elapsed_ms: 65_000.0 }));
    all.push(skeleton(|_| no_output()));
    all.into_iter().map(Markup::into_string).collect()
}

/// The tags of well-formed HTML, without the text between them and without the values of attributes.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for part in html.split('<').skip(1) {
        let mut tag = String::new();
        let mut quoted = false;
        for character in part.chars() {
            match character {
                '"' => quoted = !quoted,
                '>' if !quoted => break,
                character if !quoted => tag.push(character),
                _ => {}
            }
        }
        tags.push(tag);
    }
    tags
}

#[test]
fn hostile_texts_add_no_tag() {
    let count = |text: &str| -> Vec<usize> { views(text).iter().map(|html| tags(html).len()).collect() };
    // Backticks in an error become code on purpose, so they have their own number of tags.
    for text in HOSTILE.iter().filter(|text| !text.contains('`')) {
        let plain = if text.contains('/') { "owner/name" } else { "text" };
        assert_eq!(count(text), count(plain), "{text}");
    }
}

#[test]
fn nothing_needs_more_than_a_strict_policy() {
    for text in HOSTILE {
        for html in views(text) {
            for tag in tags(&html) {
                let name = tag.split_whitespace().next().unwrap_or_default();
                assert!(!matches!(name, "script" | "style" | "img" | "iframe" | "link" | "base"), "{tag}");
                for attribute in tag.split_whitespace().skip(1) {
                    assert!(!attribute.starts_with("on") && !attribute.starts_with("style"), "{tag}");
                }
            }
            assert!(!html.contains("href=\"javascript:"));
        }
    }
}

#[test]
fn every_control_has_a_name() {
    let named = |html: &str, tag: &str| {
        let id = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next());
        tag.contains("aria-label=") || id.is_some_and(|id| html.contains(&format!(" for=\"{id}\"")))
    };
    for html in views("text") {
        for name in ["<input", "<textarea", "<select", "<progress"] {
            for part in html.split(name).skip(1) {
                let tag = part.split('>').next().unwrap_or_default();
                assert!(named(&html, tag), "{name}{tag}");
            }
        }
        for part in html.split("<button").skip(1) {
            let whole = part.split("</button>").next().unwrap_or_default();
            let words =
                whole.split('>').skip(1).any(|text| !text.split('<').next().unwrap_or_default().trim().is_empty());
            assert!(words || whole.contains("aria-label="), "{whole}");
        }
        let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let distinct: std::collections::HashSet<&&str> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    }
}

/// Words of HTML that are shown or read out, outside of brackets, in which the pseudo-locale puts all that is looked up. Code,
/// names of parameters and their values are the same in every language.
fn plain_words(html: &str) -> Vec<String> {
    let mut shown = String::new();
    let mut code: Option<&str> = None;
    for part in html.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split(' ').next().unwrap_or_default();
        if let Some(open) = code {
            if name.strip_prefix('/') == Some(open) {
                code = None;
                shown.push_str(text);
            }
            continue;
        }
        let attribute = |name: &str| Some(tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0);
        for value in ["aria-label", "title", "placeholder"].into_iter().filter_map(attribute) {
            shown.push_str(&format!(" {value} "));
        }
        if matches!(name, "code" | "pre") || tag.contains("mono") || attribute("value") == Some(text) {
            code = Some(name);
        } else {
            shown.push_str(&format!(" {text}"));
        }
    }
    let mut depth = 0;
    let outside: String = shown
        .chars()
        .map(|letter| {
            depth += i32::from(letter == '[') - i32::from(letter == ']');
            if depth > 0 { ' ' } else { letter }
        })
        .collect();
    outside.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn no_word_of_a_view_is_left_in_english() {
    let json = include_str!("../../../www/locales/en-xa.json");
    let table: &'static Table = Box::leak(Box::new(Table::parse("en-xa", json).unwrap()));
    let pseudo = locale::with(Some(table), || views("•"));
    let english = views("•");
    for (pseudo, english) in pseudo.iter().zip(&english) {
        // What stands for a token of Hugging Face is no word.
        let mut words = plain_words(pseudo);
        words.retain(|word| word != "hf");
        assert_eq!(words, Vec::<String>::new(), "{pseudo}");
        assert_eq!(tags(pseudo).len(), tags(english).len());
    }
    assert!(english.iter().flat_map(|html| plain_words(html)).count() > 1000);
    let said = locale::with(Some(table), || {
        let task = TASKS[0];
        let outputs = [json!([]), json!([{"label": "•", "score": 0.5}])];
        let mut said: Vec<String> = outputs.iter().map(|output| announce_output(task, &Value::Null, output)).collect();
        said.extend(announce_loaded_share(0, 25));
        said.extend(ErrorCode::ALL.iter().map(|code| announce_error(*code, "•")));
        said
    });
    for sentence in said {
        assert!(sentence.starts_with('[') && plain_words(&format!("<p>{sentence}")).is_empty(), "{sentence}");
    }
}
