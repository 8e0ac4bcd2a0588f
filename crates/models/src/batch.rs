//! Token ids of several texts, padded to one length, with the mask that tells padding from text.

use candle_core::{Device, Tensor};

use crate::Result;

/// The inputs of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    tokens: usize,
    lengths: Vec<usize>,
    input_ids: Vec<u32>,
    token_type_ids: Vec<u32>,
}

impl Batch {
    /// Pads texts on the right to the longest. Each text is its token ids and their types, of equal length.
    pub fn new(texts: &[(&[u32], &[u32])], pad_id: u32) -> Self {
        let lengths: Vec<usize> = texts.iter().map(|(ids, _)| ids.len()).collect();
        let tokens = lengths.iter().copied().max().unwrap_or(0).max(1);
        let padded = |text: &[u32], pad: u32| {
            text.iter().copied().chain(std::iter::repeat(pad)).take(tokens).collect::<Vec<u32>>()
        };
        Self {
            tokens,
            lengths,
            input_ids: texts.iter().flat_map(|(ids, _)| padded(ids, pad_id)).collect(),
            token_type_ids: texts.iter().flat_map(|(_, types)| padded(types, 0)).collect(),
        }
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Tokens of the longest text, to which the others are padded.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Tokens of each text without padding.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    pub(crate) fn input_ids(&self) -> Result<Tensor> {
        Ok(Tensor::from_slice(&self.input_ids, self.input_ids.len(), &Device::Cpu)?)
    }

    pub(crate) fn token_type_ids(&self) -> Result<Tensor> {
        Ok(Tensor::from_slice(&self.token_type_ids, self.token_type_ids.len(), &Device::Cpu)?)
    }

    /// What is added to attention scores, `[batch, 1, 1, tokens]`: 0 for text, the least f32 for padding.
    pub(crate) fn attention_bias(&self) -> Result<Option<Tensor>> {
        if self.lengths.iter().all(|length| *length == self.tokens) {
            return Ok(None);
        }
        let row = |length: usize| (0..self.tokens).map(move |token| if token < length { 0.0 } else { f32::MIN });
        let bias: Vec<f32> = self.lengths.iter().flat_map(|length| row(*length)).collect();
        Ok(Some(Tensor::from_vec(bias, (self.len(), 1, 1, self.tokens), &Device::Cpu)?))
    }
}
