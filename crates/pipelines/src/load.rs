//! From a repository's name to a session that runs its task: small files, tokenizer and modules first, then the weights,
//! which become tensors as they arrive.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use futures_util::future::try_join_all;
use serde_json::Value;
use vitrine_hub::{Plan, Snapshot, Source, Wanted, plan, to_hex, word_table};
use vitrine_models::{Config, Head, Resident, SharedPeers, TensorInfo, WeightsReader, architecture};
use vitrine_tasks::protocol::{Note, Phase};
use vitrine_tasks::{Choice, Device, ModelSize, Task, choose, refusal, task};

use crate::late::{Late, Model};
use crate::loading::Loading;
use crate::reading::Reading;
use crate::registry::{PIPELINES, Parts, PipelineEntry, Suits};
use crate::sentence_transformers::{Files, Modules, json};
use crate::suiting::{class_head, heads, unsupported_head, unsupported_task};
use crate::tokenizer::{self, Named, Tokenizer};
use crate::{Context, Error, Host, JsonPipeline, Result, zero_shot_classification};

/// What to load.
#[derive(Clone)]
pub struct LoadOptions {
    /// The repository at the commit that is to be loaded.
    pub snapshot: Snapshot,
    /// The pipeline tag; the repository's own where absent.
    pub task: Option<String>,
    /// `auto`, `f32`, `f16`, `bf16` or `q8`.
    pub dtype: String,
    /// The device whose browser must hold the model; `None` where no browser limits it.
    pub device: Option<Device>,
    /// Cores that compute; as many as pay where absent.
    pub cores: Option<u32>,
    /// What there is beside this core; `None` for nothing.
    pub machine: Option<Rc<dyn Machine>>,
    /// The source again, where a first answer may come before all weights: what is missing is read from it later.
    pub later: Option<Rc<dyn Source>>,
}

/// The cores that a model may compute on.
pub trait Machine {
    /// What one core does in f32, in 10⁹ operations a second; measured once.
    fn gflops(&self) -> f64;

    /// Workers on so many other cores, which may hold parts of a model; `None` where there are none to be had.
    fn others(&self, count: usize) -> Option<SharedPeers>;
}

/// A model that is ready to run its task.
pub struct Session {
    pipeline: Box<dyn JsonPipeline>,
    /// The task that it runs.
    pub task: &'static Task,
    /// The repository at the commit that was loaded.
    pub snapshot: Snapshot,
    /// `model_type` of the config.
    pub architecture: &'static str,
    /// The format of the weights in memory.
    pub dtype: &'static str,
    /// The path of the file that the weights came from, or of the index of several.
    pub weights: String,
    /// Bytes that the weights take in memory.
    pub resident_bytes: u64,
    /// Bytes that came over the network.
    pub downloaded: u64,
    /// The tokenizer's mask token.
    pub mask_token: Option<String>,
    /// Whether the model was trained on pairs of texts.
    pub compares_pairs: bool,
    /// Tables of which rows are fetched as texts need them, until the rest has come.
    pub late: Option<Rc<Late>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.late.iter().for_each(|late| late.stop());
    }
}

/// What a run made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutput {
    /// The task's output as JSON text.
    pub output: String,
    /// What its reader should know.
    pub notes: Vec<Note>,
}

impl Session {
    /// Runs the task; `parameters` may be null.
    pub async fn run(&self, inputs: &Value, parameters: &Value, host: &dyn Host) -> Result<RunOutput> {
        if let Some(wrong) = self.task.wrong_parameter(parameters) {
            return Err(Error::InvalidInputs(wrong));
        }
        let context = Context { host, notes: RefCell::default() };
        let output = self.pipeline.run_json(inputs, parameters, &context).await?;
        Ok(RunOutput { output, notes: context.notes.into_inner() })
    }
}

/// Loads a model for a task. Dropping the future stops it; what has arrived is kept by the source.
pub async fn load(source: &dyn Source, options: &LoadOptions, host: &dyn Host) -> Result<Session> {
    match load_as(source, options, host, Wanted::of_dtype(&options.dtype)).await {
        // Its author has pushed other weights since.
        Err(Error::Model(vitrine_models::Error::Stale)) => load_as(source, options, host, Wanted::Original).await,
        result => result,
    }
}

async fn load_as(source: &dyn Source, options: &LoadOptions, host: &dyn Host, wanted: Wanted) -> Result<Session> {
    let asked = Resident::parse(&options.dtype)?;
    let snapshot = options.snapshot.clone();
    let mut plan = plan(&snapshot, wanted);
    let loading = Loading::new(source, &snapshot, &plan, host);
    // The task is known before the config on most hosts, so a wrong one ends here, before any file is fetched.
    let entry = |tag: &str| pipeline(tag).ok_or_else(|| unsupported_task(tag, &snapshot.architectures));
    let mut chosen = options.task.as_deref().or_else(|| snapshot.task()).map(entry).transpose()?;
    let small = plan.small.iter().map(|file| async { Ok((file.path.clone(), loading.small(file).await?)) });
    let files: Result<Files> = try_join_all(small).await.map(|files| files.into_iter().collect());
    let files = files?;
    let mut indexed = Vec::new();
    if let Some(index) = plan.index.as_ref().and_then(|path| files.get(path)) {
        indexed = plan.follow_index(&snapshot, index)?;
        loading.total.set(plan.bytes());
    }
    let numbers = snapshot.numbers_of(&plan.weights);
    if let Some(refused) = options.device.and_then(|device| refusal(numbers, &options.dtype, &device)) {
        return Err(Error::OutOfMemory(refused.message));
    }
    let missing = |path: &str| vitrine_hub::Error::EntryNotFound { repo: snapshot.repo.clone(), path: path.to_owned() };
    let config = Config::parse(files.get("config.json").ok_or_else(|| missing("config.json"))?)?;
    let architecture = architecture(&config)?;
    if chosen.is_none() {
        let named = Snapshot {
            architectures: config.architectures().into_iter().map(str::to_owned).collect(),
            ..snapshot.clone()
        };
        chosen = named.task().map(entry).transpose()?;
    }
    let entry = chosen.ok_or_else(|| unsupported_task("", &snapshot.architectures))?;
    // Names of the checkpoint's tensors, once they are known.
    let names: RefCell<Option<Vec<String>>> = RefCell::default();
    let unsuited = |reason: &str| {
        let names = names.borrow();
        let names: Option<Vec<&str>> = names.as_ref().map(|names| names.iter().map(String::as_str).collect());
        unsupported_head(reason, entry.task, &heads(architecture, &config, names.as_deref()), &config)
    };
    let with_suggestion = |error| match error {
        vitrine_models::Error::UnsupportedHead(reason) => unsuited(&reason),
        error => error.into(),
    };
    architecture.check(&config, entry.head).map_err(with_suggestion)?;
    if (entry.suits)(&config) == Suits::No {
        return Err(unsuited("its labels are not those of the task"));
    }
    let modules = if entry.head == Head::None { Modules::parse(&files)? } else { None };
    let tokenizer_config = json(&files, "tokenizer_config.json")?;
    let sentence_transformers = json(&files, "config_sentence_transformers.json")?.unwrap_or(Value::Null);
    let mut tokenizer = Tokenizer::load(&files, Some(&config))?;
    drop(files);

    if plan.weights.is_empty() {
        return Err(Plan::no_weights(&snapshot).into());
    }
    let head = entry.head;
    let choice = choice(options, &config, numbers);
    let chosen = Resident::parse(choice.dtype)?.filter(|_| !plan.is_compact());
    let resident = asked.or(chosen).unwrap_or(Resident::Q8);
    let others = options.cores.unwrap_or(choice.workers).saturating_sub(1) as usize;
    let machine = options.machine.as_ref().filter(|_| others > 0);
    let peers = machine.and_then(|machine| machine.others(others));
    let workers = 1 + peers.as_ref().map_or(0, SharedPeers::count);
    // Where the class does not tell what the checkpoint was trained for, the names of its tensors do, which come first.
    let untold = head != Head::None && class_head(&config).is_none() && plan.weights.len() == 1;
    let mut late = None;
    let weights = {
        let ask = |tensors: &[TensorInfo]| {
            if plan.weights.len() == 1 {
                names.replace(Some(tensors.iter().map(|tensor| tensor.name.clone()).collect()));
            }
            let told = names.borrow();
            let told: Option<Vec<&str>> = told.as_ref().map(|names| names.iter().map(String::as_str).collect());
            if untold && !heads(architecture, &config, told.as_deref()).contains(&head) {
                return Err(vitrine_models::Error::UnsupportedHead("it has no tensors of one".to_owned()));
            }
            let named = indexed.iter().map(|name| (name.clone(), None));
            let shaped = tensors.iter().map(|tensor| (tensor.name.clone(), Some(tensor.shape.clone())));
            architecture.ask(&config, head, named.chain(shaped), workers)
        };
        let mut reader = WeightsReader::new(resident, |name| architecture.uses(name, head));
        if let Some(peers) = peers {
            reader.share(peers);
        }
        if wanted != Wanted::Original {
            reader.trust(|metadata| is_current(metadata, &snapshot));
        }
        reader.ask(ask);
        let reading = Reading {
            source,
            snapshot: &snapshot,
            loading: &loading,
            later: options.later.as_ref().filter(|_| plan.weights.len() == 1),
            copies: Some(head).filter(|_| resident == Resident::Q8 && !plan.is_compact()),
        };
        for file in &plan.weights {
            let read = reading.read(&mut reader, file).await;
            late = late.or(read.map_err(|error| match error {
                Error::Model(error) => with_suggestion(error),
                error => error,
            })?);
        }
        loading.report(Phase::Build, "");
        if !host.turn().await {
            return Err(vitrine_models::Error::Aborted.into());
        }
        reader.finish(architecture.prefix)
    };
    let resident_bytes = weights.bytes();
    let encoder = architecture.load(&config, entry.head, &weights).map_err(with_suggestion)?;
    tokenizer.limit = tokenizer::limit(tokenizer_config.as_ref(), encoder.max_tokens());
    let downloaded = loading.downloaded();
    let mask_token = tokenizer.named(Named::Mask).map(|(token, _)| token.to_owned());
    let compares_pairs = compares_pairs(&config);
    let pipeline = (entry.build)(Parts {
        encoder: Model::new(encoder, late.clone()),
        tokenizer,
        config,
        tokenizer_config: tokenizer_config.unwrap_or_default(),
        modules,
        sentence_transformers,
    })?;
    Ok(Session {
        pipeline,
        task: entry.task,
        architecture: architecture.model_type,
        dtype: resident.name(),
        weights: plan.weights_path().to_owned(),
        resident_bytes,
        downloaded,
        snapshot,
        mask_token,
        compares_pairs,
        late,
    })
}

/// Whether a file with this metadata was made of the weights beside it, as far as the hashes are known (`vitrine convert`).
fn is_current(metadata: &HashMap<String, String>, snapshot: &Snapshot) -> bool {
    let sources = metadata.get("vitrine.sha256").and_then(|json| serde_json::from_str::<Value>(json).ok());
    sources.as_ref().and_then(Value::as_object).into_iter().flatten().all(|(path, hash)| {
        let known = snapshot.file(path).and_then(|file| file.sha256);
        known.is_none_or(|known| hash.as_str() == Some(to_hex(&known).as_str()))
    })
}

/// What suits a model of this config where the page leaves the choice.
fn choice(options: &LoadOptions, config: &Config, numbers: u64) -> Choice {
    let number = |keys: &[&str]| keys.iter().find_map(|key| config.get(key).as_u64());
    let table = word_table(|key| config.get(key).as_u64());
    let heads =
        number(&["num_attention_heads", "n_heads", "n_head", "num_heads", "encoder_attention_heads"]).unwrap_or(1);
    let multiplied = numbers.saturating_sub(table);
    let model = ModelSize { numbers, multiplied, heads: u32::try_from(heads).unwrap_or(1) };
    let asks = options.dtype == "auto" || options.dtype.is_empty();
    let gflops = options.machine.as_ref().filter(|_| asks).map(|machine| machine.gflops());
    choose(&model, &options.device.unwrap_or_default(), gflops)
}

/// Whether a classifier was trained on pairs: one of sentence-transformers, or one whose labels say `entail…`.
fn compares_pairs(config: &Config) -> bool {
    let of_cross_encoder = ["sentence_transformers", "sbert_ce_default_activation_function"];
    of_cross_encoder.iter().any(|key| !config.get(key).is_null())
        || zero_shot_classification::suits(config) == Suits::Yes
}

pub(crate) fn pipeline(tag: &str) -> Option<&'static PipelineEntry> {
    let tag = task(tag)?.tag;
    PIPELINES.iter().find(|entry| entry.task.tag == tag)
}
