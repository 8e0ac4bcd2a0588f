//! What is refused, with which words, and what is cut where Python fails.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use futures_executor::block_on;
use serde_json::{Value, json};
use vitrine_hub::{Folder, LocalBoxFuture, RepoId, Repositories, Revision};
use vitrine_models::{Config, Header, architecture};
use vitrine_pipelines::{Error, Host, LoadOptions, Session, load};
use vitrine_tasks::protocol::{Note, Progress};
use vitrine_tasks::{Device, ErrorCode};
use vitrine_tests::{Silent, folder_of, root};

/// Keeps the names of the files that a load reads as a whole.
#[derive(Default)]
struct Files(RefCell<Vec<String>>);

impl Host for Files {
    fn progress(&self, progress: Progress) {
        self.0.borrow_mut().push(progress.file);
    }

    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}

fn loaded(model: &str, task: &str, host: &dyn Host) -> Result<Session, Error> {
    loaded_on(None, model, task, host)
}

fn loaded_on(device: Option<Device>, model: &str, task: &str, host: &dyn Host) -> Result<Session, Error> {
    let (source, repo) = (Folder::new(folder_of(model)), RepoId::parse(model).unwrap());
    let options = LoadOptions {
        snapshot: block_on(source.snapshot(&repo, &Revision::parse("main").unwrap())).unwrap(),
        task: (!task.is_empty()).then(|| task.to_owned()),
        dtype: "auto".to_owned(),
        device,
        cores: None,
        machine: None,
        later: None,
    };
    block_on(load(&source, &options, host))
}

#[test]
fn a_task_without_its_head_is_refused_before_the_weights_come() {
    let pooled = ["feature-extraction", "sentence-similarity"];
    let cases: [(&str, &str, ErrorCode, &[&str]); 9] = [
        ("bert-masked-lm", "text-classification", ErrorCode::UnsupportedHead, &["fill-mask"]),
        ("roberta-masked-lm", "zero-shot-classification", ErrorCode::UnsupportedHead, &["fill-mask"]),
        ("bert-nli", "fill-mask", ErrorCode::UnsupportedHead, &["text-classification", "zero-shot-classification"]),
        ("bert-nli", "text-ranking", ErrorCode::UnsupportedHead, &["text-classification", "zero-shot-classification"]),
        ("bert-cross-encoder", "ner", ErrorCode::UnsupportedHead, &["text-classification", "text-ranking"]),
        ("bert-token-classification", "question-answering", ErrorCode::UnsupportedHead, &["token-classification"]),
        ("roberta-question-answering", "sentiment-analysis", ErrorCode::UnsupportedHead, &["question-answering"]),
        ("sentence-mean", "fill-mask", ErrorCode::UnsupportedHead, &[]),
        ("bert-nli", "translation", ErrorCode::UnsupportedTask, &["text-classification"]),
    ];
    for (model, task, code, tasks) in cases {
        let files = Files::default();
        let Err(error) = loaded(&format!("checkpoints/{model}"), task, &files) else { panic!("{model} {task}") };
        assert_eq!(error.code(), code, "{model} {task}: {error}");
        assert_eq!(error.tasks(), [tasks, &pooled].concat(), "{model} {task}");
        assert!(error.tasks().iter().all(|tag| error.to_string().contains(tag)), "{error}");
        // A class without a head leaves it to the tensors' names, which the file begins with.
        let began = files.0.borrow().iter().any(|file| file == "model.safetensors");
        assert_eq!(began, model == "sentence-mean", "{model} {task}");
    }
}

#[test]
fn a_model_that_cannot_fit_is_refused_before_the_weights_come() {
    let (model, task) = ("checkpoints/bert-nli", "text-classification");
    let files = Files::default();
    let small = Device { memory: Some(1 << 20), ..Device::default() };
    let Err(error) = loaded_on(Some(small), model, task, &files) else { panic!("it was loaded") };
    assert_eq!(error.code(), ErrorCode::OutOfMemory, "{error}");
    assert!(!files.0.borrow().iter().any(|file| file == "model.safetensors"));
    assert!(loaded_on(Some(Device::default()), model, task, &files).is_ok());
}

#[test]
fn every_head_is_known_by_its_tensors() {
    let mut seen = 0;
    for folder in list(&root().join("tests/checkpoints/architectures")) {
        for folder in list(&folder) {
            let Ok(bytes) = std::fs::read(folder.join("model.safetensors")) else { continue };
            let config = Config::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
            let length = Header::json_length(bytes[..8].try_into().unwrap()).unwrap() as usize;
            let header = Header::parse(&bytes[8..8 + length], None).unwrap();
            let names: Vec<&str> = header.tensors.iter().map(|tensor| &*tensor.name).collect();
            let found = architecture(&config).unwrap().heads_among(&names);
            // A folder is named after its head, and after what is special about it.
            let head = folder.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
            let known = found.iter().any(|found| found.name() == head);
            assert_eq!(known, head != "none", "{}: {found:?}", folder.display());
            assert!(known || found.is_empty(), "{}: {found:?}", folder.display());
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} checkpoints");
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn the_task_comes_from_the_class() {
    for (model, task) in [
        ("bert-token-classification", "token-classification"),
        ("bert-question-answering", "question-answering"),
        ("roberta-masked-lm", "fill-mask"),
        ("roberta-nli", "text-classification"),
        ("sentence-dense", "sentence-similarity"),
    ] {
        let session = loaded(&format!("checkpoints/{model}"), "", &Silent).unwrap();
        assert_eq!(session.task.tag, task, "{model}");
    }
}

#[test]
fn a_session_tells_of_masks_and_pairs() {
    for (model, mask, pairs) in [
        ("bert-masked-lm", "[MASK]", false),
        ("roberta-masked-lm", "<mask>", false),
        ("roberta-nli", "<mask>", true),
        ("roberta-cross-encoder", "<mask>", true),
        ("bert-sequence-classification", "[MASK]", false),
    ] {
        let session = loaded(&format!("checkpoints/{model}"), "", &Silent).unwrap();
        assert_eq!((session.mask_token.as_deref(), session.compares_pairs), (Some(mask), pairs), "{model}");
    }
}

#[test]
fn inputs_that_python_refuses_are_refused() {
    let question = |question: &str, context: &str| json!({"question": question, "context": context});
    let cases = [
        ("bert-masked-lm", "fill-mask", json!("no gap"), json!({}), "[MASK]"),
        ("roberta-masked-lm", "fill-mask", json!("a [MASK]"), json!({}), "<mask>"),
        ("bert-masked-lm", "fill-mask", json!("[MASK]"), json!({"targets": []}), "targets"),
        ("bert-nli", "zero-shot-classification", json!("text"), json!({}), "candidate_labels"),
        ("bert-nli", "zero-shot-classification", json!(""), json!({"candidate_labels": "a"}), "text"),
        (
            "bert-nli",
            "zero-shot-classification",
            json!("text"),
            json!({"candidate_labels": "a", "hypothesis_template": "no field"}),
            "hypothesis_template",
        ),
        (
            "bert-nli",
            "zero-shot-classification",
            json!("text"),
            json!({"candidate_labels": "a", "hypothesis_template": "{} {}"}),
            "hypothesis_template",
        ),
        (
            "bert-token-classification",
            "token-classification",
            json!("text"),
            json!({"stride": 2, "aggregation_strategy": "none"}),
            "stride",
        ),
        ("bert-token-classification", "token-classification", json!(["a", "b"]), json!({}), "a text"),
        ("bert-question-answering", "question-answering", question("", "c"), json!({}), "question"),
        ("bert-question-answering", "question-answering", question("q", ""), json!({}), "context"),
        (
            "bert-question-answering",
            "question-answering",
            question("q", "c"),
            json!({"doc_stride": 50, "max_seq_len": 40}),
            "doc_stride",
        ),
        ("bert-cross-encoder", "text-ranking", json!({"query": "q", "texts": []}), json!({}), "texts"),
    ];
    for (model, task, inputs, parameters, word) in cases {
        let session = loaded(&format!("checkpoints/{model}"), task, &Silent).unwrap();
        match block_on(session.run(&inputs, &parameters, &Silent)) {
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::InvalidInputs, "{inputs} {parameters}: {error}");
                assert!(error.to_string().contains(word), "{inputs} {parameters}: {error}");
            }
            Ok(run) => panic!("{inputs} {parameters}: {}", run.output),
        }
    }
}

#[test]
fn a_question_that_leaves_no_room_is_cut() {
    let session = loaded("checkpoints/bert-question-answering", "question-answering", &Silent).unwrap();
    let inputs = json!({"question": "where ".repeat(90), "context": "My name is Wolfgang and I live in Berlin."});
    let run = block_on(session.run(&inputs, &json!({"max_question_len": 10}), &Silent)).unwrap();
    assert!(matches!(run.notes.first(), Some(Note::Truncated { limit: 10, .. })), "{:?}", run.notes);
    let output: Value = serde_json::from_str(&run.output).unwrap();
    assert!(output["score"].as_f64().unwrap() > 0.0);
}
