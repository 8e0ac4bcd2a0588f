//! DistilBERT (Sanh et al., 2019; `modeling_distilbert.py` of transformers): half of BERT's layers, without types of
//! tokens, and with names of its own for everything.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, Embeddings, Positions};
use crate::head::{Step, Steps, Tokens};
use crate::layers::{Activation, Block, BlockNames, BlockShape, LayerNorm, Linear, Norms, Scope};
use crate::{Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "distilbert", prefix: "distilbert.", heads: HEADS, unused: &[], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["vocab_transform.", "vocab_layer_norm.", "vocab_projector."]),
    (Head::SequenceClassification, &["pre_classifier.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["pre_classifier.", "classifier."]),
];

/// DistilBERT's names in its config, and BERT's.
const CONFIG_NAMES: &[(&str, &str)] = &[
    ("dim", "hidden_size"),
    ("n_layers", "num_hidden_layers"),
    ("n_heads", "num_attention_heads"),
    ("hidden_dim", "intermediate_size"),
    ("activation", "hidden_act"),
];

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 30522),
    ("hidden_size", 768),
    ("num_hidden_layers", 6),
    ("num_attention_heads", 12),
    ("intermediate_size", 3072),
];

const NAMES: BlockNames = BlockNames {
    attention: ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"],
    attention_norm: "sa_layer_norm",
    feed_forward: ["ffn.lin1", "ffn.lin2"],
    output_norm: "output_layer_norm",
};

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_names(CONFIG_NAMES).with_defaults(DEFAULTS);
    let shape = BlockShape { epsilon: 1e-12, ..BlockShape::of(config)? };
    let at = scope.at("embeddings");
    let embeddings = Embeddings::without_norm(&at, config, shape.hidden, Positions::FromZero, &[])?;
    let embeddings = embeddings.normalized(&at, &shape)?;
    let blocks = Block::load_all(
        &scope.at("transformer.layer"),
        config.dimension("num_hidden_layers")?,
        &NAMES,
        &shape,
        Norms::After,
    )?;
    let linear =
        |name: &str, outputs: usize| Linear::load(&scope.at(name), shape.hidden, outputs, true).map(Step::Linear);
    let first = |labels: usize| -> Result<_> {
        let relu = Step::Activation(Activation::Relu);
        let steps = vec![linear("pre_classifier", shape.hidden)?, relu, linear("classifier", labels)?];
        Ok(Some(Steps::boxed(Tokens::First, steps)))
    };
    let head = match head {
        Head::SequenceClassification => first(config.label_count()?)?,
        Head::MultipleChoice => first(1)?,
        Head::MaskedLm => {
            let norm = LayerNorm::load(&scope.at("vocab_layer_norm"), shape.hidden, shape.epsilon)?;
            let decoder = Linear::tied(scope, "vocab_projector", &embeddings.words, &["vocab_projector.bias"])?;
            let transform = [linear("vocab_transform", shape.hidden)?, Step::Activation(shape.activation)];
            let decoded = [Step::Norm(norm), Step::Linear(decoder)];
            Some(Steps::boxed(Tokens::Wanted, transform.into_iter().chain(decoded).collect()))
        }
        _ => Steps::of_every(scope, config, shape.hidden, head)?,
    };
    Ok(Encoder::new(BertBody::new(embeddings, blocks, shape.hidden), head))
}
