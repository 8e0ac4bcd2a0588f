//! Nyström attention (Xiong et al., 2021, "Nyströmformer"): attention through the means of a few segments of the text, at
//! a cost that grows with its length and not with the square of it.

use candle_core::{Device, Tensor};

use super::attention::swap;
use super::{AttentionShape, attend};
use crate::weights::to_vec;
use crate::{Batch, Result};

/// Attention of projected rows `[batch * tokens * heads * width]`, to the same, through `landmarks` means; these must
/// divide the number of tokens.
pub(crate) fn nystrom(
    query: Vec<f32>,
    key: &[f32],
    value: &[f32],
    batch: &Batch,
    heads: usize,
    landmarks: usize,
) -> Result<Vec<f32>> {
    let (texts, tokens) = (batch.len(), batch.tokens());
    let hidden = query.len() / (texts * tokens).max(1);
    let scale = 1.0 / ((hidden / heads) as f32).sqrt();
    let (query_means, key_means) = (means(&query, hidden, tokens / landmarks), means(key, hidden, tokens / landmarks));
    let all = vec![landmarks; texts];
    let of_means = AttentionShape { heads, queries: landmarks, keys: landmarks, lengths: &all, scale };
    let unit = |index: usize| f32::from(index % landmarks == index / (landmarks * heads) % landmarks);
    let unit: Vec<f32> = (0..texts * landmarks * heads * landmarks).map(unit).collect();
    let between = swap(&attend(query_means.clone(), &key_means, &unit, &of_means, None)?, landmarks, heads, landmarks);
    let between = Tensor::from_vec(between, (texts * heads, landmarks, landmarks), &Device::Cpu)?;
    let to_text = AttentionShape { keys: tokens, lengths: batch.lengths(), ..of_means };
    let values = swap(&attend(query_means, key, value, &to_text, None)?, landmarks, heads, hidden / heads);
    let values = Tensor::from_vec(values, (texts * heads, landmarks, hidden / heads), &Device::Cpu)?;
    let values = swap(&to_vec(&inverse(&between)?.matmul(&values)?)?, heads, landmarks, hidden / heads);
    attend(query, &key_means, &values, &AttentionShape { queries: tokens, ..of_means }, None)
}

/// The means of segments of so many tokens.
fn means(rows: &[f32], hidden: usize, tokens: usize) -> Vec<f32> {
    let mut means = Vec::with_capacity(rows.len() / tokens.max(1));
    for segment in rows.chunks_exact((tokens * hidden).max(1)) {
        let mean = |place: usize| segment.iter().skip(place).step_by(hidden).sum::<f32>() / tokens as f32;
        means.extend((0..hidden).map(mean));
    }
    means
}

/// The Moore-Penrose inverses of matrices whose rows sum to 1, by six iterations (formula 7 of the paper); their start
/// depends on all matrices (`iterative_inv` of transformers).
fn inverse(matrices: &Tensor) -> Result<Tensor> {
    let largest = matrices.sum(1)?.max_all()?.to_scalar::<f32>()?;
    let identity = Tensor::eye(matrices.dim(1)?, matrices.dtype(), &Device::Cpu)?;
    let less = |times: f64, from: &Tensor| -> Result<Tensor> { Ok((&identity * times)?.broadcast_sub(from)?) };
    let mut inverse = (matrices.t()?.contiguous()? * (1.0 / f64::from(largest)))?;
    for _ in 0..6 {
        let product = matrices.matmul(&inverse)?;
        let inner = product.matmul(&less(7.0, &product)?)?;
        let inner = product.matmul(&less(15.0, &inner)?)?;
        inverse = (inverse * 0.25)?.matmul(&less(13.0, &inner)?)?;
    }
    Ok(inverse)
}
