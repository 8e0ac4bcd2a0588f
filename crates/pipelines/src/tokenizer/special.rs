//! The special tokens of a tokenizer: those with names of their own, and the others.

use serde_json::Value;

/// A special token that has a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Bos,
    Eos,
    Unk,
    Sep,
    Pad,
    Cls,
    Mask,
}

/// Keys of `tokenizer_config.json`, in the order of [`Named`].
pub(super) const KEYS: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// The texts of a tokenizer's special tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct SpecialTokens {
    pub named: [Option<String>; 7],
    /// `extra_special_tokens`, and those with keys of the model's own.
    pub others: Vec<String>,
}

impl SpecialTokens {
    pub(super) fn named(&self, name: Named) -> Option<&str> {
        self.named.get(name as usize)?.as_deref()
    }

    /// All texts; one may occur twice.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.named.iter().flatten().chain(&self.others)
    }
}

/// The text of a token that is given as a text or as an object with `content`.
pub(super) fn content(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content")?.as_str())
}
