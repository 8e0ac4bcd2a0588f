//! The commands as a user runs them: output on stdout, notes and errors on stderr, and the exit status.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

const SENTIMENT: &str = "bert-sequence-classification";

struct Outcome {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn checkpoints() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/checkpoints").canonicalize().unwrap()
}

fn checkpoint(name: &str) -> String {
    checkpoints().join(name).to_str().unwrap().to_owned()
}

fn vitrine(arguments: &[&str], variables: &[(&str, &str)], stdin: &str) -> Outcome {
    let mut process = Command::new(env!("CARGO_BIN_EXE_vitrine"))
        .args(arguments)
        .env_remove("HF_TOKEN")
        .env_remove("HF_ENDPOINT")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its stdin may be gone by now.
    let _ = process.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = process.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A Hub of the tiny checkpoints, ended when dropped.
struct Hub(Child, String);

impl Hub {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_vitrine"))
            .args(["serve", "--port", "0"])
            .arg(checkpoints())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(" on ").next().unwrap().to_owned();
        Self(process, address)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cache(name: &str) -> String {
    let folder = std::env::temp_dir().join(format!("vitrine-command-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder.to_str().unwrap().to_owned()
}

#[test]
fn a_folder_runs() {
    let model = checkpoint(SENTIMENT);
    let direct = vitrine(&["run", &model, "--inputs", r#""a fine day""#, "--parameters", r#"{"top_k": 2}"#], &[], "");
    assert_eq!((direct.status, direct.stderr.as_str()), (Some(0), ""));
    let output: Vec<Value> = serde_json::from_str(&direct.stdout).unwrap();
    assert_eq!(output.len(), 2);
    assert!(output.iter().all(|entry| entry["label"].is_string() && entry["score"].is_number()), "{}", direct.stdout);
    let piped = vitrine(&["run", &model, "--inputs", "-", "--parameters", r#"{"top_k": 2}"#], &[], "\"a fine day\"\n");
    assert_eq!((piped.status, piped.stdout), (Some(0), direct.stdout));
}

#[test]
fn a_repository_runs_from_its_host_then_from_the_cache() {
    let cache = cache("runs");
    let hub = Hub::start();
    let variables = [("HF_ENDPOINT", hub.1.as_str()), ("XDG_CACHE_HOME", cache.as_str()), ("HF_TOKEN", "hf_secret")];
    let arguments = ["run", SENTIMENT, "--inputs", r#""a fine day""#];
    let first = vitrine(&arguments, &variables, "");
    assert_eq!((first.status, first.stderr.as_str()), (Some(0), ""));
    let local = vitrine(&["run", &checkpoint(SENTIMENT), "--inputs", r#""a fine day""#], &[], "");
    assert_eq!(first.stdout, local.stdout);
    let inspected = vitrine(&["inspect", SENTIMENT], &variables, "");
    assert!(inspected.stdout.contains("the rest is here"), "{}", inspected.stdout);
    let endpoint = hub.1.clone();
    drop(hub);
    let variables = [("HF_ENDPOINT", endpoint.as_str()), ("XDG_CACHE_HOME", cache.as_str())];
    let again = vitrine(&arguments, &variables, "");
    assert_eq!((again.status, again.stdout), (Some(0), first.stdout), "{}", again.stderr);
    std::fs::remove_dir_all(cache).unwrap();
}

#[test]
fn what_a_repository_holds_is_shown() {
    let cache = cache("inspect");
    let hub = Hub::start();
    let arguments = ["inspect", SENTIMENT, "--endpoint", &hub.1];
    let remote = vitrine(&arguments, &[("XDG_CACHE_HOME", cache.as_str())], "");
    let local = vitrine(&["inspect", &checkpoint(SENTIMENT)], &[], "");
    for (outcome, download) in [(&remote, "kB"), (&local, "nothing: the files are here")] {
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
        for part in [
            "text-classification",
            "bert",
            "BertForSequenceClassification",
            "sequence-classification",
            "feature-extraction",
            "F32",
            "model.safetensors",
            "none",
            download,
        ] {
            assert!(outcome.stdout.contains(part), "{part} is not in\n{}", outcome.stdout);
        }
    }
    std::fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_compact_checkpoint_is_made_and_preferred() {
    let model = checkpoints().join("../../www/models/vitrine/tiny-sentiment");
    let (model, out) = (model.to_str().unwrap().to_owned(), cache("convert"));
    let convert = |dtype: &str, extra: &[&str]| {
        vitrine(&[&["convert", &model, "--dtype", dtype, "--out", &out], extra].concat(), &[], "")
    };
    let run = |model: &str, dtype: &str| {
        let parameters = r#"{"top_k": null, "function_to_apply": "none"}"#;
        let inputs = r#""a fine day""#;
        vitrine(&["run", model, "--dtype", dtype, "--inputs", inputs, "--parameters", parameters], &[], "")
    };
    let made = convert("q8", &[]);
    assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""));
    assert!(
        made.stdout.contains("model.safetensors") && made.stdout.contains("model.q8.safetensors"),
        "{}",
        made.stdout
    );
    let mut files: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let expected = [
        "README.md",
        "config.json",
        "model.q8.safetensors",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    assert_eq!(files, expected);

    // The folder without the original, with `auto` and every other dtype.
    let original = run(&model, "q8");
    assert_eq!(original.status, Some(0), "{}", original.stderr);
    assert_ne!(original.stdout, run(&model, "f32").stdout);
    for dtype in ["auto", "q8"] {
        assert_eq!(run(&out, dtype).stdout, original.stdout);
    }
    assert_eq!(run(&out, "f32").status, Some(0));
    let inspected = vitrine(&["inspect", &out], &[], "").stdout;
    assert!(inspected.contains("model.q8.safetensors (compact, 8 bits"), "{inspected}");
    assert!(inspected.contains("4386178 (F32, I8)") && inspected.contains("problems      none"), "{inspected}");

    assert_eq!(convert("f16", &[]).status, Some(0));
    assert_eq!(run(&out, "f16").stdout, run(&model, "f16").stdout);

    // Nothing that differs is replaced unless that is asked for.
    let again = convert("q8", &[]);
    assert!(again.status == Some(0) && again.stdout.contains("model.q8.safetensors  (unchanged)"), "{}", again.stdout);
    let config = Path::new(&out).join("config.json");
    std::fs::write(&config, "{}").unwrap();
    let refused = convert("q8", &[]);
    assert_eq!((refused.status, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.starts_with("error: ") && refused.stderr.contains("config.json"), "{}", refused.stderr);
    assert_eq!(std::fs::read(&config).unwrap(), b"{}");
    assert_eq!(convert("q8", &["--force"]).status, Some(0));
    assert_ne!(std::fs::read(&config).unwrap(), b"{}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), files.len() + 1);
    std::fs::remove_dir_all(out).unwrap();
}

#[test]
fn a_compact_checkpoint_names_what_it_was_made_of() {
    let (kept, out) = (cache("convert-cache"), cache("convert-out"));
    let hub = Hub::start();
    // One file, and one of two shards.
    for (model, files) in [(SENTIMENT, 1), ("bert-sharded", 2)] {
        let out = format!("{out}/{model}");
        let arguments = ["convert", model, "--dtype", "q8", "--out", &out, "--endpoint", &hub.1];
        let made = vitrine(&arguments, &[("XDG_CACHE_HOME", kept.as_str())], "");
        assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""));
        let file = std::fs::read(format!("{out}/model.q8.safetensors")).unwrap();
        let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let metadata = serde_json::from_slice::<Value>(&file[8..8 + header]).unwrap()["__metadata__"].clone();
        let told = |key: &str| metadata[key].as_str().unwrap().to_owned();
        assert_eq!([told("format"), told("vitrine.dtype"), told("vitrine.source")], ["pt", "q8", model]);
        assert_eq!(told("vitrine.commit").len(), 40);
        let hashes: BTreeMap<String, String> = serde_json::from_str(&told("vitrine.sha256")).unwrap();
        assert_eq!(hashes.len(), files);
        for (path, hash) in hashes {
            let bytes = std::fs::read(checkpoints().join(model).join(path)).unwrap();
            let expected: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, expected);
        }
        assert!(!Path::new(&out).join("model.safetensors.index.json").exists());
        let text = r#""a fine day""#;
        let run = |model: &str| vitrine(&["run", model, "--dtype", "q8", "--inputs", text], &[], "").stdout;
        assert_eq!(run(&out), run(&checkpoint(model)));
    }
    std::fs::remove_dir_all(kept).unwrap();
    std::fs::remove_dir_all(out).unwrap();
}

#[test]
fn failures_have_a_code_and_a_status() {
    let cache = cache("failures");
    let hub = Hub::start();
    let model = checkpoint(SENTIMENT);
    let text = r#""text""#;
    let variables = [("HF_ENDPOINT", hub.1.as_str()), ("XDG_CACHE_HOME", cache.as_str()), ("HF_TOKEN", "hf_secret")];
    let cases: [(&[&str], &str); 15] = [
        (&["run", &model, "--inputs", "not json"], "invalid-inputs: --inputs: not JSON"),
        (&["run", &model, "--inputs", "-"], "invalid-inputs: the inputs on stdin: not JSON"),
        (&["run", &model, "--inputs", text, "--parameters", "{"], "invalid-inputs: --parameters: not JSON"),
        (&["run", &model, "--inputs", "42"], "invalid-inputs: "),
        (&["run", &model, "--inputs", text, "--task", "translation"], "unsupported-task: "),
        (&["run", &model, "--inputs", text, "--dtype", "q3"], "unsupported-dtype: "),
        (&["run", "./no-such-folder", "--inputs", text], "repo-not-found: there is no folder"),
        (&["run", "nobody/nothing", "--inputs", text], "repo-not-found: "),
        (&["run", "not a name", "--inputs", text], "invalid-inputs: "),
        (&["run", SENTIMENT, "--revision", "dev", "--inputs", text], "revision-not-found: "),
        (&["inspect", "nobody/nothing"], "repo-not-found: "),
        (&["convert", "nobody/nothing", "--dtype", "q8", "--out", &cache], "repo-not-found: "),
        (&["convert", &model, "--dtype", "q3", "--out", &cache], "unsupported-dtype: "),
        (&["convert", &model, "--dtype", "f32", "--out", &cache], "unsupported-dtype: "),
        (&["inspect", "a/b", "--endpoint", "ftp://hub.test"], "invalid-inputs: "),
    ];
    for (arguments, begin) in cases {
        let outcome = vitrine(arguments, &variables, "");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(outcome.stderr.starts_with(begin), "{arguments:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("hf_secret"), "{}", outcome.stderr);
    }
    let _ = std::fs::remove_dir_all(cache);
}

#[test]
fn wrong_usage_has_status_2() {
    for arguments in [
        &[][..],
        &["walk"],
        &["run", "model"],
        &["inspect"],
        &["serve", "--port", "x"],
        &["serve", "--no-such"],
        &["convert", "model"],
    ] {
        let outcome = vitrine(arguments, &[], "");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(outcome.stderr.contains("--help"), "{arguments:?}: {}", outcome.stderr);
    }
    assert_eq!(vitrine(&["--help"], &[], "").status, Some(0));
}
