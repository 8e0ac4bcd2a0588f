//! What the page and its worker say to each other: one closed pair of messages, used by both sides.
//!
//! A request carries an `id` of the page's choosing; every response to it carries the same `id`. A request ends with
//! exactly one [`Answer::Loaded`], [`Answer::Done`] or [`Answer::Failed`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ErrorCode;

/// From the page to the worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the page, never used twice.
    pub id: u32,
    /// What to do.
    pub order: Order,
}

/// What the page can ask for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Order {
    /// Fetch and build the model; answered by `Loaded`.
    Load(Load),
    /// Run the model that request `session` loaded; answered by `Done`.
    Run {
        /// The id of the load.
        session: u32,
        /// The task's inputs.
        inputs: Value,
        /// The task's parameters; `null` for none.
        parameters: Value,
    },
    /// Stop request `target`, which then fails with `aborted`. Has no answer of its own.
    Abort {
        /// The id of the request to stop.
        target: u32,
    },
    /// Give back what request `session` loaded. Has no answer.
    Unload {
        /// The id of the load.
        session: u32,
    },
}

/// What to load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The Hub's address, or that of a static host with its layout; without a slash at the end.
    pub endpoint: String,
    /// The repository's id.
    pub model: String,
    /// The branch, tag or commit.
    pub revision: String,
    /// The pipeline tag; the repository's own where absent.
    pub task: Option<String>,
    /// `auto`, `f32`, `f16`, `bf16` or `q8`.
    pub dtype: String,
    /// Cores that compute at most; as many as pay where absent.
    #[serde(default)]
    pub cores: Option<u32>,
    /// An access token, kept in memory only.
    pub token: Option<String>,
    /// What the page has seen of the repository: the worker asks no host for it.
    pub snapshot: Value,
}

impl Load {
    /// Reads `cores` as a page writes it: `auto`, or a whole number from 1 on.
    pub fn parse_cores(text: &str) -> Result<Option<u32>, Failure> {
        match text.parse::<u32>() {
            Ok(cores) if cores > 0 => Ok(Some(cores)),
            _ if matches!(text, "auto" | "") => Ok(None),
            _ => {
                let message = format!("`cores` is `auto` or a whole number from 1 on, not `{text}`");
                Err(Failure::new(ErrorCode::InvalidInputs, message))
            }
        }
    }
}

/// From the worker to the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Response {
    /// The id of the request.
    pub id: u32,
    /// What it says.
    pub answer: Answer,
}

/// What the worker can say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Answer {
    /// How far a load is.
    Progress(Progress),
    /// A load is complete.
    Loaded(Loaded),
    /// A run is complete.
    Done(Done),
    /// A request failed.
    Failed(Failure),
}

/// How far a load is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// The file at hand.
    pub file: String,
    /// Bytes of all files that are here; never falls within one load.
    pub loaded: u64,
    /// Bytes of all files together, as far as the host tells.
    pub total: u64,
    /// Bytes that came from this device, not over the network.
    pub cached: u64,
}

/// The phases of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Waiting for another tab that is downloading the same file, or for a host that asked to wait.
    Waiting,
    /// Bytes are coming from the network or from this device.
    Download,
    /// The model is being built.
    Build,
}

/// What a load made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// The task it will run.
    pub task: String,
    /// The commit that was loaded, where the host has commits.
    pub commit: Option<String>,
    /// `model_type` of the config.
    pub architecture: String,
    /// The format of the weights in memory: `f32`, `f16`, `bf16` or `q8`.
    pub dtype: String,
    /// The path of the file that the weights came from, or of the index of several.
    pub weights: String,
    /// Bytes of the weights in memory.
    pub resident_bytes: u64,
    /// Bytes of WebAssembly memory in use at most so far.
    pub memory_bytes: u64,
    /// Bytes that came over the network.
    pub downloaded: u64,
    /// The tokenizer's mask token, for instance `[MASK]`; absent where it has none.
    #[serde(default)]
    pub mask_token: Option<String>,
    /// Whether the model was trained on pairs of texts: a cross-encoder, or a model whose labels say `entailment`.
    #[serde(default)]
    pub compares_pairs: bool,
}

/// What a run made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The task's output, as JSON text.
    pub output: String,
    /// What the reader should know about it.
    pub notes: Vec<Note>,
    /// Milliseconds that the run took in the worker.
    pub elapsed: f64,
    /// Bytes of WebAssembly memory in use at most so far.
    pub memory_bytes: u64,
}

/// Something the reader of an output should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Note {
    /// An input was longer than the model takes.
    Truncated {
        /// Tokens of the longest input.
        tokens: usize,
        /// Tokens that the model took of it.
        limit: usize,
    },
    /// The repository does not say how to pool, so the mean was taken.
    MeanPooled,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code.
    pub code: ErrorCode,
    /// What happened, in one sentence that names the file, tensor or field.
    pub message: String,
    /// With `unsupported-head` and `unsupported-task`: the pipeline tags of tasks that suit the model, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
}

impl Failure {
    /// A failure that has no tasks to offer.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), tasks: Vec::new() }
    }

    /// The request was stopped by whoever made it.
    pub fn aborted() -> Self {
        Self::new(ErrorCode::Aborted, "the request was stopped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_auto_or_a_whole_number() {
        for (text, expected) in [("auto", None), ("", None), ("1", Some(1)), ("16", Some(16))] {
            assert_eq!(Load::parse_cores(text), Ok(expected), "{text}");
        }
        for wrong in ["0", "-1", "1.5", "two", "4294967296", "auto 2"] {
            let failure = Load::parse_cores(wrong).unwrap_err();
            assert!(failure.code == ErrorCode::InvalidInputs && failure.message.contains(wrong), "{failure:?}");
        }
    }
}
