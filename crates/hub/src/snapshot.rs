//! What a repository holds at one commit.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{COMPACT, Endpoint, ModelCard, RepoId, Result, Revision};

/// The files and the card of a repository at one commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Where it is.
    pub endpoint: String,
    /// The repository's id.
    pub repo: String,
    /// The revision that was asked for.
    pub revision: String,
    /// The commit that the host named; `None` on a host without commits.
    pub commit: Option<String>,
    /// What tells this content from any other of the repository: the commit, or a fingerprint of the files.
    pub key: String,
    /// The card's metadata, with what the host adds to it.
    pub card: ModelCard,
    /// `architectures` of `config.json`, where the host tells.
    pub architectures: Vec<String>,
    /// Numbers of the checkpoint's tensors, where the host has counted them.
    #[serde(default)]
    pub numbers: Option<u64>,
    /// Numbers of the table of words of a model whose [table can come later](crate::least_table); 0 where it is not known.
    #[serde(default)]
    pub table: u64,
    /// Whether the files are only for those whom the author lets in.
    pub gated: bool,
    /// The files, in the host's order.
    pub files: Vec<RepoFile>,
}

/// One file of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoFile {
    /// Its path from the repository's root.
    pub path: String,
    /// Its size in bytes; on a host without commits what the host claims, which compression may falsify.
    pub size: u64,
    /// Its SHA-256, which the Hub tells of large files.
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub sha256: Option<[u8; 32]>,
}

impl Snapshot {
    /// The file at `path`, if the repository has it.
    pub fn file(&self, path: &str) -> Option<&RepoFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Numbers of the tensors in these files: as the host has counted them, else by the files' sizes, with 1 or 2 bytes a
    /// number where their names say so, and 4 bytes where they do not. 0 where the host tells no sizes.
    pub fn numbers_of(&self, weights: &[RepoFile]) -> u64 {
        const HALF: &[&str] = &["fp16", "float16", "bf16", "bfloat16"];
        let width = |path: &str| match path {
            COMPACT => 1,
            path if path.split(['.', '-']).any(|part| HALF.contains(&part)) => 2,
            _ => 4,
        };
        let by_size = weights.iter().map(|file| file.size / width(&file.path)).sum();
        let bytes: u64 = weights.iter().map(|file| file.size).sum();
        // A number takes a byte at least.
        self.numbers.filter(|numbers| *numbers > 0).map_or(by_size, |numbers| numbers.min(bytes))
    }

    /// The URL of a file at the pinned commit.
    pub fn url(&self, path: &str) -> Result<String> {
        let revision = Revision::parse(self.commit.as_deref().unwrap_or(&self.revision))?;
        Ok(Endpoint::parse(&self.endpoint)?.resolve_url(&RepoId::parse(&self.repo)?, &revision, path))
    }

    /// The pipeline tag by the Hub's order: the card's `pipeline_tag` (or the host's answer for it), then what the library
    /// sentence-transformers makes of the repository (a classifier is a cross-encoder, what has `modules.json` makes
    /// embeddings), then the head that `architectures` names.
    pub fn task(&self) -> Option<&str> {
        if let Some(tag) = self.card.text("pipeline_tag") {
            return Some(tag);
        }
        let has_modules = self.file("modules.json").is_some();
        let of_library = has_modules || self.card.text("library_name") == Some("sentence-transformers");
        match self.architectures.iter().find_map(|name| task_of_architecture(name)) {
            Some("text-classification") if of_library => Some("text-ranking"),
            _ if has_modules => Some("sentence-similarity"),
            of_architecture => of_architecture,
        }
    }
}

/// `architectures` of a `config.json`.
pub(crate) fn architectures(config: &Value) -> Vec<String> {
    let names = config.get("architectures").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The tag of the Auto class that a class name stands for (`utils/update_metadata.py` of transformers).
fn task_of_architecture(name: &str) -> Option<&'static str> {
    const TAGS: &[(&str, &str)] = &[
        ("TapasForQuestionAnswering", "table-question-answering"),
        ("ForSequenceClassification", "text-classification"),
        ("ForTokenClassification", "token-classification"),
        ("ForQuestionAnswering", "question-answering"),
        ("ForQuestionAnsweringSimple", "question-answering"),
        ("ForMaskedLM", "fill-mask"),
        ("WithLMHeadModel", "fill-mask"),
        ("ForMultipleChoice", "multiple-choice"),
        ("ForCausalLM", "text-generation"),
        ("LMHeadModel", "text-generation"),
        ("Model", "feature-extraction"),
    ];
    TAGS.iter().find(|(suffix, _)| name.ends_with(suffix)).map(|(_, tag)| *tag)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(card: &Value, file: &str, class: &str) -> Option<String> {
        let snapshot = json!({
            "endpoint": "", "repo": "a/b", "revision": "main", "commit": null, "key": "", "gated": false, "card": card,
            "architectures": [class], "files": [{"path": file, "size": 1}],
        });
        serde_json::from_value::<Snapshot>(snapshot).unwrap().task().map(str::to_owned)
    }

    #[test]
    fn numbers_are_those_that_the_host_counted_or_that_fit_the_files() {
        let snapshot = |numbers: Value| {
            let snapshot = json!({
                "endpoint": "", "repo": "a/b", "revision": "main", "commit": null, "key": "", "gated": false, "card": {},
                "architectures": [], "files": [], "numbers": numbers,
            });
            serde_json::from_value::<Snapshot>(snapshot).unwrap()
        };
        let file = |path: &str, size| RepoFile { path: path.to_owned(), size, sha256: None };
        let (plain, half) = (file("model.safetensors", 4000), file("model.fp16-00001-of-00002.safetensors", 4000));
        for (counted, files, expected) in [
            (json!(null), vec![plain.clone()], 1000),
            (json!(null), vec![half.clone(), half.clone()], 4000),
            (json!(null), vec![file("model.q8.safetensors", 4000)], 4000),
            (json!(2000), vec![plain.clone()], 2000),
            (json!(1u64 << 40), vec![plain.clone()], 4000),
            (json!(0), vec![plain.clone()], 1000),
            (json!(2000), vec![file("model.safetensors", 0)], 0),
            (json!(2000), vec![], 0),
        ] {
            assert_eq!(snapshot(counted.clone()).numbers_of(&files), expected, "{counted} {files:?}");
        }
    }

    #[test]
    fn the_task_is_found_in_the_hubs_order() {
        let none = json!({});
        let tag = json!({"pipeline_tag": "text-generation", "library_name": "sentence-transformers"});
        let library = json!({"library_name": "sentence-transformers"});
        let (modules, config) = ("modules.json", "config.json");
        for (card, file, class, expected) in [
            (&tag, modules, "BertForSequenceClassification", Some("text-generation")),
            (&library, config, "BertForSequenceClassification", Some("text-ranking")),
            (&none, modules, "BertForSequenceClassification", Some("text-ranking")),
            (&none, modules, "BertModel", Some("sentence-similarity")),
            (&none, config, "BertForSequenceClassification", Some("text-classification")),
            (&none, config, "BertForTokenClassification", Some("token-classification")),
            (&none, config, "TapasForQuestionAnswering", Some("table-question-answering")),
            (&none, config, "RobertaForQuestionAnswering", Some("question-answering")),
            (&none, config, "XLNetForQuestionAnsweringSimple", Some("question-answering")),
            (&none, config, "XLMWithLMHeadModel", Some("fill-mask")),
            (&none, config, "GPT2LMHeadModel", Some("text-generation")),
            (&none, config, "BertForPreTraining", None),
            (&none, config, "T5EncoderModel", Some("feature-extraction")),
        ] {
            assert_eq!(task(card, file, class).as_deref(), expected, "{card} {file} {class}");
        }
    }
}

mod hex {
    //! A SHA-256 as 64 hexadecimal digits.

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(hash: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
        match hash {
            Some(hash) => serializer.serialize_str(&super::to_hex(hash)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[u8; 32]>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(super::from_hex))
    }
}

/// Lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes of 64 hexadecimal digits.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
