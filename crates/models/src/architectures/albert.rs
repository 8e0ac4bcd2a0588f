//! ALBERT (Lan et al., 2019; `modeling_albert.py` of transformers): BERT with narrow embeddings, and layers that share
//! their weights.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, Embeddings, Positions, bert_head};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{Activation, Block, BlockNames, BlockShape, LayerNorm, Linear, Norms, Scope};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "albert", prefix: "albert.", heads: HEADS, unused: &["sop_classifier."], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["predictions."]),
    (Head::SequenceClassification, &["pooler.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["pooler.", "classifier."]),
];

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 30000),
    ("embedding_size", 128),
    ("hidden_size", 4096),
    ("num_hidden_layers", 12),
    ("num_hidden_groups", 1),
    ("num_attention_heads", 64),
    ("intermediate_size", 16384),
    ("inner_group_num", 1),
];

const NAMES: BlockNames = BlockNames {
    attention: ["attention.query", "attention.key", "attention.value", "attention.dense"],
    attention_norm: "attention.LayerNorm",
    feed_forward: ["ffn", "ffn_output"],
    output_norm: "full_layer_layer_norm",
};

/// More layers are taken for a mistake: they share weights, so that no absent tensor would end them.
const MOST_LAYERS: usize = 1024;

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let mut shape = BlockShape::of(config)?;
    if config.text("hidden_act").is_none() {
        shape.activation = Activation::GeluTanh;
    }
    let narrow = BlockShape { hidden: config.dimension("embedding_size")?, ..shape };
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &narrow, Positions::FromZero)?;
    let mapping = scope.at("encoder.embedding_hidden_mapping_in");
    let mut body = BertBody::new(embeddings, Vec::new(), shape.hidden);
    body.projection = Some(Linear::load(&mapping, narrow.hidden, shape.hidden, true)?);
    let layers = config.dimension("num_hidden_layers")?;
    let groups = config.dimension("num_hidden_groups")?;
    if layers.max(groups) > MOST_LAYERS {
        return Err(Error::Config(format!("{layers} layers in {groups} groups are too many")));
    }
    let inner = config.dimension("inner_group_num")?;
    let group = |group: usize| {
        let at = scope.at("encoder.albert_layer_groups").at(group).at("albert_layers");
        Block::load_all(&at, inner, &NAMES, &shape, Norms::After)
    };
    let blocks: Vec<_> = (0..groups).map(group).collect::<Result<_>>()?;
    for layer in 0..layers {
        // As Python counts, in floating-point numbers.
        let group = (layer as f64 / (layers as f64 / groups as f64)) as usize;
        body.blocks.extend(blocks.get(group).into_iter().flatten().cloned());
    }
    let head = albert_head(scope, config, &shape, &narrow, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}

fn albert_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    narrow: &BlockShape,
    head: Head,
    embeddings: &Embeddings,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let linear =
        |name: &str, outputs: usize| Linear::load(&scope.at(name), shape.hidden, outputs, true).map(Step::Linear);
    let pooled = |labels: usize| -> Result<_> {
        let steps =
            vec![linear("pooler", shape.hidden)?, Step::Activation(Activation::Tanh), linear("classifier", labels)?];
        Ok(Some(Steps::new(Tokens::First, steps)))
    };
    match head {
        Head::SequenceClassification => pooled(config.label_count()?),
        Head::MultipleChoice => pooled(1),
        Head::MaskedLm => {
            let at = scope.at("predictions");
            let norm = LayerNorm::load(&at.at("LayerNorm"), narrow.hidden, shape.epsilon)?;
            let decoder = Linear::tied(&at, "decoder", &embeddings.words, &["bias", "decoder.bias"])?;
            let dense = [linear("predictions.dense", narrow.hidden)?, Step::Activation(shape.activation)];
            let decoded = [Step::Norm(norm), Step::Linear(decoder)];
            Ok(Some(Steps::new(Tokens::Wanted, dense.into_iter().chain(decoded).collect())))
        }
        Head::TokenClassification | Head::QuestionAnswering | Head::None | Head::TableQuestionAnswering => {
            bert_head(scope, config, shape, head, embeddings)
        }
    }
}
