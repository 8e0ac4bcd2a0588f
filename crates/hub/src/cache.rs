//! How fetched files lie in a [`Storage`]: each as chunks with checksums, by endpoint, repository and commit.
//!
//! A file's chunks are entries `file/{endpoint}/{repo}/{key}/{path}/{offset}-{length}`, of any parts of it; an
//! interrupted download leaves those that came, and a later one fetches what is between and after them. An entry
//! `…/verified` says that the whole file once had the SHA-256 that its host tells.

use std::collections::BTreeMap;
use std::ops::Range;

use futures_util::future::LocalBoxFuture;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use xxhash_rust::xxh3::xxh3_64;

use crate::lane::exact_size;
use crate::repo::SEGMENT;
use crate::{Plan, RepoFile, Snapshot, Storage, StorageError};

/// Bytes of a full chunk: what a lost connection or a closed tab can cost at most.
pub(crate) const CHUNK: usize = 1 << 20;

/// Bytes of the checksum at a chunk's end.
pub(crate) const CHECKSUM: usize = 8;

/// A file's place in a storage.
pub(crate) struct CachedFile<'a> {
    storage: &'a dyn Storage,
    prefix: String,
    /// Where it is known for certain.
    size: Option<u64>,
}

impl<'a> CachedFile<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, snapshot: &Snapshot, file: &RepoFile) -> Self {
        let prefix = format!("{}{}/", snapshot_prefix(snapshot), escape(&file.path));
        Self { storage, prefix, size: exact_size(snapshot, file) }
    }

    /// A file that this device has made, which tells its own size.
    pub(crate) fn derived(storage: &'a dyn Storage, snapshot: &Snapshot, file: &RepoFile) -> Self {
        Self { size: None, ..Self::new(storage, snapshot, file) }
    }

    /// The name of the file, unique on this device.
    pub(crate) fn name(&self) -> &str {
        &self.prefix
    }

    /// Whether the whole file is kept and was once checked, and its chunks by offset, which may overlap and leave holes.
    pub(crate) async fn state(&self) -> (bool, Vec<Chunk>) {
        let keys = self.storage.keys(&self.prefix).await.unwrap_or_default();
        let chunks = self.chunks(&keys);
        let mut verified = keys.iter().any(|key| key.strip_prefix(&self.prefix) == Some("verified"));
        if verified && !has_all(&chunks, self.size.unwrap_or_else(|| end(&chunks))) {
            // What fills the hole is not covered by the earlier check.
            self.forget_check().await;
            verified = false;
        }
        (verified, chunks)
    }

    /// The file's chunks among the entries with these keys, by offset.
    fn chunks(&self, keys: &[String]) -> Vec<Chunk> {
        let names = keys.iter().filter_map(|key| key.strip_prefix(&self.prefix));
        let mut chunks: Vec<Chunk> = names.filter_map(Chunk::parse).collect();
        chunks.sort_by_key(|chunk| chunk.offset);
        chunks
    }

    /// The most bytes that the file has from `offset` on.
    pub(crate) fn most_after(&self, offset: u64) -> usize {
        usize::try_from(self.size.map_or(u64::MAX, |size| size.saturating_sub(offset))).unwrap_or(usize::MAX)
    }

    /// Whether the file's size is known for certain, and these are all its chunks.
    pub(crate) fn is_complete(&self, chunks: &[Chunk]) -> bool {
        self.size.is_some_and(|size| has_all(chunks, size))
    }

    /// A chunk's bytes, in the memory of `room`; `None` where it cannot be read, and is forgotten if it is gone or damaged.
    pub(crate) async fn get(&self, chunk: &Chunk, room: Vec<u8>) -> Option<Vec<u8>> {
        let bytes = self.storage.get(&self.key(chunk), room).await.ok()?;
        let bytes = bytes.and_then(|bytes| without_checksum(bytes, chunk.length));
        if bytes.is_none() {
            self.forget(chunk).await;
        }
        bytes
    }

    /// Keeps the bytes that begin at `offset`, to which their checksum is added.
    pub(crate) fn put(&self, offset: u64, bytes: &mut Vec<u8>) -> LocalBoxFuture<'static, Result<(), StorageError>> {
        let key = self.key(&Chunk { offset, length: bytes.len() as u64 });
        bytes.extend_from_slice(&xxh3_64(bytes).to_le_bytes());
        self.storage.put(&key, bytes)
    }

    /// Removes a chunk, which is gone or damaged, and with it the note that the file is right.
    async fn forget(&self, chunk: &Chunk) {
        // What cannot be removed fails its checksum again.
        let _ = self.storage.delete(&self.key(chunk)).await;
        self.forget_check().await;
    }

    async fn forget_check(&self) {
        let _ = self.storage.delete(&format!("{}verified", self.prefix)).await;
    }

    /// Notes that the whole file has the right SHA-256.
    pub(crate) fn set_verified(&self) -> LocalBoxFuture<'static, Result<(), StorageError>> {
        self.storage.put(&format!("{}verified", self.prefix), b"1")
    }

    /// Removes everything that is kept of the file.
    pub(crate) async fn clear(&self) {
        for key in self.storage.keys(&self.prefix).await.unwrap_or_default() {
            // What cannot be removed is read again, and found wrong again.
            let _ = self.storage.delete(&key).await;
        }
    }

    fn key(&self, chunk: &Chunk) -> String {
        format!("{}{}-{}", self.prefix, chunk.offset, chunk.length)
    }
}

/// The content of a chunk, if it is of this length and has the right checksum.
fn without_checksum(mut bytes: Vec<u8>, length: u64) -> Option<Vec<u8>> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    let intact = content.len() as u64 == length && xxh3_64(content).to_le_bytes() == checksum;
    bytes.truncate(bytes.len() - CHECKSUM);
    intact.then_some(bytes)
}

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Chunk {
    fn parse(name: &str) -> Option<Self> {
        let (offset, length) = name.split_once('-')?;
        let chunk = Self { offset: offset.parse().ok()?, length: length.parse().ok()? };
        chunk.offset.checked_add(chunk.length).is_some_and(|end| end < u64::MAX).then_some(chunk)
    }

    pub(crate) fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// A part of a file that lies in one chunk, or in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) range: Range<u64>,
    pub(crate) chunk: Option<Chunk>,
}

/// What makes up `wanted`, in order: as much as possible from `chunks`, which are sorted by offset, and holes.
pub(crate) fn stretches(chunks: &[Chunk], wanted: Range<u64>) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut chunks = chunks.iter().peekable();
    let mut at = wanted.start;
    while at < wanted.end {
        let mut best: Option<&Chunk> = None;
        while let Some(chunk) = chunks.next_if(|chunk| chunk.offset <= at) {
            // Of those that have the next byte, the one that goes furthest.
            best = Some(best.filter(|best| best.end() >= chunk.end()).unwrap_or(chunk));
        }
        let chunk = best.filter(|chunk| chunk.end() > at).cloned();
        let end = match &chunk {
            Some(chunk) => chunk.end(),
            None => chunks.peek().map_or(wanted.end, |next| next.offset),
        };
        found.push(Stretch { range: at..end.min(wanted.end), chunk });
        at = end;
    }
    found
}

/// Where the last chunk ends.
pub(crate) fn end(chunks: &[Chunk]) -> u64 {
    chunks.iter().map(Chunk::end).max().unwrap_or(0)
}

/// Whether the chunks make up the first `size` bytes.
fn has_all(chunks: &[Chunk], size: u64) -> bool {
    stretches(chunks, 0..size).iter().all(|stretch| stretch.chunk.is_some())
}

/// Bytes of a file that some chunk has.
pub(crate) fn kept_bytes(chunks: &[Chunk]) -> u64 {
    let kept = stretches(chunks, 0..end(chunks)).into_iter().filter(|stretch| stretch.chunk.is_some());
    kept.map(|stretch| stretch.range.end - stretch.range.start).sum()
}

/// A repository of which files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it came from.
    pub endpoint: String,
    /// The repository's id.
    pub repo: String,
    /// The commit, or what stands for it.
    pub key: String,
    /// Bytes kept.
    pub bytes: u64,
}

/// What is kept in a storage, one entry a repository and commit.
pub async fn stored(storage: &dyn Storage) -> Result<Vec<Stored>, StorageError> {
    let mut files: BTreeMap<Vec<String>, Vec<Chunk>> = BTreeMap::new();
    for key in storage.keys("file/").await? {
        let parts: Vec<String> = key.split('/').skip(1).map(unescape).collect();
        if let [file @ .., name] = &*parts {
            files.entry(file.to_vec()).or_default().extend(Chunk::parse(name));
        }
    }
    let mut found: Vec<Stored> = Vec::new();
    for (file, mut chunks) in files {
        let Ok([endpoint, repo, key, _path]) = <[String; 4]>::try_from(file) else { continue };
        chunks.sort_by_key(|chunk| chunk.offset);
        let bytes = kept_bytes(&chunks);
        match found.last_mut() {
            Some(last) if (&last.endpoint, &last.repo, &last.key) == (&endpoint, &repo, &key) => last.bytes += bytes,
            _ => found.push(Stored { endpoint, repo, key, bytes }),
        }
    }
    Ok(found)
}

/// Removes what is kept of one repository at one commit, or everything.
pub async fn remove(storage: &dyn Storage, which: Option<&Stored>) -> Result<(), StorageError> {
    let prefixes = match which {
        Some(Stored { endpoint, repo, key, .. }) => vec![
            format!("file/{}/{}/{}/", escape(endpoint), escape(repo), escape(key)),
            format!("snapshot/{}/{}/", escape(endpoint), escape(repo)),
        ],
        None => vec![String::new()],
    };
    for prefix in prefixes {
        for key in storage.keys(&prefix).await? {
            storage.delete(&key).await?;
        }
    }
    Ok(())
}

/// Bytes of the planned files that a load of this snapshot would not have to fetch.
pub async fn cached_bytes(storage: &dyn Storage, snapshot: &Snapshot, plan: &Plan) -> u64 {
    let keys = storage.keys(&snapshot_prefix(snapshot)).await.unwrap_or_default();
    let bytes = plan.files().map(|file| kept_bytes(&CachedFile::new(storage, snapshot, file).chunks(&keys)));
    bytes.sum()
}

/// The key under which a repository's description is kept.
pub(crate) fn snapshot_key(endpoint: &str, repo: &str, revision: &str) -> String {
    format!("snapshot/{}/{}/{}", escape(endpoint), escape(repo), escape(revision))
}

fn snapshot_prefix(snapshot: &Snapshot) -> String {
    format!("file/{}/{}/{}/", escape(&snapshot.endpoint), escape(&snapshot.repo), escape(&snapshot.key))
}

fn escape(part: &str) -> String {
    utf8_percent_encode(part, SEGMENT).to_string()
}

fn unescape(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}
