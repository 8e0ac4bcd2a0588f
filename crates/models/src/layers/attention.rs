//! Multi-head self-attention (Vaswani et al., 2017) with its projections, whose heads several workers may share.

use std::collections::HashMap;
use std::rc::Rc;

use super::attend::{AttentionShape, attend_heads};
use super::split::{Other, Others, Split, linear_of, split_inputs, split_outputs, write_linear};
use super::{Angles, DistanceBias, Linear, Scope};
use crate::peers::{Call, Message, Words, kind, take_numbers};
use crate::weights::{Input, Matrix};
use crate::{Batch, Error, Result};

/// How tokens attend to others by their places; nothing by default.
#[derive(Clone, Copy, Default)]
pub(crate) struct Relative<'a> {
    /// Turns queries and keys by their positions.
    pub rotary: Option<&'a Angles>,
    /// Added to scores by the distance of the tokens.
    pub distances: Option<&'a DistanceBias>,
    /// Whether a token attends to those before it and itself only.
    pub causal: bool,
    /// Whether the rows are those of texts alone, without padding.
    pub packed: bool,
}

/// Self-attention with its output projection.
pub(crate) struct SelfAttention {
    /// The heads that are here: all, where the layer is not shared.
    pub(crate) part: AttentionPart,
    others: Others,
}

/// Some heads of a layer's attention, with their part of the output projection.
pub(crate) struct AttentionPart {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) output: Linear,
    pub(crate) heads: usize,
    /// Of these heads among all.
    first_head: usize,
}

impl SelfAttention {
    /// Of projections that stay here.
    pub(crate) fn of([query, key, value, output]: [Linear; 4], heads: usize) -> Self {
        let part = AttentionPart { query, key, value, output, heads, first_head: 0 };
        Self { part, others: Others::default() }
    }

    /// Takes the projections `names` (query, key, value, output) of `scope`, all `[hidden, hidden]`.
    pub(crate) fn load(scope: &Scope<'_>, names: [&str; 4], hidden: usize, heads: usize, bias: bool) -> Result<Self> {
        Self::load_heads(scope, names, hidden, [heads, heads, hidden / heads], bias)
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
        let group = heads / key_heads.max(1) * width;
        let project = |scope: &Scope<'_>, inner: usize, unit: usize| -> Result<Vec<Split>> {
            Ok(split_outputs(scope, [inner, hidden], &[(0..inner, unit)], bias)?.pop().unwrap_or_default())
        };
        let projections =
            [project(&query, inner, group)?, project(&key, key_inner, width)?, project(&value, key_inner, width)?];
        let output = split_inputs(&output, [hidden, inner], group, bias)?;
        Self::share(scope, projections, output, width)
    }

    /// Takes query, key and value from one map `[3 * heads * width, hidden]`.
    pub(crate) fn load_fused(
        scope: &Scope<'_>,
        [fused, output]: [&str; 2],
        hidden: usize,
        [heads, width]: [usize; 2],
        bias: bool,
    ) -> Result<Self> {
        let inner = inner(heads, width)?;
        let ranges = [0, 1, 2].map(|index| (index * inner..(index + 1) * inner, width));
        let mut parts = split_outputs(&scope.at(fused), [3 * inner, hidden], &ranges, bias)?.into_iter();
        let projections = [0, 1, 2].map(|_| parts.next().unwrap_or_default());
        let output = split_inputs(&scope.at(output), [hidden, inner], width, bias)?;
        Self::share(scope, projections, output, width)
    }

    /// Keeps the first part of each projection here and tells the other workers what to make of theirs.
    fn share(
        scope: &Scope<'_>,
        [query, key, value]: [Vec<Split>; 3],
        output: Vec<Split>,
        width: usize,
    ) -> Result<Self> {
        let mut parts = query.into_iter().zip(key).zip(value).zip(output);
        let Some((((query, key), value), output)) = parts.next() else {
            return Err(Error::Config("attention has no heads".to_owned()));
        };
        let linears = [query.linear()?, key.linear()?, value.linear()?, output.linear()?];
        let own = Self::of(linears.clone(), linears.first().map_or(0, Linear::outputs) / width.max(1));
        let mut first_head = own.part.heads;
        let mut others = Others::default();
        for (peer, (((query, key), value), output)) in parts.enumerate() {
            // A model that is built before its weights are there has all parts here.
            let Some(peers) = scope.peers() else { continue };
            let splits = [query, key, value, output];
            let heads = splits.first().map_or(0, |query| query.outputs()) / width.max(1);
            let mut message = Message::default();
            for split in &splits {
                write_linear(&mut message, split)?;
            }
            let part = peers.give(peer, |id| {
                let words = [kind::ATTENTION, id, heads as u32, first_head as u32];
                Message { words: words.into_iter().chain(message.words).collect(), ..message }
            })?;
            first_head += heads;
            others.0.push(Other { part, matrices: splits.map(|split| split.held).to_vec() });
        }
        Ok(Self { others, ..own })
    }

    /// `[batch * tokens * hidden]` → the same, or the same without padding; that is not attended to.
    pub(crate) async fn forward(&self, rows: &[f32], batch: &Batch, relative: Relative<'_>) -> Result<Vec<f32>> {
        self.forward_to(rows, rows, &Reach { relative, ..Reach::of(batch) }).await
    }

    /// Attention of the tokens `rows` to `others`, as many of each text: `[batch * tokens * hidden]` → the same.
    pub(crate) async fn forward_to(&self, rows: &[f32], others: &[f32], reach: &Reach<'_>) -> Result<Vec<f32>> {
        self.others.sum(|| reach.call(rows, others), || self.part.forward(rows, others, reach)).await
    }
}

impl AttentionPart {
    fn forward(&self, rows: &[f32], others: &[f32], reach: &Reach<'_>) -> Vec<f32> {
        let Reach { tokens, lengths, scale, window, relative } = *reach;
        let (own, others) = (Input::new(rows, self.query.inputs()), Input::new(others, self.key.inputs()));
        let mut query = self.query.forward_input(&own, None);
        // Where tokens attend to their own text, what is made of a row once serves all three.
        let others = if std::ptr::eq(own.rows(), others.rows()) { &own } else { &others };
        let (mut key, mut value) = (self.key.forward_input(others, None), self.value.forward_input(others, None));
        let width = self.query.outputs() / self.heads.max(1);
        let key_heads = self.key.outputs() / width.max(1);
        if let Some(rotary) = relative.rotary {
            rotary.forward(&mut query, self.heads, width);
            rotary.forward(&mut key, key_heads, width);
            if rotary.of_values {
                rotary.forward(&mut value, key_heads, width);
            }
        }
        let scale = scale.unwrap_or(1.0 / (width as f32).sqrt());
        let bias = |_: usize, head: usize, query: usize, scores: &mut [f32]| {
            if let Some(distances) = relative.distances {
                distances.add_to(scores, self.first_head + head, query);
            }
            if relative.causal {
                scores.iter_mut().skip(query + 1).for_each(|score| *score = f32::NEG_INFINITY);
            }
        };
        let biased = relative.distances.is_some() || relative.causal;
        let bias = biased.then_some(&bias as super::attend::Bias<'_>);
        let attend = |[query, key, value]: [&[f32]; 3], tokens: usize, lengths: &[usize]| {
            let shape = AttentionShape { heads: self.heads, queries: tokens, keys: tokens, lengths, scale };
            attend_heads(query, key, value, &shape, key_heads, window, bias)
        };
        let projected = [&*query, &*key, &*value];
        let attended = if relative.packed {
            let (rows, mut first) = (lengths.iter().sum::<usize>().max(1), 0);
            let of_text = |length: &usize| {
                let places = first..first + length;
                first = places.end;
                let of_text = projected.map(|numbers| {
                    let width = numbers.len() / rows;
                    numbers.get(places.start * width..places.end * width).unwrap_or_default()
                });
                attend(of_text, *length, &[*length])
            };
            lengths.iter().map(of_text).collect::<Vec<_>>().concat()
        } else {
            attend(projected, tokens, lengths)
        };
        self.output.forward_input(&Input::new(&attended, self.output.inputs()), None)
    }

    /// Reads a part that another worker gave.
    pub(crate) fn read(mut words: Words<'_>, numbers: &[f32], matrices: &HashMap<u32, Rc<Matrix>>) -> Result<Self> {
        let (heads, first_head) = (words.size()?, words.size()?);
        let mut numbers = numbers;
        let mut linear = || linear_of(&mut words, &mut numbers, matrices);
        Ok(Self { query: linear()?, key: linear()?, value: linear()?, output: linear()?, heads, first_head })
    }

    /// Answers a call that [`Reach::call`] made.
    pub(crate) fn answer(&self, mut words: Words<'_>, numbers: Vec<f32>) -> Result<Vec<f32>> {
        let (tokens, texts) = (words.size()?, words.size()?);
        let lengths = words.sizes(texts)?;
        let (scaled, scale, window) = (words.next()?, f32::from_bits(words.next()?), words.size()?);
        let [causal, packed, cross] = [words.next()? == 1, words.next()? == 1, words.next()? == 1];
        let (rotary, distances) = (words.next()?, words.size()?);
        let mut numbers = numbers.as_slice();
        let all = || lengths.iter().fold(0_usize, |all, length| all.saturating_add(*length));
        let count = if packed { all() } else { tokens.saturating_mul(texts) };
        let rows = take_numbers(&mut numbers, count.saturating_mul(self.query.inputs()))?;
        let others = if cross { take_numbers(&mut numbers, count.saturating_mul(self.key.inputs()))? } else { rows };
        let rotary = if rotary == 1 { Some(Angles::read(&mut words, &mut numbers)?) } else { None };
        let distances = if distances > 0 { Some(DistanceBias::read(distances, tokens, &mut numbers)?) } else { None };
        let reach = Reach {
            tokens,
            lengths: &lengths,
            scale: (scaled == 1).then_some(scale),
            window: window.checked_sub(1),
            relative: Relative { rotary: rotary.as_ref(), distances: distances.as_ref(), causal, packed },
        };
        Ok(self.forward(rows, others, &reach))
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
    /// How far a token may be that is attended to; where `None`, any.
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

    /// Has another worker compute its heads of the same rows.
    fn call<'b>(&self, rows: &'b [f32], others: &'b [f32]) -> Call<'b> {
        let Relative { rotary, distances, causal, packed } = self.relative;
        let cross = !std::ptr::eq(rows, others);
        let mut message = Message { words: vec![self.tokens as u32, self.lengths.len() as u32], ..Message::default() };
        message.words.extend(self.lengths.iter().map(|length| *length as u32));
        message.words.extend([
            u32::from(self.scale.is_some()),
            self.scale.unwrap_or_default().to_bits(),
            self.window.map_or(0, |window| window as u32 + 1),
            u32::from(causal),
            u32::from(packed),
            u32::from(cross),
            u32::from(rotary.is_some()),
            distances.map_or(0, DistanceBias::heads) as u32,
        ]);
        rotary.iter().for_each(|rotary| rotary.write(&mut message));
        distances.iter().for_each(|distances| distances.write(&mut message));
        let rows = if cross { vec![rows, others] } else { vec![rows] };
        Call { words: message.words, rows, numbers: message.numbers }
    }
}

/// The width of all heads together.
fn inner(heads: usize, width: usize) -> Result<usize> {
    let inner = heads.checked_mul(width).filter(|inner| *inner <= 1 << 24);
    inner.ok_or_else(|| Error::Config(format!("{heads} heads of {width} numbers are too many")))
}
