//! LayoutLM (Xu et al., 2019; `modeling_layoutlm.py` of transformers): BERT with the place of each token on a page. Texts
//! come without places; Python then takes all for the page's upper left corner, and so does this.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, DEFAULTS, Positions, bert_head};
use crate::layers::{BERT, BlockShape, Embedding, Scope, add};
use crate::{Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "layoutlm",
    prefix: "layoutlm.",
    heads: HEADS,
    unused: &["cls.seq_relationship."],
    load,
};

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["cls.predictions."]),
    (Head::SequenceClassification, &["pooler.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let mut body = BertBody::load(scope, config, &shape, &BERT, Positions::FromZero)?;
    let places = config.dimension_or("max_2d_position_embeddings", 1024)?;
    let mut corner = vec![0.0; shape.hidden];
    // Left and right edge, upper and lower edge, height, width.
    for edge in ["x", "x", "y", "y", "h", "w"] {
        let at = scope.at("embeddings").at(format!("{edge}_position_embeddings"));
        let table = Embedding::load(&at, places, shape.hidden)?;
        table.table().use_whole();
        add(&mut corner, &table.forward([0].into_iter())?);
    }
    body.embeddings.everywhere = corner;
    let head = bert_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}
