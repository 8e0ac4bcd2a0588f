//! What can go wrong between a repository's name and a task's output.

use vitrine_tasks::ErrorCode;

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure to load or run. [`Error::code`] is its stable code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes could not be had.
    #[error(transparent)]
    Hub(#[from] vitrine_hub::Error),
    /// The checkpoint cannot be built or run.
    #[error(transparent)]
    Model(#[from] vitrine_models::Error),
    /// The task is unknown, or no task could be made out.
    #[error("{message}")]
    UnsupportedTask {
        /// What cannot be run, and what can.
        message: String,
        /// The tags of the tasks that suit.
        tasks: Vec<&'static str>,
    },
    /// The checkpoint was not trained for the task.
    #[error("{message}")]
    UnsupportedHead {
        /// What the checkpoint is, and what it suits.
        message: String,
        /// The tags of the tasks that suit.
        tasks: Vec<&'static str>,
    },
    /// A module of sentence-transformers that cannot be built.
    #[error("sentence-transformers modules of type `{0}` are not supported yet")]
    UnsupportedModule(String),
    /// A small file of the repository contradicts itself.
    #[error("{path}: {reason}")]
    MalformedFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The tokenizer's files contradict themselves.
    #[error("{0}")]
    MalformedTokenizer(String),
    /// The tokenizer is of a class that cannot be built.
    #[error("{0}")]
    UnsupportedTokenizer(String),
    /// The inputs or parameters are not what the task takes.
    #[error("{0}")]
    InvalidInputs(String),
    /// The model needs more memory than the device's browser gives.
    #[error("{0}")]
    OutOfMemory(String),
    /// An error of Vitrine's own.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Whether a worker that held a part of the model is gone.
    pub fn is_lost_peer(&self) -> bool {
        matches!(self, Self::Model(vitrine_models::Error::PeerLost))
    }

    /// The tags of the tasks that suit the model, the best first, where another task is the way out.
    pub fn tasks(&self) -> &[&'static str] {
        match self {
            Self::UnsupportedTask { tasks, .. } | Self::UnsupportedHead { tasks, .. } => tasks,
            _ => &[],
        }
    }

    /// The stable code of this kind of failure.
    pub fn code(&self) -> ErrorCode {
        let inner = match self {
            Self::Hub(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::UnsupportedTask { .. } => return ErrorCode::UnsupportedTask,
            Self::UnsupportedHead { .. } => return ErrorCode::UnsupportedHead,
            Self::UnsupportedModule(_) => return ErrorCode::UnsupportedArchitecture,
            Self::MalformedFile { .. } => return ErrorCode::MalformedCheckpoint,
            Self::MalformedTokenizer(_) => return ErrorCode::MalformedTokenizer,
            Self::UnsupportedTokenizer(_) => return ErrorCode::UnsupportedArchitecture,
            Self::InvalidInputs(_) => return ErrorCode::InvalidInputs,
            Self::OutOfMemory(_) => return ErrorCode::OutOfMemory,
            Self::Internal(_) => return ErrorCode::Internal,
        };
        inner.parse().unwrap_or(ErrorCode::Internal)
    }
}
