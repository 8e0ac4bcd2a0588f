//! RoBERTa (Liu et al., 2019; `modeling_roberta.py` of transformers): BERT with positions that leave out padding, and
//! heads of its own.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, DEFAULTS, Embeddings, Positions};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{Activation, BERT, BlockShape, LayerNorm, Linear, Scope};
use crate::{Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "roberta", prefix: "roberta.", heads: HEADS, unused: &[], load };

/// RoBERTa's heads and their tensors.
pub(super) const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["lm_head."]),
    (Head::SequenceClassification, &["classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["pooler.", "classifier."]),
];

/// Also of models that are RoBERTa under another name.
pub(super) fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let body = BertBody::load(scope, config, &shape, &BERT, positions(config))?;
    let head = roberta_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}

/// Positions after the padding token's.
pub(super) fn positions(config: &Config) -> Positions {
    let pad_id = config.get("pad_token_id").as_u64().unwrap_or(1);
    Positions::After(u32::try_from(pad_id).unwrap_or(u32::MAX))
}

/// The head of RoBERTa's classes.
pub(super) fn roberta_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    head: Head,
    embeddings: &Embeddings,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = shape.hidden;
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    let tanh = || Step::Activation(Activation::Tanh);
    Ok(Some(match head {
        Head::SequenceClassification => Steps::boxed(
            Tokens::First,
            vec![linear("classifier.dense", hidden)?, tanh(), linear("classifier.out_proj", config.label_count()?)?],
        ),
        Head::MultipleChoice => {
            Steps::boxed(Tokens::First, vec![linear("pooler.dense", hidden)?, tanh(), linear("classifier", 1)?])
        }
        Head::MaskedLm => Steps::boxed(
            Tokens::Wanted,
            vec![
                linear("lm_head.dense", hidden)?,
                Step::Activation(Activation::Gelu),
                Step::Norm(LayerNorm::load(&scope.at("lm_head.layer_norm"), hidden, shape.epsilon)?),
                Step::Linear(Linear::tied(
                    &scope.at("lm_head"),
                    "decoder",
                    &embeddings.words,
                    &["bias", "decoder.bias"],
                )?),
            ],
        ),
        _ => return Steps::of_every(scope, config, hidden, head),
    }))
}
