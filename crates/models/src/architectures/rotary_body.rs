//! The body of encoders that know positions by rotary embeddings alone and are composed of residual parts: EuroBERT,
//! ModernBERT and NomicBERT.

use futures_util::future::LocalBoxFuture;

use crate::encoder::{Body, next_layer};
use crate::layers::{Embedding, Norm, Reach, Relative, Residual, Rotary, Sources};
use crate::{Batch, Result, Turn};

pub(super) struct RotaryBody {
    pub words: Embedding,
    pub types: Option<Embedding>,
    pub first_norm: Norm,
    pub layers: Vec<Layer>,
    pub last_norm: Norm,
    /// Of layers that attend to all tokens.
    pub rotary: Rotary,
    /// Of layers that attend to a window, and how far it reaches.
    pub near: Option<(Rotary, usize)>,
    pub hidden: usize,
}

pub(super) struct Layer {
    pub attention: Residual,
    pub feed_forward: Residual,
    /// Whether it attends to a window only.
    pub near: bool,
}

impl Body for RotaryBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
            if let Some(types) = &self.types {
                types.add_to(&mut rows, batch.token_type_ids(0))?;
            }
            self.first_norm.forward(&mut rows);
            let all = self.rotary.angles(batch.tokens());
            let near = self.near.as_ref().map(|(rotary, window)| (rotary.angles(batch.tokens()), *window));
            for layer in &self.layers {
                next_layer(turn).await?;
                let near = near.as_ref().filter(|_| layer.near);
                let rotary = Some(near.map_or(&all, |(angles, _)| angles));
                let own = Reach {
                    window: near.map(|(_, window)| *window),
                    relative: Relative { rotary, ..Relative::default() },
                    ..Reach::of(batch)
                };
                let sources = Sources { own, encoded: None };
                layer.attention.forward(&mut rows, &sources).await?;
                layer.feed_forward.forward(&mut rows, &sources).await?;
            }
            self.last_norm.forward(&mut rows);
            Ok(rows)
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        usize::MAX
    }
}
