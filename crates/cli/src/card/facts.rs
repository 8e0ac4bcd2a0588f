//! What a model's files say of it, as far as a card tells it.

use serde_json::Value;
use vitrine_hub::{RepoFile, RepoId, Snapshot, Source};
use vitrine_views::format;

use super::licence::licence_of;
use crate::Failure;
use crate::model::text;

/// Where the text of a licence may be.
const LICENCE_FILES: &[&str] =
    &["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENCE.txt", "COPYING"];

/// Files that tell what made a repository, each with the library's name.
const LIBRARIES: &[(&str, &str)] =
    &[("modules.json", "sentence-transformers"), ("adapter_config.json", "peft"), ("model_index.json", "diffusers")];

/// What the files say; what they do not say is `None`.
#[derive(Debug, Default)]
pub struct Facts {
    /// The repository's id; a folder's name where it is one.
    pub repo: String,
    /// The pipeline tag.
    pub task: Option<String>,
    /// The library that loads the model.
    pub library: Option<String>,
    /// `model_type` of the config.
    pub model_type: Option<String>,
    /// The class that the checkpoint was saved from.
    pub class: Option<String>,
    /// The Hub's identifier of the licence, `other` for a text that is not known, and the file that has the text.
    pub licence: Option<(&'static str, String)>,
    /// The Hub's id of the model that this one was made of.
    pub base_model: Option<String>,
    /// Numbers for the table of the architecture, each with its name.
    pub sizes: Vec<(&'static str, String)>,
    /// The labels, by their ids.
    pub labels: Vec<String>,
    /// The files of weights, each with its size.
    pub weights: Vec<(String, String)>,
    /// The library and its version that saved the checkpoint.
    pub saved_with: Option<String>,
}

/// Reads the small files of the repository, and the headers of its weights.
pub async fn facts(source: &dyn Source, snapshot: &Snapshot) -> Result<Facts, Failure> {
    let config = json(source, snapshot, "config.json").await?;
    let adapter = json(source, snapshot, "adapter_config.json").await?;
    let tokenizer = json(source, snapshot, "tokenizer_config.json").await?;
    // Of a repository that cannot run, what can be told is told.
    let inspection = vitrine_pipelines::inspect(source, snapshot, None, "f32").await.ok();
    let string = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let (parameters, dtypes) = match inspection {
        Some(inspection) => (inspection.parameters, inspection.dtypes.join(", ")),
        None => (None, String::new()),
    };
    let mut sizes: Vec<(&str, String)> = Vec::new();
    sizes.extend(parameters.map(|count| ("parameters", count.to_string())));
    sizes.extend(Some(("number format", dtypes)).filter(|(_, dtypes)| !dtypes.is_empty()));
    sizes.extend(numbers(&config));
    sizes.extend(string(&tokenizer, "tokenizer_class").map(|class| ("tokenizer", class)));
    let has = |path: &&(&str, &str)| snapshot.file(path.0).is_some();
    let by_file = LIBRARIES.iter().find(has).map(|(_, library)| (*library).to_owned());
    let model_type = string(&config, "model_type");
    Ok(Facts {
        repo: snapshot.repo.clone(),
        task: snapshot.task().map(str::to_owned),
        library: by_file.or_else(|| model_type.as_ref().map(|_| "transformers".to_owned())),
        class: snapshot.architectures.first().cloned(),
        licence: licence(source, snapshot).await?,
        base_model: string(&adapter, "base_model_name_or_path")
            .or_else(|| string(&config, "_name_or_path"))
            .filter(|name| is_hub_id(name) && *name != snapshot.repo),
        sizes,
        labels: labels(&config),
        weights: snapshot.files.iter().filter(|file| is_weights(file)).map(size_of).collect(),
        saved_with: string(&config, "transformers_version").map(|version| format!("transformers {version}")),
        model_type,
    })
}

async fn json(source: &dyn Source, snapshot: &Snapshot, path: &str) -> Result<Value, Failure> {
    let json = text(source, snapshot, path).await?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default())
}

async fn licence(source: &dyn Source, snapshot: &Snapshot) -> Result<Option<(&'static str, String)>, Failure> {
    for path in LICENCE_FILES {
        if let Some(text) = text(source, snapshot, path).await? {
            return Ok(Some((licence_of(&text).unwrap_or("other"), (*path).to_owned())));
        }
    }
    Ok(None)
}

/// The sizes of a config, by the names that model types have for them.
fn numbers(config: &Value) -> impl Iterator<Item = (&'static str, String)> {
    const NAMES: &[(&str, &[&str])] = &[
        ("layers", &["num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers"]),
        ("hidden size", &["hidden_size", "d_model", "dim", "n_embd", "emb_dim"]),
        ("attention heads", &["num_attention_heads", "n_heads", "n_head", "num_heads"]),
        ("vocabulary", &["vocab_size", "n_words"]),
        ("positions at most", &["max_position_embeddings", "n_positions", "max_sequence_length"]),
    ];
    NAMES.iter().filter_map(|(name, keys)| {
        let number = keys.iter().find_map(|key| config.get(key)?.as_u64())?;
        Some((*name, number.to_string()))
    })
}

/// `id2label`, in the order of the ids; none where they are the names that every model has at first.
fn labels(config: &Value) -> Vec<String> {
    let named = config.get("id2label").and_then(Value::as_object);
    let label = |(id, label): (&String, &Value)| Some((id.parse::<u64>().ok()?, label.as_str()?.to_owned()));
    let mut labels: Vec<(u64, String)> = named.into_iter().flatten().filter_map(label).collect();
    labels.sort();
    match labels.iter().all(|(id, label)| *label == format!("LABEL_{id}")) {
        true => Vec::new(),
        false => labels.into_iter().map(|(_, label)| label).collect(),
    }
}

/// Whether a name that a config remembers is a repository's, not a folder of the machine that trained the model.
fn is_hub_id(name: &str) -> bool {
    const FOLDERS: &[&str] = &["checkpoints", "data", "model", "models", "out", "output", "outputs", "results", "tmp"];
    let parts = name.split_once('/');
    parts.is_some_and(|(owner, name)| !FOLDERS.contains(&owner) && !name.starts_with("checkpoint-"))
        && RepoId::parse(name).is_ok()
}

fn is_weights(file: &RepoFile) -> bool {
    const ENDS: &[&str] = &[".safetensors", ".bin", ".onnx", ".h5", ".msgpack", ".gguf", ".ot", ".pt"];
    ENDS.iter().any(|end| file.path.ends_with(end)) && !file.path.ends_with("training_args.bin")
}

fn size_of(file: &RepoFile) -> (String, String) {
    (file.path.clone(), format::bytes(file.size))
}
