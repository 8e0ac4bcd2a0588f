//! Repositories of sentence-transformers: `modules.json` and what the modules keep in their folders.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use vitrine_models::{Activation, Linear, PoolingMode, Resident, WeightsReader};

use crate::{Error, Result};

/// A repository's small files by path.
pub(crate) type Files = HashMap<String, Vec<u8>>;

/// What happens to a text before and after the transformer.
pub(crate) struct Modules {
    /// `max_seq_length` of `sentence_bert_config.json`.
    pub max_seq_length: Option<usize>,
    /// `do_lower_case` of `sentence_bert_config.json`.
    pub do_lower_case: bool,
    /// What follows the transformer, in order.
    pub steps: Vec<Step>,
    /// Texts that may be put before an input, by name.
    pub prompts: HashMap<String, String>,
    /// The prompt that is used where none is named.
    pub default_prompt_name: Option<String>,
    /// Numbers of an embedding that are kept.
    pub truncate_dim: Option<usize>,
    /// How embeddings are compared.
    pub similarity: Similarity,
    /// Whether the repository itself says all this.
    pub stated: bool,
}

/// One module after the transformer.
pub(crate) enum Step {
    /// Token vectors to one vector; whether a prompt's tokens count.
    Pooling { modes: Vec<PoolingMode>, include_prompt: bool },
    /// A linear map and an activation.
    Dense { linear: Linear, activation: Activation },
    /// To length 1.
    Normalize,
}

/// `similarity_fn_name` of `config_sentence_transformers.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Similarity {
    Cosine,
    Dot,
    Euclidean,
    Manhattan,
}

#[derive(Deserialize)]
struct ModuleEntry {
    #[serde(default)]
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Modules {
    /// What sentence-transformers makes of a repository without `modules.json`: the mean of the tokens.
    pub(crate) fn mean() -> Self {
        Self {
            max_seq_length: None,
            do_lower_case: false,
            steps: vec![Step::Pooling { modes: vec![PoolingMode::Mean], include_prompt: true }],
            prompts: HashMap::new(),
            default_prompt_name: None,
            truncate_dim: None,
            similarity: Similarity::Cosine,
            stated: false,
        }
    }

    /// Reads `modules.json` and the files that it names; `None` where the repository has none.
    pub(crate) fn parse(files: &Files) -> Result<Option<Self>> {
        let Some(entries) = json(files, "modules.json")? else { return Ok(None) };
        let entries: Vec<ModuleEntry> =
            Deserialize::deserialize(&entries).map_err(|error| malformed("modules.json", error))?;
        let mut modules = Self { steps: Vec::new(), stated: true, ..Self::mean() };
        for entry in &entries {
            let config = json(files, &format!("{}/config.json", entry.path))?.unwrap_or(Value::Null);
            match entry.kind.rsplit('.').next().unwrap_or_default() {
                "Transformer" => {}
                "Pooling" => modules.steps.push(pooling(&config, &entry.path)?),
                "Normalize" => modules.steps.push(Step::Normalize),
                "Dense" => modules.steps.push(dense(&config, &entry.path, files)?),
                "Dropout" => {}
                other => return Err(Error::UnsupportedModule(other.to_owned())),
            }
        }
        if let Some(config) = json(files, "sentence_bert_config.json")? {
            let length = config.get("max_seq_length").and_then(Value::as_u64);
            modules.max_seq_length =
                length.filter(|length| *length > 0).and_then(|length| usize::try_from(length).ok());
            modules.do_lower_case = config.get("do_lower_case").and_then(Value::as_bool).unwrap_or(false);
        }
        if let Some(config) = json(files, "config_sentence_transformers.json")? {
            let prompts = config.get("prompts").and_then(Value::as_object).into_iter().flatten();
            modules.prompts =
                prompts.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect();
            modules.default_prompt_name = config.get("default_prompt_name").and_then(Value::as_str).map(str::to_owned);
            modules.similarity = match config.get("similarity_fn_name").and_then(Value::as_str) {
                Some("dot" | "dot_product") => Similarity::Dot,
                Some("euclidean") => Similarity::Euclidean,
                Some("manhattan") => Similarity::Manhattan,
                _ => Similarity::Cosine,
            };
            let dimensions = config.get("truncate_dim").and_then(Value::as_u64);
            modules.truncate_dim =
                dimensions.filter(|dimensions| *dimensions > 0).map(|dimensions| dimensions as usize);
        }
        Ok(Some(modules))
    }
}

fn pooling(config: &Value, folder: &str) -> Result<Step> {
    let include_prompt = config.get("include_prompt").and_then(Value::as_bool).unwrap_or(true);
    let named = match config.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode.as_str()],
        Some(Value::Array(modes)) => modes.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let modes = if named.is_empty() {
        // Old style: a flag for each mode; several together stand in this order.
        let flags = [
            ("pooling_mode_cls_token", PoolingMode::Cls),
            ("pooling_mode_max_tokens", PoolingMode::Max),
            ("pooling_mode_mean_tokens", PoolingMode::Mean),
            ("pooling_mode_mean_sqrt_len_tokens", PoolingMode::MeanSqrtLen),
            ("pooling_mode_weightedmean_tokens", PoolingMode::WeightedMean),
            ("pooling_mode_lasttoken", PoolingMode::LastToken),
        ];
        let set = |flag: &str| config.get(flag).and_then(Value::as_bool).unwrap_or(false);
        let modes: Vec<PoolingMode> = flags.iter().filter(|(flag, _)| set(flag)).map(|(_, mode)| *mode).collect();
        // Without any flag Python takes the mean.
        if modes.is_empty() { vec![PoolingMode::Mean] } else { modes }
    } else {
        named.into_iter().map(mode).collect::<Option<Vec<_>>>().unwrap_or_default()
    };
    if modes.is_empty() {
        return Err(malformed(&format!("{folder}/config.json"), "it names no way to pool that is known"));
    }
    Ok(Step::Pooling { modes, include_prompt })
}

fn mode(name: &str) -> Option<PoolingMode> {
    Some(match name {
        "cls" => PoolingMode::Cls,
        "max" => PoolingMode::Max,
        "mean" => PoolingMode::Mean,
        "mean_sqrt_len_tokens" => PoolingMode::MeanSqrtLen,
        "weightedmean" => PoolingMode::WeightedMean,
        "lasttoken" => PoolingMode::LastToken,
        _ => return None,
    })
}

fn dense(config: &Value, folder: &str, files: &Files) -> Result<Step> {
    let path = format!("{folder}/config.json");
    if config.get("use_residual").and_then(Value::as_bool) == Some(true) {
        return Err(Error::UnsupportedModule("Dense with a residual".to_owned()));
    }
    let size = |key: &str| {
        let size = config.get(key).and_then(Value::as_u64).filter(|size| (1..1 << 24).contains(size));
        size.map(|size| size as usize).ok_or_else(|| malformed(&path, format!("it has no `{key}`")))
    };
    let weights = ["model.safetensors", "pytorch_model.bin"].map(|name| format!("{folder}/{name}"));
    let bytes = weights.iter().find_map(|name| files.get(name));
    let bytes = bytes.ok_or_else(|| malformed(&path, "the module's weights are absent"))?;
    let mut reader = WeightsReader::new(Resident::F32, |_| true);
    reader.begin_file(Some(bytes.len() as u64));
    reader.write(bytes)?;
    reader.end_file()?;
    let bias = config.get("bias").and_then(Value::as_bool).unwrap_or(true);
    let linear = Linear::alone(&reader.finish(""), size("in_features")?, size("out_features")?, bias)?;
    let activation = config.get("activation_function").and_then(Value::as_str).unwrap_or("Tanh");
    Ok(Step::Dense { linear, activation: Activation::parse(activation)? })
}

/// A file as JSON; `None` where the repository lacks it.
pub(crate) fn json(files: &Files, path: &str) -> Result<Option<Value>> {
    let Some(bytes) = files.get(path) else { return Ok(None) };
    Ok(Some(serde_json::from_slice(bytes).map_err(|error| malformed(path, error))?))
}

fn malformed(path: &str, reason: impl std::fmt::Display) -> Error {
    Error::MalformedFile { path: path.to_owned(), reason: reason.to_string() }
}

impl Similarity {
    /// How close two embeddings are; larger is closer (`util.similarity` of sentence-transformers).
    pub(crate) fn of(self, a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let distances = || a.iter().zip(b).map(|(a, b)| (a - b).abs());
        match self {
            Self::Cosine => dot(a, b) / (dot(a, a).sqrt().max(1e-12) * dot(b, b).sqrt().max(1e-12)),
            Self::Dot => dot(a, b),
            Self::Euclidean => -distances().map(|distance| distance * distance).sum::<f32>().sqrt(),
            Self::Manhattan => -distances().sum::<f32>(),
        }
    }
}

/// Scales a vector to length 1 (`torch.nn.functional.normalize`).
pub(crate) fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt().max(1e-12);
    vector.iter_mut().for_each(|number| *number /= length);
}
