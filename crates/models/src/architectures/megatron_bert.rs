//! Megatron-BERT (Shoeybi et al., 2019; `modeling_megatron_bert.py` of transformers): BERT with its norms before the
//! parts of each layer.

use crate::architectures::Architecture;
use crate::architectures::bert::{self, BertBody, Embeddings, Positions, bert_head, type_sizes};
use crate::layers::{BERT, Block, BlockNames, BlockShape, LayerNorm, Norms, Scope};
use crate::{Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture { model_type: "megatron-bert", load, ..bert::ARCHITECTURE };

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 29056),
    ("hidden_size", 1024),
    ("num_hidden_layers", 24),
    ("num_attention_heads", 16),
    ("intermediate_size", 4096),
];

const NAMES: BlockNames = BlockNames { attention_norm: "attention.ln", output_norm: "ln", ..BERT };

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let (hidden, types) = (shape.hidden, type_sizes(config)?);
    let embeddings = Embeddings::without_norm(&scope.at("embeddings"), config, hidden, Positions::FromZero, &types)?;
    let layers = config.dimension("num_hidden_layers")?;
    let blocks = Block::load_all(&scope.at("encoder.layer"), layers, &NAMES, &shape, Norms::Before)?;
    let mut body = BertBody::new(embeddings, blocks, hidden);
    body.norm = Some(LayerNorm::load(&scope.at("encoder.ln"), hidden, shape.epsilon)?);
    let head = bert_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}
