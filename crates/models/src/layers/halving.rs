//! Sequences halved by pooling neighbours, and brought back to their length (Funnel-Transformer, Dai et al., 2020).

use std::ops::Range;

/// How neighbours are pooled.
#[derive(Clone, Copy)]
pub(crate) struct Halving {
    /// Whether the first token stays by itself.
    pub first_apart: bool,
    /// Whether, then, the last token is left out.
    pub truncated: bool,
    /// Whether the largest number is taken, not the mean.
    pub largest: bool,
}

impl Halving {
    /// The tokens that become one, for each token to be.
    pub(crate) fn groups(self, tokens: usize) -> Vec<Range<usize>> {
        if !self.first_apart {
            return (0..tokens).step_by(2).map(|first| first..(first + 2).min(tokens)).collect();
        }
        let end = if self.truncated { tokens.saturating_sub(1) } else { tokens };
        std::iter::once(0..1).chain((1..end).step_by(2).map(|first| first..(first + 2).min(end))).collect()
    }

    /// `[batch * tokens * hidden]` → `[batch * groups * hidden]`.
    pub(crate) fn forward(self, rows: &[f32], tokens: usize, hidden: usize) -> Vec<f32> {
        let groups = self.groups(tokens);
        let mut pooled = Vec::with_capacity(rows.len() / 2 + hidden);
        for text in rows.chunks_exact((tokens * hidden).max(1)) {
            for group in &groups {
                let members = text.get(group.start * hidden..group.end * hidden).unwrap_or_default();
                pooled.extend((0..hidden).map(|index| {
                    let numbers = members.iter().skip(index).step_by(hidden).copied();
                    if self.largest {
                        numbers.fold(f32::NEG_INFINITY, f32::max)
                    } else {
                        numbers.sum::<f32>() / group.len() as f32
                    }
                }));
            }
        }
        pooled
    }

    /// Repeats each of `[batch * pooled * hidden]` for the `stride` tokens that became it, zeros where there is none:
    /// `[batch * tokens * hidden]`.
    pub(crate) fn restore(self, rows: &[f32], pooled: usize, tokens: usize, stride: usize, hidden: usize) -> Vec<f32> {
        let apart = usize::from(self.first_apart);
        let source = |token: usize| if token < apart { 0 } else { apart + (token - apart) / stride };
        let mut restored = Vec::with_capacity(rows.len() / pooled.max(1) * tokens);
        for text in rows.chunks_exact((pooled * hidden).max(1)) {
            for token in 0..tokens {
                let start = restored.len();
                restored.extend(text.chunks_exact(hidden).nth(source(token)).unwrap_or_default());
                restored.resize(start + hidden, 0.0);
            }
        }
        restored
    }
}

/// The tokens of a batch between two halvings.
#[derive(Clone)]
pub(crate) struct Level {
    /// The same in each text.
    pub positions: Vec<usize>,
    /// What lies between two positions.
    pub stride: usize,
    /// `[batch * tokens]`.
    pub segments: Vec<u32>,
    /// Tokens of each text without padding.
    pub lengths: Vec<usize>,
}

impl Level {
    /// The first of each group; a group with padding is padding.
    pub(crate) fn halved(&self, halving: Halving) -> Self {
        let groups = halving.groups(self.positions.len());
        let first = |numbers: &[usize]| groups.iter().filter_map(|group| numbers.get(group.start).copied()).collect();
        let texts = self.segments.chunks_exact(self.positions.len().max(1));
        Self {
            positions: first(&self.positions),
            stride: 2 * self.stride,
            segments: texts.flat_map(|text| groups.iter().filter_map(|group| text.get(group.start).copied())).collect(),
            lengths: self
                .lengths
                .iter()
                .map(|length| groups.iter().filter(|group| group.end <= *length).count())
                .collect(),
        }
    }
}
