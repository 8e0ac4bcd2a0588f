//! Which of a repository's files a load needs, by their names alone.

use crate::{RepoFile, Snapshot};

/// The files of a load, in the order in which they are read: small ones first, so that what cannot work is known
/// before the weights come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Configs, tokenizer and modules.
    pub small: Vec<RepoFile>,
    /// The checkpoint: one file, or its shards in order.
    pub weights: Vec<RepoFile>,
}

impl Plan {
    /// All files, in order.
    pub fn files(&self) -> impl Iterator<Item = &RepoFile> {
        self.small.iter().chain(&self.weights)
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files().map(|file| file.size).sum()
    }
}

/// Files that a load reads where they exist; without the modules' own, which [`plan`] finds by their folders.
pub(crate) const SMALL: &[&str] = &[
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
];

/// The single-file checkpoint.
pub const WEIGHTS: &str = "model.safetensors";

/// Picks the files that a load of this repository reads.
pub fn plan(snapshot: &Snapshot) -> Plan {
    let mut small: Vec<RepoFile> = SMALL.iter().filter_map(|path| snapshot.file(path)).cloned().collect();
    if snapshot.file("modules.json").is_some() {
        small.extend(snapshot.files.iter().filter(|file| is_module_file(&file.path)).cloned());
    }
    let mut weights: Vec<RepoFile> = match snapshot.file(WEIGHTS) {
        Some(file) => vec![file.clone()],
        None => snapshot.files.iter().filter(|file| is_shard(&file.path)).cloned().collect(),
    };
    weights.sort_by(|a, b| a.path.cmp(&b.path));
    Plan { small, weights }
}

/// `1_Pooling/config.json`, `2_Dense/model.safetensors`: what sentence-transformers' modules keep in their folders.
fn is_module_file(path: &str) -> bool {
    let Some((folder, name)) = path.split_once('/') else {
        return false;
    };
    let numbered = folder.split_once('_').is_some_and(|(number, _)| number.parse::<u8>().is_ok());
    numbered && matches!(name, "config.json" | "model.safetensors")
}

/// `model-00001-of-00002.safetensors`.
fn is_shard(path: &str) -> bool {
    let number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    path.strip_prefix("model-")
        .and_then(|rest| rest.strip_suffix(".safetensors"))
        .and_then(|rest| rest.split_once("-of-"))
        .is_some_and(|(index, count)| number(index) && number(count))
}
