//! What follows attention in a layer of BERT: a feed-forward network, with a residual and a norm after each part.

use super::{BlockNames, BlockShape, FeedForward, LayerNorm, Scope, add};
use crate::Result;

/// `norm(y + feed_forward(y))` of `y = norm(x + attention(x))`.
pub(crate) struct AfterAttention {
    pub(crate) attention_norm: LayerNorm,
    pub(crate) feed_forward: FeedForward,
    pub(crate) output_norm: LayerNorm,
}

impl AfterAttention {
    pub(crate) fn load(scope: &Scope<'_>, names: &BlockNames, shape: &BlockShape) -> Result<Self> {
        let BlockShape { hidden, intermediate, activation, epsilon, .. } = *shape;
        Ok(Self {
            attention_norm: LayerNorm::load(&scope.at(names.attention_norm), hidden, epsilon)?,
            feed_forward: FeedForward::load(scope, names.feed_forward, hidden, intermediate, activation)?,
            output_norm: LayerNorm::load(&scope.at(names.output_norm), hidden, epsilon)?,
        })
    }

    /// The layer's output from its input and what attention made of it, all `[rows * hidden]`.
    pub(crate) async fn forward(&self, mut rows: Vec<f32>, attended: &[f32]) -> Result<Vec<f32>> {
        add(&mut rows, attended);
        self.attention_norm.forward(&mut rows);
        let fed = self.feed_forward.forward(&rows).await?;
        add(&mut rows, &fed);
        self.output_norm.forward(&mut rows);
        Ok(rows)
    }
}
