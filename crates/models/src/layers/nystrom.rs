//! Nyström attention (Xiong et al., 2021, "Nyströmformer"): attention through the means of a few segments of the text, at
//! a cost that grows with its length and not with the square of it.

use super::{AttentionShape, attend, matmul};
use crate::Batch;
use vitrine_kernels::rows::swap;

/// Attention of projected rows `[batch * tokens * heads * width]`, to the same, through `landmarks` means; these must
/// divide the number of tokens.
pub(crate) fn nystrom(
    query: &[f32],
    key: &[f32],
    value: &[f32],
    batch: &Batch,
    heads: usize,
    landmarks: usize,
) -> Vec<f32> {
    let (texts, tokens) = (batch.len(), batch.tokens());
    let hidden = query.len() / (texts * tokens).max(1);
    let scale = 1.0 / ((hidden / heads) as f32).sqrt();
    let (query_means, key_means) = (means(query, hidden, tokens / landmarks), means(key, hidden, tokens / landmarks));
    let all = vec![landmarks; texts];
    let of_means = AttentionShape { heads, queries: landmarks, keys: landmarks, lengths: &all, scale };
    let unit = |index: usize| f32::from(index % landmarks == index / (landmarks * heads) % landmarks);
    let unit: Vec<f32> = (0..texts * landmarks * heads * landmarks).map(unit).collect();
    let between = swap(&attend(&query_means, &key_means, &unit, &of_means, None), landmarks, heads, landmarks);
    let to_text = AttentionShape { keys: tokens, lengths: batch.lengths(), ..of_means };
    let values = swap(&attend(&query_means, key, value, &to_text, None), landmarks, heads, hidden / heads);
    let values = matmul_each(&inverse(between, landmarks), &values, landmarks, hidden / heads);
    let values = swap(&values, heads, landmarks, hidden / heads);
    attend(query, &key_means, &values, &AttentionShape { queries: tokens, ..of_means }, None)
}

/// The means of segments of so many tokens.
fn means(rows: &[f32], hidden: usize, tokens: usize) -> Vec<f32> {
    let mut means = Vec::with_capacity(rows.len() / tokens.max(1));
    for segment in rows.chunks_exact((tokens * hidden).max(1)) {
        let mean = |place: usize| segment.iter().skip(place).step_by(hidden).sum::<f32>() / tokens as f32;
        means.extend((0..hidden).map(mean));
    }
    means
}

/// The Moore-Penrose inverses of square matrices `[n, size, size]` whose rows sum to 1, by six iterations (formula 7 of the
/// paper); their start depends on all matrices (`iterative_inv` of transformers).
fn inverse(matrices: Vec<f32>, size: usize) -> Vec<f32> {
    let squares = || matrices.chunks_exact((size * size).max(1));
    let column = |square: &[f32], place: usize| square.iter().skip(place).step_by(size).sum::<f32>();
    let sums = squares().flat_map(|square| (0..size).map(move |place| column(square, place)));
    let largest = sums.fold(f32::NEG_INFINITY, f32::max);
    let transposed = |square: &[f32]| -> Vec<f32> {
        (0..size).flat_map(|place| square.iter().skip(place).step_by(size).map(|number| number / largest)).collect()
    };
    let mut inverse: Vec<f32> = squares().flat_map(transposed).collect();
    // `times · 1 - product`
    let less = |times: f32, product: &[f32]| -> Vec<f32> {
        let place = |(index, number): (usize, &f32)| {
            let (row, column) = (index / size % size, index % size);
            (if row == column { times } else { 0.0 }) - number
        };
        product.iter().enumerate().map(place).collect()
    };
    let product_of = |a: &[f32], b: &[f32]| matmul_each(a, b, size, size);
    for _ in 0..6 {
        let product = product_of(&matrices, &inverse);
        let inner = product_of(&product, &less(7.0, &product));
        let inner = product_of(&product, &less(15.0, &inner));
        inverse.iter_mut().for_each(|number| *number *= 0.25);
        inverse = product_of(&inverse, &less(13.0, &inner));
    }
    inverse
}

/// The products of matrices `[n, size, size]` with `[n, size, columns]`.
fn matmul_each(matrices: &[f32], others: &[f32], size: usize, columns: usize) -> Vec<f32> {
    let pairs = matrices.chunks_exact((size * size).max(1)).zip(others.chunks_exact((size * columns).max(1)));
    pairs.flat_map(|(matrix, other)| matmul(matrix, other, columns)).collect()
}
