//! Token ids of several texts, padded to one length, with the lengths that tell padding from text.

use std::collections::HashMap;

/// The inputs of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    tokens: usize,
    lengths: Vec<usize>,
    input_ids: Vec<u32>,
    token_type_ids: Vec<u32>,
    /// Token types of one token; more than one in TAPAS.
    type_columns: usize,
    wanted: Option<Vec<usize>>,
}

impl Batch {
    /// Pads texts on the right to the longest. Each text is its token ids and their types, of equal length.
    pub fn new(texts: &[(&[u32], &[u32])], pad_id: u32) -> Self {
        Self::with_type_columns(texts, 1, pad_id)
    }

    /// The same with several types a token, row after row.
    pub fn with_type_columns(texts: &[(&[u32], &[u32])], type_columns: usize, pad_id: u32) -> Self {
        let lengths: Vec<usize> = texts.iter().map(|(ids, _)| ids.len()).collect();
        let tokens = lengths.iter().copied().max().unwrap_or(0).max(1);
        let padded = |text: &[u32], pad: u32, length: usize| {
            text.iter().copied().chain(std::iter::repeat(pad)).take(length).collect::<Vec<u32>>()
        };
        Self {
            tokens,
            lengths,
            input_ids: texts.iter().flat_map(|(ids, _)| padded(ids, pad_id, tokens)).collect(),
            token_type_ids: texts.iter().flat_map(|(_, types)| padded(types, 0, tokens * type_columns)).collect(),
            type_columns,
            wanted: None,
        }
    }

    /// Names the tokens, as places in `[batch * tokens]`, of which a head for masked tokens is to give logits. Without
    /// it, it gives them of all.
    pub fn wanting(mut self, wanted: Vec<usize>) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// The same texts with other types of their tokens, `[batch * tokens]`.
    pub(crate) fn with_types(&self, token_type_ids: Vec<u32>) -> Self {
        Self { token_type_ids, type_columns: 1, ..self.clone() }
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Tokens of the longest text, to which the others are padded.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Tokens of each text without padding.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// `[batch * tokens]`.
    pub(crate) fn input_ids(&self) -> &[u32] {
        &self.input_ids
    }

    /// `[batch * tokens]` of one column of types; 0 where there is no such column.
    pub(crate) fn token_type_ids(&self, column: usize) -> impl Iterator<Item = u32> {
        self.token_type_ids.chunks_exact(self.type_columns).map(move |types| types.get(column).copied().unwrap_or(0))
    }

    /// Positions from 0 in each text, `[batch * tokens]`.
    pub(crate) fn positions(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).flat_map(|_| 0..self.tokens as u32)
    }

    /// Positions that count tokens other than `pad_id` from `pad_id + 1`, while the padding token itself has the
    /// position `pad_id` (`create_position_ids_from_input_ids` of RoBERTa), `[batch * tokens]`.
    pub(crate) fn positions_after(&self, pad_id: u32) -> Vec<u32> {
        let mut positions = Vec::with_capacity(self.input_ids.len());
        for text in self.input_ids.chunks_exact(self.tokens) {
            let mut count = 0;
            for id in text {
                let counts = u32::from(*id != pad_id);
                count += counts;
                positions.push(count * counts + pad_id);
            }
        }
        positions
    }

    /// Positions that begin anew in each cell of a table, `[batch * tokens]`; a cell is what column and row, the token
    /// types 1 and 2, have in common (`reset_position_index_per_cell` of TAPAS).
    pub(crate) fn positions_in_cells(&self) -> Vec<u32> {
        let cells: Vec<(u32, u32)> = self.token_type_ids(1).zip(self.token_type_ids(2)).collect();
        let in_text = |cells: &[(u32, u32)]| {
            let mut first = HashMap::new();
            let place = |(cell, position): (&(u32, u32), u32)| position - *first.entry(*cell).or_insert(position);
            cells.iter().zip(0..).map(place).collect::<Vec<u32>>()
        };
        cells.chunks(self.tokens).flat_map(in_text).collect()
    }

    /// The same texts padded further, to `tokens` tokens; as they are where they have as many.
    pub(crate) fn padded_to(&self, tokens: usize, pad_id: u32) -> Self {
        let more = tokens.saturating_sub(self.tokens);
        let pad = |rows: &[u32], columns: usize, pad: u32| {
            let texts = rows.chunks_exact(self.tokens * columns);
            texts.flat_map(|text| text.iter().copied().chain(std::iter::repeat_n(pad, more * columns))).collect()
        };
        Self {
            tokens: self.tokens + more,
            lengths: self.lengths.clone(),
            input_ids: pad(&self.input_ids, 1, pad_id),
            token_type_ids: pad(&self.token_type_ids, self.type_columns, 0),
            type_columns: self.type_columns,
            wanted: None,
        }
    }

    /// Whether there is padding.
    pub(crate) fn is_padded(&self) -> bool {
        self.lengths.iter().any(|length| *length < self.tokens)
    }

    /// The rows, `[batch * tokens * width]`, without those of padding.
    pub(crate) fn without_padding(&self, rows: &[f32]) -> Vec<f32> {
        let text = rows.len() / self.len().max(1);
        let texts = rows.chunks_exact(text.max(1)).zip(&self.lengths);
        texts.flat_map(|(rows, length)| rows.get(..text / self.tokens * length)).flatten().copied().collect()
    }

    /// Rows without padding as `[batch * tokens * width]`, with zeros for those of padding.
    pub(crate) fn with_padding(&self, rows: &[f32]) -> Vec<f32> {
        let width = rows.len() / self.lengths.iter().sum::<usize>().max(1);
        let mut padded = vec![0.0; self.len() * self.tokens * width];
        let (texts, mut rest) = (padded.chunks_exact_mut((self.tokens * width).max(1)), rows);
        for (text, length) in texts.zip(&self.lengths) {
            let (own, others) = rest.split_at_checked(length * width).unwrap_or((rest, &[]));
            text.iter_mut().zip(own).for_each(|(place, number)| *place = *number);
            rest = others;
        }
        padded
    }

    /// Places in `[batch * tokens]` of the tokens that are wanted.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = usize> {
        let all = if self.wanted.is_some() { 0 } else { self.input_ids.len() };
        self.wanted.iter().flatten().copied().chain(0..all)
    }
}
