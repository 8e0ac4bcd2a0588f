//! The settings of a tokenizer: `tokenizer_config.json` with the older files merged in, as `from_pretrained` of
//! transformers 5.23 does it, and the special tokens among them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use crate::sentence_transformers::{Files, json};
use crate::{Error, Result};

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
const KEYS: [&str; 7] = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// A token of the settings: a text, or one that says how it is found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Text(String),
    Added { token: AddedToken, normalized: Option<bool> },
}

/// What a tokenizer's class is built with.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    /// Those that are no tokens.
    pub values: Map<String, Value>,
    /// Tokens with names; the outer option says whether the files speak of the token.
    pub named: [Option<Option<Token>>; 7],
    /// Tokens with names of the model's own.
    pub own: Vec<(String, Token)>,
    /// `extra_special_tokens`, where the files speak of it.
    pub extra: Option<Vec<Token>>,
    /// `additional_special_tokens` of `special_tokens_map.json`.
    pub additional: Option<Vec<Token>>,
    /// `added_tokens_decoder`.
    pub added: BTreeMap<u32, AddedToken>,
}

impl Token {
    /// A token that takes the space before it, as mask tokens do.
    pub(super) fn with_space(text: &str) -> Self {
        Self::Added { token: AddedToken::from(text, true).lstrip(true), normalized: None }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Added { token, .. } => &token.content,
        }
    }

    /// As it is added to a tokenizer; `special` where it has a name.
    pub(super) fn added(self, special: bool) -> AddedToken {
        match self {
            Self::Text(text) => AddedToken::from(text, true),
            Self::Added { mut token, normalized } => {
                token.special |= special;
                token.normalized = normalized.unwrap_or(!token.special);
                token
            }
        }
    }

    /// A text, or an object with `content` and flags.
    fn parse(value: &Value) -> Option<Self> {
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        if let Some(text) = value.as_str() {
            return Some(Self::Text(text.to_owned()));
        }
        let token = AddedToken {
            content: value.get("content")?.as_str()?.to_owned(),
            single_word: flag("single_word").unwrap_or(false),
            lstrip: flag("lstrip").unwrap_or(false),
            rstrip: flag("rstrip").unwrap_or(false),
            normalized: true,
            special: flag("special").unwrap_or(false),
        };
        Some(Self::Added { token, normalized: flag("normalized") })
    }
}

impl Settings {
    /// Reads the settings; `added` are the `added_tokens` of `tokenizer.json`, where there is one.
    pub(super) fn read(files: &Files, added: Option<&BTreeMap<u32, AddedToken>>) -> Result<Self> {
        let mut settings = Self::default();
        let object = |path: &str| match json(files, path)? {
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(wrong(path, "it is not an object")),
            None => Ok(Map::new()),
        };
        let mut values = object(CONFIG)?;
        if added.is_some() {
            values.remove("add_bos_token");
            values.remove("add_eos_token");
        }
        let has_extra = values.get("extra_special_tokens").is_some_and(is_true);
        if let Some(additional) = values.remove("additional_special_tokens").filter(|_| !has_extra) {
            values.insert("extra_special_tokens".to_owned(), additional);
        }
        let decoder = values.remove("added_tokens_decoder");
        settings.take(values, CONFIG, false)?;
        match decoder {
            Some(Value::Object(tokens)) => {
                for (id, token) in tokens {
                    let id = id.parse().map_err(|_| wrong(CONFIG, "an id of added_tokens_decoder is no number"))?;
                    let token = Token::parse(&token).filter(|token| matches!(token, Token::Added { .. }));
                    let token = token.ok_or_else(|| wrong(CONFIG, "added_tokens_decoder holds what is no token"))?;
                    settings.added.insert(id, token.added(false));
                }
            }
            Some(_) => return Err(wrong(CONFIG, "added_tokens_decoder is not an object")),
            None => {
                settings.take(object(MAP)?, MAP, true)?;
                let known: Vec<&Token> = settings.named.iter().flatten().flatten().collect();
                let known = known.into_iter().chain(settings.extra.iter().flatten());
                let known: Vec<String> = known.map(|token| token.text().to_owned()).collect();
                for (text, id) in object(ADDED)? {
                    let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
                    let id = id.ok_or_else(|| wrong(ADDED, "an id is no number"))?;
                    let special = known.contains(&text);
                    settings.added.insert(id, AddedToken::from(text, special));
                }
                settings.added.extend(added.into_iter().flatten().map(|(id, token)| (*id, token.clone())));
            }
        }
        for token in settings.named.iter_mut().flatten().flatten() {
            if let Some(added) = settings.added.values().rev().find(|added| added.content == token.text()) {
                *token = Token::Added { token: added.clone(), normalized: Some(added.normalized) };
            }
        }
        Ok(settings)
    }

    /// Takes the entries of a file over those at hand.
    fn take(&mut self, values: Map<String, Value>, path: &str, legacy: bool) -> Result<()> {
        for (key, value) in values {
            let token = || Token::parse(&value).ok_or_else(|| wrong(path, &format!("`{key}` is no token")));
            let tokens = |list: &[Value]| list.iter().map(Token::parse).collect::<Option<Vec<_>>>();
            let place = KEYS.iter().position(|known| **known == key).and_then(|place| self.named.get_mut(place));
            match (place, &value) {
                (Some(place), Value::Null) => *place = Some(None),
                (Some(place), _) => {
                    let mut token = token()?;
                    if let (Token::Added { token, .. }, true) = (&mut token, legacy) {
                        token.special = true;
                    }
                    *place = Some(Some(token));
                }
                (None, Value::Object(own)) if key == "extra_special_tokens" => {
                    let own = own.iter().map(|(key, value)| Some((key.clone(), Token::parse(value)?)));
                    self.own.extend(own.collect::<Option<Vec<_>>>().ok_or_else(|| wrong(path, "no tokens"))?);
                }
                (None, Value::Array(list)) if key == "extra_special_tokens" || key == "additional_special_tokens" => {
                    let list = tokens(list).ok_or_else(|| wrong(path, &format!("`{key}` holds what is no token")))?;
                    match key == "extra_special_tokens" {
                        true => self.extra.get_or_insert_default().extend(list),
                        false => self.additional = Some(list),
                    }
                }
                (None, Value::String(_) | Value::Object(_)) if key.ends_with("_token") => {
                    self.own.push((key.clone(), token()?));
                }
                _ => drop(self.values.insert(key, value)),
            }
        }
        Ok(())
    }

    /// The text of a token with a name.
    pub(super) fn named_text(&self, name: Named) -> Option<&str> {
        self.named.get(name as usize)?.as_ref()?.as_ref().map(Token::text)
    }

    /// The texts of all special tokens (`all_special_tokens`); one may occur twice.
    pub(super) fn all_special(&self) -> impl Iterator<Item = &str> {
        let named = self.named.iter().flatten().flatten().chain(self.own.iter().map(|(_, token)| token));
        named.chain(self.extra.iter().flatten()).map(Token::text)
    }

    /// A flag, or `default` where the files do not set it.
    pub(super) fn flag(&self, key: &str, default: bool) -> bool {
        self.values.get(key).and_then(Value::as_bool).unwrap_or(default)
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.as_str()
    }
}

const CONFIG: &str = "tokenizer_config.json";
const MAP: &str = "special_tokens_map.json";
const ADDED: &str = "added_tokens.json";

/// Python's truth of a JSON value that holds tokens.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => false,
    }
}

fn wrong(path: &str, what: &str) -> Error {
    Error::MalformedTokenizer(format!("{path}: {what}"))
}
