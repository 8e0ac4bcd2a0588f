//! Parts of a text by offsets in characters, which are Unicode scalar values as in Python.

/// A text whose characters are counted.
pub(crate) struct Characters<'a> {
    text: &'a str,
    /// Where each character begins, in bytes, and where the last one ends.
    starts: Vec<usize>,
}

impl<'a> Characters<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]).collect();
        Self { text, starts }
    }

    /// Python's `text[start:end]`.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        let byte = |index: usize| self.starts.get(index).copied().unwrap_or(self.text.len());
        self.text.get(byte(start)..byte(end)).unwrap_or_default()
    }
}
