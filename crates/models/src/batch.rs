//! Token ids of several texts, padded to one length, with the lengths that tell padding from text.

/// The inputs of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    tokens: usize,
    lengths: Vec<usize>,
    input_ids: Vec<u32>,
    token_type_ids: Vec<u32>,
}

impl Batch {
    /// Pads texts on the right to the longest. Each text is its token ids and their types, of equal length.
    pub fn new(texts: &[(&[u32], &[u32])], pad_id: u32) -> Self {
        let lengths: Vec<usize> = texts.iter().map(|(ids, _)| ids.len()).collect();
        let tokens = lengths.iter().copied().max().unwrap_or(0).max(1);
        let padded = |text: &[u32], pad: u32| {
            text.iter().copied().chain(std::iter::repeat(pad)).take(tokens).collect::<Vec<u32>>()
        };
        Self {
            tokens,
            lengths,
            input_ids: texts.iter().flat_map(|(ids, _)| padded(ids, pad_id)).collect(),
            token_type_ids: texts.iter().flat_map(|(_, types)| padded(types, 0)).collect(),
        }
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
    pub(crate) fn input_ids(&self) -> impl Iterator<Item = u32> {
        self.input_ids.iter().copied()
    }

    /// `[batch * tokens]`.
    pub(crate) fn token_type_ids(&self) -> impl Iterator<Item = u32> {
        self.token_type_ids.iter().copied()
    }
}
