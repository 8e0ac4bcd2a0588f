//! The arithmetic that architectures are composed of. Hidden states are `[batch * tokens * hidden]` between layers.

mod activation;
mod after_attention;
mod attention;
mod block;
mod bottleneck;
mod convolution;
mod disentangled;
mod embedding;
mod linear;
mod norm;
mod nystrom;
mod rotary;
mod scope;

pub use activation::Activation;
pub(crate) use after_attention::AfterAttention;
pub(crate) use attention::{AttentionShape, Bias, Relative, SelfAttention, attend, softmax_rows};
pub(crate) use block::{BERT, Block, BlockNames, BlockShape, FeedForward, Norms, heads};
pub(crate) use bottleneck::{Bottleneck, BottleneckShape};
pub(crate) use convolution::{Convolution, blend, check_kernel, clear_padding, windows};
pub(crate) use disentangled::{Disentangled, RelativeEmbeddings};
pub(crate) use embedding::Embedding;
pub use linear::Linear;
pub(crate) use norm::{LayerNorm, RmsNorm};
pub(crate) use nystrom::nystrom;
pub(crate) use rotary::{Angles, Pairing, Rotary};
pub(crate) use scope::Scope;

/// Adds numbers to others, one by one.
pub(crate) fn add(rows: &mut [f32], others: &[f32]) {
    rows.iter_mut().zip(others).for_each(|(number, other)| *number += other);
}
