//! RoBERTa-PreLayerNorm (Ott et al., 2019; `modeling_roberta_prelayernorm.py` of transformers): RoBERTa with its norms
//! before the parts of each layer.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, DEFAULTS, Embeddings};
use crate::architectures::roberta::{self, positions, roberta_head};
use crate::layers::{BERT, Block, BlockNames, BlockShape, LayerNorm, Norms, Scope};
use crate::{Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "roberta-prelayernorm", prefix: "roberta_prelayernorm.", load, ..roberta::ARCHITECTURE };

const NAMES: BlockNames =
    BlockNames { attention_norm: "attention.LayerNorm", output_norm: "intermediate.LayerNorm", ..BERT };

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(&[("vocab_size", 50265)]).with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &shape, positions(config))?;
    let layers = config.dimension("num_hidden_layers")?;
    let blocks = Block::load_all(&scope.at("encoder.layer"), layers, &NAMES, &shape, Norms::Before)?;
    let mut body = BertBody::new(embeddings, blocks, shape.hidden);
    body.norm = Some(LayerNorm::load(&scope.at("LayerNorm"), shape.hidden, shape.epsilon)?);
    let head = roberta_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}
