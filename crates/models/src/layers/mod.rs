//! The arithmetic that architectures are composed of. Hidden states are `[batch * tokens * hidden]` between layers.

mod activation;
mod adapter;
mod attention;
mod block;
mod embedding;
mod linear;
mod norm;
mod relative_bias;
mod rotary;
mod scope;

pub use activation::Activation;
pub(crate) use adapter::{Adapter, AdapterNorm};
pub(crate) use attention::{AttentionShape, Bias, Relative, SelfAttention, attend};
pub(crate) use block::{BERT, Block, BlockNames, BlockShape, FeedForward, Norms, heads};
pub(crate) use embedding::Embedding;
pub use linear::Linear;
pub(crate) use norm::{LayerNorm, RmsNorm};
pub(crate) use relative_bias::{Buckets, RelativeBias};
pub(crate) use rotary::{Angles, Pairing, Rotary};
pub(crate) use scope::Scope;

/// Adds numbers to others, one by one.
pub(crate) fn add(rows: &mut [f32], others: &[f32]) {
    rows.iter_mut().zip(others).for_each(|(number, other)| *number += other);
}
