//! Marian's pair of SentencePiece models (`MarianTokenizer`, which has no fast form): pieces of `source.spm`, numbered by
//! `vocab.json`.

use std::collections::HashMap;

use serde_json::Value;
use tokenizers::models::bpe::Vocab;
use tokenizers::{NormalizedString, PreTokenizedString, Result, Token};

use super::classes::Recipe;
use super::pipeline::{Normalizers, PreTokenization, PreTokenizers};
use super::sentencepiece::{NORMAL, SentencePiece};
use super::special::{Named, Settings};
use super::vocabulary::{Vocabulary, unigram};
use crate::sentence_transformers::Files;

const SPACE: char = '▁';

/// The ids of tokens, which are not those of the model that makes them.
#[derive(Debug)]
pub(super) struct Ids {
    ids: Vocab,
    /// The other way; of the target's vocabulary where it has its own.
    texts: HashMap<u32, String>,
    unk: u32,
    specials: Vec<String>,
}

impl Ids {
    pub(super) fn read(files: &Files) -> Result<Self> {
        let read = |path: &str| {
            let bytes = files.get(path).ok_or_else(|| format!("the repository has no {path}"))?;
            Ok::<_, tokenizers::Error>(Vocabulary::vocab_and_merges(bytes, "")?.into_ids())
        };
        let config = files.get("tokenizer_config.json").and_then(|config| serde_json::from_slice::<Value>(config).ok());
        let is_separate = config.as_ref().and_then(|config| config.get("separate_vocabs")) == Some(&Value::Bool(true));
        let ids = read("vocab.json")?;
        let target = if is_separate { read("target_vocab.json")? } else { ids.clone() };
        let texts = target.into_iter().map(|(text, id)| (id, text)).collect();
        Ok(Self { ids, texts, unk: 0, specials: Vec::new() })
    }

    /// Numbers the tokens that the settings add.
    pub(super) fn add(&mut self, settings: &Settings) -> Result<()> {
        for (id, token) in &settings.added {
            self.ids.insert(token.content.clone(), *id);
        }
        self.specials = settings.all_special().map(str::to_owned).collect();
        for text in &self.specials {
            let next = u32::try_from(self.ids.len())?;
            let id = *self.ids.entry(text.clone()).or_insert(next);
            self.texts.insert(id, text.clone());
        }
        self.unk = settings.named_text(Named::Unk).and_then(|unk| self.known(unk)).unwrap_or(0);
        Ok(())
    }

    /// The id of a token of the vocabulary.
    pub(super) fn known(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// The id of what the model made.
    pub(super) fn id(&self, text: &str) -> u32 {
        self.known(text).unwrap_or(self.unk)
    }

    pub(super) fn text(&self, id: u32) -> Option<&String> {
        self.texts.get(&id)
    }

    /// `convert_tokens_to_string`: a special token ends a run of pieces, and a space follows it.
    pub(super) fn join(&self, tokens: &[String]) -> String {
        let mut text = String::new();
        let mut begins = true;
        for token in tokens {
            let is_special = self.specials.contains(token);
            let piece = if begins && !is_special { token.strip_prefix(SPACE).unwrap_or(token) } else { token };
            text.push_str(piece);
            if is_special {
                text.push(' ');
            }
            begins = is_special || begins && piece.is_empty();
        }
        text.replace(SPACE, " ").trim().to_owned()
    }
}

/// Model and steps of `source.spm`.
pub(super) fn recipe(model: SentencePiece, unk: &str) -> Result<Recipe> {
    if !model.unigram || model.byte_fallback {
        return Err("its model is not unigram, or it falls back to bytes".into());
    }
    let normal = model.pieces.into_iter().filter(|(.., kind)| *kind == NORMAL);
    let pieces = normal.map(|(piece, score, _)| (piece, score));
    let step = PreTokenization::Marian(Charsmap::read(&model.charsmap).ok_or("its charsmap is cut off")?);
    Ok(Recipe {
        model: unigram(std::iter::once((unk.to_owned(), 0.0)).chain(pieces).collect(), Some(0), None)?,
        normalizers: Normalizers::default(),
        pre_tokenizers: PreTokenizers::one(step),
        decoder: None,
    })
}

/// A `precompiled_charsmap`: the double array of a trie, and the texts that its values point to. The library looks up
/// whole graphemes in it, and SentencePiece the longest beginning of the text.
pub(super) struct Charsmap {
    units: Vec<u32>,
    texts: String,
}

impl Charsmap {
    fn read(bytes: &[u8]) -> Option<Self> {
        let Some((size, rest)) = bytes.split_first_chunk::<4>() else {
            return bytes.is_empty().then(|| Self { units: Vec::new(), texts: String::new() });
        };
        let (units, texts) = rest.split_at_checked(u32::from_le_bytes(*size) as usize / 4 * 4)?;
        let units = units.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        Some(Self { units, texts: String::from_utf8(texts.to_vec()).ok()? })
    }

    /// The longest beginning of `text` that is in the map: its length and what it becomes.
    fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let offset = |unit: u32| ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize;
        let mut node = offset(*self.units.first()?);
        let mut found = None;
        for (index, byte) in text.bytes().enumerate() {
            node ^= usize::from(byte);
            let unit = self.units.get(node).filter(|unit| **unit & (1 << 31 | 0xff) == u32::from(byte));
            let Some(unit) = unit.filter(|_| byte != 0) else { break };
            node ^= offset(*unit);
            if unit >> 8 & 1 == 1 {
                let value = self.units.get(node)? & ((1 << 31) - 1);
                found = Some((index + 1, self.texts.get(value as usize..)?.split('\0').next()?));
            }
        }
        found
    }

    /// Splits the language code off each text, and normalizes the rest as SentencePiece does.
    pub(super) fn split(&self, text: &mut PreTokenizedString) -> Result<()> {
        text.split(|_, part| {
            let end = part.get().find("<<").filter(|_| part.get().starts_with(">>")).map_or(0, |end| end + 2);
            let slice = |begin: usize, end: usize| part.slice(tokenizers::normalizer::Range::Normalized(begin..end));
            let code = slice(0, end).filter(|_| end > 0).map(|code| {
                let token = Token::new(0, code.get().to_owned(), (0, end));
                (code, Some(vec![token]))
            });
            let rest = slice(end, part.len()).map(|mut rest| {
                self.normalize(&mut rest);
                (rest, None)
            });
            Ok(code.into_iter().chain(rest))
        })
    }

    /// Maps characters, leaves one space between words and none at the ends, and begins with a space.
    fn normalize(&self, text: &mut NormalizedString) {
        // Each character, and by how many it is more than those that it stands for.
        let mut all = vec![(SPACE, 1)];
        let mut after_space = true;
        let mut rest = text.get();
        while let Some(first) = rest.chars().next() {
            let length = first.len_utf8();
            let (length, piece) = self.longest(rest).unwrap_or((length, rest.get(..length).unwrap_or("")));
            let (Some(source), Some(left)) = (rest.get(..length), rest.get(length..)) else { break };
            let mut taken = source.chars().count() as isize;
            let piece = if after_space { piece.trim_start_matches(' ') } else { piece };
            for character in piece.chars() {
                let stands = isize::from(taken > 0);
                taken -= stands;
                all.push((if character == ' ' { SPACE } else { character }, 1 - stands));
            }
            if let Some((_, change)) = all.last_mut() {
                *change -= taken;
            }
            after_space = if piece.is_empty() { after_space } else { piece.ends_with(' ') };
            rest = left;
        }
        while let Some((_, change)) = all.pop_if(|(character, _)| *character == SPACE) {
            match all.last_mut() {
                Some((_, last)) => *last -= 1 - change,
                None => drop(text.clear()),
            }
        }
        if !all.is_empty() {
            text.transform(all, 0);
        }
    }
}
