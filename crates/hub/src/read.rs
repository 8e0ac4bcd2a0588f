//! Reading one file over HTTP: from where an earlier read stopped, through broken connections, up to its SHA-256.

use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::FuturesUnordered;
use sha2::{Digest, Sha256};

use crate::cache::{CHECKSUM, CHUNK, CachedFile, Chunk};
use crate::http::Http;
use crate::protocol::refusal;
use crate::transport::{Method, Request, Response, TransportError};
use crate::{Endpoint, Error, RepoFile, RepoId, Result, Sink, Snapshot, StorageError, retry};

/// Chunks that are being kept at the same time.
const MOST_PUTS: usize = 8;

/// Reads the whole of a file: what is kept of it from the storage, the rest from the host.
pub(crate) async fn read_whole(http: &Http, snapshot: &Snapshot, file: &RepoFile, sink: &mut dyn Sink) -> Result<()> {
    let cached = CachedFile::new(&*http.storage, snapshot, file);
    let _lock = http.storage.lock(cached.name(), &mut || sink.waiting()).await;
    let mut reader = Reader::new(http, snapshot, file, cached, sink);
    let result = reader.read().await;
    let damaged = match &result {
        Err(Error::Integrity { .. }) => true,
        // A sink that cannot make sense of bytes that were never checked may have been given wrong ones.
        Err(Error::Sink) => reader.hasher.is_some(),
        _ => false,
    };
    if !damaged {
        return result;
    }
    // What is kept may stem from a host or a disk that erred once: begin again, without it.
    reader.begin_again().await;
    let result = reader.read().await;
    if let Err(Error::Integrity { .. } | Error::Sink) = result {
        reader.cached.clear_from(0).await;
    }
    result
}

/// Reads a stretch of a file, or all of it, keeping nothing.
pub(crate) async fn read_range(
    http: &Http,
    snapshot: &Snapshot,
    file: &RepoFile,
    range: Option<Range<u64>>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let url = snapshot.url(&file.path)?;
    let (start, mut left) = match &range {
        Some(range) => (range.start, range.end.saturating_sub(range.start)),
        None => (0, u64::MAX),
    };
    let mut response = with_retries(http, http.options.attempts, || async {
        let mut request = http.request(Method::Get, url.clone());
        request.range = range.as_ref().map(|range| (range.start, Some(range.end.saturating_sub(1))));
        let response = send(http, request).await?;
        check(snapshot, file, &response)?;
        Ok(response)
    })
    .await?;
    let mut skip = if response.status == 206 { 0 } else { start };
    while left > 0 {
        let Some(piece) = next(http, &mut response).await.map_err(Attempt::into_error)? else { break };
        let wanted = without_first(&piece, &mut skip);
        let wanted = wanted.get(..wanted.len().min(usize::try_from(left).unwrap_or(usize::MAX))).unwrap_or_default();
        left -= wanted.len() as u64;
        sink.write(wanted).map_err(|_| Error::Sink)?;
    }
    Ok(())
}

/// A piece without the bytes that are still to be skipped.
fn without_first<'a>(piece: &'a [u8], skip: &mut u64) -> &'a [u8] {
    let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(piece.len());
    *skip -= skipped as u64;
    piece.get(skipped..).unwrap_or_default()
}

/// One file on its way from storage and host to a sink.
struct Reader<'a> {
    http: &'a Http,
    snapshot: &'a Snapshot,
    file: &'a RepoFile,
    cached: CachedFile<'a>,
    sink: &'a mut dyn Sink,
    /// Bytes handed to the sink.
    position: u64,
    /// Absent where the file needs no check: it has no known SHA-256, or had the right one before.
    hasher: Option<Sha256>,
    /// Bytes that the sink has and the storage does not.
    pending: Vec<u8>,
    /// Chunks that are being kept.
    puts: FuturesUnordered<LocalBoxFuture<'a, std::result::Result<(), StorageError>>>,
    /// Whether the storage takes more.
    keeping: bool,
}

impl<'a> Reader<'a> {
    fn new(
        http: &'a Http,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        cached: CachedFile<'a>,
        sink: &'a mut dyn Sink,
    ) -> Self {
        Self {
            http,
            snapshot,
            file,
            cached,
            sink,
            position: 0,
            hasher: None,
            pending: Vec::new(),
            puts: FuturesUnordered::new(),
            keeping: true,
        }
    }

    /// Whether the file's size is known for certain.
    fn size_is_exact(&self) -> bool {
        self.snapshot.commit.is_some() || self.file.sha256.is_some()
    }

    async fn begin_again(&mut self) {
        self.flush().await;
        self.cached.clear_from(0).await;
        self.sink.restart();
        self.position = 0;
        self.pending.clear();
        self.keeping = true;
    }

    async fn read(&mut self) -> Result<()> {
        let (verified, chunks) = self.cached.state().await;
        self.hasher = (!verified && self.file.sha256.is_some()).then(Sha256::new);
        let complete = self.read_cached(verified, chunks).await?;
        if !complete {
            if verified {
                // Something is missing or damaged, and the rest is not covered by the earlier check.
                self.cached.clear_from(self.position).await;
                self.sink.restart();
                self.position = 0;
                self.hasher = self.file.sha256.is_some().then(Sha256::new);
                let (_, chunks) = self.cached.state().await;
                self.read_cached(false, chunks).await?;
            }
            self.sink.origin(false);
            self.download().await?;
        }
        self.verify(verified && complete).await
    }

    /// Hands what is kept to the sink; true where that was the whole file.
    async fn read_cached(&mut self, verified: bool, chunks: Vec<Chunk>) -> Result<bool> {
        self.sink.origin(true);
        for chunk in chunks {
            let Some(bytes) = self.cached.get(&chunk).await else {
                self.cached.clear_from(chunk.offset).await;
                return Ok(false);
            };
            self.take(&bytes)?;
        }
        Ok(if self.size_is_exact() { self.position == self.file.size } else { verified })
    }

    /// Hands bytes to the sink.
    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        if self.size_is_exact() && self.position > self.file.size {
            return Err(self.integrity(format!("it is longer than {} bytes", self.file.size)));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.sink.write(bytes).map_err(|_| Error::Sink)
    }

    /// Fetches the rest of the file, going on after each interruption where it stopped.
    async fn download(&mut self) -> Result<()> {
        let mut failures = 0;
        loop {
            let before = self.position;
            let attempt = match self.transfer().await {
                Ok(()) => return Ok(()),
                Err(attempt) => attempt,
            };
            self.flush().await;
            failures = if self.position > before { 1 } else { failures + 1 };
            if let Some(wait) = attempt.wait_before(&self.http.options, failures)? {
                self.sink.waiting();
                self.http.transport.sleep(wait).await;
            }
        }
    }

    /// One request and its body.
    async fn transfer(&mut self) -> std::result::Result<(), Attempt> {
        let mut request = self.http.request(Method::Get, self.snapshot.url(&self.file.path)?);
        request.range = (self.position > 0).then_some((self.position, None));
        let mut response = send(self.http, request).await?;
        if response.status == 416 && self.position > 0 {
            return Err(self.integrity("the host has fewer bytes than were kept".to_owned()).into());
        }
        check(self.snapshot, self.file, &response)?;
        let mut skip = self.position;
        if response.status == 206 {
            let start = response.header("content-range").and_then(range_start);
            if start.is_some_and(|start| start != self.position) {
                return Err(self.integrity("the host sent another part than it was asked for".to_owned()).into());
            }
            skip = 0;
        }
        while let Some(piece) = self.next_piece(&mut response).await? {
            let wanted = without_first(&piece, &mut skip);
            if wanted.is_empty() {
                continue;
            }
            if self.position == 0 {
                self.check_beginning(wanted)?;
            }
            self.take(wanted)?;
            self.keep(wanted);
        }
        if self.size_is_exact() && self.position < self.file.size {
            let (path, received, size) = (self.file.path.clone(), self.position, self.file.size);
            return Err(Attempt::Again { error: Error::Truncated { path, received, size }, wait: None });
        }
        Ok(())
    }

    /// Recognises what hosts send in a file's place with status 200.
    fn check_beginning(&self, bytes: &[u8]) -> Result<()> {
        let not_the_file = |found| Err(Error::NotTheFile { path: self.file.path.clone(), found });
        let start = bytes.trim_ascii_start();
        let start = start.get(..start.len().min(64)).unwrap_or_default().to_ascii_lowercase();
        if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
            return not_the_file("a web page");
        }
        if start.starts_with(b"version https://git-lfs") && self.file.path.ends_with(".safetensors") {
            return not_the_file("a Git LFS pointer");
        }
        Ok(())
    }

    /// The next piece of a body. What is being kept meanwhile does not hold it up: a browser throws away what it has
    /// received of a connection that breaks, unless it was read.
    async fn next_piece(&mut self, response: &mut Response) -> std::result::Result<Option<Vec<u8>>, Attempt> {
        while self.puts.len() >= MOST_PUTS {
            let put = self.puts.next().await;
            self.note(put);
        }
        let mut piece = Box::pin(next(self.http, response));
        loop {
            if self.puts.is_empty() {
                return piece.await;
            }
            // What is to be kept goes first: once the storage has it, its memory is free.
            match select(self.puts.next(), piece).await {
                Either::Right((piece, _)) => return piece,
                Either::Left((put, rest)) => {
                    piece = rest;
                    self.note(put);
                }
            }
        }
    }

    /// Puts bytes that the sink has taken where they are kept.
    fn keep(&mut self, mut bytes: &[u8]) {
        while self.keeping && !bytes.is_empty() {
            if self.pending.capacity() == 0 {
                self.pending.reserve_exact(CHUNK + CHECKSUM);
            }
            let (head, rest) = bytes.split_at(bytes.len().min(CHUNK - self.pending.len()));
            self.pending.extend_from_slice(head);
            bytes = rest;
            if self.pending.len() == CHUNK {
                self.put_pending(bytes.len() as u64);
            }
        }
    }

    /// Begins to keep what is pending, where `unseen` bytes of the sink's are not pending yet.
    fn put_pending(&mut self, unseen: u64) {
        if !self.pending.is_empty() {
            let offset = self.position - unseen - self.pending.len() as u64;
            self.puts.push(self.cached.put(offset, std::mem::take(&mut self.pending)));
        }
    }

    /// Keeps everything that the sink has.
    async fn flush(&mut self) {
        self.put_pending(0);
        while let Some(put) = self.puts.next().await {
            self.note(Some(put));
        }
    }

    /// Where there is no room, or no storage, the file goes on from memory.
    fn note(&mut self, put: Option<std::result::Result<(), StorageError>>) {
        self.keeping &= !matches!(put, Some(Err(_)));
    }

    async fn verify(&mut self, verified: bool) -> Result<()> {
        if let (Some(hasher), Some(expected)) = (self.hasher.take(), self.file.sha256)
            && hasher.finalize().as_slice() != expected
        {
            return Err(self.integrity("its SHA-256 differs".to_owned()));
        }
        self.flush().await;
        if self.keeping && !verified {
            // Without it the next visit checks again.
            let _ = self.cached.set_verified().await;
        }
        Ok(())
    }

    fn integrity(&self, reason: String) -> Error {
        Error::Integrity { path: self.file.path.clone(), reason }
    }
}

/// How an attempt failed.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It would fail again.
    Final(Error),
    /// It may succeed later; `wait` is what the host asks for.
    Again { error: Error, wait: Option<Duration> },
}

impl Attempt {
    /// A refusal that may pass.
    pub(crate) fn again(response: &Response, error: Error) -> Self {
        Self::Again { error, wait: retry::asked_wait(response) }
    }

    fn into_error(self) -> Error {
        match self {
            Self::Final(error) | Self::Again { error, .. } => error,
        }
    }

    /// How long to wait before the next attempt, after `failures` in a row; an error where there should be none.
    fn wait_before(self, options: &crate::Options, failures: u32) -> Result<Option<Duration>> {
        match self {
            Self::Final(error) => Err(error),
            Self::Again { wait: Some(wait), .. } if wait > options.longest_wait => Err(Error::RateLimited(wait)),
            Self::Again { error, .. } if failures >= options.attempts => Err(error),
            Self::Again { wait, .. } => Ok(Some(wait.unwrap_or(retry::back_off(options.back_off, failures)))),
        }
    }
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl From<TransportError> for Attempt {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Cors(_) => Self::Final(error.into()),
            TransportError::Network(_) => Self::Again { error: error.into(), wait: None },
        }
    }
}

/// Tries until an attempt succeeds or no more are worth it.
pub(crate) async fn with_retries<T, F, A>(http: &Http, attempts: u32, attempt: F) -> Result<T>
where
    F: Fn() -> A,
    A: Future<Output = std::result::Result<T, Attempt>>,
{
    let options = crate::Options { attempts, ..http.options.clone() };
    let mut failures = 0;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(failed) => {
                failures += 1;
                if let Some(wait) = failed.wait_before(&options, failures)? {
                    http.transport.sleep(wait).await;
                }
            }
        }
    }
}

/// Sends a request, unless the host stays silent for too long.
pub(crate) async fn send(http: &Http, request: Request) -> std::result::Result<Response, Attempt> {
    within_idle(http, http.transport.send(request)).await
}

/// The next piece of a body, unless the host falls silent.
async fn next(http: &Http, response: &mut Response) -> std::result::Result<Option<Vec<u8>>, Attempt> {
    within_idle(http, response.body.next()).await
}

async fn within_idle<T>(
    http: &Http,
    future: impl Future<Output = std::result::Result<T, TransportError>> + Unpin,
) -> std::result::Result<T, Attempt> {
    match select(future, http.transport.sleep(http.options.idle)).await {
        Either::Left((result, _)) => Ok(result?),
        Either::Right(_) => {
            let message = format!("{} has sent nothing for {} s", http.endpoint.origin(), http.options.idle.as_secs());
            Err(Attempt::Again { error: Error::Network(message), wait: None })
        }
    }
}

/// The whole of a small body.
pub(crate) async fn collect(http: &Http, mut response: Response) -> std::result::Result<Vec<u8>, Attempt> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(http, &mut response).await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Whether an answer says that it is a web page, as single-page hosts send for every path.
pub(crate) fn is_web_page(response: &Response) -> bool {
    response.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// Whether an answer can be the bytes of `file`.
fn check(snapshot: &Snapshot, file: &RepoFile, response: &Response) -> std::result::Result<(), Attempt> {
    match response.status {
        200 | 206 if is_web_page(response) && !file.path.ends_with(".html") => {
            Err(Error::NotTheFile { path: file.path.clone(), found: "a web page" }.into())
        }
        200 | 206 => Ok(()),
        status => {
            let (endpoint, repo) = (Endpoint::parse(&snapshot.endpoint)?, RepoId::parse(&snapshot.repo)?);
            let error = refusal(response, &endpoint, &repo, &snapshot.revision, Some(&file.path));
            Err(if retry::passes(status) { Attempt::again(response, error) } else { error.into() })
        }
    }
}

/// The first byte of a `Content-Range: bytes a-b/n`.
fn range_start(value: &str) -> Option<u64> {
    value.trim().strip_prefix("bytes")?.trim().split('-').next()?.parse().ok()
}
