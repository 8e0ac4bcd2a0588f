//! The body of models with an encoder and a decoder, which reads the same text again, shifted to the right: BART, mBART,
//! T5 and mT5.

use futures_util::future::LocalBoxFuture;

use crate::encoder::{Body, next_layer};
use crate::layers::{Embedding, Norm, Reach, Relative, RelativeBias, Residual, Sources, scale};
use crate::{Batch, Result, Turn};

pub(super) struct EncoderDecoder {
    pub encoder: Stack,
    /// None where the encoder's hidden states are asked for.
    pub decoder: Option<(Stack, Start)>,
    /// What the scores of attention are multiplied by; where `None`, one over the root of a head's width.
    pub scale: Option<f32>,
    pub hidden: usize,
    pub max_tokens: usize,
}

/// The encoder or the decoder.
pub(super) struct Stack {
    pub words: Embedding,
    /// What the vectors of tokens are multiplied by.
    pub scale: f32,
    /// The vector of position 0 is the third.
    pub positions: Option<Embedding>,
    pub first_norm: Norm,
    pub layers: Vec<Vec<Residual>>,
    pub last_norm: Norm,
    pub bias: Option<RelativeBias>,
}

/// What the decoder reads before the text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    Token(u32),
    /// The text's own last token, where padding has this id.
    Last(u32),
}

/// Positions before the first.
pub(super) const UNUSED_POSITIONS: usize = 2;

impl Stack {
    async fn forward(
        &self,
        ids: &[u32],
        attention_scale: Option<f32>,
        batch: &Batch,
        encoded: Option<&[f32]>,
        turn: &dyn Turn,
    ) -> Result<Vec<f32>> {
        let mut rows = self.words.forward(ids.iter().copied())?;
        scale(&mut rows, self.scale);
        if let Some(positions) = &self.positions {
            positions.add_to(&mut rows, batch.positions().map(|position| position + UNUSED_POSITIONS as u32))?;
        }
        self.first_norm.forward(&mut rows);
        let bias = self.bias.as_ref().map(|bias| bias.by_distance(batch.tokens()));
        let texts = Reach { scale: attention_scale, ..Reach::of(batch) };
        let relative = Relative { distances: bias.as_ref(), causal: encoded.is_some(), ..Relative::default() };
        let whole = vec![batch.tokens(); batch.len()];
        let lengths = if encoded.is_some() { &whole } else { batch.lengths() };
        let own = Reach { relative, lengths, ..texts };
        let sources = Sources { own, encoded: encoded.map(|encoded| (encoded, texts)) };
        for layer in &self.layers {
            next_layer(turn).await?;
            for part in layer {
                part.forward(&mut rows, &sources).await?;
            }
        }
        self.last_norm.forward(&mut rows);
        Ok(rows)
    }
}

impl Start {
    /// The texts with one token before them and without their last.
    fn shift(self, batch: &Batch) -> Vec<u32> {
        let mut shifted = Vec::with_capacity(batch.input_ids().len());
        for text in batch.input_ids().chunks_exact(batch.tokens()) {
            let first = match self {
                Self::Token(id) => id,
                Self::Last(pad_id) => {
                    let count = text.iter().filter(|id| **id != pad_id).count();
                    text.get(count.saturating_sub(1)).copied().unwrap_or(pad_id)
                }
            };
            shifted.push(first);
            shifted.extend(text.iter().take(text.len() - 1));
        }
        shifted
    }
}

impl Body for EncoderDecoder {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let encoded = self.encoder.forward(batch.input_ids(), self.scale, batch, None, turn).await?;
            match &self.decoder {
                None => Ok(encoded),
                Some((decoder, start)) => {
                    decoder.forward(&start.shift(batch), self.scale, batch, Some(&encoded), turn).await
                }
            }
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }
}
