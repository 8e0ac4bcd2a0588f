//! `vitrine card` as a user runs it: problems by line on stdout, new cards with the template's sections, and the exit status.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use vitrine_hub::ModelCard;

/// The headings of `modelcard_template.md` of huggingface_hub 2.4.0 after its title.
const TEMPLATE: &[&str] = &[
    "## Model Details",
    "### Model Description",
    "### Model Sources [optional]",
    "## Uses",
    "### Direct Use",
    "### Downstream Use [optional]",
    "### Out-of-Scope Use",
    "## Bias, Risks, and Limitations",
    "### Recommendations",
    "## How to Get Started with the Model",
    "## Training Details",
    "### Training Data",
    "### Training Procedure",
    "#### Preprocessing [optional]",
    "#### Training Hyperparameters",
    "#### Speeds, Sizes, Times [optional]",
    "## Evaluation",
    "### Testing Data, Factors & Metrics",
    "#### Testing Data",
    "#### Factors",
    "#### Metrics",
    "### Results",
    "#### Summary",
    "## Model Examination [optional]",
    "## Environmental Impact",
    "## Technical Specifications [optional]",
    "### Model Architecture and Objective",
    "### Compute Infrastructure",
    "#### Hardware",
    "#### Software",
    "## Citation [optional]",
    "## Glossary [optional]",
    "## More Information [optional]",
    "## Model Card Authors [optional]",
    "## Model Card Contact",
];

struct Outcome {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn card(arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_vitrine")).arg("card").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}

/// A folder that is removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vitrine-card-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) -> String {
        fs::write(self.0.join(name), content).unwrap();
        self.path(name)
    }

    /// Copies the files of a model, without its card.
    fn copy(&self, model: &str) {
        for entry in fs::read_dir(repository(model)).unwrap().flatten() {
            if entry.path().is_file() && entry.file_name() != "README.md" {
                fs::copy(entry.path(), self.0.join(entry.file_name())).unwrap();
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn problems_are_told_by_line_and_errors_fail() {
    let scratch = Scratch::new("check");
    let readme =
        scratch.write("README.md", "---\nlicense: apache2\ntags: bert\nlibary_name: x\n---\n\n## Uses\n\nTests.\n");
    let checked = card(&["check", &readme]);
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(1), "error: 2 errors, 4 warnings\n"));
    let lines: Vec<&str> = checked.stdout.lines().map(|line| line.strip_prefix(&readme).unwrap()).collect();
    let expected = [
        ":2: error: \"license\" must be one of",
        ":3: error: \"tags\" must be an array",
        ":4: warning: \"libary_name\" is no field of the Hub: did you mean \"library_name\"?",
        ": warning: the text has no section about limitations and bias",
        ": warning: the text has no section about the training data",
        ": warning: the text has no section about an evaluation",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    assert!(lines.iter().zip(expected).all(|(line, expected)| line.starts_with(expected)), "{lines:#?}");

    let json = card(&["check", &readme, "--json"]);
    let told: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.status, &told["errors"], &told["warnings"]), (Some(1), &json!(2), &json!(4)));
    let second = json!({"severity": "error", "line": 3, "field": "tags", "message": "\"tags\" must be an array"});
    assert_eq!(told["problems"][1], second);

    // A folder's card is its README.md.
    let checked = card(&["check", scratch.0.to_str().unwrap()]);
    assert!(checked.stdout.starts_with("README.md:2: error: "), "{}", checked.stdout);
}

#[test]
fn a_model_without_a_card_is_told_what_makes_one() {
    let model = repository("tests/checkpoints/bert-nli");
    let checked = card(&["check", model.to_str().unwrap()]);
    assert_eq!((checked.status, checked.stdout.as_str()), (Some(1), ""));
    assert_eq!(checked.stderr, "error: `bert-nli` has no README.md; `vitrine card new` makes one\n");
}

#[test]
fn the_embedded_models_card_is_in_order() {
    let model = repository("www/models/vitrine/tiny-sentiment");
    let checked = card(&["check", model.to_str().unwrap()]);
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""), "{}", checked.stdout);
    assert_eq!(checked.stdout, "no errors, no warnings\n");
}

#[test]
fn a_new_card_has_the_templates_sections_and_what_the_files_say() {
    let scratch = Scratch::new("new");
    scratch.copy("www/models/vitrine/tiny-sentiment");
    let folder = scratch.0.to_str().unwrap();
    let made = card(&["new", folder]);
    assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""));
    assert_eq!(made.stdout.trim(), scratch.path("README.md"));
    let readme = fs::read_to_string(scratch.path("README.md")).unwrap();
    let is_heading = |line: &&str| line.starts_with("##");
    assert_eq!(readme.lines().filter(is_heading).collect::<Vec<_>>(), TEMPLATE);
    let metadata = ModelCard::parse(&readme);
    let fields = ["license", "library_name", "pipeline_tag"].map(|key| metadata.text(key));
    assert_eq!(fields, [Some("apache-2.0"), Some("transformers"), Some("text-classification")]);
    assert_eq!(metadata.tags(), ["bert"]);
    for part in [
        "`bert`, `BertForSequenceClassification`, `text-classification`",
        "apache-2.0 ([LICENSE](LICENSE))",
        "| number format | `F16` |",
        "| layers | `2` |",
        "| hidden size | `128` |",
        "| attention heads | `2` |",
        "| vocabulary | `30522` |",
        "| positions at most | `512` |",
        "| tokenizer | `BertTokenizer` |",
        "| labels | `NEGATIVE`, `POSITIVE` |",
        "- `model.safetensors`: 8.8 MB",
        "`transformers 5.23.0`",
        "pipeline(\"text-classification\", model=\"",
        "<model-widget model=\"",
        "[More Information Needed]",
    ] {
        assert!(readme.contains(part), "{part} is not in\n{readme}");
    }

    // It is in order, but for what only its author knows.
    let checked = card(&["check", folder]);
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""), "{}", checked.stdout);
    assert!(checked.stdout.ends_with("no errors, 4 warnings\n"), "{}", checked.stdout);
    assert_eq!(checked.stdout.matches("says nothing yet about").count(), 4, "{}", checked.stdout);
}

#[test]
fn another_card_is_not_replaced_unasked() {
    let scratch = Scratch::new("force");
    let model = repository("tests/checkpoints/bert-nli");
    let (model, own) = (model.to_str().unwrap(), "# My own\n");
    let out = scratch.write("card.md", own);
    let refused = card(&["new", model, "--out", &out]);
    assert_eq!((refused.status, refused.stdout.as_str()), (Some(1), ""));
    assert_eq!(refused.stderr, format!("error: `{out}` is there already and differs; --force replaces it\n"));
    assert_eq!(fs::read_to_string(&out).unwrap(), own);
    assert_eq!(card(&["new", model, "--out", &out, "--force"]).status, Some(0));
    let readme = fs::read_to_string(&out).unwrap();
    assert!(readme.starts_with("---\nlibrary_name: transformers\n"), "{readme}");
    // The same again is no other.
    assert_eq!(card(&["new", model, "--out", &out]).status, Some(0));
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1);
}

#[test]
fn libraries_and_tasks_follow_from_the_files() {
    let scratch = Scratch::new("kinds");
    for (model, library, task, code) in [
        ("sentence-mean", "sentence-transformers", "sentence-similarity", "SentenceTransformer(\"sentence-mean\")"),
        ("tapas", "transformers", "table-question-answering", "query=\"Where is Paris?\""),
        ("bert-masked-lm", "transformers", "fill-mask", "{run.tokenizer.mask_token}"),
    ] {
        let folder = repository("tests/checkpoints").join(model);
        let out = scratch.path(model);
        let made = card(&["new", folder.to_str().unwrap(), "--out", &out]);
        assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""), "{model}");
        let readme = fs::read_to_string(&out).unwrap();
        let metadata = ModelCard::parse(&readme);
        assert_eq!((metadata.library(), metadata.text("pipeline_tag")), (Some(library), Some(task)), "{model}");
        assert!(readme.contains(code), "{readme}");
        let checked = card(&["check", &out]);
        assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""), "{}", checked.stdout);
    }
}
