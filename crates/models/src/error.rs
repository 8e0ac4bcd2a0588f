//! What can be wrong with a checkpoint, or happen while it runs.

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure to build or run a model. [`Error::code`] is the stable name of its kind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `config.json` contradicts itself or lacks something.
    #[error("config.json: {0}")]
    Config(String),
    /// The weights' file contradicts itself.
    #[error("{0}")]
    Weights(String),
    /// A tensor that the architecture needs is absent.
    #[error("the checkpoint has no tensor `{0}`")]
    MissingTensor(String),
    /// A tensor is of another shape than the config says.
    #[error("tensor `{name}` has the shape {found:?}, but the config asks for {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// By the config.
        expected: Vec<usize>,
        /// In the checkpoint.
        found: Vec<usize>,
    },
    /// The architecture cannot be built.
    #[error("models of type `{0}` are not supported yet")]
    UnsupportedArchitecture(String),
    /// The checkpoint lacks the head, so its answers would be random.
    #[error("the checkpoint has no trained head for this task: {0}")]
    UnsupportedHead(String),
    /// Numbers of this format cannot be read or used.
    #[error("{0}")]
    UnsupportedDtype(String),
    /// There is no room for the weights.
    #[error("there is no room for {0} bytes of weights")]
    OutOfMemory(u64),
    /// The run is no longer wanted.
    #[error("the run was stopped")]
    Aborted,
    /// A compact file was made of other weights than those that it stands for.
    #[error("the compact file was made of other weights than those beside it")]
    Stale,
    /// Rows of a table that comes later are needed first.
    #[error("rows of a table have not come yet")]
    MissingRows,
    /// A worker that holds a part of the layers is gone.
    #[error("a worker that computed a part of the model was lost")]
    PeerLost,
    /// Something that should not happen.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// The stable code of this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::Weights(_) | Self::MissingTensor(_) | Self::Shape { .. } | Self::Stale => {
                "malformed-checkpoint"
            }
            Self::UnsupportedArchitecture(_) => "unsupported-architecture",
            Self::UnsupportedHead(_) => "unsupported-head",
            Self::UnsupportedDtype(_) => "unsupported-dtype",
            Self::OutOfMemory(_) => "out-of-memory",
            Self::Aborted => "aborted",
            Self::PeerLost | Self::MissingRows | Self::Internal(_) => "internal",
        }
    }
}
