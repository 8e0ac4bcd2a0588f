//! The arithmetic that architectures are composed of. Hidden states are `[batch * tokens * hidden]` between layers.

mod activation;
mod attention;
mod block;
mod block_sparse;
mod embedding;
mod halving;
mod linear;
mod norm;
mod relative;
mod rotary;
mod scope;
mod spans;
mod window;

pub use activation::Activation;
pub(crate) use attention::{AttentionShape, Bias, Relative, SelfAttention, attend};
pub(crate) use block::{BERT, Block, BlockNames, BlockShape, FeedForward, Norms, heads};
pub(crate) use block_sparse::attend_blocks;
pub(crate) use embedding::Embedding;
pub(crate) use halving::{Halving, Level};
pub use linear::Linear;
pub(crate) use norm::{LayerNorm, RmsNorm};
pub(crate) use relative::{Places, RelativeBlock, RelativeNames, RelativeShape, kernel};
pub(crate) use rotary::{Angles, Pairing, Rotary};
pub(crate) use scope::Scope;
pub(crate) use spans::{Span, attend_spans};
pub(crate) use window::WindowAttention;

/// Adds numbers to others, one by one.
pub(crate) fn add(rows: &mut [f32], others: &[f32]) {
    rows.iter_mut().zip(others).for_each(|(number, other)| *number += other);
}
