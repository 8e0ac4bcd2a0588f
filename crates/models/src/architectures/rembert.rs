//! RemBERT (Chung et al., 2020; `modeling_rembert.py` of transformers): BERT with narrow embeddings, and wide ones of
//! their own in the masked-LM head.

use crate::architectures::Architecture;
use crate::architectures::bert::{self, BertBody, Embeddings, Positions, bert_head};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{BERT, Block, BlockShape, LayerNorm, Linear, Norms, Scope};
use crate::{Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "rembert", prefix: "rembert.", load, ..bert::ARCHITECTURE };

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 250_300),
    ("hidden_size", 1152),
    ("num_hidden_layers", 32),
    ("num_attention_heads", 18),
    ("input_embedding_size", 256),
    ("output_embedding_size", 1664),
    ("intermediate_size", 4608),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let narrow = BlockShape { hidden: config.dimension("input_embedding_size")?, ..shape };
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &narrow, Positions::FromZero)?;
    let at = scope.at("encoder");
    let layers = config.dimension("num_hidden_layers")?;
    let blocks = Block::load_all(&at.at("layer"), layers, &BERT, &shape, Norms::After)?;
    let mut body = BertBody::new(embeddings, blocks, shape.hidden);
    body.projection = Some(Linear::load(&at.at("embedding_hidden_mapping_in"), narrow.hidden, shape.hidden, true)?);
    let head = match head {
        Head::MaskedLm => Some(masked_lm(&scope.at("cls.predictions"), config, &shape)?),
        _ => bert_head(scope, config, &shape, head, &body.embeddings)?,
    };
    Ok(Encoder::new(body, head))
}

fn masked_lm(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<Box<dyn HeadLayers>> {
    let wide = config.dimension("output_embedding_size")?;
    let steps = vec![
        Step::Linear(Linear::load(&scope.at("dense"), shape.hidden, wide, true)?),
        Step::Activation(shape.activation),
        Step::Norm(LayerNorm::load(&scope.at("LayerNorm"), wide, shape.epsilon)?),
        Step::Linear(Linear::load(&scope.at("decoder"), wide, config.dimension("vocab_size")?, true)?),
    ];
    Ok(Steps::new(Tokens::Wanted, steps))
}
