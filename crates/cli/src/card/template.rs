//! A card with the sections of huggingface_hub's `modelcard_template.md`, in its order, filled in with what the files say.

use serde_json::json;

use super::facts::Facts;
use super::sections::MISSING;

/// Labels that a card lists at most.
const MOST_LABELS: usize = 50;

/// A section: its heading as the template has it, a hint for the author, and what the files say.
struct Section {
    heading: &'static str,
    hint: &'static str,
    content: String,
}

/// The whole card.
pub fn card(facts: &Facts) -> String {
    let mut card = format!("---\n{}---\n\n# Model Card for {}\n", front_matter(facts), facts.repo);
    for Section { heading, hint, content } in sections(facts) {
        card += &format!("\n{heading}\n");
        if !hint.is_empty() {
            card += &format!("\n<!-- {hint} -->\n");
        }
        if !content.is_empty() {
            card += &format!("\n{}\n", content.trim_end());
        }
    }
    card
}

fn front_matter(facts: &Facts) -> String {
    let mut yaml = String::new();
    let mut field = |key: &str, value: &str| yaml += &format!("{key}: {}\n", scalar(value));
    if let Some((licence, file)) = &facts.licence {
        field("license", licence);
        if *licence == "other" {
            field("license_link", file);
        }
    }
    for (key, value) in
        [("library_name", &facts.library), ("pipeline_tag", &facts.task), ("base_model", &facts.base_model)]
    {
        if let Some(value) = value {
            field(key, value);
        }
    }
    if let Some(model_type) = &facts.model_type {
        yaml += &format!("tags:\n- {}\n", scalar(model_type));
    }
    // The Hub takes metadata with nothing in it for missing.
    if yaml.is_empty() { "tags: []\n".to_owned() } else { yaml }
}

/// A text as YAML, in quotes where it could be taken for anything else.
fn scalar(text: &str) -> String {
    const OTHERS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '+'))
        && !OTHERS.contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { json!(text).to_string() }
}

fn sections(facts: &Facts) -> Vec<Section> {
    let missing = || MISSING.to_owned();
    let section = |heading, hint, content| Section { heading, hint, content };
    let empty = String::new;
    vec![
        section("## Model Details", "", empty()),
        section("### Model Description", "What the model is, what it was made for, and by whom.", description(facts)),
        section(
            "### Model Sources [optional]",
            "Where code, papers and demonstrations are.",
            bullets(&[("Repository", None), ("Paper [optional]", None), ("Demo [optional]", None)]),
        ),
        section("## Uses", "Who is to use the model for what, and whom that concerns.", empty()),
        section("### Direct Use", "What the model does as it is.", missing()),
        section("### Downstream Use [optional]", "What it can be trained further for or built into.", missing()),
        section("### Out-of-Scope Use", "What it is not for, and what it does badly.", missing()),
        section(
            "## Bias, Risks, and Limitations",
            "Where it fails, whom it treats unfairly, and what can go wrong.",
            missing(),
        ),
        section("### Recommendations", "What users should do about that.", missing()),
        section("## How to Get Started with the Model", "", get_started(facts)),
        section("## Training Details", "", empty()),
        section("### Training Data", "What the model has learnt from; link to data cards.", missing()),
        section("### Training Procedure", "How it has learnt.", empty()),
        section("#### Preprocessing [optional]", "", missing()),
        section("#### Training Hyperparameters", "", bullets(&[("Training regime", None)])),
        section("#### Speeds, Sizes, Times [optional]", "", files(facts)),
        section("## Evaluation", "How well it does, and how that was measured.", empty()),
        section("### Testing Data, Factors & Metrics", "", empty()),
        section("#### Testing Data", "What it was tested on; link to data cards.", missing()),
        section("#### Factors", "For which groups or domains results are told apart.", missing()),
        section("#### Metrics", "What was measured, and why that.", missing()),
        section("### Results", "", missing()),
        section("#### Summary", "", empty()),
        section("## Model Examination [optional]", "What is known of how it comes to its answers.", missing()),
        section(
            "## Environmental Impact",
            "What its training used; https://mlco2.github.io/impact estimates what that emitted.",
            bullets(&[
                ("Hardware Type", None),
                ("Hours used", None),
                ("Cloud Provider", None),
                ("Compute Region", None),
                ("Carbon Emitted", None),
            ]),
        ),
        section("## Technical Specifications [optional]", "", empty()),
        section("### Model Architecture and Objective", "", architecture(facts)),
        section("### Compute Infrastructure", "", empty()),
        section("#### Hardware", "", missing()),
        section("#### Software", "", facts.saved_with.as_deref().map_or_else(missing, code)),
        section(
            "## Citation [optional]",
            "How to cite a paper or an article about the model.",
            format!("**BibTeX:**\n\n{MISSING}\n\n**APA:**\n\n{MISSING}"),
        ),
        section("## Glossary [optional]", "Words that readers may not know.", missing()),
        section("## More Information [optional]", "", missing()),
        section("## Model Card Authors [optional]", "", missing()),
        section("## Model Card Contact", "", missing()),
    ]
}

fn bullets(rows: &[(&str, Option<String>)]) -> String {
    rows.iter().map(|(name, value)| format!("- **{name}:** {}\n", value.as_deref().unwrap_or(MISSING))).collect()
}

fn description(facts: &Facts) -> String {
    let parts = [facts.model_type.as_deref(), facts.class.as_deref(), facts.task.as_deref()];
    let kind: Vec<String> = parts.into_iter().flatten().map(code).collect();
    let link = |id: &String| format!("[{id}](https://huggingface.co/{id})");
    let licence = facts.licence.as_ref().map(|(id, file)| format!("{id} ([{file}]({file}))"));
    bullets(&[
        ("Developed by", None),
        ("Funded by [optional]", None),
        ("Shared by [optional]", None),
        ("Model type", Some(kind.join(", ")).filter(|kind| !kind.is_empty())),
        ("Language(s) (NLP)", None),
        ("License", licence),
        ("Finetuned from model [optional]", facts.base_model.as_ref().map(link)),
    ])
}

fn get_started(facts: &Facts) -> String {
    let repo = &facts.repo;
    let mut text = String::new();
    if let Some(python) = facts.task.as_deref().and_then(|task| python(task, facts)) {
        text += &format!("In Python:\n\n```python\n{python}```\n\n");
    }
    let runs_here = facts.task.as_deref().is_some_and(|tag| vitrine_tasks::task(tag).is_some());
    if runs_here {
        text += &format!(
            "On a web page, with Vitrine:\n\n```html\n<script type=\"module\" \
             src=\"https://your.site/dist/model-widget.js\"></script>\n<model-widget model=\"{repo}\"></model-widget>\n```\n"
        );
    }
    if text.is_empty() { MISSING.to_owned() } else { text }
}

/// Code that loads the model and runs it once.
fn python(task: &str, facts: &Facts) -> Option<String> {
    let repo = &facts.repo;
    if facts.library.as_deref() == Some("sentence-transformers") {
        let (class, call) = match task {
            "text-ranking" => {
                ("CrossEncoder", "print(model.rank(\"Where is Berlin?\", [\"Berlin is in Germany.\", \"It rains.\"]))")
            }
            _ => (
                "SentenceTransformer",
                "embeddings = model.encode([\"That is a happy person.\", \"That is a happy dog.\"])\nprint(model.similarity(embeddings, embeddings))",
            ),
        };
        return Some(format!("from sentence_transformers import {class}\n\nmodel = {class}(\"{repo}\")\n{call}\n"));
    }
    let call = match task {
        "fill-mask" => "run(f\"Paris is the {run.tokenizer.mask_token} of France.\")",
        "zero-shot-classification" => {
            "run(\"My phone does not charge.\", candidate_labels=[\"hardware\", \"billing\"])"
        }
        "question-answering" => "run(question=\"Where do I live?\", context=\"I live in Berlin.\")",
        "table-question-answering" => {
            "run(table={\"City\": [\"Berlin\", \"Paris\"], \"Country\": [\"Germany\", \"France\"]}, query=\"Where is Paris?\")"
        }
        "text-classification"
        | "token-classification"
        | "feature-extraction"
        | "text-generation"
        | "summarization"
        | "translation" => "run(\"My name is Clara and I live in Berkeley, California.\")",
        _ => return None,
    };
    // Version 5 of transformers has no pipeline for some tasks.
    let note = match task {
        "question-answering" | "summarization" | "translation" => "  # transformers 4",
        _ => "",
    };
    (facts.library.as_deref() == Some("transformers")).then(|| {
        format!(
            "from transformers import pipeline\n\nrun = pipeline(\"{task}\", model=\"{repo}\"){note}\nprint({call})\n"
        )
    })
}

fn files(facts: &Facts) -> String {
    let rows: String = facts.weights.iter().map(|(path, size)| format!("- {}: {size}\n", code(path))).collect();
    if rows.is_empty() { MISSING.to_owned() } else { rows }
}

fn architecture(facts: &Facts) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(facts.class.as_deref().map(|class| ("class", code(class))));
    rows.extend(facts.sizes.iter().map(|(name, value)| (*name, code(value))));
    if !facts.labels.is_empty() {
        let mut labels: Vec<String> = facts.labels.iter().take(MOST_LABELS).map(|label| code(label)).collect();
        if facts.labels.len() > MOST_LABELS {
            labels.push(format!("and {} others", facts.labels.len() - MOST_LABELS));
        }
        rows.push(("labels", labels.join(", ")));
    }
    if rows.is_empty() {
        return MISSING.to_owned();
    }
    let rows: String = rows.iter().map(|(name, value)| format!("| {name} | {value} |\n")).collect();
    format!("| | |\n|---|---|\n{rows}")
}

/// A text that may hold anything, as code of Markdown that fits into a table.
fn code(text: &str) -> String {
    let line: String = text.split(|c: char| c.is_whitespace() || c.is_control()).collect::<Vec<_>>().join(" ");
    let line = line.replace('|', "\\|");
    if !line.contains('`') {
        return format!("`{line}`");
    }
    let runs = line.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(runs + 1);
    format!("{fence} {line} {fence}")
}

#[cfg(test)]
mod tests {
    use vitrine_hub::ModelCard;
    use vitrine_hub::card::check;

    use super::*;

    #[test]
    fn what_files_say_is_quoted_where_it_must_be() {
        for (text, expected) in [
            ("bert", "bert"),
            ("xlm-roberta", "xlm-roberta"),
            ("no", "\"no\""),
            ("1.0", "\"1.0\""),
            ("a: b", "\"a: b\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
        for hostile in ["---\nlicense: x", "a\"\\\n- b", "{{x}}", "#", "\u{85}&*!|>%@`", "- x", "null"] {
            let facts = Facts {
                repo: "a/b".to_owned(),
                model_type: Some(hostile.to_owned()),
                labels: vec![hostile.to_owned()],
                ..Facts::default()
            };
            let card = card(&facts);
            assert_eq!(ModelCard::parse(&card).tags(), [hostile], "{hostile:?}");
            assert_eq!(check(&card), [], "{hostile:?}");
        }
    }

    #[test]
    fn code_holds_any_text_on_one_line() {
        assert_eq!(code("LABEL"), "`LABEL`");
        assert_eq!(code("a\n| b"), "`a \\| b`");
        assert_eq!(code("`` ` x"), "``` `` ` x ```");
    }

    #[test]
    fn a_card_of_nothing_is_a_card() {
        let card = card(&Facts { repo: "a/b".to_owned(), ..Facts::default() });
        assert_eq!(check(&card), []);
        assert!(card.starts_with("---\ntags: []\n---\n\n# Model Card for a/b\n\n## Model Details\n"));
    }
}
