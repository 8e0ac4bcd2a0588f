//! Layers whose attention scores distances and segments beside contents (Transformer-XL, Dai et al., 2019; XLNet, Yang
//! et al., 2019): `(q + u)·k + (q + v)·W r(distance) + (q + w)·segment`.

use super::distance_products::DistanceProducts;
use super::{Activation, AttentionShape, FeedForward, LayerNorm, Linear, Scope, add, attend};
use crate::{Error, Result};
use std::rc::Rc;
use vitrine_kernels::attention::block;
use vitrine_kernels::rows::swap;

/// A layer: attention, then a feed-forward network, each with a residual sum and a norm after it.
pub(crate) struct RelativeBlock {
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    pub output: Linear,
    /// From the sinusoids of a distance to what queries meet, `[heads * width, hidden]`.
    pub distance: Linear,
    /// What is added to queries before they meet keys, distances and segments, `[heads * width]` each.
    pub biases: [Vec<f32>; 3],
    /// What queries meet of a key in the same segment, and of one in another, `[heads * width]` each.
    pub segments: [Vec<f32>; 2],
    pub heads: usize,
    pub attention_norm: LayerNorm,
    pub feed_forward: FeedForward,
    pub output_norm: LayerNorm,
}

/// The names of a layer's tensors beside its projections.
pub(crate) struct RelativeNames {
    /// What stands before the names of the biases, for instance `rel_attn`.
    pub attention: &'static str,
    pub attention_norm: &'static str,
    pub feed_forward: [&'static str; 2],
    pub output_norm: &'static str,
    /// Whether `seg_embed` begins with the same segment.
    pub same_first: bool,
}

/// The sizes of a layer.
#[derive(Clone, Copy)]
pub(crate) struct RelativeShape {
    pub hidden: usize,
    pub heads: usize,
    pub width: usize,
    pub intermediate: usize,
    pub activation: Activation,
    pub epsilon: f64,
}

/// Where the tokens of a batch stand.
pub(crate) struct Places<'a> {
    /// Positions of the queries and of the keys, the same in each text.
    pub queries: &'a [usize],
    pub keys: &'a [usize],
    /// What all distances are multiples of.
    pub stride: usize,
    /// The largest distance that is told from larger ones.
    pub farthest: Option<usize>,
    /// Segments of the queries `[batch * queries]` and of the keys `[batch * keys]`.
    pub query_segments: &'a [u32],
    pub key_segments: &'a [u32],
    /// A segment that is the same as every other.
    pub any_segment: Option<u32>,
    /// Keys of each text that are not padding.
    pub lengths: &'a [usize],
    /// Whether the first token has neither distance nor segment.
    pub first_apart: bool,
}

/// A map whose weight a checkpoint holds as `[in, heads, width]`.
pub(crate) fn kernel(scope: &Scope<'_>, name: &str, shape: &RelativeShape) -> Result<Linear> {
    let RelativeShape { hidden, heads, width, .. } = *shape;
    let weight = scope.numbers(&[name], &[hidden, heads, width])?;
    let weight = swap(&weight, hidden, heads * width, 1);
    Ok(Linear::new(Rc::new(scope.pack(&weight, heads * width, hidden)?), Vec::new()))
}

impl RelativeBlock {
    /// Takes what is not among the maps `projections` (query, key, value, output, distance) from `scope`.
    pub(crate) fn load(
        scope: &Scope<'_>,
        names: &RelativeNames,
        shape: &RelativeShape,
        [query, key, value, output, distance]: [Linear; 5],
    ) -> Result<Self> {
        let RelativeShape { hidden, heads, width, intermediate, activation, epsilon } = *shape;
        if !hidden.is_multiple_of(2) {
            return Err(Error::Config(format!("the hidden size {hidden} is odd")));
        }
        let attention = scope.at(names.attention);
        let bias = |name: &str| attention.numbers(&[name], &[heads, width]);
        let mut same = attention.numbers(&["seg_embed"], &[2, heads, width])?;
        let mut other = same.split_off(heads * width);
        if !names.same_first {
            std::mem::swap(&mut same, &mut other);
        }
        Ok(Self {
            query,
            key,
            value,
            output,
            distance,
            biases: [bias("r_w_bias")?, bias("r_r_bias")?, bias("r_s_bias")?],
            segments: [same, other],
            heads,
            attention_norm: LayerNorm::load(&scope.at(names.attention_norm), hidden, epsilon)?,
            feed_forward: FeedForward::load(scope, names.feed_forward, hidden, intermediate, activation)?,
            output_norm: LayerNorm::load(&scope.at(names.output_norm), hidden, epsilon)?,
        })
    }

    /// `[batch * queries * hidden]` → the same; the keys are of `others`, `[batch * keys * hidden]`.
    pub(crate) async fn forward(&self, mut rows: Vec<f32>, others: &[f32], places: &Places<'_>) -> Result<Vec<f32>> {
        let attended = self.attend(&rows, others, places)?;
        add(&mut rows, &attended);
        self.attention_norm.forward(&mut rows);
        let fed = self.feed_forward.forward(&rows).await?;
        add(&mut rows, &fed);
        self.output_norm.forward(&mut rows);
        Ok(rows)
    }

    fn attend(&self, rows: &[f32], others: &[f32], places: &Places<'_>) -> Result<Vec<f32>> {
        let (queries, keys, texts) = (places.queries.len(), places.keys.len(), places.lengths.len());
        let hidden = rows.len() / (texts * queries).max(1);
        let query = self.query.forward(rows)?;
        let (heads, row_width) = (self.heads, self.biases.each_ref().map(Vec::len)[0]);
        let width = row_width / heads;
        let scale = 1.0 / (width as f32).sqrt();
        let [content, by_distance, by_segment] = self.biases.each_ref().map(|bias| {
            let mut query = query.clone();
            query.chunks_exact_mut(row_width).for_each(|row| add(row, bias));
            query
        });

        let distances = Distances::of(places);
        let sinusoids = self.distance.forward(&distances.sinusoids(hidden))?;
        let met = DistanceProducts::new(&by_distance, &sinusoids, heads, width);
        let bounds = |positions: &[usize]| {
            let bound = |bound: Option<&usize>| bound.copied().unwrap_or_default();
            (bound(positions.iter().min()), bound(positions.iter().max()))
        };
        let (first_key, last_key) = bounds(places.keys);

        let score = |text: usize, head: usize, query: usize, scores: &mut [f32]| {
            let row = text * queries + query;
            let block = block(query, queries);
            let (first, last) = bounds(places.queries.get(block.clone()).unwrap_or_default());
            let among = distances.index(first, last_key)..distances.index(last, first_key) + 1;
            let met = met.of(head, text * queries + block.start..text * queries + block.end, among.clone());
            let met = met.row(query - block.start);
            let of_head = |rows: &[f32], row: usize| -> Vec<f32> {
                let start = row * row_width + head * width;
                rows.get(start..start + width).unwrap_or_default().to_vec()
            };
            let this = of_head(&by_segment, row);
            let [same, other] = self.segments.each_ref().map(|segment| {
                let segment = of_head(segment, 0);
                this.iter().zip(segment).map(|(a, b)| a * b).sum::<f32>()
            });
            let (Some(from), Some(own)) = (places.queries.get(query), places.query_segments.get(row)) else { return };
            let segments = places.key_segments.get(text * keys..).unwrap_or_default();
            let places_of_keys = places.keys.iter().zip(segments).enumerate();
            for (score, (key, (to, segment))) in scores.iter_mut().zip(places_of_keys) {
                if !(places.first_apart && (query == 0 || key == 0)) {
                    let any = places.any_segment.is_some_and(|any| *own == any || *segment == any);
                    let segment = if own == segment || any { same } else { other };
                    let place = distances.index(*from, *to) - among.start;
                    *score += scale * (met.get(place).copied().unwrap_or_default() + segment);
                }
            }
        };
        let shape = AttentionShape { heads, queries, keys, lengths: places.lengths, scale };
        let (key, value) = (self.key.forward(others)?, self.value.forward(others)?);
        self.output.forward(&attend(&content, &key, &value, &shape, Some(&score)))
    }
}

/// The distances between queries and keys, in strides, all between two bounds.
struct Distances {
    first: isize,
    last: usize,
    stride: usize,
}

impl Distances {
    fn of(places: &Places<'_>) -> Self {
        let last = |positions: &[usize]| positions.last().copied().unwrap_or(0) / places.stride + 1;
        let bound = |distance: usize| distance.min(places.farthest.unwrap_or(usize::MAX));
        let first = -(bound(last(places.keys)) as isize);
        Self { first, last: bound(last(places.queries)), stride: places.stride }
    }

    /// Which of the distances lies between two positions.
    fn index(&self, from: usize, to: usize) -> usize {
        let distance = (from as isize - to as isize) / self.stride as isize;
        (distance.clamp(self.first, self.last as isize) - self.first) as usize
    }

    /// Sines, then cosines, of each distance at falling frequencies, `[distances * hidden]`.
    fn sinusoids(&self, hidden: usize) -> Vec<f32> {
        let frequency = |index: usize| 1.0 / 10000_f32.powf((2 * index) as f32 / hidden as f32);
        let frequencies: Vec<f32> = (0..hidden / 2).map(frequency).collect();
        let mut table = Vec::new();
        for distance in self.first..=self.last as isize {
            let position = distance as f32 * self.stride as f32;
            table.extend(frequencies.iter().map(|frequency| (position * frequency).sin()));
            table.extend(frequencies.iter().map(|frequency| (position * frequency).cos()));
        }
        table
    }
}
