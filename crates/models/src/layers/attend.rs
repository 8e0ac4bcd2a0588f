//! Attention of projected rows: `softmax(Q Kᵀ · scale + bias) V`, text by text, and the product of two matrices.

use vitrine_kernels::attention::{self, Shape};
use vitrine_kernels::rows::swap;
use vitrine_kernels::{Finish, product};

/// What an architecture adds to the scores of one query: `(text, head, query, scores of every key that is no padding)`.
pub(crate) type Bias<'a> = &'a dyn Fn(usize, usize, usize, &mut [f32]);

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
    query: &[f32],
    key: &[f32],
    value: &[f32],
    shape: &AttentionShape<'_>,
    bias: Option<Bias<'_>>,
) -> Vec<f32> {
    attend_heads(query, key, value, shape, shape.heads, None, bias)
}

/// The same with fewer heads of keys and values, each for several of queries, and with tokens left out that are further
/// away than `window`.
pub(crate) fn attend_heads(
    query: &[f32],
    key: &[f32],
    value: &[f32],
    shape: &AttentionShape<'_>,
    key_heads: usize,
    window: Option<usize>,
    bias: Option<Bias<'_>>,
) -> Vec<f32> {
    let AttentionShape { heads, queries, keys, lengths, scale } = *shape;
    let texts = lengths.len();
    let width = |rows: &[f32], tokens: usize, heads: usize| rows.len() / (texts * tokens * heads).max(1);
    let (width, value_width) = (width(query, queries, heads), width(value, keys, key_heads));
    let mut out = vec![0.0; texts * queries * heads * value_width];
    let texts = query
        .chunks_exact((queries * heads * width).max(1))
        .zip(key.chunks_exact((keys * key_heads * width).max(1)))
        .zip(value.chunks_exact((keys * key_heads * value_width).max(1)))
        .zip(out.chunks_exact_mut((queries * heads * value_width).max(1)))
        .zip(lengths);
    for (text, ((((query, key), value), out), length)) in texts.enumerate() {
        let keys = keys.min(*length);
        let shape = Shape { heads, key_heads, queries, keys, width, value_width, scale, window };
        let of_text = |head: usize, query: usize, scores: &mut [f32]| {
            if let Some(bias) = bias {
                bias(text, head, query, scores);
            }
        };
        let of_text: Option<attention::Bias<'_>> = if bias.is_some() { Some(&of_text) } else { None };
        attention::attend(query, key, value, &shape, of_text, out);
    }
    out
}

/// Softmax of each stretch of `width` scores.
pub(crate) fn softmax_rows(scores: &mut [f32], width: usize) {
    scores.chunks_exact_mut(width.max(1)).for_each(|row| vitrine_kernels::softmax::softmax(row, width));
}

/// The matrix product of `[rows * inner]` and `[inner * columns]`.
pub(crate) fn matmul(rows: &[f32], matrix: &[f32], columns: usize) -> Vec<f32> {
    let inner = matrix.len() / columns.max(1);
    let mut panels = vec![0.0; product::packed_len(columns, inner)];
    for (place, column) in swap(matrix, inner, columns, 1).chunks_exact(inner.max(1)).enumerate() {
        product::pack(&mut panels, inner, place, 0, column);
    }
    let mut out = vec![0.0; rows.len() / inner.max(1) * columns];
    product::product(rows, &panels, inner, columns, Finish::default(), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn far_tokens_are_left_out() {
        let (texts, tokens, heads, width) = (2, 150, 2, 3);
        let rows = |seed| numbers(texts * tokens * heads * width, seed);
        let lengths = [150, 97];
        let shape = AttentionShape { heads, queries: tokens, keys: tokens, lengths: &lengths, scale: 0.5 };
        for window in [0, 1, 5, 40, 148] {
            let far = |_: usize, _: usize, query: usize, scores: &mut [f32]| {
                let far = scores.iter_mut().enumerate().filter(|(key, _)| key.abs_diff(query) > window);
                far.for_each(|(_, score)| *score = f32::NEG_INFINITY);
            };
            let whole = attend(&rows(1), &rows(2), &rows(3), &shape, Some(&far));
            let near = attend_heads(&rows(1), &rows(2), &rows(3), &shape, heads, Some(window), None);
            assert_eq!(whole.len(), near.len());
            assert!(whole.iter().zip(&near).all(|(whole, near)| (whole - near).abs() < 1e-6), "{window}");
        }
    }

    #[test]
    fn products_follow_the_definition() {
        let (a, b) = (numbers(5 * 3, 1), numbers(3 * 11, 2));
        let found = matmul(&a, &b, 11);
        for row in 0..5 {
            for column in 0..11 {
                let expected: f32 = (0..3).map(|inner| a[row * 3 + inner] * b[inner * 11 + column]).sum();
                assert!((found[row * 11 + column] - expected).abs() < 1e-6);
            }
        }
    }
}
