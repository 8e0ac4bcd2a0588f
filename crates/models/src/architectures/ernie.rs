//! ERNIE (Sun et al., 2019; `modeling_ernie.py` of transformers): BERT with types of tasks, of which texts without one
//! have the first.

use crate::architectures::Architecture;
use crate::architectures::bert::{self, BertBody, DEFAULTS, Positions, bert_head};
use crate::layers::{BERT, BlockShape, Embedding, Scope};
use crate::{Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "ernie", prefix: "ernie.", load, ..bert::ARCHITECTURE };

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let mut body = BertBody::load(scope, config, &shape, &BERT, Positions::FromZero)?;
    if config.flag_or("use_task_id", false) {
        let types = config.dimension_or("task_type_vocab_size", 3)?;
        let types = Embedding::load(&scope.at("embeddings.task_type_embeddings"), types, shape.hidden)?;
        body.embeddings.everywhere = types.forward([0].into_iter())?;
    }
    let head = bert_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}
