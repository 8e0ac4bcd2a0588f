//! What is kept on a device, as scripts and views see it.

use serde::{Deserialize, Serialize};

/// A repository of which files are kept on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredModel {
    /// Where it came from.
    pub endpoint: String,
    /// The repository's id.
    pub model: String,
    /// The commit, or what stands for it on a host without commits.
    pub commit: String,
    /// Bytes kept.
    pub bytes: u64,
}
