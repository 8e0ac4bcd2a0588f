//! The tables of all languages hold all words of the interface, and nothing else; none of a page is left in English.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use vitrine_hub::{Modality, PIPELINE_TAGS, Snapshot, Version, VersionKind};
use vitrine_pages::{Entry, Model, Place, entry, index, model_page};
use vitrine_tasks::{ErrorCode, TASKS};

#[allow(dead_code, reason = "its program is not run here")]
#[path = "../examples/pseudo_locale.rs"]
mod pseudo_locale;

/// Each language with its plural categories (`Intl.PluralRules` of ICU 78, whose data is CLDR's).
const LANGUAGES: &[(&str, &[&str])] = &[
    ("ar", &["zero", "one", "two", "few", "many", "other"]),
    ("de", &["one", "other"]),
    ("en-xa", &["one", "other"]),
    ("es", &["one", "many", "other"]),
    ("fr", &["one", "many", "other"]),
    ("zh", &["other"]),
];

fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn table(language: &str) -> Map<String, Value> {
    serde_json::from_str(&file(&format!("www/locales/{language}.json"))).unwrap()
}

/// All texts that a page or a widget can show, other than those that depend on a count.
fn texts() -> BTreeSet<String> {
    let mut texts: BTreeSet<String> = BTreeSet::new();
    let own = vitrine_views::text::TEXTS.iter().chain(vitrine_pages::text::TEXTS);
    texts.extend(own.map(|text| text.english().to_owned()));
    for task in TASKS {
        let fields = task.fields.iter().flat_map(|field| [field.label, field.placeholder]);
        let parameters = task.parameters.iter().map(|parameter| parameter.description);
        let all = [task.name, task.description].into_iter().chain(fields).chain(parameters);
        texts.extend(all.filter(|text| !text.is_empty()).map(str::to_owned));
        // What is missing, with any of the fields filled.
        for filled in 0..1u32 << task.fields.len() {
            let filled = task.fields.iter().enumerate().filter(|(index, _)| filled >> index & 1 == 1);
            let value = |name: &str| match name {
                "table" => json!([["a"], ["b"]]),
                "sentences" | "texts" => json!(["a"]),
                _ => json!("a"),
            };
            let inputs = filled.map(|(_, field)| (field.name.to_owned(), value(field.name))).collect();
            texts.extend((task.missing_input)(&Value::Object(inputs)).map(str::to_owned));
        }
    }
    texts.extend(ErrorCode::ALL.iter().flat_map(|code| [code.title(), code.remedy()]).map(str::to_owned));
    texts.extend(PIPELINE_TAGS.iter().map(|(_, name, _)| (*name).to_owned()));
    texts.extend(Modality::ALL.iter().map(|modality| modality.name().to_owned()));
    for page in ["www/index.html", "www/embed.html"] {
        texts.extend(marked(&file(page)));
    }
    texts
}

/// The words of a page that its script translates: the text of elements with `data-words`, and the attributes that it names.
fn marked(html: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for (tag, rest) in
        html.split('<').filter_map(|part| part.split_once('>')).filter(|(tag, _)| tag.contains("data-words"))
    {
        let named = tag.split_once("data-words=\"").and_then(|(_, rest)| rest.split_once('"'));
        match named {
            Some((name, _)) => {
                let value = tag.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
                texts.push(value.unwrap_or_else(|| panic!("{tag}")).0.to_owned());
            }
            None => texts.push(rest.trim().to_owned()),
        }
    }
    texts
}

/// Those that depend on a count.
fn plurals() -> BTreeSet<String> {
    let own = vitrine_views::text::PLURALS.iter().chain(vitrine_pages::text::PLURALS);
    own.map(|plural| plural.english().to_owned()).collect()
}

/// The places of a pattern, and how often it has each.
fn places(pattern: &str) -> BTreeMap<&str, usize> {
    let mut places = BTreeMap::new();
    for name in pattern.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)) {
        *places.entry(name).or_default() += 1;
    }
    places
}

#[test]
fn every_language_has_every_text_and_no_other() {
    let known: BTreeSet<String> = texts().union(&plurals()).cloned().collect();
    for (language, _) in LANGUAGES {
        let table: BTreeSet<String> = table(language).keys().cloned().collect();
        let (lacks, has) = (known.difference(&table), table.difference(&known));
        assert_eq!((lacks.collect::<Vec<_>>(), has.collect::<Vec<_>>()), (vec![], vec![]), "{language} lacks, has");
    }
    let listed: Vec<&str> = LANGUAGES.iter().map(|(language, _)| *language).collect();
    assert_eq!(vitrine_pages::languages().skip(1).collect::<Vec<_>>(), listed);
}

#[test]
fn translations_have_the_places_of_their_english_and_all_plural_categories() {
    for (language, categories) in LANGUAGES {
        let table = table(language);
        for (english, translated) in &table {
            match translated {
                Value::String(text) => {
                    assert!(!text.trim().is_empty(), "{language}: {english}");
                    assert_eq!(places(text), places(english), "{language}: {english}");
                    assert_eq!(code(text), code(english), "{language}: {english}");
                    assert!(!plurals().contains(english), "{language}: {english}");
                }
                Value::Object(forms) => {
                    assert!(plurals().contains(english), "{language}: {english}");
                    let found: BTreeSet<&str> = forms.keys().map(String::as_str).collect();
                    assert_eq!(found, categories.iter().copied().collect(), "{language}: {english}");
                    // One thing, or two, can do without a number.
                    for (category, form) in forms {
                        let form = form.as_str().unwrap();
                        let only = places(english);
                        let may_lack = matches!(category.as_str(), "zero" | "one" | "two") && places(form).is_empty();
                        assert!(may_lack || places(form) == only, "{language}: {english}: {form}");
                    }
                }
                other => panic!("{language}: {english}: {other}"),
            }
        }
    }
}

/// What stands between backticks, in order.
fn code(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_pseudo_locale_is_up_to_date() {
    let texts = texts();
    let expected = pseudo_locale::table(texts.union(&plurals()).map(String::as_str));
    assert_eq!(table("en-xa"), expected, "`cargo run -p vitrine-pages --example pseudo_locale` writes it");
}

/// Words of HTML that are shown or read out, outside of brackets. Code is left out, and options that are their own value.
fn plain_words(html: &str) -> Vec<String> {
    let mut shown = String::new();
    let mut code: Option<String> = None;
    for part in html.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
        if let Some(open) = &code {
            if name.strip_prefix('/') == Some(open) {
                code = None;
                shown.push_str(text);
            }
            continue;
        }
        for attribute in ["aria-label", "title", "placeholder", "alt", "data-copied", "data-text-none"] {
            let value = tag.split_once(&format!(" {attribute}=\"")).and_then(|(_, rest)| rest.split_once('"'));
            shown.extend(value.map(|(value, _)| format!(" {value} ")));
        }
        if matches!(name, "code" | "pre" | "style" | "script") || tag.contains("mono\"") {
            code = Some(name.to_owned());
        } else {
            shown.push(' ');
            shown.push_str(text);
        }
    }
    let mut depth = 0;
    let outside: String = shown
        .chars()
        .map(|letter| {
            depth += i32::from(letter == '[') - i32::from(letter == ']');
            if depth > 0 || letter == ']' { ' ' } else { letter }
        })
        .collect();
    outside.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What a page says besides its own words: names of files, formats and languages of code, and the ids of this model.
const NAMES: &[&str] = &[
    "HTML",
    "JavaScript",
    "M",
    "Python",
    "README",
    "Rust",
    "bert",
    "main",
    "md",
    "model",
    "name",
    "org",
    "safetensors",
    "transformers",
];

/// All pages that have words: of a model, and of the index.
fn model_pages(language: &str, readme: Option<&str>, card: Value) -> String {
    let commit = "1".repeat(40);
    let file = |path: &str| json!({"path": path, "size": 90_868_376, "sha256": "12".repeat(32)});
    let snapshot = json!({
        "endpoint": "https://huggingface.co", "repo": "org/name", "revision": "main", "commit": commit, "key": commit,
        "card": card, "architectures": [], "gated": true, "files": [file("README.md"), file("model.safetensors")],
    });
    let snapshot: Snapshot = serde_json::from_value(snapshot).unwrap();
    let version = |kind, name: &str, commit: &str| Version {
        kind,
        name: name.to_owned(),
        commit: commit.to_owned(),
        date: "2026-01-02T03:04:05Z".to_owned(),
        title: "•".to_owned(),
    };
    let versions = [
        version(VersionKind::Branch, "main", &"2".repeat(40)),
        version(VersionKind::Tag, "•", &commit),
        version(VersionKind::Commit, "•", &commit),
    ];
    let parameters = BTreeMap::from([("•".to_owned(), 22_713_216)]);
    let config = json!({"model_type": "bert"});
    let model = Model {
        snapshot: &snapshot,
        current: Some("2222222222222222222222222222222222222222"),
        readme,
        config: &config,
        parameters: Some(&parameters),
        weights: 90_868_376,
        versions: &versions,
    };
    let place = Place { root: "../../", language, has_index: true, ..Place::default() };
    let mut pages = model_page(&model, &place);
    let entries: Vec<Entry> = (0..250).map(|index| Entry { repo: format!("org/{index}"), ..entry(&model) }).collect();
    let files = index(&entries, &Place { root: "", ..place });
    pages.extend(files.into_iter().filter(|(path, _)| path.ends_with(".html")).map(|(_, html)| html));
    pages.extend(
        index(&[], &Place { root: "", ..place })
            .into_iter()
            .filter(|(path, _)| path.ends_with(".html"))
            .map(|(_, html)| html),
    );
    pages
}

/// A card with all that a page makes words of.
fn full_card() -> Value {
    json!({
        "pipeline_tag": "text-classification", "library_name": "•", "language": ["•"], "license": "•", "datasets": ["•"],
        "metrics": ["•"], "base_model": "org/name", "base_model_relation": "finetune", "new_version": "org/name", "tags": ["•"],
        "co2_eq_emissions": {"emissions": 12.5}, "inference": true,
        "widget": [{"text": "•", "output": [{"label": "•", "score": 0.5}]}],
        "model-index": [{"name": "•", "results": [{
            "task": {"type": "•"}, "dataset": {"type": "•", "name": "•"}, "metrics": [{"type": "•", "value": 0.5, "verified": true}],
        }]}],
    })
}

#[test]
fn no_word_of_a_page_is_left_in_english() {
    let pages = [
        model_pages("en-XA", None, json!({})),
        model_pages(
            "en-XA",
            Some(
                "• <video src=\"•.mp4\" title=\"•\"></video> <audio src=\"•.mp3\" title=\"•\"></audio> ![•](https://org/•.png)\n\n# •\n\n# •\n\n# •\n\n•",
            ),
            full_card(),
        ),
        model_pages(
            "en-XA",
            Some("---\n---\n"),
            json!({"pipeline_tag": "sentence-similarity", "widget": [{
            "source_sentence": "•", "sentences": ["•"], "output": [0.5]}]}),
        ),
    ];
    for html in &pages {
        let mut words = plain_words(html);
        words.retain(|word| !NAMES.contains(&word.as_str()));
        assert_eq!(words, Vec::<String>::new());
    }
}
