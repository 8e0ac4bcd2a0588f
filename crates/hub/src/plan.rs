//! Which of a repository's files a load needs: by their names, and by the index where the weights are in several.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Error, RepoFile, Result, Snapshot};

/// The files of a load, in the order in which they are read: small ones first, so that what cannot work is known
/// before the weights come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Configs, tokenizer, modules and the index of the weights.
    pub small: Vec<RepoFile>,
    /// The checkpoint: one file, or its shards in order; by their names alone until [`Plan::follow_index`] has been told.
    pub weights: Vec<RepoFile>,
    /// The path of the index that names the shards.
    pub index: Option<String>,
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

    /// The path of the file of weights, or of the index that names them; empty for none.
    pub fn weights_path(&self) -> &str {
        let first = || self.weights.first().map_or("", |file| file.path.as_str());
        self.index.as_deref().unwrap_or_else(first)
    }

    /// Whether the weights are those of the compact checkpoint in q8.
    pub fn is_compact(&self) -> bool {
        self.weights_path() == COMPACT
    }

    /// Takes the shards from the index's JSON instead of from their names, and answers the names of the tensors in it.
    pub fn follow_index(&mut self, snapshot: &Snapshot, json: &[u8]) -> Result<Vec<String>> {
        let path = self.index.clone().unwrap_or_default();
        let malformed = |reason: String| Error::MalformedIndex { path: path.clone(), reason };
        let index: Value = serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
        let shards = shards(&index);
        if shards.is_empty() {
            return Err(malformed("it names no file".to_owned()));
        }
        let absent = |path: String| Error::EntryNotFound { repo: snapshot.repo.clone(), path };
        let found = shards.into_iter().map(|path| snapshot.file(&path).cloned().ok_or_else(|| absent(path)));
        self.weights = found.collect::<Result<_>>()?;
        let map = index.get("weight_map").and_then(Value::as_object);
        Ok(map.into_iter().flatten().map(|(name, _)| name.clone()).collect())
    }

    /// Why there are no weights to read: the files that were looked for, and those of other libraries that are there.
    pub fn no_weights(snapshot: &Snapshot) -> Error {
        const OTHERS: &[(&str, &str)] = &[
            (".h5", "TensorFlow"),
            (".ckpt.index", "TensorFlow"),
            (".msgpack", "Flax"),
            (".onnx", "ONNX"),
            (".gguf", "GGUF"),
            (".ot", "Rust"),
        ];
        let name_of = |file: &RepoFile| OTHERS.iter().find(|(end, _)| file.path.ends_with(end)).map(|(_, name)| *name);
        let found: BTreeSet<&str> = snapshot.files.iter().filter_map(name_of).collect();
        Error::NoWeights { repo: snapshot.repo.clone(), others: found.into_iter().collect::<Vec<_>>().join(", ") }
    }
}

/// Which of a repository's checkpoints a load would rather have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The compact one in q8, else a variant in f16, else the original.
    Smallest,
    /// The compact one in q8, else the original.
    Compact,
    /// A variant in f16, else the original.
    Half,
    /// The original.
    Original,
}

impl Wanted {
    /// By the `dtype` that a page or a command asks for.
    pub fn of_dtype(dtype: &str) -> Self {
        match dtype {
            "" | "auto" => Self::Smallest,
            "q8" | "int8" => Self::Compact,
            "f16" | "float16" => Self::Half,
            _ => Self::Original,
        }
    }
}

/// The checkpoint in 8 bits that `vitrine convert` makes.
pub const COMPACT: &str = "model.q8.safetensors";

/// The checkpoint in f16 that `vitrine convert` makes; Python takes it with `variant="fp16"`.
pub const HALF: &str = "model.fp16.safetensors";

/// Files that a load reads where they exist; without the modules' own, which [`plan`] finds by their folders.
pub(crate) const SMALL: &[&str] = &[
    "config.json",
    TOKENIZER,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
];

pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// What tokenizers are built from where there is no `tokenizer.json`.
pub(crate) const SLOW_TOKENIZER: &[&str] = &[
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "sentencepiece.model",
    "spm.model",
    "tokenizer.model",
    "source.spm",
    "target_vocab.json",
];

/// The files of weights that are no variant, in the order of `from_pretrained`.
pub(crate) const WEIGHTS: &[&str] =
    &["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

/// The variants that are taken first, the most precise before the others.
const VARIANTS: &[&str] = &["fp32", "float32", "fp16", "float16", "bf16", "bfloat16"];

/// Picks the files that a load of this repository reads.
pub fn plan(snapshot: &Snapshot, wanted: Wanted) -> Plan {
    let existing =
        |paths: &[&str]| -> Vec<RepoFile> { paths.iter().filter_map(|path| snapshot.file(path)).cloned().collect() };
    let mut small = existing(SMALL);
    if snapshot.file(TOKENIZER).is_none() {
        small.extend(existing(SLOW_TOKENIZER));
    }
    if snapshot.file("modules.json").is_some() {
        small.extend(snapshot.files.iter().filter(|file| is_module_file(snapshot, &file.path)).cloned());
    }
    let Some(file) = weights(snapshot, wanted) else { return Plan { small, weights: Vec::new(), index: None } };
    let Some((stem, variant, kind)) = index_parts(&file.path) else {
        return Plan { small, weights: vec![file.clone()], index: None };
    };
    small.push(file.clone());
    let mut shards: Vec<RepoFile> =
        snapshot.files.iter().filter(|file| is_shard(&file.path, stem, variant, kind)).cloned().collect();
    shards.sort_by(|a, b| a.path.cmp(&b.path));
    Plan { small, weights: shards, index: Some(file.path.clone()) }
}

/// The one file, or the index, that is wanted, or else the one that `from_pretrained` would take; a variant, which Python
/// takes only by its name, where there is nothing else.
fn weights(snapshot: &Snapshot, wanted: Wanted) -> Option<&RepoFile> {
    let variants = |fits: &dyn Fn(&str) -> bool| {
        let ranked = snapshot.files.iter().filter_map(|file| {
            let (kind, variant) = variant_of(&file.path).filter(|(_, variant)| fits(variant))?;
            let rank = VARIANTS.iter().position(|known| *known == variant).unwrap_or(VARIANTS.len());
            Some((kind / 2, rank, variant, kind, file))
        });
        ranked.min_by(|a, b| (a.0, a.1, a.2, a.3).cmp(&(b.0, b.1, b.2, b.3))).map(|(.., file)| file)
    };
    let half = || variants(&|variant| ["fp16", "float16"].contains(&variant));
    let wanted = match wanted {
        Wanted::Smallest => snapshot.file(COMPACT).or_else(half),
        Wanted::Compact => snapshot.file(COMPACT),
        Wanted::Half => half(),
        Wanted::Original => None,
    };
    wanted.or_else(|| WEIGHTS.iter().find_map(|path| snapshot.file(path))).or_else(|| variants(&|_| true))
}

/// The place among [`WEIGHTS`] of the file that this is a variant of (`model.fp16.safetensors`), and the variant.
fn variant_of(path: &str) -> Option<(usize, &str)> {
    let mut parts = WEIGHTS.iter().enumerate().filter_map(|(kind, plain)| {
        let (stem, end) = plain.rsplit_once('.')?;
        Some((kind, path.strip_prefix(stem)?.strip_suffix(end)?.strip_prefix('.')?.strip_suffix('.')?))
    });
    let is_name =
        |variant: &str| !variant.is_empty() && variant.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    parts.find(|(_, variant)| is_name(variant))
}

/// What the names of an index's shards are made of: `model`, the variant with a dot before it, `.safetensors`.
fn index_parts(path: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = path.strip_suffix(".json")?.split_once(".index")?;
    let (stem, _) = first.split_once('.')?;
    Some((stem, rest, first.get(stem.len()..)?))
}

/// `model-00001-of-00002.safetensors`, with a variant `model.fp16-00001-of-00002.safetensors` or
/// `model-00001-of-00002.fp16.safetensors`.
fn is_shard(path: &str, stem: &str, variant: &str, kind: &str) -> bool {
    let number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    let Some(middle) = path.strip_prefix(stem).and_then(|rest| rest.strip_suffix(kind)) else { return false };
    let middle = middle.strip_prefix(variant).or_else(|| middle.strip_suffix(variant));
    let numbers = middle.and_then(|middle| middle.strip_prefix('-')).and_then(|rest| rest.split_once("-of-"));
    numbers.is_some_and(|(index, count)| number(index) && number(count))
}

/// The least bytes of a table whose rows may come after a first answer, where a file of weights can be read in parts at all:
/// it never changes, and is so large that its parts are here sooner.
pub fn least_table(snapshot: &Snapshot, file: &RepoFile) -> Option<u64> {
    let pinned = snapshot.commit.is_some() && file.sha256.is_some();
    (pinned && file.size >= LEAST_FILE && file.path.ends_with(".safetensors")).then(|| LEAST_TABLE.max(file.size / 8))
}

/// A table takes this much at least to come later.
const LEAST_TABLE: u64 = 4 << 20;

/// A smaller file is here as a whole as soon as its parts would be.
const LEAST_FILE: u64 = 16 << 20;

/// Numbers of the table of words of a model by what its `config.json` has under some keys; 0 where that does not tell.
pub fn word_table(number: impl Fn(&str) -> Option<u64>) -> u64 {
    let width = ["embedding_size", "hidden_size", "dim", "d_model", "n_embd", "emb_dim"].into_iter().find_map(&number);
    number("vocab_size").unwrap_or(0).saturating_mul(width.unwrap_or(0))
}

/// The files that an index names, each once and in order.
pub(crate) fn shards(index: &Value) -> BTreeSet<String> {
    let map = index.get("weight_map").and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(_, path)| path.as_str()).map(str::to_owned).collect()
}

/// `1_Pooling/config.json`, `2_Dense/model.safetensors`: what sentence-transformers' modules keep in their folders.
fn is_module_file(snapshot: &Snapshot, path: &str) -> bool {
    let Some((folder, name)) = path.split_once('/') else {
        return false;
    };
    let number = folder.split_once('_').and_then(|(number, _)| number.parse::<u8>().ok());
    match (number, name) {
        (Some(_), "config.json" | "model.safetensors") => true,
        // Module 0 is the transformer, whose weights are not small.
        (Some(1..), "pytorch_model.bin") => snapshot.file(&format!("{folder}/model.safetensors")).is_none(),
        _ => false,
    }
}
