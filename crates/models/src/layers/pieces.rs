//! Attention whose scores are never held all at once: of a window around each token, or of a long text.

use super::attention::{AttentionShape, Bias, attend};
use crate::Result;

/// Scores that are held at once, 64 MiB.
const MOST_SCORES: usize = 1 << 24;

/// [`attend`] in pieces of queries, where `window` leaves out tokens that are further away, or where the scores would be
/// too many. A window excludes a bias.
pub(crate) fn attend_in_pieces(
    query: Vec<f32>,
    key: &[f32],
    value: &[f32],
    shape: &AttentionShape<'_>,
    window: Option<usize>,
    bias: Option<Bias<'_>>,
) -> Result<Vec<f32>> {
    let AttentionShape { heads, queries, keys, lengths, .. } = *shape;
    let texts = lengths.len();
    let window = window.filter(|window| *window + 1 < keys);
    let scores_of_query = (heads * keys).max(1);
    if window.is_none() && scores_of_query.saturating_mul(texts * queries) <= MOST_SCORES {
        return attend(query, key, value, shape, bias);
    }
    let most = window.map_or(MOST_SCORES / scores_of_query, |window| 2 * window);
    let mut attended = Vec::with_capacity(query.len());
    for (text, length) in lengths.iter().enumerate() {
        let rows = |all: &[f32], tokens: usize, from: usize, to: usize| -> Vec<f32> {
            let width = all.len() / (texts * tokens).max(1);
            let start = text * tokens;
            all.get((start + from) * width..(start + to) * width).unwrap_or_default().to_vec()
        };
        for start in (0..queries).step_by(most.max(16)) {
            let end = (start + most.max(16)).min(queries);
            let first = window.map_or(0, |window| start.saturating_sub(window));
            let last = window.map_or(keys, |window| (end + window).min(keys));
            let piece = AttentionShape {
                queries: end - start,
                keys: last - first,
                lengths: &[length.saturating_sub(first)],
                ..*shape
            };
            let score = |_: usize, head: usize, index: usize, scores: &mut [f32]| match (window, bias) {
                (Some(window), _) => {
                    let far = (first..).zip(scores).filter(|(key, _)| key.abs_diff(start + index) > window);
                    far.for_each(|(_, score)| *score = f32::NEG_INFINITY);
                }
                (None, Some(bias)) => bias(text, head, start + index, scores),
                (None, None) => {}
            };
            let (key, value) = (rows(key, keys, first, last), rows(value, keys, first, last));
            attended.extend(attend(rows(&query, queries, start, end), &key, &value, &piece, Some(&score))?);
        }
    }
    Ok(attended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn pieces_are_the_whole_with_far_tokens_left_out() {
        let (texts, tokens, heads, width) = (2, 150, 2, 3);
        let rows = |seed| numbers(texts * tokens * heads * width, seed);
        let lengths = [150, 97];
        let shape = AttentionShape { heads, queries: tokens, keys: tokens, lengths: &lengths, scale: 0.5 };
        for window in [0, 1, 5, 40, 148] {
            let far = |_: usize, _: usize, query: usize, scores: &mut [f32]| {
                let far = scores.iter_mut().enumerate().filter(|(key, _)| key.abs_diff(query) > window);
                far.for_each(|(_, score)| *score = f32::NEG_INFINITY);
            };
            let whole = attend(rows(1), &rows(2), &rows(3), &shape, Some(&far)).unwrap();
            let pieces = attend_in_pieces(rows(1), &rows(2), &rows(3), &shape, Some(window), None).unwrap();
            assert_eq!(whole.len(), pieces.len());
            assert!(whole.iter().zip(&pieces).all(|(whole, piece)| (whole - piece).abs() < 1e-6), "{window}");
        }
    }

    #[test]
    fn a_long_text_is_attended_to_as_a_short_one_is() {
        // 4,200 tokens have more scores than are held at once; the bias leaves the first 20 to attend to.
        let (tokens, width) = (4_200, 2);
        let (query, key, value) = (numbers(tokens * width, 1), numbers(tokens * width, 2), numbers(tokens * width, 3));
        let first = |_: usize, _: usize, query: usize, scores: &mut [f32]| {
            scores.iter_mut().skip(20).for_each(|score| *score = f32::NEG_INFINITY);
            scores[query % 20] += 1.0;
        };
        let shape = |keys| AttentionShape { heads: 1, queries: tokens, keys, lengths: &[4_200], scale: 1.0 };
        let long = attend_in_pieces(query.clone(), &key, &value, &shape(tokens), None, Some(&first)).unwrap();
        let short = attend(query, &key[..40], &value[..40], &shape(20), Some(&first)).unwrap();
        assert!(long.iter().zip(&short).all(|(long, short)| (long - short).abs() < 1e-6));
    }
}
