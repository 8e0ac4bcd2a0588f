//! What the tests share: the cases with Python's outputs, the models that they name, and how an output is compared.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use vitrine_hub::LocalBoxFuture;
use vitrine_tasks::protocol::Progress;

/// One case: `tests/cases/<pipeline-tag>/<name>/case.json`, or one of the many of a model in `cases.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The program that made the output.
    pub made_by: String,
    /// The repository's id.
    pub model: String,
    /// The task's inputs.
    pub inputs: Value,
    /// The task's parameters.
    #[serde(default)]
    pub parameters: Value,
    /// What Python answers.
    pub output: Value,
    /// How far an output may be from it.
    pub tolerance: Tolerance,
}

/// Many cases of one model: `tests/cases/<pipeline-tag>/<name>/cases.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    made_by: String,
    model: String,
    tolerance: Tolerance,
    cases: Vec<Member>,
}

/// One of many cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    name: String,
    inputs: Value,
    #[serde(default)]
    parameters: Value,
    output: Value,
}

impl Cases {
    fn each(self) -> impl Iterator<Item = (String, Case)> {
        let Self { made_by, model, tolerance, cases } = self;
        cases.into_iter().map(move |Member { name, inputs, parameters, output }| {
            (name, Case { made_by: made_by.clone(), model: model.clone(), inputs, parameters, output, tolerance })
        })
    }
}

/// How far an output may be from Python's.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tolerance {
    /// The largest difference of two numbers.
    Absolute(f64),
    /// The least cosine of two rows.
    Cosine(f64),
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie below the root").to_owned()
}

/// All cases, as (pipeline tag, name, case).
pub fn cases() -> Vec<(String, String, Case)> {
    let mut found = Vec::new();
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).expect("a folder of cases").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_dir() && !path.ends_with("__pycache__")).collect()
    };
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    for task in folders(&root().join("tests/cases")) {
        for case in folders(&task) {
            let (tag, folder) = (name(&task), name(&case));
            if case.join("cases.json").is_file() {
                let many: Cases = read(&case.join("cases.json"));
                found.extend(many.each().map(|(name, one)| (tag.clone(), format!("{folder}/{name}"), one)));
            } else {
                found.push((tag, folder, read(&case.join("case.json"))));
            }
        }
    }
    found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    found
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let json = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folder of a repository that a case names.
pub fn folder_of(model: &str) -> PathBuf {
    let path = match model.split_once('/') {
        Some(("checkpoints", name)) => root().join("tests/checkpoints").join(name),
        Some(("vitrine", _)) => root().join("www/models").join(model),
        _ => root().join("target/models").join(model),
    };
    assert!(path.is_dir(), "{} is absent; `./build.sh models` fetches the real models", path.display());
    path
}

/// How an output differs from a case's, if it does.
pub fn difference(case: &Case, output: &Value) -> Option<String> {
    match case.tolerance {
        Tolerance::Absolute(most) => absolute(&case.output, output, most, "output"),
        Tolerance::Cosine(least) => cosine(&case.output, output, least),
    }
}

fn absolute(expected: &Value, found: &Value, most: f64, at: &str) -> Option<String> {
    match (expected, found) {
        (Value::Number(expected), Value::Number(found)) => {
            let distance = (expected.as_f64()? - found.as_f64()?).abs();
            (distance.is_nan() || distance > most).then(|| format!("{at}: {found}, expected {expected}"))
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found).enumerate();
            pairs.find_map(|(index, (expected, found))| absolute(expected, found, most, &format!("{at}[{index}]")))
        }
        (Value::Object(expected), Value::Object(found)) if expected.keys().eq(found.keys()) => {
            let mut pairs = expected.iter().zip(found.values());
            pairs.find_map(|((key, expected), found)| absolute(expected, found, most, &format!("{at}.{key}")))
        }
        _ if expected == found => None,
        _ => Some(format!("{at}: {found:.200}, expected {expected:.200}")),
    }
}

fn cosine(expected: &Value, found: &Value, least: f64) -> Option<String> {
    let rows = |value: &Value| serde_json::from_value::<Vec<Vec<f64>>>(value.clone()).ok();
    let (Some(expected), Some(found)) = (rows(expected), rows(found)) else {
        return Some("the output is no list of rows".to_owned());
    };
    if expected.len() != found.len() {
        return Some(format!("{} rows, expected {}", found.len(), expected.len()));
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    expected.iter().zip(&found).enumerate().find_map(|(index, (expected, found))| {
        let cosine = dot(expected, found) / (dot(expected, expected) * dot(found, found)).sqrt();
        let fits = expected.len() == found.len() && cosine >= least;
        (!fits).then(|| format!("row {index}: cosine {cosine}"))
    })
}

/// A host that lets everything go on and shows nothing.
pub struct Silent;

impl vitrine_pipelines::Host for Silent {
    fn progress(&self, _: Progress) {}

    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}
