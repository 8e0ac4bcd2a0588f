//! A bias of attention by the distance of two tokens, in buckets (Raffel et al., 2020, section 2.1;
//! `_relative_position_bucket` of `modeling_t5.py`).

use super::Scope;
use vitrine_kernels::rows::swap;

use crate::peers::{Message, take_numbers};
use crate::{Error, Result};

/// A number for each bucket of distances and each head.
pub(crate) struct RelativeBias {
    /// `[buckets, heads]`.
    table: Vec<f32>,
    heads: usize,
    buckets: Buckets,
}

/// How distances fall into buckets: one for each small distance, then ever larger ranges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buckets {
    /// Of all distances.
    pub count: usize,
    /// From this distance on, all fall into the last bucket.
    pub max_distance: usize,
    /// Whether tokens after the query have buckets of their own, as in an encoder.
    pub both_ways: bool,
}

impl RelativeBias {
    /// Takes `weight`, `[buckets, heads]`, of `scope`.
    pub(crate) fn load(scope: &Scope<'_>, heads: usize, buckets: Buckets) -> Result<Self> {
        let (_, exact) = buckets.one_way();
        if exact == 0 || buckets.max_distance <= exact {
            let Buckets { count, max_distance, .. } = buckets;
            return Err(Error::Config(format!("distances up to {max_distance} do not fill {count} buckets")));
        }
        Ok(Self { table: scope.numbers(&["weight"], &[buckets.count, heads])?, heads, buckets })
    }

    /// The biases of texts of `tokens` tokens, made once a forward pass.
    pub(crate) fn by_distance(&self, tokens: usize) -> DistanceBias {
        let row = |bucket: usize| self.table.get(bucket * self.heads..(bucket + 1) * self.heads).unwrap_or_default();
        let before = (0..tokens).rev().map(|distance| row(self.buckets.of(distance, false)));
        let after = (1..tokens).map(|distance| row(self.buckets.of(distance, true)));
        let rows: Vec<f32> = before.chain(after).flatten().copied().collect();
        let distances = rows.len() / self.heads.max(1);
        DistanceBias { numbers: swap(&rows, distances, self.heads, 1), heads: self.heads, tokens }
    }
}

impl Buckets {
    /// Buckets of one direction, and how many of them are of one distance each.
    fn one_way(self) -> (usize, usize) {
        let count = if self.both_ways { self.count / 2 } else { self.count };
        (count, count / 2)
    }

    /// The bucket of a token that stands `distance` before or after the query.
    fn of(self, distance: usize, after: bool) -> usize {
        let (count, exact) = self.one_way();
        let (first, distance) = match (after, self.both_ways) {
            (true, true) => (count, distance),
            (true, false) => (0, 0),
            (false, _) => (0, distance),
        };
        if distance < exact {
            return first + distance;
        }
        let scale = (self.max_distance as f64 / exact as f64).ln() as f32;
        let large = (distance as f32 / exact as f32).ln() / scale * (count - exact) as f32;
        first + (exact + large as usize).min(count - 1)
    }
}

/// Biases of the texts of one forward pass.
pub(crate) struct DistanceBias {
    /// For each head the bias of every distance, from a key `tokens - 1` before the query to one as far after it.
    numbers: Vec<f32>,
    heads: usize,
    tokens: usize,
}

impl DistanceBias {
    pub(crate) fn heads(&self) -> usize {
        self.heads
    }

    /// Adds the biases of the keys of one query to their scores.
    pub(crate) fn add_to(&self, scores: &mut [f32], head: usize, query: usize) {
        let distances = (2 * self.tokens).saturating_sub(1);
        let first = head * distances + self.tokens.saturating_sub(1 + query);
        let biases = self.numbers.get(first..).unwrap_or_default();
        scores.iter_mut().zip(biases).for_each(|(score, bias)| *score += bias);
    }

    /// Adds it to a message for another worker.
    pub(crate) fn write(&self, message: &mut Message) {
        message.numbers.extend_from_slice(&self.numbers);
    }

    /// Takes it off a message's numbers.
    pub(crate) fn read(heads: usize, tokens: usize, numbers: &mut &[f32]) -> Result<Self> {
        let count = (2 * tokens).saturating_sub(1).saturating_mul(heads);
        Ok(Self { numbers: take_numbers(numbers, count)?.to_vec(), heads, tokens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The buckets of distances -300 to 300, each with how many there are in succession, as Python gives them.
    #[test]
    fn buckets_are_pythons() {
        let near = [8, 7, 6, 5, 4, 3, 2, 1, 0].map(|bucket| (bucket, 1));
        let far: &[(usize, usize)] = &[(15, 210), (14, 27), (13, 18), (12, 14), (11, 9), (10, 7), (9, 4), (8, 4)];
        let mut expected = far.to_vec();
        expected.extend(&near[1..]);
        expected.extend((17..24).map(|bucket| (bucket, 1)));
        expected.extend([(24, 4), (25, 4), (26, 7), (27, 9), (28, 14), (29, 18), (30, 27), (31, 210)]);
        assert_eq!(runs(Buckets { count: 32, max_distance: 128, both_ways: true }), expected);
        let small = [(3, 294), (2, 5), (1, 1), (0, 1), (5, 1), (6, 5), (7, 294)];
        assert_eq!(runs(Buckets { count: 8, max_distance: 20, both_ways: true }), small);
        let odd = [(4, 287), (3, 8), (2, 4), (1, 1), (0, 1), (6, 1), (7, 4), (8, 8), (9, 287)];
        assert_eq!(runs(Buckets { count: 10, max_distance: 37, both_ways: true }), odd);
    }

    #[test]
    fn buckets_of_a_decoder_are_pythons() {
        let far = [
            (31, 188),
            (30, 14),
            (29, 12),
            (28, 10),
            (27, 10),
            (26, 8),
            (25, 7),
            (24, 6),
            (23, 6),
            (22, 5),
            (21, 4),
            (20, 4),
            (19, 3),
            (18, 3),
            (17, 2),
            (16, 3),
        ];
        let mut expected = far.to_vec();
        expected.extend((1..16).rev().map(|bucket| (bucket, 1)));
        expected.push((0, 301));
        assert_eq!(runs(Buckets { count: 32, max_distance: 128, both_ways: false }), expected);
        let small = [(7, 287), (6, 5), (5, 3), (4, 2), (3, 1), (2, 1), (1, 1), (0, 301)];
        assert_eq!(runs(Buckets { count: 8, max_distance: 20, both_ways: false }), small);
    }

    fn runs(buckets: Buckets) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for distance in -300_i32..=300 {
            let bucket = buckets.of(distance.unsigned_abs() as usize, distance > 0);
            match runs.last_mut() {
                Some((last, count)) if *last == bucket => *count += 1,
                _ => runs.push((bucket, 1)),
            }
        }
        runs
    }
}
