//! Texts to token ids and back, from a repository's own files, as `AutoTokenizer` of transformers 5.23 does it.

mod classes;
#[cfg(test)]
mod fuzz;
mod load;
#[cfg(test)]
mod malformed;
mod marian;
mod pipeline;
mod post_processor;
mod sentencepiece;
mod special;
#[cfg(test)]
mod tests;
mod vocabulary;

use serde_json::Value;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper};
use tokenizers::{Decoder, Encoding, ModelWrapper, PostProcessor, PostProcessorWrapper, TruncationDirection};

use crate::{Error, Result};
pub(crate) use special::Named;

/// A tokenizer and the most tokens it may make of one input.
pub(crate) struct Tokenizer {
    /// Without truncation, padding and post-processor: the first two depend on what is run, and the last would trim the
    /// offsets twice.
    inner: load::Inner,
    post_processor: PostProcessorWrapper,
    settings: special::Settings,
    /// Where the ids are not those of `inner`.
    ids: Option<marian::Ids>,
    /// Special tokens included.
    pub limit: usize,
    /// `padding_side` of `tokenizer_config.json` is left.
    pub pads_left: bool,
    /// `truncation_side` of `tokenizer_config.json` is left.
    pub cuts_left: bool,
    /// Chinese would have to be cut by a dictionary that is not here.
    lacks_chinese: bool,
    /// `clean_up_tokenization_spaces` of `tokenizer_config.json`.
    cleans_up: bool,
    /// The id that fills a batch.
    pad_id: u32,
    /// Python gives the model `token_type_ids`; otherwise they are 0 here.
    pub gives_type_ids: bool,
}

/// The tokens of one text, or of a pair. All lists have one entry a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tokens {
    pub ids: Vec<u32>,
    pub type_ids: Vec<u32>,
    /// Where the token stands in its own text: begin and end in Unicode scalar values (`offset_mapping`).
    pub offsets: Vec<(usize, usize)>,
    /// The word that the token is of, by the pre-tokenizer (`word_ids`); none for special tokens.
    pub words: Vec<Option<u32>>,
    /// 0 for the text, 1 for its pair, none for special tokens (`sequence_ids`).
    pub sequences: Vec<Option<usize>>,
    /// Whether the token was added around the texts (`special_tokens_mask`).
    pub special: Vec<bool>,
    /// Tokens that the input would have had without truncation.
    pub untruncated: usize,
}

/// Which text of an input is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// `only_first`
    OnlyFirst,
    /// `only_second`
    OnlySecond,
    /// `longest_first`
    LongestFirst,
    /// `do_not_truncate`
    None,
}

/// How an input is cut into windows of at most `limit` tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truncation {
    /// Special tokens included.
    pub limit: usize,
    pub which: Cut,
    /// Tokens that a window shares with the one before it.
    pub stride: usize,
    /// Begin at the end of the text.
    pub left: bool,
}

impl Tokenizer {
    /// Makes text lower case before anything else, as `do_lower_case` of sentence-transformers does.
    pub(crate) fn lower_case(&mut self) -> Result<()> {
        let mut normalizers = self.inner.get_normalizer().cloned().unwrap_or_default();
        let lower = pipeline::Normalization::Known(NormalizerWrapper::Lowercase(Lowercase));
        normalizers.steps.insert(0, lower);
        self.inner.with_normalizer(Some(normalizers)).map_err(malformed)?;
        Ok(())
    }

    /// The tokens of `text` (and `pair`), with special tokens, cut to `limit` on the right or the left. Of a pair the
    /// longer text is cut first, as Python's `truncation=True` does.
    pub(crate) fn encode(&self, text: &str, pair: Option<&str>, limit: usize, left: bool) -> Result<Tokens> {
        let truncation = Truncation { limit, which: Cut::LongestFirst, stride: 0, left };
        let (encoding, untruncated) = self.encoding(text, pair, &truncation)?;
        Ok(self.tokens(&encoding, untruncated))
    }

    /// The ids of a text without special tokens, uncut.
    pub(crate) fn bare(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.ids(&self.inner.encode_char_offsets(text, false).map_err(malformed)?))
    }

    /// The windows of `text` (and `pair`), each with special tokens (Python's `return_overflowing_tokens=True`).
    pub(crate) fn windows(&self, text: &str, pair: Option<&str>, truncation: &Truncation) -> Result<Vec<Tokens>> {
        let (encoding, untruncated) = self.encoding(text, pair, truncation)?;
        if truncation.which != Cut::None && !encoding.get_overflowing().is_empty() && self.room(pair, truncation) == 0 {
            return Err(no_room(truncation));
        }
        let all = std::iter::once(&encoding).chain(encoding.get_overflowing());
        Ok(all.map(|encoding| self.tokens(encoding, untruncated)).collect())
    }

    /// Tokens that the texts themselves may take.
    fn room(&self, pair: Option<&str>, truncation: &Truncation) -> usize {
        truncation.limit.saturating_sub(self.added(pair))
    }

    /// Special tokens around one text, or around a pair.
    fn added(&self, pair: Option<&str>) -> usize {
        self.post_processor.added_tokens(pair.is_some())
    }

    fn encoding(&self, text: &str, pair: Option<&str>, truncation: &Truncation) -> Result<(Encoding, usize)> {
        let bare = |text: &str| {
            if self.lacks_chinese && text.contains(is_chinese) {
                let what = "RoFormerTokenizer cuts Chinese with jieba's dictionary, which Vitrine does not have";
                return Err(Error::UnsupportedTokenizer(what.to_owned()));
            }
            let encoding = self.inner.encode_char_offsets(text, false).map_err(malformed)?;
            match self.inner.get_normalizer() {
                Some(normalizers) if normalizers.take_failure() => Err(malformed("the normalizer gave up".into())),
                _ => Ok(encoding),
            }
        };
        let (mut first, mut second) = (bare(text)?, pair.map(bare).transpose()?);
        if let Some(second) = &mut second {
            // The processors leave the type ids of what overflows as they are.
            second.set_type_ids(vec![1; second.len()]);
        }
        let lengths = (first.len(), second.as_ref().map(Encoding::len));
        let (keep_first, keep_second) = kept(lengths, self.room(pair, truncation), truncation)?;
        let direction = if truncation.left { TruncationDirection::Left } else { TruncationDirection::Right };
        let cut = |encoding: &mut Encoding, keep: usize| {
            // The library asserts this.
            if keep > 0 && keep < encoding.len() && truncation.stride >= keep {
                return Err(no_room(truncation));
            }
            encoding.truncate(keep, truncation.stride, direction);
            Ok(())
        };
        cut(&mut first, keep_first)?;
        if let Some(second) = &mut second {
            cut(second, keep_second)?;
        }
        let encoding = self.post_processor.process(first, second, true);
        let untruncated = lengths.0 + lengths.1.unwrap_or(0) + self.added(pair);
        Ok((encoding.map_err(malformed)?, untruncated))
    }

    fn ids(&self, encoding: &Encoding) -> Vec<u32> {
        match &self.ids {
            Some(ids) => encoding.get_tokens().iter().map(|token| ids.id(token)).collect(),
            None => encoding.get_ids().to_vec(),
        }
    }

    fn tokens(&self, encoding: &Encoding, untruncated: usize) -> Tokens {
        let type_ids = encoding.get_type_ids().iter().map(|id| if self.gives_type_ids { *id } else { 0 });
        Tokens {
            ids: self.ids(encoding),
            type_ids: type_ids.collect(),
            offsets: encoding.get_offsets().to_vec(),
            words: encoding.get_word_ids().to_vec(),
            sequences: encoding.get_sequence_ids(),
            special: encoding.get_special_tokens_mask().iter().map(|mask| *mask == 1).collect(),
            untruncated,
        }
    }

    /// The text of tokens (`tokenizer.decode`).
    pub(crate) fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        if ids.is_empty() {
            return Ok(String::new());
        }
        let text = match &self.ids {
            Some(own) => {
                let kept = ids.iter().filter(|id| !skip_special || !self.is_special(**id));
                own.join(&kept.filter_map(|id| self.token(*id)).collect::<Vec<_>>())
            }
            None => self.inner.decode(ids, skip_special).map_err(malformed)?,
        };
        let cleans_up = self.cleans_up && !matches!(self.inner.get_model(), ModelWrapper::BPE(_));
        Ok(if cleans_up { clean_up(&text) } else { text })
    }

    /// The text of tokens that are given as texts (`tokenizer.convert_tokens_to_string`).
    pub(crate) fn convert_tokens_to_string(&self, tokens: Vec<String>) -> Result<String> {
        match (&self.ids, self.inner.get_decoder()) {
            (Some(ids), _) => Ok(ids.join(&tokens)),
            (None, Some(decoder)) => decoder.decode(tokens).map_err(malformed),
            (None, None) => Ok(tokens.join(" ")),
        }
    }

    /// The token with this id, as the vocabulary spells it.
    pub(crate) fn token(&self, id: u32) -> Option<String> {
        match &self.ids {
            Some(ids) => ids.text(id).cloned(),
            None => self.inner.id_to_token(id),
        }
    }

    /// The id of a token, as the vocabulary spells it.
    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        match &self.ids {
            Some(ids) => ids.known(token),
            None => self.inner.token_to_id(token),
        }
    }

    /// Whether the model marks tokens that continue a word, as WordPiece does with `##`.
    pub(crate) fn marks_continuation(&self) -> bool {
        match self.inner.get_model() {
            ModelWrapper::WordPiece(model) => !model.continuing_subword_prefix.is_empty(),
            ModelWrapper::BPE(model) => model.continuing_subword_prefix.as_ref().is_some_and(|mark| !mark.is_empty()),
            _ => false,
        }
    }

    /// A special token that has a name of its own: its text and its id.
    pub(crate) fn named(&self, name: Named) -> Option<(&str, u32)> {
        let text = self.settings.named_text(name)?;
        Some((text, self.id(text)?))
    }

    /// Whether the id is one of `all_special_ids`.
    fn is_special(&self, id: u32) -> bool {
        self.token(id).is_some_and(|token| self.settings.all_special().any(|special| special == token))
    }

    /// The id that fills a batch: the pad token, else the config's `pad_token_id`, else 0.
    pub(crate) fn pad_id(&self) -> u32 {
        self.pad_id
    }
}

fn is_chinese(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Tokens of each text that stay in a window (`truncate_encodings` of tokenizers).
fn kept(lengths: (usize, Option<usize>), room: usize, truncation: &Truncation) -> Result<(usize, usize)> {
    let (first, second) = (lengths.0, lengths.1.unwrap_or(0));
    let excess = (first + second).saturating_sub(room);
    if excess == 0 || truncation.which == Cut::None {
        return Ok((first, second));
    }
    if room == 0 {
        return Ok((0, 0));
    }
    let rest = |length: usize| length.checked_sub(excess).filter(|rest| *rest > 0).ok_or_else(|| no_room(truncation));
    match truncation.which {
        Cut::OnlyFirst => Ok((rest(first)?, second)),
        Cut::OnlySecond => Ok((first, rest(second)?)),
        _ if lengths.1.is_none() => Ok((room, 0)),
        _ => {
            let shorter = first.min(second);
            let longer = if shorter > room { shorter } else { shorter.max(room - shorter) };
            let (shorter, longer) =
                if shorter + longer > room { (room / 2, room / 2 + room % 2) } else { (shorter, longer) };
            Ok(if first > second { (longer, shorter) } else { (shorter, longer) })
        }
    }
}

fn no_room(truncation: &Truncation) -> Error {
    let Truncation { limit, stride, .. } = truncation;
    Error::InvalidInputs(format!("{limit} tokens leave no room for the text and a stride of {stride}"))
}

/// `clean_up_tokenization` of transformers.
fn clean_up(text: &str) -> String {
    let pairs = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
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
    Error::MalformedTokenizer(error.to_string())
}
