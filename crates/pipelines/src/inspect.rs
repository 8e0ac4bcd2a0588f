//! What a repository holds and whether it can run, from its small files and the beginning of its weights.

use serde::Serialize;
use vitrine_hub::{Plan, RepoFile, Snapshot, Source, Wanted, plan};
use vitrine_models::{Config, Head, Resident, SCALES, TensorInfo, WeightsReader, architecture};

use crate::load::pipeline;
use crate::registry::Suits;
use crate::sentence_transformers::{Files, Modules};
use crate::suiting::{heads, tasks_of, unsupported_head, unsupported_task};
use crate::tokenizer::Tokenizer;
use crate::{Error, Result};

/// What is known of a repository without fetching its weights.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The repository's id.
    pub repo: String,
    /// The commit, where the host has commits.
    pub commit: Option<String>,
    /// The pipeline tag.
    pub task: Option<String>,
    /// `model_type` of the config.
    pub architecture: Option<String>,
    /// The classes that the checkpoint was saved from.
    pub classes: Vec<String>,
    /// Numbers in all tensors together.
    pub parameters: Option<u64>,
    /// The formats of the tensors.
    pub dtypes: Vec<String>,
    /// The file of weights that a load reads, or the index of several.
    pub weights: Option<String>,
    /// Whether those are the compact checkpoint in q8.
    pub compact: bool,
    /// Files that a load fetches, with their sizes in bytes.
    pub files: Vec<(String, u64)>,
    /// Their bytes together.
    pub bytes: u64,
    /// The heads that the checkpoint was trained with.
    pub heads: Vec<&'static str>,
    /// The tasks that suit it.
    pub suits: Vec<&'static str>,
    /// What keeps the repository from running, as `code: message`.
    pub problems: Vec<String>,
}

/// Looks at a repository as a load with this `dtype` would. What is wrong with its files is part of the answer; an error is returned only where the
/// repository cannot be read at all.
pub async fn inspect(source: &dyn Source, snapshot: &Snapshot, task: Option<&str>, dtype: &str) -> Result<Inspection> {
    let mut plan = plan(snapshot, Wanted::of_dtype(dtype));
    let mut files = Files::new();
    for file in &plan.small {
        let mut bytes = Vec::new();
        source.read(snapshot, file, None, &mut bytes).await?;
        files.insert(file.path.clone(), bytes);
    }
    let mut problems: Vec<Error> = Vec::new();
    let absent = |path: &str| vitrine_hub::Error::EntryNotFound { repo: snapshot.repo.clone(), path: path.to_owned() };
    let config = match files.get("config.json") {
        Some(json) => Config::parse(json).map_err(Error::from),
        None => Err(absent("config.json").into()),
    };
    let config = config.map_err(|error| problems.push(error)).ok();
    let built = config.as_ref().map(architecture).transpose().map_err(|error| problems.push(error.into()));
    let built = built.ok().flatten();
    problems.extend(Tokenizer::load(&files, config.as_ref()).err());
    problems.extend(Modules::parse(&files).err());
    let (mut parameters, mut dtypes, mut names) = (None, Vec::new(), Vec::new());
    if let Some(index) = plan.index.as_ref().and_then(|path| files.get(path)) {
        problems.extend(plan.follow_index(snapshot, index).err().map(Error::from));
    }
    if plan.weights.is_empty() {
        problems.push(Plan::no_weights(snapshot).into());
    }
    for file in &plan.weights {
        match contents(source, snapshot, file).await {
            Ok(tensors) => {
                let weights = tensors.iter().filter(|tensor| !tensor.name.ends_with(SCALES));
                let numbers = weights.map(|tensor| tensor.shape.iter().product::<usize>() as u64);
                parameters = Some(parameters.unwrap_or(0) + numbers.sum::<u64>());
                dtypes.extend(tensors.iter().map(|tensor| format!("{:?}", tensor.dtype)));
                names.extend(tensors.into_iter().map(|tensor| tensor.name));
            }
            Err(error) => problems.push(error),
        }
    }
    dtypes.sort();
    dtypes.dedup();
    let classes: Vec<String> = match &config {
        Some(config) => config.architectures().into_iter().map(str::to_owned).collect(),
        None => snapshot.architectures.clone(),
    };
    let named = Snapshot { architectures: classes.clone(), ..snapshot.clone() };
    let known = built.zip(config.as_ref());
    let tensors: Vec<&str> = names.iter().map(String::as_str).collect();
    let tensors = (!tensors.is_empty()).then_some(&*tensors);
    let trained = known.map(|(built, config)| heads(built, config, tensors)).unwrap_or_default();
    let task = task.or_else(|| named.task()).map(str::to_owned);
    match task.as_deref().map(|tag| (tag, pipeline(tag))) {
        Some((tag, None)) => problems.push(unsupported_task(tag, &classes)),
        None => problems.push(unsupported_task("", &classes)),
        Some((_, Some(entry))) => {
            if let Some((_, config)) = known {
                let reason = if entry.head != Head::None && !trained.contains(&entry.head) {
                    Some("it has no tensors of one")
                } else if (entry.suits)(config) == Suits::No {
                    Some("its labels are not those of the task")
                } else {
                    None
                };
                problems.extend(reason.map(|reason| unsupported_head(reason, entry.task, &trained, config)));
            }
        }
    }
    Ok(Inspection {
        repo: snapshot.repo.clone(),
        commit: snapshot.commit.clone(),
        task,
        architecture: config.as_ref().and_then(|config| Some(config.model_type().ok()?.to_owned())),
        classes,
        parameters,
        dtypes,
        weights: Some(plan.weights_path().to_owned()).filter(|path| !path.is_empty()),
        compact: plan.is_compact(),
        files: plan.files().map(|file| (file.path.clone(), file.size)).collect(),
        bytes: plan.bytes(),
        heads: trained.iter().map(|head| head.name()).collect(),
        suits: known.map(|(_, config)| tasks_of(&trained, config)).unwrap_or_default(),
        problems: problems.iter().map(|error| format!("{}: {error}", error.code())).collect(),
    })
}

/// What a file of weights says that it holds: only its beginning is fetched, in pieces that grow.
async fn contents(source: &dyn Source, snapshot: &Snapshot, file: &RepoFile) -> Result<Vec<TensorInfo>> {
    let mut reader = WeightsReader::new(Resident::F32, |_| false);
    reader.begin_file(Some(file.size));
    let mut end = 0;
    let mut piece = 1 << 16;
    loop {
        let start = end;
        end = file.size.min(start + piece);
        piece *= 2;
        let mut bytes = Vec::new();
        source.read(snapshot, file, Some(start..end), &mut bytes).await?;
        reader.write(&bytes)?;
        if let Some(contents) = reader.contents() {
            return Ok(contents);
        }
        if end == file.size || bytes.is_empty() {
            return Err(vitrine_models::Error::Weights(format!("{} ends too soon", file.path)).into());
        }
    }
}
