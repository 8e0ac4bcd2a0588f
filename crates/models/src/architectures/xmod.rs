//! X-MOD (Pfeiffer et al., 2022; `modeling_xmod.py` of transformers): RoBERTa with an adapter for each language, of which
//! texts take that of the config's default.

use std::rc::Rc;

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, DEFAULTS, Embeddings};
use crate::architectures::roberta::{self, positions, roberta_head};
use crate::layers::{Adapter, AdapterNorm, BERT, Block, BlockShape, FeedForward, LayerNorm, Norms, Scope};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture { model_type: "xmod", load, ..roberta::ARCHITECTURE };

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let language = language(config)?;
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &shape, positions(config))?;
    let before = config.flag_or("pre_norm", false);
    let block = |index: usize| -> Result<_> {
        let at = scope.at("encoder.layer").at(index);
        let mut block = Block::load(&at, &BERT, &shape, if before { Norms::Before } else { Norms::After })?;
        block.adapter = Some(adapter(&at.at("output"), config, &shape, language)?);
        Ok(Rc::new(block))
    };
    let blocks = (0..config.dimension("num_hidden_layers")?).map(block).collect::<Result<_>>()?;
    let mut body = BertBody::new(embeddings, blocks, shape.hidden);
    if before {
        body.norm = Some(LayerNorm::load(&scope.at("encoder.LayerNorm"), shape.hidden, shape.epsilon)?);
    }
    let head = roberta_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}

/// The default language, without which Python asks for one with every text.
fn language(config: &Config) -> Result<&str> {
    let Some(language) = config.text("default_language") else {
        return Err(Error::UnsupportedArchitecture("xmod without a default language".to_owned()));
    };
    let known = match config.get("languages").as_array() {
        Some(languages) => languages.iter().any(|known| known.as_str() == Some(language)),
        None => language == "en_XX",
    };
    if known { Ok(language) } else { Err(Error::Config(format!("`{language}` is none of its languages"))) }
}

fn adapter(scope: &Scope<'_>, config: &Config, shape: &BlockShape, language: &str) -> Result<Adapter> {
    let inner = shape.hidden / config.dimension_or("adapter_reduction_factor", 2)?;
    let at = scope.at("adapter_modules").at(language);
    let norm = if config.flag_or("adapter_layer_norm", false) {
        AdapterNorm::Own(LayerNorm::load(&scope.at("adapter_layer_norm"), shape.hidden, shape.epsilon)?)
    } else if config.flag_or("adapter_reuse_layer_norm", true) {
        AdapterNorm::OfLayer
    } else {
        AdapterNorm::None
    };
    Ok(Adapter {
        network: FeedForward::load(&at, ["dense1", "dense2"], shape.hidden, inner, shape.activation)?,
        norm,
        normal_residual: config.flag_or("ln_before_adapter", true),
    })
}
