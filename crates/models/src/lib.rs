//! Architectures and heads: a config and weights in, logits or hidden states out.
//!
//! Sees tensors and a config; no URL, no tokenizer, no task, no JavaScript.

mod architectures;
mod batch;
mod config;
mod convert;
mod encoder;
mod error;
mod head;
mod layers;
mod peers;
mod pooling;
mod probe;
mod safetensors;
mod torch;
mod weights;

pub use architectures::{ARCHITECTURES, Architecture, architecture};
pub use batch::Batch;
pub use config::Config;
pub use convert::{CompactFile, Converter};
pub use encoder::Encoder;
pub use error::{Error, Result};
pub use head::Head;
pub use layers::{Activation, Linear};
pub use peers::{Call, Message, Peers, Share, SharedPeers};
pub use pooling::{Pooling, PoolingMode};
pub use probe::gflops;
pub use safetensors::{Dtype, Header, TensorInfo};
pub use vitrine_kernels::memory;
pub use weights::{Asked, CompactCopy, LateTable, Parts, Resident, SCALES, Stretch, Weights, WeightsReader};

use futures_util::future::LocalBoxFuture;

/// Lets other work go on between steps of a long computation.
pub trait Turn {
    /// Lets the event loop turn; false once the computation is no longer wanted.
    fn turn(&self) -> LocalBoxFuture<'_, bool>;
}
