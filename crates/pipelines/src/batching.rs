//! Which texts go through the layers together: as many as a run takes, as far as padding does not undo what that saves.

use std::ops::Range;

use crate::text_model::TOKENS_AT_ONCE;

/// What rows of padding are to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// Left out by the layers.
    Free,
    /// Computed like others.
    Costs,
    /// Not to be, for the sake of the same numbers as without it.
    None,
}

/// What a run costs beside its rows, in rows: reading the weights, and meeting other workers. Measured with MiniLM, 1.6 to 2.5
/// on one core and 7.5 on two.
const OF_A_RUN: usize = 2;

/// Splits texts of these lengths in tokens, in ascending order, so that all runs together take the least time; a run has at
/// most [`TOKENS_AT_ONCE`] rows unless one text alone has more.
pub(crate) fn batches(lengths: &[usize], padding: Padding) -> Vec<Range<usize>> {
    // For the texts up to each: the least cost, and where the last of their runs begins.
    let mut best: Vec<(usize, usize)> = vec![(0, 0)];
    for (last, longest) in lengths.iter().enumerate() {
        let (mut least, mut own) = ((usize::MAX, last), 0);
        for (first, length) in lengths.iter().enumerate().take(last + 1).rev() {
            own += length;
            let padded = (last + 1 - first) * longest;
            let rows = if padding == Padding::Free { own } else { padded };
            // What is padded takes room all the same.
            let too_much = rows > TOKENS_AT_ONCE || padded > 4 * TOKENS_AT_ONCE;
            if first < last && (too_much || (padding == Padding::None && length != longest)) {
                break;
            }
            let (before, _) = best.get(first).copied().unwrap_or_default();
            least = least.min((before + OF_A_RUN + rows, first));
        }
        best.push(least);
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
    fn cost(lengths: &[usize], padding: Padding) -> (usize, usize) {
        let runs = batches(lengths, padding);
        assert_eq!(runs.iter().cloned().flatten().collect::<Vec<_>>(), (0..lengths.len()).collect::<Vec<_>>());
        let rows = runs.iter().map(|run| {
            let texts = lengths.get(run.clone()).unwrap();
            match padding {
                Padding::Free => texts.iter().sum::<usize>(),
                _ => texts.len() * texts.last().unwrap(),
            }
        });
        assert!(rows.clone().all(|rows| rows <= TOKENS_AT_ONCE), "{runs:?}");
        (rows.sum(), runs.len())
    }

    #[test]
    fn texts_run_together_where_that_takes_less() {
        let mixed: Vec<usize> = (3..40).collect();
        for (padding, lengths, expected) in [
            (Padding::Costs, vec![], (0, 0)),
            (Padding::Costs, vec![7], (7, 1)),
            (Padding::Costs, vec![0, 0], (0, 1)),
            // One run of equal lengths, as long as it is not too large.
            (Padding::Costs, vec![16; 32], (512, 1)),
            (Padding::Costs, vec![16; 33], (528, 2)),
            (Padding::None, vec![128; 6], (768, 2)),
            (Padding::Free, vec![128; 6], (768, 2)),
            // A long text does not pad short ones.
            (Padding::Costs, vec![5, 5, 5, 120], (135, 2)),
            (Padding::Costs, vec![6, 200], (206, 2)),
            (Padding::Free, vec![6, 200], (206, 1)),
            // A little padding costs less than another run.
            (Padding::Costs, vec![10, 11], (22, 1)),
            (Padding::None, vec![10, 11], (21, 2)),
            (Padding::None, vec![10, 10, 11], (31, 2)),
            (Padding::Free, mixed.clone(), (777, 2)),
            (Padding::None, mixed, (777, 37)),
            // What stands beside a long text is padded to its length.
            (Padding::Free, [vec![3; 30], vec![400]].concat(), (490, 2)),
        ] {
            assert_eq!(cost(&lengths, padding), expected, "{padding:?} {lengths:?}");
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
            let (rows, runs) = cost(&lengths, Padding::Costs);
            assert_eq!(rows + runs * OF_A_RUN, least(&lengths), "{lengths:?}");
        }
    }
}
