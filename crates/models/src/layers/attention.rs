//! Multi-head self-attention (Vaswani et al., 2017): `softmax(Q Kᵀ / √d) V`.

use candle_core::{Device, Tensor};
use vitrine_kernels::softmax::softmax;

use super::Linear;
use crate::weights::to_vec;
use crate::{Batch, Result};

/// Self-attention without its output projection.
pub(crate) struct Attention {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) heads: usize,
}

impl Attention {
    /// `[batch * tokens, hidden]` → `[batch * tokens * hidden]`; padding is not attended to.
    pub(crate) fn forward(&self, rows: &Tensor, batch: &Batch) -> Result<Vec<f32>> {
        let hidden = rows.dim(1)?;
        let (tokens, width) = (batch.tokens(), hidden / self.heads);
        let by_head = |projected: Vec<f32>| -> Result<Tensor> {
            let swapped = swap(&projected, tokens, self.heads, width);
            Ok(Tensor::from_vec(swapped, (batch.len() * self.heads, tokens, width), &Device::Cpu)?)
        };
        let mut query = self.query.forward(rows)?;
        let scale = 1.0 / (width as f32).sqrt();
        query.iter_mut().for_each(|number| *number *= scale);
        let (query, key) = (by_head(query)?, by_head(self.key.forward(rows)?)?);
        let mut scores = to_vec(&query.matmul(&key.t()?)?)?; // [batch * heads * tokens * tokens]
        for (text, length) in scores.chunks_exact_mut(self.heads * tokens * tokens).zip(batch.lengths()) {
            text.chunks_exact_mut(tokens).for_each(|row| softmax(row, *length));
        }
        let scores = Tensor::from_vec(scores, (batch.len() * self.heads, tokens, tokens), &Device::Cpu)?;
        let context = to_vec(&scores.matmul(&by_head(self.value.forward(rows)?)?)?)?;
        Ok(swap(&context, self.heads, tokens, width))
    }
}

/// `[n * a * b * width]` → `[n * b * a * width]`.
fn swap(numbers: &[f32], a: usize, b: usize, width: usize) -> Vec<f32> {
    let mut swapped = Vec::with_capacity(numbers.len());
    for text in numbers.chunks_exact((a * b * width).max(1)) {
        for second in 0..b {
            for first in 0..a {
                let start = (first * b + second) * width;
                swapped.extend_from_slice(text.get(start..start + width).unwrap_or_default());
            }
        }
    }
    swapped
}
