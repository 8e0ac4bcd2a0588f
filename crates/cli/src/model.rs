//! The model that a command names: a folder of this machine, or a repository of a Hub whose files are kept here.

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;
use vitrine_hub::{
    Endpoint, Folder, FolderStorage, Git, Http, MemoryStorage, RepoId, Repositories, Revision, Snapshot, Source,
    Storage, Token,
};
use vitrine_tasks::ErrorCode;

use crate::Failure;
use crate::https::Https;

/// The arguments that name a model.
#[derive(Debug, Args)]
pub struct ModelOptions {
    /// A repository's id, or a folder with the layout of one
    model: String,
    /// The branch, tag or commit [default: main]
    #[arg(long)]
    revision: Option<String>,
    /// The Hub, or a static host with its layout [env: HF_ENDPOINT] [default: https://huggingface.co]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
}

/// A model, and where its files come from.
pub struct Model {
    /// Where its files come from.
    pub source: Box<dyn Repositories>,
    /// Where they are kept; `None` for a folder, whose files are here already.
    pub storage: Option<Box<dyn Storage>>,
    /// The repository.
    pub repo: RepoId,
    /// The revision.
    pub revision: Revision,
}

impl ModelOptions {
    /// The model as the command line names it.
    pub fn name(&self) -> &str {
        &self.model
    }

    /// Finds the model. A folder of this name is meant, if there is one and no endpoint is given; where it is a repository of
    /// git, a revision names one of its branches, tags or commits.
    pub fn open(&self) -> Result<Model, Failure> {
        let revision = Revision::parse(self.revision.as_deref().unwrap_or_default())?;
        let path = Path::new(&self.model);
        if self.endpoint.is_none() && path.is_dir() {
            let name = path.canonicalize().ok().and_then(|path| path.file_name()?.to_str().map(str::to_owned));
            // A folder may have any name; this one stands in messages alone.
            let repo = name.and_then(|name| RepoId::parse(&name).ok()).map_or_else(|| RepoId::parse("model"), Ok)?;
            let source: Box<dyn Repositories> = match Git::open(path).filter(|_| self.revision.is_some()) {
                Some(git) => Box::new(git),
                None => Box::new(Folder::new(path)),
            };
            return Ok(Model { source, storage: None, repo, revision });
        }
        if self.model.starts_with(['.', '/', '~']) {
            return Err(Failure::coded(ErrorCode::RepoNotFound, format!("there is no folder `{}`", self.model)));
        }
        let repo = RepoId::parse(&self.model)?;
        let (source, storage) = hub(self.endpoint.as_deref())?;
        Ok(Model { source: Box::new(source), storage: Some(storage), repo, revision })
    }
}

/// The largest text file that is read.
const LARGEST_TEXT: u64 = 16 << 20;

/// A text file of a repository, where it has one of that size at most.
pub async fn text(source: &dyn Source, snapshot: &Snapshot, path: &str) -> Result<Option<String>, Failure> {
    let Some(file) = snapshot.file(path).filter(|file| file.size <= LARGEST_TEXT) else { return Ok(None) };
    let mut bytes = Vec::new();
    source.read(snapshot, file, None, &mut bytes).await?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The Hub at an endpoint, or at the one that the environment names, and where its files are kept.
pub fn hub(endpoint: Option<&str>) -> Result<(Http, Box<dyn Storage>), Failure> {
    let named = endpoint.map(str::to_owned).or_else(|| variable("HF_ENDPOINT"));
    let endpoint = Endpoint::parse(named.as_deref().unwrap_or(Endpoint::HUB))?;
    let token = variable("HF_TOKEN").and_then(|token| Token::parse(&token));
    let source = Http::new(Box::new(Https::new()), storage(), endpoint, token, vitrine_hub::Options::default());
    Ok((source, storage()))
}

/// The folder of downloads, by the XDG Base Directory Specification; memory where the user has no folder.
fn storage() -> Box<dyn Storage> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    match cache {
        Some(cache) => Box::new(FolderStorage::new(cache.join("vitrine"))),
        None => Box::new(MemoryStorage::default()),
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
