//! A model with a head and the tokenizer before it: texts to tokens, and the logits of each input.

use vitrine_models::{Batch, Config};
use vitrine_tasks::protocol::Note;

use crate::batching::{Padding, batches};
use crate::late::Model;
use crate::registry::Parts;
use crate::tokenizer::{Cut, Tokenizer, Tokens, Truncation};
use crate::{Context, Result};

/// Tokens that go through a layer at once: so few that a page can stop a run soon.
pub(crate) const TOKENS_AT_ONCE: usize = 512;

/// An encoder with its head, its tokenizer and its config.
pub(crate) struct TextModel {
    pub encoder: Model,
    pub tokenizer: Tokenizer,
    pub config: Config,
}

/// What a row of logits belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogitsOf {
    /// A whole input.
    Texts,
    /// Each of its tokens.
    Tokens,
}

impl TextModel {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { encoder, tokenizer, config, .. } = parts;
        Self { encoder, tokenizer, config }
    }

    /// The tokens of a text or a pair; what the model cannot take is cut, with a note.
    pub(crate) fn encode(&self, text: &str, pair: Option<&str>, context: &Context<'_>) -> Result<Tokens> {
        let limit = self.tokenizer.limit;
        let tokens = self.tokenizer.encode(text, pair, limit, self.tokenizer.cuts_left)?;
        note_truncation(&tokens, limit, context);
        Ok(tokens)
    }

    /// The tokens of a pair of which only the text is cut, as long as that is enough (`truncation="only_first"`, and
    /// what the zero-shot pipeline does where the pair is too long).
    pub(crate) fn encode_cutting_first(&self, text: &str, pair: &str, context: &Context<'_>) -> Result<Tokens> {
        let (limit, left) = (self.tokenizer.limit, self.tokenizer.cuts_left);
        let truncation = Truncation { limit, which: Cut::OnlyFirst, stride: 0, left };
        let cut = self.tokenizer.windows(text, Some(pair), &truncation).ok().and_then(|all| all.into_iter().next());
        let (limit, tokens) = match cut {
            Some(tokens) => (limit, tokens),
            None => {
                let most = self.encoder.max_tokens();
                (most, self.tokenizer.encode(text, Some(pair), most, left)?)
            }
        };
        note_truncation(&tokens, limit, context);
        Ok(tokens)
    }

    /// The logits of each input: `[labels]`, or `[tokens * labels]`. Inputs run together only where the numbers are those
    /// of Python's pipelines, which run one at a time: where padding is left out, or there is none.
    pub(crate) async fn logits(&self, inputs: &[Tokens], of: LogitsOf, context: &Context<'_>) -> Result<Vec<Vec<f32>>> {
        let mut logits = vec![Vec::new(); inputs.len()];
        let mut sorted: Vec<(usize, &Tokens)> = inputs.iter().enumerate().collect();
        sorted.retain(|(_, tokens)| of == LogitsOf::Texts || !tokens.ids.is_empty());
        sorted.sort_by_key(|(_, tokens)| tokens.ids.len());
        let lengths: Vec<usize> = sorted.iter().map(|(_, tokens)| tokens.ids.len()).collect();
        let padding = if self.encoder.packs() { Padding::Free } else { Padding::None };
        for group in batches(&lengths, padding).into_iter().filter_map(|run| sorted.get(run)) {
            let rows: Vec<(&[u32], &[u32])> =
                group.iter().map(|(_, tokens)| (&*tokens.ids, &*tokens.type_ids)).collect();
            let batch = Batch::new(&rows, self.tokenizer.pad_id());
            let all = self.encoder.logits(&batch, context).await?;
            let of_input = all.len() / group.len();
            for ((index, tokens), own) in group.iter().zip(all.chunks(of_input.max(1))) {
                let count = match of {
                    LogitsOf::Texts => of_input,
                    LogitsOf::Tokens => of_input / batch.tokens() * tokens.ids.len(),
                };
                if let (Some(slot), Some(own)) = (logits.get_mut(*index), own.get(..count)) {
                    *slot = own.to_vec();
                }
            }
        }
        Ok(logits)
    }
}

/// Notes that an input was cut.
pub(crate) fn note_truncation(tokens: &Tokens, limit: usize, context: &Context<'_>) {
    if tokens.untruncated > limit {
        context.note(Note::Truncated { tokens: tokens.untruncated, limit });
    }
}

/// Exponentials of numbers, scaled to sum up to 1.
pub(crate) fn softmax(numbers: &mut [f32]) {
    let largest = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    numbers.iter_mut().for_each(|number| *number = (*number - largest).exp());
    let sum: f32 = numbers.iter().sum();
    numbers.iter_mut().for_each(|number| *number /= sum);
}

/// The place of the largest number, the first where several are equal.
pub(crate) fn argmax(numbers: &[f32]) -> usize {
    let best = numbers.iter().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(0, |(index, _)| index)
}
