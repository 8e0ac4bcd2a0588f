//! A [`Source`] over HTTP: the Hub's protocol, or a plain static host with its layout, with what arrives kept.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, join_all};

use crate::attempt::{self, Attempt};
use crate::cache::{CachedFile, Chunk, snapshot_key};
use crate::protocol::{fingerprint, is_hub, refusal};
use crate::snapshot::architectures;
use crate::transport::{Method, Request, Response};
use crate::{
    Endpoint, Error, Kept, ModelCard, PartSink, RepoFile, RepoId, Repositories, Result, Revision, Sink, Snapshot,
    Source, Storage, Token, Transport, plan, protocol,
};
use crate::{derived, parts, read};

/// How patient a source is.
#[derive(Debug, Clone)]
pub struct Options {
    /// Give up after so many failures in a row without a byte of progress.
    pub attempts: u32,
    /// The first wait before a new attempt; later ones double.
    pub back_off: Duration,
    /// A connection that is silent for so long counts as broken.
    pub idle: Duration,
    /// The longest wait that a host may ask for; a longer one ends in `rate-limited`.
    pub longest_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            attempts: 5,
            back_off: Duration::from_millis(500),
            idle: Duration::from_secs(15),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// A Hub, or a static host with its layout.
pub struct Http {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) storage: Box<dyn Storage>,
    pub(crate) endpoint: Endpoint,
    pub(crate) token: Option<Token>,
    pub(crate) options: Options,
    /// Name and chunks of the file that was last found to be kept and right, for the reads that follow.
    pub(crate) found: RefCell<Option<(String, Vec<Chunk>)>>,
}

impl Http {
    /// A source at `endpoint` that keeps what it reads in `storage`. The token is sent to the endpoint only.
    pub fn new(
        transport: Box<dyn Transport>,
        storage: Box<dyn Storage>,
        endpoint: Endpoint,
        token: Option<Token>,
        options: Options,
    ) -> Self {
        Self { transport, storage, endpoint, token, options, found: RefCell::default() }
    }

    /// As [`CachedFile::state`], which reads of the file need not ask for again where all of it is kept and right.
    pub(crate) async fn look(&self, cached: &CachedFile<'_>) -> (bool, Vec<Chunk>) {
        let (verified, chunks) = cached.state().await;
        self.found.replace(verified.then(|| (cached.name().to_owned(), chunks.clone())));
        (verified, chunks)
    }

    /// As [`CachedFile::state`], or what was found before.
    pub(crate) async fn state(&self, cached: &CachedFile<'_>) -> (bool, Vec<Chunk>) {
        // What is gone meanwhile is missed by its reader.
        let found = self.found.borrow().clone();
        match found.filter(|(name, _)| name == cached.name()) {
            Some((_, chunks)) => (true, chunks),
            None => cached.state().await,
        }
    }

    pub(crate) fn request(&self, method: Method, url: String) -> Request {
        Request { method, url, range: None, token: self.token.clone() }
    }

    async fn fetch_snapshot(&self, repo: &RepoId, revision: &Revision) -> Result<Snapshot> {
        let key = snapshot_key(self.endpoint.as_str(), repo.as_str(), revision.as_str());
        let kept = self.storage.get(&key, Vec::new()).await.ok().flatten();
        let kept: Option<Snapshot> = kept.and_then(|json| serde_json::from_slice(&json).ok());
        // A commit never changes, so what is known of it needs no second look.
        if let (true, Some(kept)) = (revision.is_commit(), &kept) {
            return Ok(kept.clone());
        }
        // With something to fall back on there is no need to insist.
        let attempts = if kept.is_some() { 1 } else { self.options.attempts };
        match (self.ask(repo, revision, attempts).await, kept) {
            (Ok(mut snapshot), kept) => {
                let large = |file: &RepoFile| plan::least_table(&snapshot, file).is_some();
                if let Some(kept) = kept.filter(|kept| kept.table > 0 && kept.commit == snapshot.commit) {
                    snapshot.table = kept.table;
                } else if let (true, Some(config)) = (snapshot.files.iter().any(large), snapshot.file("config.json")) {
                    snapshot.table = self
                        .json(&snapshot, config)
                        .await
                        .map_or(0, |config| plan::word_table(|key| config.get(key)?.as_u64()));
                }
                if let Ok(json) = serde_json::to_vec(&snapshot) {
                    // Without it the next visit asks again.
                    let _ = self.storage.put(&key, &json).await;
                }
                Ok(snapshot)
            }
            (Err(Error::Network(_) | Error::Cors(_) | Error::RateLimited(_)), Some(kept)) => Ok(kept),
            (Err(error), _) => Err(error),
        }
    }

    /// Asks the host what the repository holds: the Hub's API, else one look at each file that a load may need.
    async fn ask(&self, repo: &RepoId, revision: &Revision, attempts: u32) -> Result<Snapshot> {
        let url = self.endpoint.api_url(repo, revision);
        let answer = attempt::with_retries(self, attempts, || async {
            let response = attempt::send(self, self.request(Method::Get, url.clone())).await?;
            if response.status == 200 && !attempt::is_web_page(&response) {
                return Ok(Ok(attempt::collect(self, response).await?));
            }
            if crate::retry::passes(response.status) {
                return Err(Attempt::again(
                    &response,
                    refusal(&response, &self.endpoint, repo, revision.as_str(), None),
                ));
            }
            Ok(Err(response))
        });
        match answer.await {
            Ok(Ok(json)) if json.trim_ascii_start().starts_with(b"{") => {
                let mut snapshot = protocol::snapshot(&self.endpoint, repo, revision, &json)?;
                // A static host's own description need not repeat what stands in the card.
                if let (None, true, Some(file)) =
                    (&snapshot.commit, snapshot.card.is_empty(), snapshot.file("README.md"))
                {
                    snapshot.card = self.card(&snapshot, file).await;
                }
                Ok(snapshot)
            }
            Ok(Err(response)) if is_hub(&response) => {
                Err(refusal(&response, &self.endpoint, repo, revision.as_str(), None))
            }
            Ok(_) | Err(Error::Cors(_)) => self.probe(repo, revision).await,
            Err(error) => Err(error),
        }
    }

    /// Describes a repository on a host without an API.
    async fn probe(&self, repo: &RepoId, revision: &Revision) -> Result<Snapshot> {
        let (weights, other_weights) = plan::WEIGHTS.split_at(1);
        let first = plan::SMALL.iter().chain(weights).chain(&[plan::COMPACT, "README.md"]);
        let mut found = self.probe_files(repo, revision, first).await?;
        let has = |found: &[Found], path: &str| found.iter().any(|found| found.file.path == path);
        // A host that cannot list its files is asked for few that it may lack.
        let lacks = |path: &str, instead: &'static [&'static str]| if has(&found, path) { &[] } else { instead };
        let instead = weights.iter().flat_map(|path| lacks(path, other_weights));
        let instead: Vec<&str> = instead.chain(lacks(plan::TOKENIZER, plan::SLOW_TOKENIZER)).copied().collect();
        found.extend(self.probe_files(repo, revision, instead.iter()).await?);
        if !["config.json", "modules.json"].iter().chain(plan::WEIGHTS).any(|path| has(&found, path)) {
            return Err(Error::RepoNotFound { repo: repo.to_string(), endpoint: self.endpoint.to_string() });
        }
        let mut snapshot = Snapshot {
            endpoint: self.endpoint.to_string(),
            repo: repo.to_string(),
            revision: revision.to_string(),
            commit: found.iter().find_map(|file| file.commit.clone()),
            key: String::new(),
            card: ModelCard::default(),
            architectures: Vec::new(),
            numbers: None,
            table: 0,
            gated: false,
            files: Vec::new(),
        };
        let folders = match self.small_json(&found, &snapshot, "modules.json").await {
            Some(modules) => module_paths(&modules),
            None => Vec::new(),
        };
        if !folders.is_empty() {
            found.extend(self.probe_files(repo, revision, folders.iter()).await?);
        }
        for index in plan::WEIGHTS.iter().filter(|path| path.ends_with(".json")) {
            if let Some(json) = self.small_json(&found, &snapshot, index).await {
                let shards = plan::shards(&json);
                let shards = shards.iter().filter(|path| !path.contains(['/', '\\']));
                found.extend(self.probe_files(repo, revision, shards).await?);
            }
        }
        if let Some(config) = self.small_json(&found, &snapshot, "config.json").await {
            snapshot.architectures = architectures(&config);
        }
        if let Some(found) = found.iter().find(|found| found.file.path == "README.md") {
            snapshot.card = self.card(&snapshot, &found.file).await;
        }
        let by_fingerprint = || fingerprint(found.iter().map(|found| (&found.file, found.tag.as_str())));
        snapshot.key = snapshot.commit.clone().unwrap_or_else(by_fingerprint);
        snapshot.files = found.into_iter().map(|found| found.file).collect();
        Ok(snapshot)
    }

    async fn probe_files<P: AsRef<str>>(
        &self,
        repo: &RepoId,
        revision: &Revision,
        paths: impl Iterator<Item = P>,
    ) -> Result<Vec<Found>> {
        let probes = paths.map(|path| async move {
            let path = path.as_ref();
            let url = self.endpoint.resolve_url(repo, revision, path);
            let answer = attempt::with_retries(self, self.options.attempts, || async {
                let response = attempt::send(self, self.request(Method::Head, url.clone())).await?;
                if crate::retry::passes(response.status) {
                    let error = refusal(&response, &self.endpoint, repo, revision.as_str(), Some(path));
                    return Err(Attempt::again(&response, error));
                }
                Ok(response)
            });
            let response = answer.await?;
            match response.status {
                200 if !attempt::is_web_page(&response) => Ok(Some(Found::new(path, &response))),
                // A page instead of the file, or a host that hides what is not there.
                200 | 403 | 404 | 410 if !is_hub(&response) => Ok(None),
                404 if response.header("x-error-code") == Some("EntryNotFound") => Ok(None),
                _ => Err(refusal(&response, &self.endpoint, repo, revision.as_str(), Some(path))),
            }
        });
        let found: Result<Vec<Option<Found>>> = join_all(probes).await.into_iter().collect();
        Ok(found?.into_iter().flatten().collect())
    }

    async fn card(&self, snapshot: &Snapshot, file: &RepoFile) -> ModelCard {
        let mut bytes = Vec::new();
        match read::read_range(self, snapshot, file, None, &mut bytes).await {
            Ok(()) => ModelCard::parse(&String::from_utf8_lossy(&bytes)),
            // Without its card a model runs all the same.
            Err(_) => ModelCard::default(),
        }
    }

    async fn small_json(&self, found: &[Found], snapshot: &Snapshot, path: &str) -> Option<serde_json::Value> {
        self.json(snapshot, &found.iter().find(|found| found.file.path == path)?.file).await
    }

    async fn json(&self, snapshot: &Snapshot, file: &RepoFile) -> Option<serde_json::Value> {
        let mut bytes = Vec::new();
        // A file that cannot be read now is read again by the load, which says why.
        read::read_range(self, snapshot, file, None, &mut bytes).await.ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// A file that a host without an API turned out to have.
struct Found {
    file: RepoFile,
    commit: Option<String>,
    /// ETag or date: whatever changes with the content.
    tag: String,
}

impl Found {
    fn new(path: &str, response: &Response) -> Self {
        let size = response.header("x-linked-size").or_else(|| response.header("content-length"));
        let size = size.and_then(|size| size.parse().ok()).unwrap_or(0);
        let commit = response.header("x-repo-commit").and_then(|commit| Revision::parse(commit).ok());
        let tag = response.header("etag").or_else(|| response.header("last-modified")).unwrap_or_default();
        Self {
            file: RepoFile { path: path.to_owned(), size, sha256: None },
            commit: commit.filter(Revision::is_commit).map(|commit| commit.to_string()),
            tag: tag.to_owned(),
        }
    }
}

/// The files that sentence-transformers' modules may have in the folders that `modules.json` names.
fn module_paths(modules: &serde_json::Value) -> Vec<String> {
    let folders = modules.as_array().into_iter().flatten().filter_map(|module| module.get("path")?.as_str());
    let folders = folders.filter(|folder| !folder.is_empty() && !folder.contains(['/', '\\']) && *folder != "..");
    let names = ["config.json", "model.safetensors", "pytorch_model.bin"];
    folders.flat_map(|folder| names.map(|name| format!("{folder}/{name}"))).collect()
}

impl Repositories for Http {
    fn snapshot<'a>(&'a self, repo: &'a RepoId, revision: &'a Revision) -> LocalBoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.fetch_snapshot(repo, revision))
    }
}

impl Source for Http {
    fn read<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        range: Option<Range<u64>>,
        sink: &'a mut dyn Sink,
    ) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match range {
                Some(_) => read::read_range(self, snapshot, file, range, sink).await,
                None => read::read_whole(self, snapshot, file, sink).await,
            }
        })
    }

    fn read_parts<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        parts: &'a [Range<u64>],
        sink: &'a mut dyn PartSink,
    ) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(parts::read_parts(self, snapshot, file, parts, sink))
    }

    fn kept<'a>(&'a self, snapshot: &'a Snapshot, file: &'a RepoFile) -> LocalBoxFuture<'a, Kept> {
        Box::pin(parts::kept(self, snapshot, file))
    }

    fn derived<'a>(&'a self, snapshot: &'a Snapshot, path: &'a str) -> LocalBoxFuture<'a, Option<RepoFile>> {
        Box::pin(derived::derived(self, snapshot, path))
    }

    fn read_derived<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        sink: &'a mut dyn Sink,
    ) -> LocalBoxFuture<'a, bool> {
        Box::pin(derived::read_derived(self, snapshot, file, sink))
    }

    fn keep_derived(
        &self,
        snapshot: &Snapshot,
        path: &str,
        bytes: Option<(u64, Vec<u8>)>,
    ) -> LocalBoxFuture<'static, bool> {
        derived::keep_derived(self, snapshot, path, bytes)
    }
}
