//! How fetched files lie in a [`Storage`]: each as a chain of chunks with checksums, by endpoint, repository and commit.
//!
//! A file's chunks are entries `file/{endpoint}/{repo}/{key}/{path}/{offset}-{length}`; the chunk that begins where
//! another ends continues it, so an interrupted download leaves a chain that a later one goes on from. An entry
//! `…/verified` says that the whole file once had the SHA-256 that its host tells.

use futures_util::future::LocalBoxFuture;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use xxhash_rust::xxh3::xxh3_64;

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
}

impl<'a> CachedFile<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, snapshot: &Snapshot, file: &RepoFile) -> Self {
        Self { storage, prefix: format!("{}{}/", snapshot_prefix(snapshot), escape(&file.path)) }
    }

    /// The name of the file, unique on this device.
    pub(crate) fn name(&self) -> &str {
        &self.prefix
    }

    /// Whether the whole file was once checked, and the chain of its chunks from offset 0.
    pub(crate) async fn state(&self) -> (bool, Vec<Chunk>) {
        let keys = self.storage.keys(&self.prefix).await.unwrap_or_default();
        let names: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix(&self.prefix)).collect();
        let verified = names.contains(&"verified");
        let mut chunks: Vec<Chunk> = names.into_iter().filter_map(Chunk::parse).collect();
        // Where two chunks begin at the same offset, the longer one goes further.
        chunks.sort_by_key(|chunk| (chunk.offset, std::cmp::Reverse(chunk.length)));
        let mut end = 0;
        chunks.retain(|chunk| {
            let continues = chunk.offset == end;
            end += if continues { chunk.length } else { 0 };
            continues
        });
        (verified, chunks)
    }

    /// A chunk's bytes; `None` where it is gone or damaged.
    pub(crate) async fn get(&self, chunk: &Chunk) -> Option<Vec<u8>> {
        let mut bytes = self.storage.get(&self.key(chunk)).await.ok()??;
        let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        let intact = content.len() as u64 == chunk.length && xxh3_64(content).to_le_bytes() == checksum;
        let length = content.len();
        bytes.truncate(length);
        intact.then_some(bytes)
    }

    /// Keeps the bytes that begin at `offset`, which have room for the checksum.
    pub(crate) fn put(&self, offset: u64, mut bytes: Vec<u8>) -> LocalBoxFuture<'a, Result<(), StorageError>> {
        let (storage, key) = (self.storage, self.key(&Chunk { offset, length: bytes.len() as u64 }));
        let checksum = xxh3_64(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        Box::pin(async move { storage.put(&key, bytes).await })
    }

    /// Notes that the whole file has the right SHA-256.
    pub(crate) async fn set_verified(&self) -> Result<(), StorageError> {
        self.storage.put(&format!("{}verified", self.prefix), b"1".to_vec()).await
    }

    /// Removes the chunks from `offset` on, and the note that the file is right.
    pub(crate) async fn clear_from(&self, offset: u64) {
        for key in self.storage.keys(&self.prefix).await.unwrap_or_default() {
            let chunk = key.strip_prefix(&self.prefix).and_then(Chunk::parse);
            if chunk.is_none_or(|chunk| chunk.offset >= offset) {
                // What cannot be removed fails its checksum again.
                let _ = self.storage.delete(&key).await;
            }
        }
    }

    fn key(&self, chunk: &Chunk) -> String {
        format!("{}{}-{}", self.prefix, chunk.offset, chunk.length)
    }
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
        Some(Self { offset: offset.parse().ok()?, length: length.parse().ok()? })
    }
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
    let mut found: Vec<Stored> = Vec::new();
    let mut keys = storage.keys("file/").await?;
    keys.sort();
    for key in keys {
        let mut parts = key.split('/').skip(1).map(unescape);
        let (Some(endpoint), Some(repo), Some(key), Some(_path), Some(name)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let bytes = Chunk::parse(&name).map_or(0, |chunk| chunk.length);
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
    let mut bytes = 0;
    for file in plan.files() {
        let (_, chunks) = CachedFile::new(storage, snapshot, file).state().await;
        bytes += chunks.iter().map(|chunk| chunk.length).sum::<u64>();
    }
    bytes
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
