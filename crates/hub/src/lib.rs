//! Repositories, revisions, snapshots, model-card metadata and sources of bytes, after the Hugging Face Hub.
//!
//! Bytes and names only: no tensor, no JavaScript. All I/O goes through [`Source`] and [`Repositories`]; [`Http`] implements them over a
//! [`Transport`] (a browser's fetch, HTTPS natively, a test's faults) and a [`Storage`].

mod attempt;
mod cache;
pub mod card;
mod derived;
mod download;
mod error;
#[cfg(not(target_arch = "wasm32"))]
mod folder;
#[cfg(not(target_arch = "wasm32"))]
mod git;
mod http;
mod keeping;
mod lane;
mod pace;
mod parts;
mod pipeline_tags;
mod plan;
mod protocol;
mod read;
mod repo;
mod retry;
#[cfg(not(target_arch = "wasm32"))]
mod safetensors;
mod snapshot;
mod storage;
mod transport;
mod yaml;

pub use cache::{Stored, cached_bytes, remove, stored};
pub use card::ModelCard;
pub use error::{Error, Result};
#[cfg(not(target_arch = "wasm32"))]
pub use folder::{Folder, FolderStorage};
pub use futures_util::future::LocalBoxFuture;
#[cfg(not(target_arch = "wasm32"))]
pub use git::{Git, Version, VersionKind};
pub use http::{Http, Options};
pub use pipeline_tags::{Modality, PIPELINE_TAGS};
pub use plan::{COMPACT, HALF, Plan, Wanted, least_table, plan, word_table};
pub use repo::{Endpoint, RepoId, Revision, Token};
#[cfg(not(target_arch = "wasm32"))]
pub use safetensors::parameters;
pub use snapshot::{RepoFile, Snapshot, to_hex};
pub use storage::{Lock, MemoryStorage, Storage, StorageError};
pub use transport::{Body, Method, Request, Response, Transport, TransportError};

use std::ops::Range;

/// Where repositories are.
pub trait Repositories: Source {
    /// What the repository holds at `revision`. A host that has commits is asked once, and every later read is of
    /// the commit it named.
    fn snapshot<'a>(&'a self, repo: &'a RepoId, revision: &'a Revision) -> LocalBoxFuture<'a, Result<Snapshot>>;
}

/// Where a repository's files come from.
pub trait Source {
    /// Hands bytes `range` of `file` to `sink`, in order; `None` stands for the whole file, which is then checked
    /// against its SHA-256 where one is known.
    fn read<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        file: &'a RepoFile,
        range: Option<Range<u64>>,
        sink: &'a mut dyn Sink,
    ) -> LocalBoxFuture<'a, Result<()>>;

    /// Hands the bytes of some parts of `file` to `sink`: each part's in order, the parts in any order, a byte that several
    /// have once. What is long of it is kept, so that a later read of the whole file fetches the rest only; what is fetched
    /// is checked by its length only, until a read of the whole.
    ///
    /// [`Error::NoRanges`] where the host serves no parts of files; the sink then has nothing, or only what was kept.
    fn read_parts<'a>(
        &'a self,
        _snapshot: &'a Snapshot,
        _file: &'a RepoFile,
        _parts: &'a [Range<u64>],
        _sink: &'a mut dyn PartSink,
    ) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async { Err(Error::NoRanges) })
    }

    /// What is kept of `file`. Where all of it is kept and was checked, a read of the whole needs no host.
    fn kept<'a>(&'a self, _snapshot: &'a Snapshot, _file: &'a RepoFile) -> LocalBoxFuture<'a, Kept> {
        Box::pin(async { Kept::default() })
    }

    /// The file at `path` that this device has made of the snapshot's, where all of it is kept.
    fn derived<'a>(&'a self, _snapshot: &'a Snapshot, _path: &'a str) -> LocalBoxFuture<'a, Option<RepoFile>> {
        Box::pin(async { None })
    }

    /// Hands such a file to `sink`; false where it turns out to be gone or damaged: what came of it is worth nothing then.
    fn read_derived<'a>(
        &'a self,
        _snapshot: &'a Snapshot,
        _file: &'a RepoFile,
        _sink: &'a mut dyn Sink,
    ) -> LocalBoxFuture<'a, bool> {
        Box::pin(async { false })
    }

    /// Takes bytes, from an offset on, of such a file at once and keeps them when awaited, or, for `None`, notes that all of
    /// it has been kept; false where that cannot be.
    fn keep_derived(
        &self,
        _snapshot: &Snapshot,
        _path: &str,
        _bytes: Option<(u64, Vec<u8>)>,
    ) -> LocalBoxFuture<'static, bool> {
        Box::pin(async { false })
    }
}

/// What is kept of a file on this device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Bytes.
    pub bytes: u64,
    /// Whether that is all of it.
    pub complete: bool,
    /// Whether all of it was found right: by its SHA-256, where one is known.
    pub verified: bool,
}

/// What takes a file's bytes as they arrive.
pub trait Sink {
    /// The next bytes. An error stops the read, which returns [`Error::Sink`].
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError>;

    /// The bytes so far were wrong; the file begins again.
    fn restart(&mut self);

    /// Where the bytes come from has changed; `cached` says whether what follows was kept on this device.
    fn origin(&mut self, _cached: bool) {}

    /// The read waits for another reader of the same file, or for a host that asked to wait.
    fn waiting(&mut self) {}
}

/// What takes the bytes of some parts of a file as they arrive.
pub trait PartSink {
    /// The bytes that begin at `offset` of the file. An error stops the read, which returns [`Error::Sink`].
    fn write(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), SinkError>;

    /// Where the bytes come from has changed; `cached` says whether what follows was kept on this device.
    fn origin(&mut self, _cached: bool) {}

    /// The read waits for another reader of the same file, or for a host that asked to wait.
    fn waiting(&mut self) {}
}

/// A sink does not want more: it has its own account of why.
#[derive(Debug)]
pub struct SinkError;

/// Collects a file in memory.
impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SinkError> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn restart(&mut self) {
        self.clear();
    }
}
