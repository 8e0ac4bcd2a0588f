//! The vocabulary of a tokenizer and the model that is built on it, from `tokenizer.json` or from the older files.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::unigram::Unigram;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::{ModelWrapper, Result};

/// Ids stay below this, so that the library can count on from the largest.
const MOST_IDS: u32 = 1 << 30;
/// The library's time for a word grows with the square of its length.
const LONGEST_WORD: usize = 10_000;

/// Tokens, and what their model needs besides.
#[derive(Debug)]
pub(super) enum Vocabulary {
    /// WordPiece, WordLevel and BPE: ids by token; merges of BPE.
    Ids(Vocab, Option<Merges>),
    /// Unigram: tokens with their scores, by id.
    Scores(Vec<(String, f64)>),
}

pub(super) type Merges = Vec<(String, String)>;

/// `model` of `tokenizer.json` but for its vocabulary.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct ModelSettings {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub unk_token: Option<String>,
    pub unk_id: Option<usize>,
    pub byte_fallback: Option<bool>,
    pub continuing_subword_prefix: Option<String>,
    pub end_of_word_suffix: Option<String>,
    pub fuse_unk: Option<bool>,
    pub ignore_merges: Option<bool>,
    pub max_input_chars_per_word: Option<usize>,
}

/// `model` of `tokenizer.json`, of which the vocabulary is read once: it is all but the whole of the file.
#[derive(Deserialize)]
pub(super) struct Model {
    #[serde(rename = "vocab")]
    pub vocabulary: Vocabulary,
    #[serde(default)]
    merges: Option<Vec<Merge>>,
    #[serde(flatten)]
    pub settings: ModelSettings,
}

impl Model {
    /// The vocabulary with its merges, and the settings.
    pub(super) fn into_parts(self) -> (Vocabulary, ModelSettings) {
        let merges = self.merges.map(|merges| merges.into_iter().filter_map(|merge| merge.0).collect());
        let vocabulary = match self.vocabulary {
            Vocabulary::Ids(vocab, _) => Vocabulary::Ids(vocab, merges),
            scores => scores,
        };
        (vocabulary, self.settings)
    }
}

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Tokens;

        impl<'de> Visitor<'de> for Tokens {
            type Value = Vocabulary;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("ids by token, or tokens with their scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut ids: A) -> std::result::Result<Vocabulary, A::Error> {
                // A map that does not know its size moves all that it has again and again.
                let mut tokens = Vec::new();
                while let Some(token) = ids.next_entry::<String, u32>()? {
                    tokens.push(token);
                }
                Ok(Vocabulary::Ids(tokens.into_iter().collect(), None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, scores: A) -> std::result::Result<Vocabulary, A::Error> {
                Ok(Vocabulary::Scores(Vec::deserialize(SeqAccessDeserializer::new(scores))?))
            }
        }

        deserializer.deserialize_any(Tokens)
    }
}

/// A merge of BPE, as a pair or with a space in between; the line of a version is none.
struct Merge(Option<(String, String)>);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Pair;

        impl<'de> Visitor<'de> for Pair {
            type Value = Merge;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a pair of tokens")
            }

            fn visit_str<E: serde::de::Error>(self, line: &str) -> std::result::Result<Merge, E> {
                split(line).map(Merge).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, pair: A) -> std::result::Result<Merge, A::Error> {
                Ok(Merge(Some(Deserialize::deserialize(SeqAccessDeserializer::new(pair))?)))
            }
        }

        deserializer.deserialize_any(Pair)
    }
}

impl Vocabulary {
    /// Reads `vocab.txt`: a token a line.
    pub(super) fn lines(text: &str) -> Self {
        Self::Ids(text.lines().zip(0..).map(|(line, id)| (line.trim_end().to_owned(), id)).collect(), None)
    }

    /// Reads `vocab.json` and `merges.txt`.
    pub(super) fn vocab_and_merges(vocab: &[u8], merges: &str) -> Result<Self> {
        let Value::Object(vocab) = serde_json::from_slice(vocab)? else {
            return Err("vocab.json is not an object".into());
        };
        let id = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or("an id is no whole number");
        let numbers = vocab.into_iter().filter(|(_, value)| value.is_number());
        let vocab = numbers.map(|(token, value)| Ok((token, id(&value)?))).collect::<Result<Vocab>>()?;
        Ok(Self::Ids(vocab, Some(merges.lines().filter_map(|line| split(line).transpose()).collect::<Result<_>>()?)))
    }

    /// Tokens by id, whatever the model.
    pub(super) fn into_ids(self) -> Vocab {
        match self {
            Self::Ids(vocab, _) => vocab,
            Self::Scores(scores) => scores.into_iter().zip(0..).map(|((token, _), id)| (token, id)).collect(),
        }
    }

    /// The model of `tokenizer.json`.
    pub(super) fn build(self, settings: &ModelSettings) -> Result<ModelWrapper> {
        let is = |kind: &str| settings.kind.as_deref() == Some(kind);
        let of_words = settings.continuing_subword_prefix.is_some() || settings.max_input_chars_per_word.is_some();
        let untyped = settings.kind.is_none();
        match self {
            Self::Scores(scores) if is("Unigram") || untyped => {
                unigram(scores, settings.unk_id, settings.byte_fallback)
            }
            Self::Ids(vocab, Some(merges)) if is("BPE") || untyped => bpe(vocab, merges, settings),
            Self::Ids(vocab, _) if is("WordPiece") || untyped && of_words => wordpiece(vocab, settings),
            Self::Ids(vocab, _) if is("WordLevel") || untyped => {
                let unk = settings.unk_token.clone().ok_or("a WordLevel model has no unk_token")?;
                let vocab = checked(vocab)?.into_iter().collect();
                Ok(WordLevel::builder().vocab(vocab).unk_token(unk).build()?.into())
            }
            _ => Err("the vocabulary is not one of the model's type".into()),
        }
    }
}

/// A WordPiece model.
pub(super) fn wordpiece(vocab: Vocab, settings: &ModelSettings) -> Result<ModelWrapper> {
    let longest = settings.max_input_chars_per_word.unwrap_or(100);
    if longest > LONGEST_WORD {
        return Err(format!("max_input_chars_per_word is {longest}, more than {LONGEST_WORD}").into());
    }
    let mut builder = WordPiece::builder().vocab(checked(vocab)?).max_input_chars_per_word(longest);
    if let Some(unk) = &settings.unk_token {
        builder = builder.unk_token(unk.clone());
    }
    if let Some(prefix) = &settings.continuing_subword_prefix {
        builder = builder.continuing_subword_prefix(prefix.clone());
    }
    Ok(builder.build()?.into())
}

/// A BPE model, without dropout.
pub(super) fn bpe(vocab: Vocab, merges: Merges, settings: &ModelSettings) -> Result<ModelWrapper> {
    let prefix = settings.continuing_subword_prefix.as_deref().unwrap_or("");
    // The library copies the merged token before it looks whether there is one of that length.
    let is_sound = |(first, second): &(String, String)| {
        let rest = second.get(prefix.len()..)?;
        vocab.get(&format!("{first}{rest}"))
    };
    if let Some((first, second)) = merges.iter().find(|merge| is_sound(merge).is_none()) {
        return Err(format!("the merge of `{first}` and `{second}` makes no token").into());
    }
    let mut builder = BPE::builder()
        .vocab_and_merges(checked(vocab)?, merges)
        .fuse_unk(settings.fuse_unk.unwrap_or(false))
        .byte_fallback(settings.byte_fallback.unwrap_or(false))
        .ignore_merges(settings.ignore_merges.unwrap_or(false));
    if let Some(unk) = &settings.unk_token {
        builder = builder.unk_token(unk.clone());
    }
    if let Some(prefix) = &settings.continuing_subword_prefix {
        builder = builder.continuing_subword_prefix(prefix.clone());
    }
    if let Some(suffix) = &settings.end_of_word_suffix {
        builder = builder.end_of_word_suffix(suffix.clone());
    }
    Ok(builder.build()?.into())
}

/// A Unigram model.
pub(super) fn unigram(
    scores: Vec<(String, f64)>,
    unk_id: Option<usize>,
    byte_fallback: Option<bool>,
) -> Result<ModelWrapper> {
    if scores.is_empty() {
        return Err("the vocabulary is empty".into());
    }
    Ok(Unigram::from(scores, unk_id, byte_fallback.unwrap_or(false))?.into())
}

/// Merges that follow from the vocabulary: every pair of tokens that makes a token, by rank of the latter
/// (`generate_merges` of transformers).
pub(super) fn generated_merges(vocab: &Vocab) -> Merges {
    let mut all = Vec::new();
    for (token, rank) in vocab {
        for (middle, _) in token.char_indices().skip(1) {
            let (first, second) = token.split_at(middle);
            if vocab.contains_key(first) && vocab.contains_key(second) {
                all.push((*rank, first.chars().count(), second.chars().count(), (first.to_owned(), second.to_owned())));
            }
        }
    }
    all.sort_by_key(|(rank, first, second, _)| (*rank, *first, *second));
    all.into_iter().map(|(.., pair)| pair).collect()
}

fn checked(vocab: Vocab) -> Result<Vocab> {
    if vocab.is_empty() || vocab.values().any(|id| *id >= MOST_IDS) {
        return Err("the vocabulary is empty or has an id that is too large".into());
    }
    Ok(vocab)
}

/// The merge that a line stands for; none for that of a version.
fn split(line: &str) -> Result<Option<(String, String)>> {
    match line.split_once(' ') {
        _ if line.starts_with("#version") => Ok(None),
        Some((first, second)) if !second.contains(' ') => Ok(Some((first.to_owned(), second.to_owned()))),
        _ => Err(format!("`{line}` is no merge").into()),
    }
}
