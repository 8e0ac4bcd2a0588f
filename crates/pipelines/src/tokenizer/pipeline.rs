//! What happens to a text before the model of a tokenizer sees it, and after: the steps of `tokenizer.json`, checked
//! before the library gets them, because it panics on some (and a panic ends a worker).

use std::sync::atomic::{AtomicBool, Ordering};

use fancy_regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;
use tokenizers::normalizer::SplitDelimiterBehavior;
use tokenizers::normalizers::{NormalizerWrapper, Precompiled};
use tokenizers::pattern::Invert;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{
    DecoderWrapper, NormalizedString, Normalizer, PostProcessorWrapper, PreTokenizedString, PreTokenizer, Result,
};

use super::marian::Charsmap;

/// Steps that a regular expression may go back in one match. The library takes one that gives up for the end of the
/// matches, so the two steps with expressions are our own.
const MOST_BACKTRACKING: usize = 100_000;
const LONGEST_PATTERN: usize = 10_000;
const MOST_STEPS: usize = 1000;

const NORMALIZERS: &[&str] = &[
    "BertNormalizer",
    "ByteLevel",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Precompiled",
    "Prepend",
    "Replace",
    "Strip",
    "StripAccents",
];
const PRE_TOKENIZERS: &[&str] = &[
    "BertPreTokenizer",
    "ByteLevel",
    "CharDelimiterSplit",
    "Digits",
    "FixedLength",
    "Metaspace",
    "Punctuation",
    "Split",
    "UnicodeScripts",
    "Whitespace",
    "WhitespaceSplit",
];
const DECODERS: &[&str] =
    &["BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse", "Metaspace", "Replace", "Strip", "WordPiece"];
const POST_PROCESSORS: &[&str] = &["BertProcessing", "ByteLevel", "RobertaProcessing", "TemplateProcessing"];

/// The normalizer of a tokenizer, in order.
#[derive(Default)]
pub(super) struct Normalizers {
    pub steps: Vec<Normalization>,
    /// A regular expression gave up: the library drops this error, so it is kept here.
    failed: AtomicBool,
}

#[derive(Clone)]
pub(super) enum Normalization {
    Known(NormalizerWrapper),
    Replace(Regex, String),
}

/// The pre-tokenizer of a tokenizer, in order.
#[derive(Default)]
pub(super) struct PreTokenizers(Vec<PreTokenization>);

pub(super) enum PreTokenization {
    Known(PreTokenizerWrapper),
    Split { regex: Regex, behavior: SplitDelimiterBehavior, invert: bool },
    Marian(Charsmap),
}

impl Clone for Normalizers {
    fn clone(&self) -> Self {
        Self { steps: self.steps.clone(), failed: AtomicBool::new(false) }
    }
}

impl Normalizers {
    /// Reads `normalizer`; null for none.
    pub(super) fn parse(value: &Value) -> Result<Self> {
        let mut steps = Vec::new();
        for step in flat(value, "normalizers", NORMALIZERS)? {
            steps.push(match kind(step) {
                "Replace" => {
                    let content = step.get("content").and_then(Value::as_str).ok_or("a Replace has no content")?;
                    Normalization::Replace(pattern(step)?, content.to_owned())
                }
                "Precompiled" => {
                    let charsmap = step.get("precompiled_charsmap").and_then(Value::as_str).and_then(base64);
                    Normalization::precompiled(&charsmap.ok_or("precompiled_charsmap is not base64")?)?
                }
                "Prepend" if step.get("prepend").and_then(Value::as_str) == Some("") => {
                    return Err("a Prepend of nothing".into());
                }
                _ => Normalization::Known(Deserialize::deserialize(step)?),
            });
        }
        Ok(Self { steps, failed: AtomicBool::new(false) })
    }

    /// Whether an error was met since the last call.
    pub(super) fn take_failure(&self) -> bool {
        self.failed.swap(false, Ordering::Relaxed)
    }
}

impl Normalization {
    pub(super) fn precompiled(charsmap: &[u8]) -> Result<Self> {
        if !is_sound(charsmap) {
            return Err("precompiled_charsmap points outside itself".into());
        }
        let charsmap = Precompiled::from(charsmap).map_err(|error| error.to_string())?;
        Ok(Self::Known(charsmap.into()))
    }
}

impl Normalizer for Normalizers {
    fn normalize(&self, text: &mut NormalizedString) -> Result<()> {
        self.steps
            .iter()
            .try_for_each(|step| match step {
                Normalization::Known(known) => known.normalize(text),
                Normalization::Replace(regex, content) => text.replace(regex, content),
            })
            .inspect_err(|_| self.failed.store(true, Ordering::Relaxed))
    }
}

impl PreTokenizers {
    pub(super) fn one(step: PreTokenization) -> Self {
        Self(vec![step])
    }

    /// Reads `pre_tokenizer`; null for none.
    pub(super) fn parse(value: &Value) -> Result<Self> {
        let mut steps = Vec::new();
        for step in flat(value, "pretokenizers", PRE_TOKENIZERS)? {
            steps.push(match kind(step) {
                "Split" => PreTokenization::Split {
                    regex: pattern(step)?,
                    behavior: Deserialize::deserialize(step.get("behavior").ok_or("a Split has no behavior")?)?,
                    invert: step.get("invert").and_then(Value::as_bool).unwrap_or(false),
                },
                "FixedLength" if step.get("length").is_some_and(|length| length.as_u64().unwrap_or(0) == 0) => {
                    return Err("a FixedLength of 0".into());
                }
                _ => PreTokenization::Known(Deserialize::deserialize(step)?),
            });
        }
        Ok(Self(steps))
    }
}

impl PreTokenizer for PreTokenizers {
    fn pre_tokenize(&self, text: &mut PreTokenizedString) -> Result<()> {
        self.0.iter().try_for_each(|step| match step {
            PreTokenization::Known(known) => known.pre_tokenize(text),
            PreTokenization::Marian(charsmap) => charsmap.split(text),
            PreTokenization::Split { regex, behavior, invert: true } => {
                text.split(|_, part| part.split(Invert(regex), *behavior))
            }
            PreTokenization::Split { regex, behavior, invert: false } => {
                text.split(|_, part| part.split(regex, *behavior))
            }
        })
    }
}

/// Reads `decoder`; null for none.
pub(super) fn decoder(value: &Value) -> Result<Option<DecoderWrapper>> {
    for (index, step) in flat(value, "decoders", DECODERS)?.into_iter().enumerate() {
        let number = |key: &str| step.get(key).and_then(Value::as_u64).unwrap_or(0);
        match kind(step) {
            // The library takes both ends off by themselves, and what is left may have less than no length.
            "Strip" if number("stop") > 0 => return Err("a Strip decoder that takes the end off".into()),
            "BPEDecoder" if index > 0 => return Err("a BPEDecoder that is not the first".into()),
            // Expressions that are run in one go have no groups.
            "Replace" if pattern(step).is_err() || regex_text(step).is_some_and(|text| text.contains('(')) => {
                return Err("a Replace decoder with an expression that may run away".into());
            }
            _ => {}
        }
    }
    Ok(Option::deserialize(value)?)
}

/// Reads `post_processor`; null for none.
pub(super) fn post_processor(value: &Value) -> Result<Option<PostProcessorWrapper>> {
    let mut others = 0;
    for step in flat(value, "processors", POST_PROCESSORS)? {
        others += usize::from(kind(step) != "ByteLevel");
        if kind(step) == "TemplateProcessing" {
            template(step).ok_or("the template of the post-processor names what it does not have")?;
        }
    }
    if others > 1 {
        return Err("more than one post-processor adds tokens".into());
    }
    Ok(Option::deserialize(value)?)
}

/// Whether all that a template names is there.
fn template(step: &Value) -> Option<()> {
    let tokens = step.get("special_tokens")?.as_object()?;
    for (key, has_pair) in [("single", false), ("pair", true)] {
        for piece in step.get(key)?.as_array()? {
            if let Some(sequence) = piece.get("Sequence") {
                let id = sequence.get("id")?.as_str()?;
                (id == "A" || has_pair).then_some(())?;
            } else {
                let token = tokens.get(piece.get("SpecialToken")?.get("id")?.as_str()?)?;
                let length = |key: &str| Some(token.get(key)?.as_array()?.len());
                (length("ids")? == length("tokens")?).then_some(())?;
            }
        }
    }
    Some(())
}

/// The steps of a sequence, of sequences too. Their types must be `known`: the library reads others by their fields.
fn flat<'a>(value: &'a Value, key: &str, known: &[&str]) -> Result<Vec<&'a Value>> {
    let mut steps = Vec::new();
    let mut open = if value.is_null() { Vec::new() } else { vec![value] };
    while let Some(step) = open.pop() {
        if !step.is_object() || open.len() + steps.len() > MOST_STEPS {
            return Err("a step is not an object, or there are too many".into());
        }
        if kind(step) == "Sequence" {
            open.extend(step.get(key).and_then(Value::as_array).ok_or("a Sequence has no steps")?.iter().rev());
        } else if known.contains(&kind(step)) {
            steps.push(step);
        } else {
            return Err(format!("{key} of type `{}` are not known", kind(step)).into());
        }
    }
    Ok(steps)
}

fn kind(step: &Value) -> &str {
    step.get("type").and_then(Value::as_str).unwrap_or("")
}

fn regex_text(step: &Value) -> Option<&str> {
    step.get("pattern")?.get("Regex")?.as_str()
}

/// The `pattern` of a Replace or Split: an expression, or a text as it is.
fn pattern(step: &Value) -> Result<Regex> {
    let text = match regex_text(step) {
        Some(regex) => regex.to_owned(),
        None => {
            let text = step.get("pattern").and_then(|pattern| pattern.get("String")).and_then(Value::as_str);
            fancy_regex::escape(text.ok_or("a step has no pattern")?).into_owned()
        }
    };
    regex(&text)
}

pub(super) fn regex(text: &str) -> Result<Regex> {
    if text.len() > LONGEST_PATTERN {
        return Err("a regular expression is too long".into());
    }
    Ok(RegexBuilder::new(text).backtrack_limit(MOST_BACKTRACKING).build()?)
}

/// Whether every walk through the double array of a `precompiled_charsmap` stays in it, and every value in the texts.
fn is_sound(charsmap: &[u8]) -> bool {
    let Some((size, rest)) = charsmap.split_first_chunk::<4>() else { return false };
    let size = u32::from_le_bytes(*size) as usize;
    let Some((array, texts)) = rest.split_at_checked(size / 4 * 4) else { return false };
    let Ok(texts) = std::str::from_utf8(texts) else { return false };
    let units: Vec<usize> =
        array.chunks_exact(4).map(|unit| unit.iter().rev().fold(0, |all, byte| all << 8 | *byte as usize)).collect();
    let offset = |unit: usize| (unit >> 10) << ((unit & 1 << 9) >> 6);
    let mut seen = vec![false; units.len()];
    let Some(root) = units.first() else { return false };
    let mut open = vec![offset(*root)];
    while let Some(node) = open.pop() {
        if (node | 0xff) >= units.len() {
            return false;
        }
        if seen.get_mut(node).is_none_or(|seen| std::mem::replace(seen, true)) {
            continue;
        }
        for label in 1..=0xff {
            let Some(unit) = units.get(node ^ label).filter(|unit| **unit & (1 << 31 | 0xff) == label) else {
                continue;
            };
            let next = node ^ label ^ offset(*unit);
            open.push(next);
            let value = units.get(next).map(|leaf| leaf & ((1 << 31) - 1));
            if unit >> 8 & 1 == 1 && !value.is_some_and(|value| texts.is_char_boundary(value)) {
                return false;
            }
        }
    }
    true
}

/// Decodes base64.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for four in digits.chunks(4) {
        let mut bits = 0u32;
        for digit in four {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        // Two digits make one byte, and so on; one makes none.
        let made = four.len().checked_sub(1).filter(|made| *made > 0)?;
        bytes.extend((bits << (6 * (4 - four.len())) << 8).to_be_bytes().iter().take(made));
    }
    Some(bytes)
}
