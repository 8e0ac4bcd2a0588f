//! Attention to a window around each token, and between all tokens and a few global ones (Longformer, Beltagy et al.,
//! 2020), in time and memory that grow with the text's length times the window's.

use std::ops::Range;

use super::{AttentionPart, Linear, Scope, Span, attend_spans};
use crate::{Batch, Result};

/// What windowed attention has beside the projections of [`AttentionPart`].
pub(crate) struct WindowAttention {
    /// Query, key and value of tokens that attend to all others.
    global: [Linear; 3],
    /// How far a token may be that is seen.
    reach: usize,
}

impl WindowAttention {
    /// Takes the projections of global tokens, `[hidden, hidden]`, from `scope`.
    pub(crate) fn load(scope: &Scope<'_>, names: [&str; 3], hidden: usize, reach: usize) -> Result<Self> {
        let [query, key, value] = names.map(|name| Linear::load(&scope.at(name), hidden, hidden, true));
        Ok(Self { global: [query?, key?, value?], reach })
    }

    /// `[batch * tokens * hidden]` → the same, with the projections of `local`; `global` are the tokens of each text
    /// that see all and are seen by all.
    pub(crate) fn forward(
        &self,
        local: &AttentionPart,
        rows: &[f32],
        batch: &Batch,
        global: &[Range<usize>],
    ) -> Result<Vec<f32>> {
        let (tokens, heads) = (batch.tokens(), local.heads);
        let hidden = rows.len() / (batch.len() * tokens).max(1);
        let texts = || (0..).step_by(tokens).zip(batch.lengths()).zip(global);
        let place = |start: usize, global: &Range<usize>| start + global.start..start + global.end;
        let is_global = |start: usize, row: usize| {
            global.get(start / tokens).is_some_and(|global| place(start, global).contains(&row))
        };
        let sees = |query: usize, key: usize| query.abs_diff(key) <= self.reach || is_global(key - key % tokens, key);
        let mut windows = texts().flat_map(|((start, length), global)| {
            (start..start + length).step_by(self.reach).map(move |first| {
                let end = start + length;
                let near = first.saturating_sub(self.reach).max(start)..(first + 2 * self.reach).min(end);
                let keys = place(start, global).chain(near.filter(move |row| !place(start, global).contains(row)));
                Span { queries: (first..(first + self.reach).min(end)).collect(), keys: keys.collect() }
            })
        });
        let mut attended = vec![0.0; rows.len()];
        let projected = [local.query.forward(rows)?, local.key.forward(rows)?, local.value.forward(rows)?];
        let projected = projected.each_ref().map(Vec::as_slice);
        attend_spans(projected, heads, hidden, &mut windows, &sees, &mut attended);
        if global.iter().any(|global| !global.is_empty()) {
            let [query, key, value] = self.global.each_ref().map(|linear| linear.forward(rows));
            let mut spans = texts().map(|((start, length), global)| Span {
                queries: place(start, global).collect(),
                keys: (start..start + length).collect(),
            });
            attend_spans([&query?, &key?, &value?], heads, hidden, &mut spans, &|_, _| true, &mut attended);
        }
        local.output.forward(&attended)
    }
}
