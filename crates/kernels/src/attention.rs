//! Attention of one text, a block of queries at a time: the whole matrix of scores is never there.

use std::ops::Range;

use crate::lanes::{self, Kernel, Lanes, WIDTH};
use crate::softmax::exponentials;
use crate::tile::{Floats, Place, rows_times_panels};

/// Queries whose scores are there at once.
const BLOCK: usize = 16;

/// The shape of an attention.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Heads of the query.
    pub heads: usize,
    /// Heads of key and value, each for `heads / key_heads` heads of the query.
    pub key_heads: usize,
    /// Tokens of the query.
    pub queries: usize,
    /// Tokens that are attended to: padding is left out.
    pub keys: usize,
    /// Numbers of one head of query and key.
    pub width: usize,
    /// Numbers of one head of value.
    pub value_width: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// The farthest that a key may be from a query, in tokens.
    pub window: Option<usize>,
}

/// Changes the scaled scores of a head's query: `(head, query, scores of all keys)`. It is called for the queries of a
/// [`block`] of a head one after another.
pub type Bias<'a> = &'a dyn Fn(usize, usize, &mut [f32]);

/// The queries whose scores are there together with those of `query`, of so many queries.
pub fn block(query: usize, queries: usize) -> Range<usize> {
    let first = query / BLOCK * BLOCK;
    first..queries.min(first + BLOCK)
}

/// `softmax(query · keyᵀ · scale + bias) · value` (Vaswani et al., 2017). Query `[queries * heads * width]`, key
/// `[≥ keys * key_heads * width]`, value `[≥ keys * key_heads * value_width]`, out `[queries * heads * value_width]`.
/// `bias` may change scores in any way; a query whose scores are all -∞ gets 0.
///
/// # Panics
/// Where query, key, value or out are shorter, or `heads` is no multiple of `key_heads`.
pub fn attend(query: &[f32], key: &[f32], value: &[f32], shape: &Shape, bias: Option<Bias<'_>>, out: &mut [f32]) {
    let Shape { heads, key_heads, queries, keys, width, value_width, .. } = *shape;
    assert!(
        query.len() >= queries * heads * width && out.len() >= queries * heads * value_width,
        "no room for queries"
    );
    assert!(key.len() >= keys * key_heads * width && value.len() >= keys * key_heads * value_width, "keys are missing");
    assert!(key_heads > 0 && heads % key_heads == 0, "heads do not share key heads evenly");
    lanes::run(Attention { query, key, value, shape, bias, out });
}

struct Attention<'a> {
    query: &'a [f32],
    key: &'a [f32],
    value: &'a [f32],
    shape: &'a Shape,
    bias: Option<Bias<'a>>,
    out: &'a mut [f32],
}

/// Room that heads use one after another.
struct Scratch {
    /// Panels of eight keys, and of eight numbers of values.
    keys: Vec<f32>,
    values: Vec<f32>,
    /// Of a block of queries: the scaled queries, their scores, and what comes out.
    queries: Vec<f32>,
    scores: Vec<f32>,
    results: Vec<f32>,
}

impl Kernel for Attention<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self) {
        let Shape { heads, key_heads, queries, keys, width, value_width, .. } = *self.shape;
        let (padded, padded_width) = (keys.next_multiple_of(WIDTH), value_width.next_multiple_of(WIDTH));
        let mut scratch = Scratch {
            keys: vec![0.0; padded * width],
            values: vec![0.0; keys * padded_width],
            queries: vec![0.0; BLOCK * width],
            scores: vec![0.0; BLOCK * padded],
            results: vec![0.0; BLOCK * padded_width],
        };
        for key_head in 0..key_heads {
            pack_keys(self.key, key_head, self.shape, &mut scratch.keys);
            pack_values(self.value, key_head, self.shape, &mut scratch.values);
            let shared = heads / key_heads;
            for head in key_head * shared..(key_head + 1) * shared {
                for first in (0..queries).step_by(BLOCK) {
                    self.block::<L>(head, first, BLOCK.min(queries - first), &mut scratch);
                }
            }
        }
    }
}

/// Panels of eight keys of a head.
#[inline(always)]
fn pack_keys(key: &[f32], head: usize, shape: &Shape, panels: &mut [f32]) {
    let (width, stride) = (shape.width.max(1), shape.key_heads * shape.width);
    let keys = key.chunks_exact(stride.max(1)).take(shape.keys);
    for (index, key) in keys.enumerate() {
        let panel = panels.chunks_exact_mut(width * WIDTH).nth(index / WIDTH).unwrap_or_default();
        let places = panel.iter_mut().skip(index % WIDTH).step_by(WIDTH);
        places.zip(key.iter().skip(head * width)).for_each(|(place, number)| *place = *number);
    }
}

/// Panels of eight numbers of a head's values.
#[inline(always)]
fn pack_values(value: &[f32], head: usize, shape: &Shape, panels: &mut [f32]) {
    let (width, stride) = (shape.value_width, shape.key_heads * shape.value_width);
    let panels = panels.chunks_exact_mut((shape.keys * WIDTH).max(1));
    for (panel, first) in panels.zip((0..width).step_by(WIDTH)) {
        let count = WIDTH.min(width - first);
        let values = value.chunks_exact(stride.max(1));
        for (place, value) in panel.chunks_exact_mut(WIDTH).zip(values) {
            let numbers = value.iter().skip(head * width + first).take(count);
            place.iter_mut().zip(numbers).for_each(|(place, number)| *place = *number);
        }
    }
}

impl Attention<'_> {
    /// A block of queries of a head.
    #[inline(always)]
    fn block<L: Lanes>(&mut self, head: usize, first: usize, count: usize, scratch: &mut Scratch) {
        let Shape { heads, keys, width, value_width, scale, window, .. } = *self.shape;
        let padded_width = value_width.next_multiple_of(WIDTH);
        let padded = keys.next_multiple_of(WIDTH);
        // Keys that some query of the block reaches, from whole panels.
        let reach = |query: usize| match window {
            Some(window) => {
                query.saturating_sub(window).min(keys)..query.saturating_add(window).saturating_add(1).min(keys)
            }
            None => 0..keys,
        };
        let reached = reach(first).start / WIDTH * WIDTH..reach(first + count - 1).end;
        let queries = self.query.chunks_exact((heads * width).max(1)).skip(first);
        for (to, query) in scratch.queries.chunks_exact_mut(width.max(1)).zip(queries).take(count) {
            let numbers = query.iter().skip(head * width);
            to.iter_mut().zip(numbers).for_each(|(to, number)| *to = number * scale);
        }
        let scores = Place::<Floats<L>> {
            rows: scratch.queries.as_ptr(),
            row_stride: width,
            panels: scratch.keys.as_ptr().wrapping_add(reached.start * width),
            panel_stride: width * WIDTH,
            out: scratch.scores.as_mut_ptr().wrapping_add(reached.start),
            out_stride: padded,
        };
        // SAFETY: the scratch has room for a block of queries and scores, and for all keys in whole panels.
        unsafe { rows_times_panels(scores, count, reached.len().div_ceil(WIDTH), width, &[]) };
        let mut factors = [0.0; BLOCK];
        for (index, factor) in factors.iter_mut().enumerate().take(count) {
            let scores = scratch.scores.chunks_exact_mut(padded.max(1)).nth(index).unwrap_or_default();
            let scores = scores.get_mut(..keys).unwrap_or_default();
            let reach = reach(first + index);
            if let Some(bias) = self.bias {
                scores.get_mut(..reached.start).unwrap_or_default().fill(f32::NEG_INFINITY);
                scores.get_mut(reached.end..).unwrap_or_default().fill(f32::NEG_INFINITY);
                bias(head, first + index, scores);
            }
            scores.get_mut(reached.start..reach.start).unwrap_or_default().fill(0.0);
            scores.get_mut(reach.end..reached.end).unwrap_or_default().fill(0.0);
            *factor = 1.0 / exponentials::<L>(scores.get_mut(reach).unwrap_or_default());
        }
        let results = Place::<Floats<L>> {
            rows: scratch.scores.as_ptr().wrapping_add(reached.start),
            row_stride: padded,
            panels: scratch.values.as_ptr().wrapping_add(reached.start * WIDTH),
            panel_stride: keys * WIDTH,
            out: scratch.results.as_mut_ptr(),
            out_stride: padded_width,
        };
        // SAFETY: the scratch has room for a block of scores and results, and for all values in whole panels.
        unsafe { rows_times_panels(results, count, padded_width / WIDTH, reached.len(), &[]) };
        let out = self.out.chunks_exact_mut((heads * value_width).max(1)).skip(first);
        let results = scratch.results.chunks_exact(padded_width.max(1));
        for ((out, results), factor) in out.zip(results).zip(factors).take(count) {
            let numbers = out.iter_mut().skip(head * value_width).take(value_width);
            numbers.zip(results).for_each(|(to, result)| *to = result * factor);
        }
    }
}
