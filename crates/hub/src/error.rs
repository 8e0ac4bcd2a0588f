//! What can go wrong between a host and the bytes of a file.

use std::time::Duration;

use crate::transport::TransportError;

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure to get at a repository or a file. [`Error::code`] is the stable name of its kind.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The text is no repository id.
    #[error("`{0}` is not the name of a repository: expected `name` or `owner/name`")]
    InvalidRepo(String),
    /// The text is no revision.
    #[error("`{0}` is not a branch, tag or commit")]
    InvalidRevision(String),
    /// The text is no endpoint.
    #[error("`{0}` is not an address that models can be fetched from")]
    InvalidEndpoint(String),
    /// There is no such repository, or none that the visitor may see.
    #[error("there is no model `{repo}` at {endpoint}, or it is private")]
    RepoNotFound {
        /// The repository's id.
        repo: String,
        /// Where it was looked for.
        endpoint: String,
    },
    /// The repository has no such revision.
    #[error("`{repo}` has no revision `{revision}`")]
    RevisionNotFound {
        /// The repository's id.
        repo: String,
        /// The revision that was asked for.
        revision: String,
    },
    /// The repository has no such file.
    #[error("`{repo}` has no file `{path}`")]
    EntryNotFound {
        /// The repository's id.
        repo: String,
        /// The file's path.
        path: String,
    },
    /// The repository has no weights that can be read.
    #[error("`{repo}` has neither `model.safetensors` nor `pytorch_model.bin`{}", others_found(.others))]
    NoWeights {
        /// The repository's id.
        repo: String,
        /// The libraries whose weights it has, such as `Flax, TensorFlow`.
        others: String,
    },
    /// The index of the weights' shards contradicts itself.
    #[error("{path}: {reason}")]
    MalformedIndex {
        /// The file's path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host answered with something else than the file.
    #[error("the host answered with {found} instead of `{path}`")]
    NotTheFile {
        /// The file's path.
        path: String,
        /// What came instead.
        found: &'static str,
    },
    /// The repository's author decides who may read it.
    #[error("access to `{repo}` is restricted: {message}")]
    GatedRepo {
        /// The repository's id.
        repo: String,
        /// What the host said.
        message: String,
    },
    /// The host cannot be reached or does not answer.
    #[error("{0}")]
    Network(String),
    /// The host refuses pages of other sites.
    #[error("{0} does not let this page read its files")]
    Cors(String),
    /// The host serves whole files only.
    #[error("the host serves no parts of files")]
    NoRanges,
    /// The host stopped sending before the end, again and again.
    #[error("`{path}` ended after {received} of {size} bytes")]
    Truncated {
        /// The file's path.
        path: String,
        /// Bytes that came.
        received: u64,
        /// Bytes that should have come.
        size: u64,
    },
    /// What arrived is not what the author published.
    #[error("`{path}` is not the file that was published: {reason}")]
    Integrity {
        /// The file's path.
        path: String,
        /// What differs.
        reason: String,
    },
    /// The host wants fewer requests.
    #[error("the host asks to wait {} s before the next request", .0.as_secs())]
    RateLimited(Duration),
    /// The host's own description of the repository cannot be read.
    #[error("the host's description of `{repo}` cannot be read: {reason}")]
    MalformedSnapshot {
        /// The repository's id.
        repo: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The device's storage failed in a way that cannot be worked around.
    #[error("{0}")]
    Storage(String),
    /// The sink stopped the read and knows why.
    #[error("the reader of the file stopped")]
    Sink,
}

impl Error {
    /// The stable code of this kind of failure, one of the list in the architecture.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRepo(_) | Self::InvalidRevision(_) | Self::InvalidEndpoint(_) => "invalid-inputs",
            Self::RepoNotFound { .. } => "repo-not-found",
            Self::RevisionNotFound { .. } => "revision-not-found",
            Self::EntryNotFound { .. } | Self::NoWeights { .. } | Self::NotTheFile { .. } => "entry-not-found",
            Self::MalformedIndex { .. } => "malformed-checkpoint",
            Self::GatedRepo { .. } => "gated-repo",
            Self::Network(_) | Self::NoRanges | Self::MalformedSnapshot { .. } => "network",
            Self::Cors(_) => "cors",
            Self::Truncated { .. } => "truncated",
            Self::Integrity { .. } => "integrity",
            Self::RateLimited(_) => "rate-limited",
            Self::Storage(_) => "storage",
            Self::Sink => "internal",
        }
    }
}

fn others_found(others: &str) -> String {
    if others.is_empty() { String::new() } else { format!("; its weights are for {others} only, which cannot be read") }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Network(message) => Self::Network(message),
            TransportError::Cors(host) => Self::Cors(host),
        }
    }
}
