//! Architectures and heads: a config and weights in, logits or hidden states out.
//!
//! Sees tensors and a config; no URL, no tokenizer, no task, no JavaScript.

mod batch;
mod bert;
mod config;
mod error;
mod layers;
mod pooling;
mod safetensors;
mod torch;
mod weights;

pub use batch::Batch;
pub use config::Config;
pub use error::{Error, Result};
pub use layers::{Activation, Linear};
pub use pooling::{Pooling, PoolingMode};
pub use safetensors::{Dtype, Header, TensorInfo};
pub use weights::{Resident, Weights, WeightsReader};

use futures_util::future::LocalBoxFuture;

/// What stands on a model's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Nothing: hidden states.
    None,
    /// Labels for a whole text.
    SequenceClassification,
}

/// An architecture under its `model_type`.
pub struct Architecture {
    /// `model_type` of `config.json`.
    pub model_type: &'static str,
    /// What stands before the body's tensor names in checkpoints that were saved with a head, for instance `bert.`.
    pub prefix: &'static str,
    /// The heads that can be built.
    pub heads: &'static [Head],
    /// Whether a tensor of the checkpoint is part of the model with this head.
    pub uses: fn(&str, Head) -> bool,
    /// Builds the model; names the tensor that is missing or of the wrong shape.
    pub load: fn(&Config, Head, &Weights) -> Result<Box<dyn Encoder>>,
}

/// Every architecture that can be built.
pub static ARCHITECTURES: &[Architecture] = &[bert::ARCHITECTURE];

/// The architecture that a config names.
pub fn architecture(config: &Config) -> Result<&'static Architecture> {
    let model_type = config.model_type()?;
    ARCHITECTURES
        .iter()
        .find(|architecture| architecture.model_type == model_type)
        .ok_or_else(|| Error::UnsupportedArchitecture(model_type.to_owned()))
}

/// A model that reads whole texts.
pub trait Encoder {
    /// The last hidden states, `[batch * tokens * hidden]` in row-major order; rows of padding hold no meaning.
    fn hidden_states<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>>;

    /// The head's logits, `[batch * labels]`; an error without a head.
    fn logits<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>>;

    /// Numbers in one hidden state.
    fn hidden_size(&self) -> usize;

    /// The most tokens that a text may have.
    fn max_tokens(&self) -> usize;
}

/// Lets other work go on between steps of a long computation.
pub trait Turn {
    /// Lets the event loop turn; false once the computation is no longer wanted.
    fn turn(&self) -> LocalBoxFuture<'_, bool>;
}
