//! Which texts go through the layers together: those of like lengths, so that padding costs less than a run of its own.

use std::ops::Range;

use crate::text_model::TOKENS_AT_ONCE;

/// What a run costs beside its rows, in rows: reading the weights, and meeting other workers. Measured with MiniLM, 1.6 to 2.5
/// on one core and 7.5 on two.
const OF_A_RUN: usize = 4;

/// Splits texts of these lengths in tokens, in ascending order, so that all runs together take the least time: each takes as
/// many rows as its longest text for each of its texts, at most [`TOKENS_AT_ONCE`] unless one text alone has more.
pub(crate) fn batches(lengths: &[usize]) -> Vec<Range<usize>> {
    // For the texts up to each: the least cost, and where the last of their runs begins.
    let mut best: Vec<(usize, usize)> = vec![(0, 0)];
    for (last, longest) in lengths.iter().enumerate() {
        let most = (TOKENS_AT_ONCE / (*longest).max(1)).max(1);
        let begin = (last + 1).saturating_sub(most)..=last;
        let costs = begin.filter_map(|first| {
            let (before, _) = best.get(first)?;
            Some((before + OF_A_RUN + (last + 1 - first) * longest, first))
        });
        best.push(costs.min().unwrap_or_default());
    }
    let mut runs = Vec::new();
    let mut end = lengths.len();
    while let Some((_, first)) = best.get(end).filter(|_| end > 0) {
        runs.push(*first..end);
        end = *first;
    }
    runs.reverse();
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows and runs of all batches.
    fn cost(lengths: &[usize]) -> (usize, usize) {
        let runs = batches(lengths);
        let rows = runs.iter().map(|run| run.len() * lengths.get(run.end - 1).unwrap());
        assert!(rows.clone().all(|rows| rows <= TOKENS_AT_ONCE));
        assert_eq!(runs.iter().cloned().flatten().collect::<Vec<_>>(), (0..lengths.len()).collect::<Vec<_>>());
        (rows.sum(), runs.len())
    }

    #[test]
    fn texts_run_together_where_that_takes_less() {
        for (lengths, expected) in [
            (vec![], (0, 0)),
            (vec![7], (7, 1)),
            (vec![0, 0], (0, 1)),
            // One run of equal lengths, as long as it is not too large.
            (vec![16; 32], (512, 1)),
            (vec![16; 33], (528, 2)),
            (vec![128; 6], (768, 2)),
            // A long text does not pad short ones.
            (vec![5, 5, 5, 120], (135, 2)),
            (vec![6, 200], (206, 2)),
            // A little padding costs less than another run.
            (vec![10, 11], (22, 1)),
            (vec![3, 4, 5, 6, 7, 8, 9, 10], (59, 3)),
        ] {
            assert_eq!(cost(&lengths), expected, "{lengths:?}");
        }
    }

    #[test]
    fn no_other_way_to_split_takes_less() {
        /// The least cost by trying all.
        fn least(lengths: &[usize]) -> usize {
            let run = |first: usize| (lengths.len() - first) * lengths.last().unwrap();
            let fits = |first: &usize| run(*first) <= TOKENS_AT_ONCE;
            let of_last = |first: usize| OF_A_RUN + run(first) + least(lengths.get(..first).unwrap());
            (0..lengths.len()).filter(fits).map(of_last).min().unwrap_or(0)
        }
        let mut state = 7_usize;
        for _ in 0..200 {
            let mut lengths: Vec<usize> = Vec::new();
            for _ in 0..10 {
                state = (state * 1_103_515_245 + 12_345) % (1 << 31);
                lengths.push(1 + state / 1000 % [8, 40, 400][state / 7 % 3]);
            }
            lengths.sort();
            let (rows, runs) = cost(&lengths);
            assert_eq!(rows + runs * OF_A_RUN, least(&lengths), "{lengths:?}");
        }
    }
}
