//! Disentangled attention (He et al., 2020, "DeBERTa"): the score of a query and a key is the sum of products of their
//! contents, of the query's content with the distance between them, and of the key's content with that distance.

use super::distance_products::DistanceProducts;
use super::{AttentionShape, BlockShape, Embedding, LayerNorm, Linear, Scope, attend};
use crate::{Batch, Config, Result};
use vitrine_kernels::attention::block;

/// Self-attention with its output projection.
pub(crate) struct Disentangled {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) output: Linear,
    pub(crate) heads: usize,
    /// Makes keys of distances, which contents of queries are compared with (`c2p`).
    pub(crate) distance_key: Option<Linear>,
    /// Makes queries of distances, which contents of keys are compared with (`p2c`).
    pub(crate) distance_query: Option<Linear>,
    /// What the sum is multiplied by.
    pub(crate) scale: f32,
}

impl Disentangled {
    /// `[batch * tokens * hidden]` → the same; padding is not attended to.
    pub(crate) fn forward(&self, rows: &[f32], batch: &Batch, distances: Option<&Distances>) -> Result<Vec<f32>> {
        let (query, key) = (self.query.forward(rows)?, self.key.forward(rows)?);
        let value = self.value.forward(rows)?;
        let tokens = batch.tokens();
        let width = query.len() / (batch.len() * tokens * self.heads).max(1);
        let against = |contents, linear: &Option<Linear>| match (linear, distances) {
            (Some(linear), Some(distances)) => {
                let distances = linear.forward(&distances.rows)?;
                Ok::<_, crate::Error>(Some(DistanceProducts::new(contents, &distances, self.heads, width)))
            }
            _ => Ok(None),
        };
        let by_query = against(&query, &self.distance_key)?;
        let by_key = against(&key, &self.distance_query)?;
        let places = distances.map(|distances| distances.places.as_slice()).unwrap_or_default();
        let bias = |text: usize, head: usize, query: usize, scores: &mut [f32]| {
            let Some(places) = places.get(query..query + tokens) else { return };
            let first = text * tokens;
            if let Some(products) = &by_query {
                let queries = block(query, tokens);
                let (at, contents) = (query - queries.start, first + queries.start..first + queries.end);
                let products = products.of(head, contents, 0..products.distances());
                let row = products.row(at);
                let products = places.iter().rev().map(|place| row.get(*place));
                add_scaled(scores, products, self.scale);
            }
            if let Some(products) = &by_key {
                let products = products.of(head, first..first + tokens, 0..products.distances());
                let products = places.iter().rev().enumerate().map(|(key, place)| products.row(key).get(*place));
                add_scaled(scores, products, self.scale);
            }
        };
        let shape = AttentionShape {
            heads: self.heads,
            queries: tokens,
            keys: tokens,
            lengths: batch.lengths(),
            scale: self.scale,
        };
        self.output.forward(&attend(&query, &key, &value, &shape, Some(&bias)))
    }
}

fn add_scaled<'a>(scores: &mut [f32], products: impl Iterator<Item = Option<&'a f32>>, scale: f32) {
    scores.iter_mut().zip(products).for_each(|(score, product)| *score += product.copied().unwrap_or(0.0) * scale);
}

/// A vector for each distance from `-span` to `span - 1`; larger ones share the last.
pub(crate) struct RelativeEmbeddings {
    table: Embedding,
    norm: Option<LayerNorm>,
    span: usize,
    /// With a number of buckets, far distances share one (`make_log_bucket_position` of transformers): how many there
    /// are, and the distance from which on they share the last.
    buckets: Option<(usize, usize)>,
}

/// The distances of one forward pass.
pub(crate) struct Distances {
    /// Vectors of those that occur, `[distances * hidden]`.
    rows: Vec<f32>,
    /// Which of them a distance has, from `1 - tokens` to `tokens - 1`.
    places: Vec<usize>,
}

impl RelativeEmbeddings {
    /// By the keys of DeBERTa's config; `None` without `relative_attention`.
    pub(crate) fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<Option<Self>> {
        if !config.flag_or("relative_attention", false) {
            return Ok(None);
        }
        let farthest = match config.dimension_if_positive("max_relative_positions")? {
            Some(farthest) => farthest,
            None => config.dimension_or("max_position_embeddings", 512)?,
        };
        let buckets = config.dimension_if_positive("position_buckets")?;
        let span = buckets.unwrap_or(farthest);
        let normed = config.text("norm_rel_ebd").unwrap_or_default().to_lowercase();
        let normed = normed.split('|').any(|name| name.trim() == "layer_norm");
        let norm = || LayerNorm::load(&scope.at("LayerNorm"), shape.hidden, shape.epsilon);
        Ok(Some(Self {
            table: Embedding::load(&scope.at("rel_embeddings"), 2 * span, shape.hidden)?,
            norm: normed.then(norm).transpose()?,
            span,
            buckets: buckets.map(|buckets| (buckets, farthest)),
        }))
    }

    /// The distances between `tokens` tokens.
    pub(crate) fn distances(&self, tokens: usize) -> Result<Distances> {
        let (tokens, span) = (tokens as i64, self.span as i64);
        let place = |distance: i64| {
            let distance = self.buckets.map_or(distance, |(buckets, farthest)| bucket(distance, buckets, farthest));
            distance.saturating_add(span).clamp(0, 2 * span - 1)
        };
        let places: Vec<i64> = (1 - tokens..tokens).map(place).collect();
        let (first, last) = (places.iter().min().copied(), places.iter().max().copied());
        let (first, last) = (first.unwrap_or(0), last.unwrap_or(0));
        let places = places.into_iter().map(|place| (place - first) as usize).collect();
        let ids: Vec<u32> = (first..=last).map(|id| id as u32).collect();
        let mut rows = self.table.forward(ids.into_iter())?;
        if let Some(norm) = &self.norm {
            norm.forward(&mut rows);
        }
        Ok(Distances { rows, places })
    }
}

/// The bucket of a distance: itself up to half of the buckets, beyond that by the logarithm.
fn bucket(distance: i64, buckets: usize, farthest: usize) -> i64 {
    let middle = (buckets / 2) as i64;
    if distance.abs() <= middle {
        return distance;
    }
    let (middle, farthest) = (middle as f32, farthest as f32);
    let ratio = (distance.abs() as f32 / middle).ln() / ((farthest - 1.0) / middle).ln();
    (((ratio * (middle - 1.0)).ceil() + middle) as i64).saturating_mul(distance.signum())
}

#[cfg(test)]
mod tests {
    use super::bucket;

    /// Sums of `make_log_bucket_position` of transformers 5.23 over the distances below a number.
    #[test]
    fn buckets_are_pythons() {
        for (buckets, farthest, distances, sum, weighted) in
            [(256, 512, 2048, 599_511, 706_350_476), (6, 8, 24, 141, 1969)]
        {
            let of = |distance: i64| bucket(distance, buckets, farthest);
            assert_eq!((0..distances).map(of).sum::<i64>(), sum);
            assert_eq!((0..distances).map(|distance| distance * of(distance)).sum::<i64>(), weighted);
            assert!((0..distances).all(|distance| of(-distance) == -of(distance)));
        }
    }
}
