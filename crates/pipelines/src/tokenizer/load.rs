//! A repository's small files to a tokenizer.

use serde_json::Value;
use vitrine_models::Config;

use super::special::{KEYS, SpecialTokens, content};
use super::{Tokenizer, malformed};
use crate::sentence_transformers::{Files, json};
use crate::{Error, Result};

impl Tokenizer {
    /// Builds the tokenizer that the files describe. Its `limit` is 0 until the model is known.
    pub(crate) fn load(files: &Files, config: Option<&Config>) -> Result<Self> {
        let absent = || Error::MalformedTokenizer("the repository has no tokenizer.json".to_owned());
        let json_file = files.get("tokenizer.json").ok_or_else(absent)?;
        let mut inner = tokenizers::Tokenizer::from_bytes(json_file).map_err(malformed)?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(malformed)?;
        let post_processor = inner.get_post_processor().cloned();
        inner.with_post_processor(None::<tokenizers::PostProcessorWrapper>);
        let own = json(files, "tokenizer_config.json")?.unwrap_or(Value::Null);
        let map = json(files, "special_tokens_map.json")?.unwrap_or(Value::Null);
        let text = |key: &str| own.get(key).or_else(|| map.get(key)).and_then(content).map(str::to_owned);
        let special = SpecialTokens { named: KEYS.map(text), others: Vec::new() };
        let left = |key: &str| own.get(key).and_then(Value::as_str) == Some("left");
        let pad = special.named(super::Named::Pad).and_then(|pad| inner.token_to_id(pad));
        let stated = || u32::try_from(config?.get("pad_token_id").as_u64()?).ok();
        Ok(Self {
            post_processor,
            pad_id: pad.or_else(stated).unwrap_or(0),
            special,
            limit: 0,
            pads_left: left("padding_side"),
            cuts_left: left("truncation_side"),
            cleans_up: own.get("clean_up_tokenization_spaces").and_then(Value::as_bool).unwrap_or(false),
            inner,
        })
    }
}
