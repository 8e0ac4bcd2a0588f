//! Relative positions in buckets (Raffel et al., 2019): near distances have a bucket each, far ones share them.

use super::{Embedding, Scope};
use crate::Result;
use crate::weights::to_vec;

/// A number for each bucket and head, which is added to the scores of attention.
pub(crate) struct Buckets {
    /// `[buckets * heads]`.
    table: Vec<f32>,
    heads: usize,
    /// Of these, a half is for keys before the query and a half for those after it.
    buckets: usize,
    /// From this distance on, all share the last bucket of their half.
    max_distance: usize,
}

impl Buckets {
    /// Takes the table `weight` of `scope`, `[buckets, heads]`.
    pub(crate) fn load(scope: &Scope<'_>, buckets: usize, heads: usize, max_distance: usize) -> Result<Self> {
        Ok(Self { table: to_vec(Embedding::load(scope, buckets, heads)?.table())?, heads, buckets, max_distance })
    }

    /// The bucket of a key that stands `distance` after its query (`relative_position_bucket` of transformers).
    fn bucket(&self, distance: isize) -> usize {
        let half = self.buckets / 2;
        let (side, far) = (if distance > 0 { half } else { 0 }, distance.unsigned_abs());
        let exact = half / 2;
        if far < exact {
            return side + far;
        }
        let ratio = (far as f32 / exact as f32).ln() / (self.max_distance as f64 / exact as f64).ln() as f32;
        side + (exact + (ratio * (half - exact) as f32) as usize).min(half.saturating_sub(1))
    }

    /// What is added to the scores in texts of `tokens` tokens.
    pub(crate) fn by_distance(&self, tokens: usize) -> ByDistance {
        let number = |head: usize, place: usize| {
            let bucket = self.bucket(place as isize + 1 - tokens as isize);
            self.table.get(bucket * self.heads + head).copied().unwrap_or_default()
        };
        let row = |head: usize| (0..(2 * tokens).saturating_sub(1)).map(|place| number(head, place)).collect();
        ByDistance { rows: (0..self.heads).map(row).collect(), tokens }
    }
}

/// The additions by distance: for each head, from that of the last query's first key to that of the first query's last.
pub(crate) struct ByDistance {
    rows: Vec<Vec<f32>>,
    tokens: usize,
}

impl ByDistance {
    /// What is added to the scores of one query, `[keys]`.
    pub(crate) fn of(&self, head: usize, query: usize) -> &[f32] {
        let start = self.tokens.saturating_sub(query + 1);
        self.rows.get(head).and_then(|row| row.get(start..start + self.tokens)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_pythons() {
        // Where `relative_position_bucket` of MPNet begins another bucket, over the distances -600..=600.
        let starts = [
            (-600, 15),
            (-90, 14),
            (-63, 13),
            (-45, 12),
            (-31, 11),
            (-22, 10),
            (-15, 9),
            (-11, 8),
            (-7, 7),
            (-6, 6),
            (-5, 5),
            (-4, 4),
            (-3, 3),
            (-2, 2),
            (-1, 1),
            (0, 0),
            (1, 17),
            (2, 18),
            (3, 19),
            (4, 20),
            (5, 21),
            (6, 22),
            (7, 23),
            (8, 24),
            (12, 25),
            (16, 26),
            (23, 27),
            (32, 28),
            (46, 29),
            (64, 30),
            (91, 31),
        ];
        let buckets = Buckets { table: Vec::new(), heads: 1, buckets: 32, max_distance: 128 };
        let mut found = Vec::new();
        for distance in -600..=600 {
            let bucket = buckets.bucket(distance);
            if found.last().is_none_or(|(_, last)| *last != bucket) {
                found.push((distance, bucket));
            }
        }
        assert_eq!(found, starts);
    }
}
