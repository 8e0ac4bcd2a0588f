//! The arithmetic that architectures are composed of. Hidden states are `[batch * tokens * hidden]` between layers.

mod activation;
mod adapter;
mod after_attention;
mod attention;
mod block;
mod block_sparse;
mod bottleneck;
mod convolution;
mod disentangled;
mod embedding;
mod halving;
mod linear;
mod norm;
mod nystrom;
mod pieces;
mod relative;
mod relative_bias;
mod residual;
mod rotary;
mod scope;
mod spans;
mod window;

pub use activation::Activation;
pub(crate) use adapter::{Adapter, AdapterNorm};
pub(crate) use after_attention::AfterAttention;
pub(crate) use attention::{AttentionShape, Reach, Relative, SelfAttention, attend, softmax_rows};
pub(crate) use block::{BERT, Block, BlockNames, BlockShape, FeedForward, Norms, heads, heads_or};
pub(crate) use block_sparse::attend_blocks;
pub(crate) use bottleneck::{Bottleneck, BottleneckShape};
pub(crate) use convolution::{Convolution, blend, check_kernel, clear_padding, windows};
pub(crate) use disentangled::{Disentangled, RelativeEmbeddings};
pub(crate) use embedding::Embedding;
pub(crate) use halving::{Halving, Level};
pub use linear::Linear;
pub(crate) use norm::{LayerNorm, Norm, RmsNorm};
pub(crate) use nystrom::nystrom;
pub(crate) use relative::{Places, RelativeBlock, RelativeNames, RelativeShape, kernel};
pub(crate) use relative_bias::{Buckets, RelativeBias};
pub(crate) use residual::{Part, Residual, Sources};
pub(crate) use rotary::{Angles, Pairing, Rotary};
pub(crate) use scope::Scope;
pub(crate) use spans::{Span, attend_spans};
pub(crate) use window::WindowAttention;

/// Multiplies numbers by one.
pub(crate) fn scale(rows: &mut [f32], factor: f32) {
    rows.iter_mut().for_each(|number| *number *= factor);
}

/// Adds numbers to others, one by one.
pub(crate) fn add(rows: &mut [f32], others: &[f32]) {
    rows.iter_mut().zip(others).for_each(|(number, other)| *number += other);
}
