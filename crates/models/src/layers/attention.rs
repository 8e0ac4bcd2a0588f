//! Multi-head self-attention (Vaswani et al., 2017): `softmax(Q Kᵀ / √d + bias) V`.

use candle_core::Tensor;
use candle_nn::ops::softmax_last_dim;

use super::Linear;
use crate::Result;

/// Self-attention without its output projection.
pub(crate) struct Attention {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) heads: usize,
}

impl Attention {
    /// `[batch * tokens, hidden]` → `[batch * tokens, hidden]`; `bias` is added to the scores `[batch, heads, tokens, tokens]`.
    pub(crate) fn forward(&self, rows: &Tensor, batch: usize, bias: Option<&Tensor>) -> Result<Tensor> {
        let (count, hidden) = rows.dims2()?;
        let (tokens, width) = (count / batch, hidden / self.heads);
        let by_head = |projected: Tensor| -> Result<Tensor> {
            Ok(projected.reshape((batch, tokens, self.heads, width))?.transpose(1, 2)?.contiguous()?)
        };
        let query = (by_head(self.query.forward(rows)?)? / (width as f64).sqrt())?;
        let key = by_head(self.key.forward(rows)?)?;
        let value = by_head(self.value.forward(rows)?)?;
        let scores = query.matmul(&key.t()?)?;
        let scores = match bias {
            Some(bias) => scores.broadcast_add(bias)?,
            None => scores,
        };
        let context = softmax_last_dim(&scores)?.matmul(&value)?; // [batch, heads, tokens, width]
        Ok(context.transpose(1, 2)?.reshape((count, hidden))?)
    }
}
