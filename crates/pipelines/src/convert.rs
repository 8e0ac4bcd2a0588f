//! From a repository to its compact checkpoint: the original's bytes pass through once, and no file of it is kept.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use vitrine_hub::{COMPACT, HALF, Plan, RepoFile, Sink, SinkError, Snapshot, Source, Wanted, plan, to_hex};
use vitrine_models::{Architecture, Asked, CompactFile, Config, Converter, Resident, TensorInfo, architecture};
use vitrine_tasks::protocol::{Phase, Progress};

use crate::{Host, Result};

/// A compact checkpoint.
pub struct Converted {
    /// Its name in the repository.
    pub path: &'static str,
    /// The file.
    pub file: CompactFile,
    /// The paths of the files that it was made of.
    pub sources: Vec<String>,
    /// Bytes of those files.
    pub source_bytes: u64,
    /// The other files of the repository that a load needs, and its card.
    pub small: Vec<RepoFile>,
}

/// Makes the compact checkpoint in `dtype`, `q8` or `f16`, of a repository's original.
pub async fn convert(source: &dyn Source, snapshot: &Snapshot, dtype: &str, host: &dyn Host) -> Result<Converted> {
    let resident = Resident::parse(dtype)?.unwrap_or(Resident::F32);
    let mut plan = plan(snapshot, Wanted::Original);
    let config = Config::parse(&small(source, snapshot, "config.json").await?)?;
    let architecture = architecture(&config)?;
    let mut indexed = Vec::new();
    if let Some(index) = plan.index.clone() {
        indexed = plan.follow_index(snapshot, &small(source, snapshot, &index).await?)?;
    }
    if plan.weights.is_empty() {
        return Err(Plan::no_weights(snapshot).into());
    }
    let converter = Converter::new(resident, |tensors| asked(architecture, &config, &indexed, tensors))?;
    let mut sink = WeightsSink {
        converter,
        hasher: Sha256::new(),
        host,
        plan: &plan,
        file: "",
        before: 0,
        of_file: 0,
        error: None,
    };
    let mut hashes = Map::new();
    for file in &plan.weights {
        sink.begin(file, snapshot);
        let result = source.read(snapshot, file, None, &mut sink).await;
        if let Some(error) = sink.error.take() {
            return Err(error.into());
        }
        result?;
        sink.converter.end_file()?;
        let hash = std::mem::take(&mut sink.hasher).finalize();
        hashes.insert(file.path.clone(), Value::String(to_hex(&hash)));
    }
    let entries = [
        ("format", Some("pt".to_owned())),
        ("vitrine.dtype", Some(resident.name().to_owned())),
        ("vitrine.source", Some(snapshot.repo.clone())),
        ("vitrine.commit", snapshot.commit.clone()),
        ("vitrine.sha256", Some(Value::Object(hashes).to_string())),
    ];
    let metadata = entries.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::String(text?))));
    let file = sink.converter.finish(metadata.collect())?;
    let others = plan.small.iter().filter(|file| Some(&file.path) != plan.index.as_ref());
    Ok(Converted {
        path: if resident == Resident::Q8 { COMPACT } else { HALF },
        file,
        sources: plan.weights.iter().map(|file| file.path.clone()).collect(),
        source_bytes: plan.weights.iter().map(|file| file.size).sum(),
        small: others.chain(snapshot.file("README.md")).cloned().collect(),
    })
}

/// What models of all heads that the checkpoint has ask for. An error where there is not even a body.
fn asked(
    architecture: &Architecture,
    config: &Config,
    indexed: &[String],
    tensors: &[TensorInfo],
) -> vitrine_models::Result<Vec<Asked>> {
    let ask = |head| {
        let named = indexed.iter().map(|name| (name.clone(), None));
        let shaped = tensors.iter().map(|tensor| (tensor.name.clone(), Some(tensor.shape.clone())));
        architecture.ask(config, head, named.chain(shaped), 1)
    };
    let mut heads = architecture.heads();
    let body = heads.next().map(ask).transpose()?;
    Ok(body.into_iter().chain(heads.filter_map(|head| ask(head).ok())).collect())
}

async fn small(source: &dyn Source, snapshot: &Snapshot, path: &str) -> Result<Vec<u8>> {
    let absent = || vitrine_hub::Error::EntryNotFound { repo: snapshot.repo.clone(), path: path.to_owned() };
    let mut bytes = Vec::new();
    source.read(snapshot, snapshot.file(path).ok_or_else(absent)?, None, &mut bytes).await?;
    Ok(bytes)
}

/// Hands a checkpoint's bytes to the converter, and keeps its account of what is wrong with them.
struct WeightsSink<'a> {
    converter: Converter<'a>,
    hasher: Sha256,
    host: &'a dyn Host,
    plan: &'a Plan,
    file: &'a str,
    /// Bytes of the files that are complete, and of the one at hand.
    before: u64,
    of_file: u64,
    error: Option<vitrine_models::Error>,
}

impl<'a> WeightsSink<'a> {
    fn begin(&mut self, file: &'a RepoFile, snapshot: &Snapshot) {
        self.before += std::mem::take(&mut self.of_file);
        self.file = &file.path;
        let exact = snapshot.commit.is_some() || file.sha256.is_some();
        self.converter.begin_file(exact.then_some(file.size));
    }
}

impl Sink for WeightsSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.of_file += bytes.len() as u64;
        self.hasher.update(bytes);
        let loaded = self.before + self.of_file;
        let total = self.plan.weights.iter().map(|file| file.size).sum::<u64>().max(loaded);
        self.host.progress(Progress { phase: Phase::Download, file: self.file.to_owned(), loaded, total, cached: 0 });
        self.error = self.converter.write(bytes).err();
        if self.error.is_some() { Err(SinkError) } else { Ok(()) }
    }

    fn restart(&mut self) {
        self.of_file = 0;
        self.hasher = Sha256::new();
        self.error = None;
        self.converter.restart_file();
    }
}
