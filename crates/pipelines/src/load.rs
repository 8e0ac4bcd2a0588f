//! From a repository's name to a session that runs its task: small files, tokenizer and modules first, then the weights,
//! which become tensors as they arrive.

use std::cell::{Cell, RefCell};

use serde_json::Value;
use vitrine_hub::{Plan, RepoFile, RepoId, Revision, Sink, SinkError, Snapshot, Source, Wanted, plan};
use vitrine_models::{Config, Head, Resident, TensorInfo, WeightsReader, architecture};
use vitrine_tasks::protocol::{Note, Phase, Progress};
use vitrine_tasks::{Task, task};

use crate::registry::{PIPELINES, Parts, PipelineEntry, Suits};
use crate::sentence_transformers::{Files, Modules, json};
use crate::suiting::{class_head, heads, unsupported_head, unsupported_task};
use crate::tokenizer::{self, Named, Tokenizer};
use crate::{Context, Error, Host, JsonPipeline, Result, zero_shot_classification};

/// What to load.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The repository.
    pub repo: RepoId,
    /// The branch, tag or commit.
    pub revision: Revision,
    /// The pipeline tag; the repository's own where absent.
    pub task: Option<String>,
    /// `auto`, `f32`, `f16`, `bf16` or `q8`.
    pub dtype: String,
    /// What is known of the repository already, so that its host is not asked again.
    pub snapshot: Option<Snapshot>,
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
    let asked = Resident::parse(&options.dtype)?;
    let snapshot = match &options.snapshot {
        Some(snapshot) => snapshot.clone(),
        None => source.snapshot(&options.repo, &options.revision).await?,
    };
    let mut plan = plan(&snapshot, Wanted::of_dtype(&options.dtype));
    let resident = asked.unwrap_or(if plan.is_compact() { Resident::Q8 } else { Resident::F32 });
    let loading = Loading::new(source, &snapshot, &plan, host);
    // The task is known before the config on most hosts, so a wrong one ends here, before any file is fetched.
    let entry = |tag: &str| pipeline(tag).ok_or_else(|| unsupported_task(tag, &snapshot.architectures));
    let mut chosen = options.task.as_deref().or_else(|| snapshot.task()).map(entry).transpose()?;
    let mut files = Files::new();
    for file in &plan.small {
        files.insert(file.path.clone(), loading.small(file).await?);
    }
    let mut indexed = Vec::new();
    if let Some(index) = plan.index.as_ref().and_then(|path| files.get(path)) {
        indexed = plan.follow_index(&snapshot, index)?;
        loading.total.set(plan.bytes());
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
    // Where the class does not tell what the checkpoint was trained for, the names of its tensors do, which come first.
    let untold = head != Head::None && class_head(&config).is_none() && plan.weights.len() == 1;
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
            architecture.ask(&config, head, named.chain(shaped), 1)
        };
        let mut reader = WeightsReader::new(resident, |name| architecture.uses(name, head));
        reader.ask(&ask);
        let mut sink = WeightsSink { reader, loading: &loading, file: "", of_file: 0, error: None };
        for file in &plan.weights {
            sink.begin(file);
            let result = source.read(&snapshot, file, None, &mut sink).await;
            if let Some(error) = sink.error.take() {
                return Err(with_suggestion(error));
            }
            result?;
            sink.reader.end_file()?;
        }
        loading.report(Phase::Build, "");
        if !host.turn().await {
            return Err(vitrine_models::Error::Aborted.into());
        }
        sink.reader.finish(architecture.prefix)
    };
    let resident_bytes = weights.bytes();
    let encoder = architecture.load(&config, entry.head, &weights).map_err(with_suggestion)?;
    tokenizer.limit = tokenizer::limit(tokenizer_config.as_ref(), encoder.max_tokens());
    let downloaded = loading.loaded.get() - loading.cached.get();
    let mask_token = tokenizer.named(Named::Mask).map(|(token, _)| token.to_owned());
    let compares_pairs = compares_pairs(&config);
    let pipeline = (entry.build)(Parts {
        encoder,
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
    })
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

/// The state of a load, over all its files.
struct Loading<'a> {
    source: &'a dyn Source,
    snapshot: &'a Snapshot,
    host: &'a dyn Host,
    total: Cell<u64>,
    /// Bytes of files that are complete, and of the one at hand.
    loaded: Cell<u64>,
    /// The most bytes reported so far, so that a repeated download does not turn the bar back.
    reported: Cell<u64>,
    cached: Cell<u64>,
    from_cache: Cell<bool>,
}

impl<'a> Loading<'a> {
    fn new(source: &'a dyn Source, snapshot: &'a Snapshot, plan: &Plan, host: &'a dyn Host) -> Self {
        Self {
            source,
            snapshot,
            host,
            total: Cell::new(plan.bytes()),
            loaded: Cell::new(0),
            reported: Cell::new(0),
            cached: Cell::new(0),
            from_cache: Cell::new(false),
        }
    }

    async fn small(&self, file: &RepoFile) -> Result<Vec<u8>> {
        let mut sink = SmallSink { bytes: Vec::new(), loading: self, path: &file.path };
        self.source.read(self.snapshot, file, None, &mut sink).await?;
        Ok(sink.bytes)
    }

    fn arrived(&self, file: &str, bytes: usize) {
        self.loaded.set(self.loaded.get() + bytes as u64);
        if self.from_cache.get() {
            self.cached.set(self.cached.get() + bytes as u64);
        }
        self.report(Phase::Download, file);
    }

    fn begin_again(&self, bytes: usize) {
        self.loaded.set(self.loaded.get().saturating_sub(bytes as u64));
        self.cached.set(self.cached.get().min(self.loaded.get()));
    }

    fn report(&self, phase: Phase, file: &str) {
        self.reported.set(self.reported.get().max(self.loaded.get()));
        let (loaded, cached) = (self.reported.get(), self.cached.get());
        self.host.progress(Progress {
            phase,
            file: file.to_owned(),
            loaded,
            total: self.total.get().max(loaded),
            cached,
        });
    }
}

struct SmallSink<'a> {
    bytes: Vec<u8>,
    loading: &'a Loading<'a>,
    path: &'a str,
}

impl Sink for SmallSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.bytes.extend_from_slice(bytes);
        self.loading.arrived(self.path, bytes.len());
        Ok(())
    }

    fn restart(&mut self) {
        self.loading.begin_again(self.bytes.len());
        self.bytes.clear();
    }

    fn origin(&mut self, cached: bool) {
        self.loading.from_cache.set(cached);
    }

    fn waiting(&mut self) {
        self.loading.report(Phase::Waiting, self.path);
    }
}

/// Hands a checkpoint's bytes to the reader of weights, and keeps the reader's account of what is wrong with them.
struct WeightsSink<'a> {
    reader: WeightsReader<'a>,
    loading: &'a Loading<'a>,
    file: &'a str,
    of_file: usize,
    error: Option<vitrine_models::Error>,
}

impl<'a> WeightsSink<'a> {
    fn begin(&mut self, file: &'a RepoFile) {
        self.file = &file.path;
        self.of_file = 0;
        let exact = self.loading.snapshot.commit.is_some() || file.sha256.is_some();
        self.reader.begin_file(exact.then_some(file.size));
    }
}

impl Sink for WeightsSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.of_file += bytes.len();
        self.loading.arrived(self.file, bytes.len());
        self.error = self.reader.write(bytes).err();
        if self.error.is_some() { Err(SinkError) } else { Ok(()) }
    }

    fn restart(&mut self) {
        self.loading.begin_again(self.of_file);
        self.of_file = 0;
        self.error = None;
        self.reader.restart_file();
    }

    fn origin(&mut self, cached: bool) {
        self.loading.from_cache.set(cached);
    }

    fn waiting(&mut self) {
        self.loading.report(Phase::Waiting, self.file);
    }
}
