//! The check of `widget`: whether each example has what the form of the card's task needs, after models-widgets-examples.md.

use super::reader::{Field, Reader};
use crate::yaml::Node;

/// For each task the keys of its examples: one of the alternatives has to be there whole.
const NEEDED: &[(&[&str], &[&[&str]])] = &[
    (
        &[
            "text-classification",
            "token-classification",
            "fill-mask",
            "translation",
            "summarization",
            "feature-extraction",
            "text-to-speech",
            "text-to-audio",
            "text-to-image",
            "text-to-video",
        ],
        &[&["text"]],
    ),
    (&["text-generation"], &[&["text"], &["messages"]]),
    (&["question-answering"], &[&["text", "context"]]),
    (&["table-question-answering"], &[&["text", "table"]]),
    (&["zero-shot-classification"], &[&["text", "candidate_labels"]]),
    (&["sentence-similarity"], &[&["source_sentence", "sentences"]]),
    (
        &[
            "automatic-speech-recognition",
            "audio-classification",
            "audio-to-audio",
            "voice-activity-detection",
            "image-classification",
            "image-segmentation",
            "image-to-image",
            "image-to-text",
            "object-detection",
        ],
        &[&["src"]],
    ),
    (&["visual-question-answering", "document-question-answering"], &[&["src", "text"]]),
    (&["image-text-to-text"], &[&["src", "text"], &["text"], &["messages"]]),
    (&["zero-shot-image-classification"], &[&["src", "candidate_labels"]]),
    (&["tabular-classification", "tabular-regression"], &[&["structured_data"]]),
];

/// Checks every example.
pub(super) fn examples(reader: &mut Reader, root: &Node) {
    let root = Field::root(root);
    let Some(examples) = root.get("widget").and_then(|widget| widget.items()) else { return };
    let tag = root.get("pipeline_tag");
    let tag = tag.as_ref().and_then(Field::text).unwrap_or_default();
    let needed = NEEDED.iter().find(|(tags, _)| tags.contains(&tag)).map(|(_, needed)| *needed);
    for example in examples {
        if !reader.is_map(&example) {
            continue;
        }
        check_types(reader, &example);
        let has_all = |keys: &&[&str]| keys.iter().all(|key| example.get(key).is_some());
        if let Some(needed) = needed.filter(|needed| !needed.iter().any(has_all)) {
            let quoted = |keys: &&[&str]| keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(" and ");
            let needed = needed.iter().map(quoted).collect::<Vec<_>>().join(" or ");
            reader.warning(&example, format!("\"{}\": an example of {tag} has {needed}", example.name));
        }
    }
}

/// The Hub shows no example whose values are of another kind than these.
fn check_types(reader: &mut Reader, example: &Field) {
    for (key, field) in example.entries() {
        let (fits, what) = match key {
            "text" | "context" | "src" | "prompt" | "source_sentence" | "example_title" | "group" => {
                (field.text().is_some(), "a string")
            }
            "candidate_labels" => (field.text().is_some() || field.items().is_some(), "a string, with commas in it"),
            "sentences" | "messages" => (field.items().is_some(), "an array"),
            "table" => (field.is_map() || field.items().is_some(), "of type object: a list of cells for each column"),
            "structured_data" | "parameters" => (field.is_map(), "of type object"),
            "multi_class" => (field.scalar().is_some_and(serde_json::Value::is_boolean), "a boolean"),
            _ => continue,
        };
        if !fits && !field.is_null() {
            reader.warning(&field, format!("\"{}\" must be {what}", field.name));
        }
    }
}
