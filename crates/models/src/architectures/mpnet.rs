//! MPNet (Song et al., 2020; `modeling_mpnet.py` of transformers): RoBERTa's positions together with relative ones.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, DEFAULTS, Embeddings, Positions};
use crate::architectures::roberta::{HEADS, roberta_head};
use crate::layers::{Block, BlockNames, BlockShape, Buckets, Norms, RelativeBias, Scope};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "mpnet", prefix: "mpnet.", heads: HEADS, unused: &[], load };

const NAMES: BlockNames = BlockNames {
    attention: ["attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o"],
    attention_norm: "attention.LayerNorm",
    feed_forward: ["intermediate.dense", "output.dense"],
    output_norm: "output.LayerNorm",
};

/// The buckets of relative positions, and the distance from which on they share one; no config changes them.
const BUCKETS: Buckets = Buckets { count: 32, max_distance: 128, both_ways: true };

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(&[("vocab_size", 30527)]).with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    if config.dimension_or("relative_attention_num_buckets", BUCKETS.count)? != BUCKETS.count {
        return Err(Error::Config(format!(
            "`relative_attention_num_buckets` is not {}, which attention uses",
            BUCKETS.count
        )));
    }
    let at = scope.at("embeddings");
    // The padding token of positions is 1, whatever the config says.
    let embeddings = Embeddings::without_norm(&at, config, shape.hidden, Positions::After(1), &[])?;
    let embeddings = embeddings.normalized(&at, &shape)?;
    let layers = config.dimension("num_hidden_layers")?;
    let blocks = Block::load_all(&scope.at("encoder.layer"), layers, &NAMES, &shape, Norms::After)?;
    let mut body = BertBody::new(embeddings, blocks, shape.hidden);
    let table = scope.at("encoder.relative_attention_bias");
    body.relative = Some(RelativeBias::load(&table, shape.heads, BUCKETS)?);
    let head = roberta_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}
