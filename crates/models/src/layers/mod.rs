//! The arithmetic that architectures are composed of. Hidden states are `[batch * tokens, hidden]` between layers.

mod activation;
mod attention;
mod embedding;
mod linear;
mod norm;
mod scope;

pub use activation::Activation;
pub(crate) use attention::Attention;
pub(crate) use embedding::Embedding;
pub use linear::Linear;
pub(crate) use norm::LayerNorm;
pub(crate) use scope::Scope;
