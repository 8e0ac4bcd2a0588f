//! Texts to token ids: the repository's `tokenizer.json` with the lengths that the model takes, not those of the file.

use serde_json::Value;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};
use tokenizers::{PostProcessor, TruncationDirection, TruncationParams, TruncationStrategy, truncate_encodings};

use crate::{Error, Result};

/// A tokenizer and the most tokens it may make of one input.
pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// Special tokens included.
    pub limit: usize,
}

/// The tokens of one text, or of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub ids: Vec<u32>,
    pub type_ids: Vec<u32>,
    /// Tokens that the input would have had without truncation.
    pub untruncated: usize,
}

impl Tokenizer {
    /// Parses `tokenizer.json`. Padding and truncation of the file are set aside: both depend on what is run, as in Python.
    pub(crate) fn parse(json: &[u8], limit: usize) -> Result<Self> {
        let mut inner = tokenizers::Tokenizer::from_bytes(json).map_err(malformed)?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(malformed)?;
        Ok(Self { inner, limit })
    }

    /// Makes text lower case before anything else, as `do_lower_case` of sentence-transformers does.
    pub(crate) fn lower_case(&mut self) -> Result<()> {
        let own = self.inner.get_normalizer().cloned();
        let all = std::iter::once(NormalizerWrapper::Lowercase(Lowercase)).chain(own).collect();
        self.inner.with_normalizer(Some(Sequence::new(all))).map_err(malformed)?;
        Ok(())
    }

    /// The tokens of `text` (and `pair`), with special tokens, cut to `limit` on the right or the left. Of a pair the
    /// longer text is cut first, as Python's `truncation=True` does.
    pub(crate) fn encode(&self, text: &str, pair: Option<&str>, limit: usize, left: bool) -> Result<Tokens> {
        // The library's own truncation cuts each text of a pair before it compares their lengths.
        let bare = |text: &str| self.inner.encode_fast(text, false).map_err(malformed);
        let (first, second) = (bare(text)?, pair.map(bare).transpose()?);
        let added = self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(pair.is_some()));
        let untruncated = first.len() + second.as_ref().map_or(0, |second| second.len()) + added;
        let parameters = TruncationParams {
            direction: if left { TruncationDirection::Left } else { TruncationDirection::Right },
            max_length: limit.saturating_sub(added),
            strategy: TruncationStrategy::LongestFirst,
            stride: 0,
        };
        let (first, second) = truncate_encodings(first, second, &parameters).map_err(malformed)?;
        let encoding = self.inner.post_process(first, second, true).map_err(malformed)?;
        Ok(Tokens { ids: encoding.get_ids().to_vec(), type_ids: encoding.get_type_ids().to_vec(), untruncated })
    }
}

/// The most tokens that the files allow: `model_max_length` of `tokenizer_config.json`, which may be a huge placeholder,
/// and what the model has positions for.
pub(crate) fn limit(tokenizer_config: Option<&Value>, positions: usize) -> usize {
    let stated = tokenizer_config.and_then(|config| config.get("model_max_length")).and_then(Value::as_f64);
    match stated {
        Some(stated) if stated >= 1.0 && stated < positions as f64 => stated as usize,
        _ => positions,
    }
}

fn malformed(error: tokenizers::Error) -> Error {
    Error::MalformedTokenizer(format!("tokenizer.json: {error}"))
}
