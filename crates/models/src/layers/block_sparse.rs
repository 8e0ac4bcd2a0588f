//! Attention of blocks of tokens to a few others (BigBird, Zaheer et al., 2020): the first, the last, the neighbours.

use super::{AttentionPart, Span, attend_spans};
use crate::{Batch, Result};

/// `[batch * tokens * hidden]` → the same. The first and the last block of `block` tokens see all; the others see these
/// two and their neighbours, and the first `random` times more: out of training, all random blocks of Python are the
/// first.
pub(crate) fn attend_blocks(
    attention: &AttentionPart,
    rows: &[f32],
    batch: &Batch,
    block: usize,
    random: usize,
) -> Result<Vec<f32>> {
    let tokens = batch.tokens();
    let hidden = rows.len() / (batch.len() * tokens).max(1);
    let last = tokens.div_ceil(block).saturating_sub(1);
    let spans = (0..).step_by(tokens).zip(batch.lengths()).flat_map(|(start, length)| {
        (0..=last).map(move |index| {
            let within = move |index: usize| (index * block).min(*length)..((index + 1) * block).min(*length);
            let keys: Vec<usize> = if index == 0 || index == last {
                (0..*length).collect()
            } else {
                let near = index.saturating_sub(1).max(1)..(index + 2).min(last);
                std::iter::repeat_n(0, 1 + random).chain(near).chain([last]).flat_map(within).collect()
            };
            let rows = |places: Vec<usize>| places.into_iter().map(|place| start + place).collect();
            Span { queries: rows(within(index).collect()), keys: rows(keys) }
        })
    });
    let projected = [&attention.query, &attention.key, &attention.value].map(|linear| linear.forward(rows));
    let [query, key, value] = projected;
    let mut attended = vec![0.0; rows.len()];
    let projected = [query?, key?, value?];
    let projected = projected.each_ref().map(Vec::as_slice);
    attend_spans(projected, attention.heads, hidden, &mut { spans }, &|_, _| true, &mut attended);
    attention.output.forward(&attended)
}
