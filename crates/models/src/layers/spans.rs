//! Attention in which each span of queries sees keys of its own, so that a long text needs no score of every pair.

use super::{AttentionShape, attend};

/// Some queries and the keys that they see, as rows; a key that stands there twice counts twice.
pub(crate) struct Span {
    pub queries: Vec<usize>,
    pub keys: Vec<usize>,
}

/// Attention span by span: `projected` are queries, keys and values `[rows * hidden]`; what the queries of the spans
/// find is written to their rows of `attended`, `[rows * hidden]`. Of its span's keys, a query sees those for which
/// `sees(query, key)` holds.
pub(crate) fn attend_spans(
    [query, key, value]: [&[f32]; 3],
    heads: usize,
    hidden: usize,
    spans: &mut dyn Iterator<Item = Span>,
    sees: &dyn Fn(usize, usize) -> bool,
    attended: &mut [f32],
) {
    let scale = 1.0 / ((hidden / heads) as f32).sqrt();
    let gather = |rows: &[f32], places: &[usize]| -> Vec<f32> {
        let row = |place: &usize| rows.get(place * hidden..(place + 1) * hidden).unwrap_or_default();
        places.iter().flat_map(row).copied().collect()
    };
    for Span { queries, keys } in spans.filter(|span| !span.queries.is_empty() && !span.keys.is_empty()) {
        let lengths = [keys.len()];
        let shape = AttentionShape { heads, queries: queries.len(), keys: keys.len(), lengths: &lengths, scale };
        let hide = |_: usize, _: usize, index: usize, scores: &mut [f32]| {
            let Some(query) = queries.get(index) else { return };
            let hidden = scores.iter_mut().zip(&keys).filter(|(_, key)| !sees(*query, **key));
            hidden.for_each(|(score, _)| *score = f32::NEG_INFINITY);
        };
        let found = attend(&gather(query, &queries), &gather(key, &keys), &gather(value, &keys), &shape, Some(&hide));
        for (place, found) in queries.iter().zip(found.chunks_exact(hidden)) {
            if let Some(row) = attended.get_mut(place * hidden..(place + 1) * hidden) {
                row.copy_from_slice(found);
            }
        }
    }
}
