//! Multi-head attention (Vaswani et al., 2017): `softmax(Q Kᵀ · scale + bias) V`.

use candle_core::{Device, Tensor};
use vitrine_kernels::rows::{scale as multiply, swap};
use vitrine_kernels::softmax::softmax;

use super::pieces::attend_in_pieces;
use super::{Angles, Linear, Scope};
use crate::weights::to_vec;
use crate::{Batch, Error, Result};

/// What an architecture adds to the scores of one query: `(text, head, query, scores of every key)`.
pub(crate) type Bias<'a> = &'a dyn Fn(usize, usize, usize, &mut [f32]);

/// How tokens attend to others by their places; nothing by default.
#[derive(Clone, Copy, Default)]
pub(crate) struct Relative<'a> {
    /// Turns queries and keys by their positions.
    pub rotary: Option<&'a Angles>,
    /// Changes scores before softmax.
    pub bias: Option<Bias<'a>>,
}

/// Self-attention with its output projection.
pub(crate) struct SelfAttention {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) output: Linear,
    pub(crate) heads: usize,
}

impl SelfAttention {
    /// Takes the projections `names` (query, key, value, output) of `scope`, all `[hidden, hidden]`.
    pub(crate) fn load(scope: &Scope<'_>, names: [&str; 4], hidden: usize, heads: usize, bias: bool) -> Result<Self> {
        let [query, key, value, output] = names.map(|name| Linear::load(&scope.at(name), hidden, hidden, bias));
        Ok(Self { query: query?, key: key?, value: value?, output: output?, heads })
    }

    /// Takes the same projections, with heads of `width` numbers that need not divide `hidden`, and possibly fewer heads
    /// of keys and values, each for several of queries (grouped-query attention, Ainslie et al., 2023).
    pub(crate) fn load_heads(
        scope: &Scope<'_>,
        names: [&str; 4],
        hidden: usize,
        [heads, key_heads, width]: [usize; 3],
        bias: bool,
    ) -> Result<Self> {
        let [query, key, value, output] = names.map(|name| scope.at(name));
        let (inner, key_inner) = (inner(heads, width)?, inner(key_heads, width)?);
        Ok(Self {
            query: Linear::load(&query, hidden, inner, bias)?,
            key: Linear::load(&key, hidden, key_inner, bias)?,
            value: Linear::load(&value, hidden, key_inner, bias)?,
            output: Linear::load(&output, inner, hidden, bias)?,
            heads,
        })
    }

    /// Takes query, key and value from one map `[3 * heads * width, hidden]`, which is held once.
    pub(crate) fn load_fused(
        scope: &Scope<'_>,
        [fused, output]: [&str; 2],
        hidden: usize,
        [heads, width]: [usize; 2],
        bias: bool,
    ) -> Result<Self> {
        let (fused, inner) = (scope.at(fused), inner(heads, width)?);
        let part = |index: usize| Linear::part(&fused, hidden, 3 * inner, index * inner..(index + 1) * inner, bias);
        let output = Linear::load(&scope.at(output), inner, hidden, bias)?;
        Ok(Self { query: part(0)?, key: part(1)?, value: part(2)?, output, heads })
    }

    /// `[batch * tokens * hidden]` → the same; padding is not attended to.
    pub(crate) fn forward(&self, rows: &[f32], batch: &Batch, relative: Relative<'_>) -> Result<Vec<f32>> {
        self.forward_to(rows, rows, &Reach { relative, ..Reach::of(batch) })
    }

    /// Attention of the tokens `rows` to `others`, as many of each text: `[batch * tokens * hidden]` → the same.
    pub(crate) fn forward_to(&self, rows: &[f32], others: &[f32], reach: &Reach<'_>) -> Result<Vec<f32>> {
        let Reach { tokens, lengths, scale, window, relative } = *reach;
        let (mut query, mut key) = (self.query.forward(rows)?, self.key.forward(others)?);
        let mut value = self.value.forward(others)?;
        let rows = (lengths.len() * tokens).max(1);
        let width = query.len() / (rows * self.heads).max(1);
        let key_heads = key.len() / (rows * width).max(1);
        if let Some(rotary) = relative.rotary {
            rotary.forward(&mut query, self.heads, width);
            rotary.forward(&mut key, key_heads, width);
            if rotary.of_values {
                rotary.forward(&mut value, key_heads, width);
            }
        }
        if key_heads < self.heads {
            let groups = self.heads / key_heads.max(1);
            (key, value) = (repeat(&key, width, groups), repeat(&value, width, groups));
        }
        let scale = scale.unwrap_or(1.0 / (width as f32).sqrt());
        let shape = AttentionShape { heads: self.heads, queries: tokens, keys: tokens, lengths, scale };
        self.output.forward(&attend_in_pieces(query, &key, &value, &shape, window, relative.bias)?)
    }
}

/// What attention reaches, and how its scores are made.
#[derive(Clone, Copy)]
pub(crate) struct Reach<'a> {
    /// Tokens of each text, padding included.
    pub tokens: usize,
    /// Tokens of each text that are attended to, from the first.
    pub lengths: &'a [usize],
    /// What scores are multiplied by; where `None`, one over the root of a head's width.
    pub scale: Option<f32>,
    /// How far a token may be that is attended to; where `None`, any. Excludes a bias.
    pub window: Option<usize>,
    pub relative: Relative<'a>,
}

impl<'a> Reach<'a> {
    /// All tokens but padding.
    pub(crate) fn of(batch: &'a Batch) -> Self {
        Self {
            tokens: batch.tokens(),
            lengths: batch.lengths(),
            scale: None,
            window: None,
            relative: Relative::default(),
        }
    }
}

/// The width of all heads together.
fn inner(heads: usize, width: usize) -> Result<usize> {
    let inner = heads.checked_mul(width).filter(|inner| *inner <= 1 << 24);
    inner.ok_or_else(|| Error::Config(format!("{heads} heads of {width} numbers are too many")))
}

/// Each group of `width` numbers `times` times.
fn repeat(rows: &[f32], width: usize, times: usize) -> Vec<f32> {
    let heads = rows.chunks_exact(width.max(1));
    heads.flat_map(|head| std::iter::repeat_n(head, times)).flatten().copied().collect()
}

/// The sizes of one attention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttentionShape<'a> {
    pub heads: usize,
    /// Queries of each text.
    pub queries: usize,
    /// Keys of each text, padding included.
    pub keys: usize,
    /// Keys of each text without padding, which stands at the end and is not attended to.
    pub lengths: &'a [usize],
    /// What scores are multiplied by before the bias is added.
    pub scale: f32,
}

/// Attention of already projected rows: `query` is `[batch * queries * heads * width]`, `key` `[batch * keys * heads *
/// width]`, `value` `[batch * keys * heads * width']`; the result is `[batch * queries * heads * width']`.
pub(crate) fn attend(
    mut query: Vec<f32>,
    key: &[f32],
    value: &[f32],
    shape: &AttentionShape<'_>,
    bias: Option<Bias<'_>>,
) -> Result<Vec<f32>> {
    let AttentionShape { heads, queries, keys, lengths, scale } = *shape;
    let texts = lengths.len();
    multiply(&mut query, scale);
    let by_head = |rows: &[f32], tokens: usize| -> Result<Tensor> {
        let width = rows.len() / (texts * tokens * heads).max(1);
        Ok(Tensor::from_vec(swap(rows, tokens, heads, width), (texts * heads, tokens, width), &Device::Cpu)?)
    };
    let (query, key, value) = (by_head(&query, queries)?, by_head(key, keys)?, by_head(value, keys)?);
    let mut scores = to_vec(&query.matmul(&key.t()?)?)?; // [batch * heads * queries * keys]
    for (text, (matrices, length)) in scores.chunks_exact_mut((heads * queries * keys).max(1)).zip(lengths).enumerate()
    {
        for (index, row) in matrices.chunks_exact_mut(keys).enumerate() {
            if let Some(bias) = bias {
                bias(text, index / queries, index % queries, row);
            }
            softmax(row, *length);
        }
    }
    let scores = Tensor::from_vec(scores, (texts * heads, queries, keys), &Device::Cpu)?;
    let width = value.dim(2)?;
    Ok(swap(&to_vec(&scores.matmul(&value)?)?, heads, queries, width))
}

/// Softmax of each stretch of `width` scores.
pub(crate) fn softmax_rows(scores: &mut [f32], width: usize) {
    scores.chunks_exact_mut(width.max(1)).for_each(|row| softmax(row, width));
}
