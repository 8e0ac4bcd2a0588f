//! The special tokens that a tokenizer class puts around texts.

use serde_json::{Map, Value, json};
use tokenizers::PostProcessorWrapper;

use super::classes::{Class, Rules};
use super::load::Inner;
use super::pipeline;
use super::special::{Named, Settings};
use crate::{Error, Result};

/// The texts and ids of a tokenizer's named tokens.
pub(super) struct Names<'a> {
    pub inner: &'a Inner,
    pub settings: &'a Settings,
}

/// What a class puts around texts, whatever its `tokenizer.json` says; or else that.
pub(super) fn of_class(
    class: &Class,
    names: &Names<'_>,
    own: Option<PostProcessorWrapper>,
) -> Result<Option<PostProcessorWrapper>> {
    let (single, pair) = match class.rules {
        Rules::Gpt2 => return Ok(own),
        // Python puts the class's own away again where the file has none.
        Rules::RemBert if own.is_none() => return Ok(None),
        Rules::MpNet => return names.roberta(true, false).map(Some),
        Rules::Roberta => {
            let trim = names.settings.flag("trim_offsets", true);
            return names.roberta(trim, names.settings.flag("add_prefix_space", false)).map(Some);
        }
        Rules::Funnel => ("c2 A0 s0", "c2 A0 s0 B1 s1"),
        Rules::Splinter if names.settings.text("padding_side") == Some("left") => ("c0 A0 s0", "c0 A0 s0 B1 q0 .0 s1"),
        Rules::Splinter => ("c0 A0 s0", "c0 A0 q0 .0 s0 B1 s1"),
        Rules::Deberta => ("c0 A0 s0", "c0 A0 s0 s0 B0 s0"),
        Rules::Camembert | Rules::XlmRoberta => ("b0 A0 e0", "b0 A0 e0 e0 B0 e0"),
        Rules::XlNet => ("A0 s0 c2", "A0 s0 B1 s1 c2"),
        Rules::Marian => ("A0 e0", "A0 B0 e0"),
        Rules::T5 => ("A0 e0", "A0 e0 B0 e0"),
        Rules::Esm => ("c0 A0 e0", "c0 A0 e0 B0 e0"),
        _ => ("c0 A0 s0", "c0 A0 s0 B1 s1"),
    };
    names.template(single, pair).map(Some)
}

impl Names<'_> {
    /// The text and the id of a token; the id of the unknown token where it is not in the vocabulary.
    fn named(&self, name: Named) -> Result<(String, u32)> {
        let text = self.settings.named_text(name);
        let text = text.ok_or_else(|| absent(&format!("{name:?}")))?;
        self.of(text)
    }

    fn of(&self, text: &str) -> Result<(String, u32)> {
        let unk = || self.inner.token_to_id(self.settings.named_text(Named::Unk)?);
        let id = self.inner.token_to_id(text).or_else(unk).ok_or_else(|| absent(text))?;
        Ok((text.to_owned(), id))
    }

    /// Only what `add_bos_token` and `add_eos_token` ask for (`update_post_processor`).
    pub(super) fn bos_and_eos(&self) -> Result<PostProcessorWrapper> {
        let adds = |key: &str, name| self.settings.flag(key, false) && self.settings.named_text(name).is_some();
        let templates = match (adds("add_bos_token", Named::Bos), adds("add_eos_token", Named::Eos)) {
            (false, false) => ("A0", "A0 B1"),
            (true, false) => ("b0 A0", "b0 A0 b1 B1"),
            (false, true) => ("A0 e0", "A0 e0 B1 e1"),
            (true, true) => ("b0 A0 e0", "b0 A0 e0 b1 B1 e1"),
        };
        self.template(templates.0, templates.1)
    }

    fn roberta(&self, trim_offsets: bool, add_prefix_space: bool) -> Result<PostProcessorWrapper> {
        read(&json!({
            "type": "RobertaProcessing",
            "sep": self.named(Named::Sep)?,
            "cls": self.named(Named::Cls)?,
            "trim_offsets": trim_offsets,
            "add_prefix_space": add_prefix_space,
        }))
    }

    /// A template: `A` and `B` for the texts, `b`, `e`, `c` and `s` for named tokens, `q` and `.` for those of Splinter;
    /// each with its type id.
    fn template(&self, single: &str, pair: &str) -> Result<PostProcessorWrapper> {
        let mut tokens = Map::new();
        let mut pieces = |template: &str| {
            let pieces = template.split(' ').map(|piece| {
                let (kind, type_id) = piece.split_at(1);
                let type_id = type_id.parse::<u32>().unwrap_or(0);
                let (text, id) = match kind {
                    "b" => self.named(Named::Bos)?,
                    "e" => self.named(Named::Eos)?,
                    "c" => self.named(Named::Cls)?,
                    "s" => self.named(Named::Sep)?,
                    "q" => self.of("[QUESTION]")?,
                    "." => self.of(".")?,
                    text => return Ok(json!({"Sequence": {"id": text, "type_id": type_id}})),
                };
                tokens.insert(text.clone(), json!({"id": text, "ids": [id], "tokens": [text]}));
                Ok(json!({"SpecialToken": {"id": text, "type_id": type_id}}))
            });
            pieces.collect::<Result<Vec<Value>>>()
        };
        let (single, pair) = (pieces(single)?, pieces(pair)?);
        read(&json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens}))
    }
}

fn read(value: &Value) -> Result<PostProcessorWrapper> {
    let read = pipeline::post_processor(value).map_err(|error| Error::MalformedTokenizer(error.to_string()))?;
    read.ok_or_else(|| absent("post-processor"))
}

fn absent(what: &str) -> Error {
    Error::MalformedTokenizer(format!("the tokenizer has no {what} token"))
}
