//! ELECTRA (Clark et al., 2020; `modeling_electra.py` of transformers): BERT with narrow embeddings, whose generator and
//! discriminator have the same body.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, Embeddings, Positions, bert_head};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{Activation, BERT, Block, BlockShape, LayerNorm, Linear, Norms, Scope};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "electra",
    prefix: "electra.",
    heads: HEADS,
    unused: &["discriminator_predictions."],
    load,
};

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["generator_predictions.", "generator_lm_head."]),
    (Head::SequenceClassification, &["classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["sequence_summary.", "classifier."]),
];

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 30522),
    ("embedding_size", 128),
    ("hidden_size", 256),
    ("num_hidden_layers", 12),
    ("num_attention_heads", 4),
    ("intermediate_size", 1024),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let narrow = BlockShape { hidden: config.dimension("embedding_size")?, ..shape };
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &narrow, Positions::FromZero)?;
    let blocks = Block::load_all(
        &scope.at("encoder.layer"),
        config.dimension("num_hidden_layers")?,
        &BERT,
        &shape,
        Norms::After,
    )?;
    let mut body = BertBody::new(embeddings, blocks, shape.hidden);
    if narrow.hidden != shape.hidden {
        body.projection = Some(Linear::load(&scope.at("embeddings_project"), narrow.hidden, shape.hidden, true)?);
    }
    let head = electra_head(scope, config, &shape, &narrow, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}

fn electra_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    narrow: &BlockShape,
    head: Head,
    embeddings: &Embeddings,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let linear =
        |name: &str, outputs: usize| Linear::load(&scope.at(name), shape.hidden, outputs, true).map(Step::Linear);
    let gelu = Step::Activation(Activation::Gelu);
    Ok(Some(match head {
        Head::MaskedLm => {
            let norm = LayerNorm::load(&scope.at("generator_predictions.LayerNorm"), narrow.hidden, shape.epsilon)?;
            let decoder = Linear::tied(scope, "generator_lm_head", &embeddings.words, &["generator_lm_head.bias"])?;
            let dense = linear("generator_predictions.dense", narrow.hidden)?;
            Steps::new(Tokens::Wanted, vec![dense, gelu, Step::Norm(norm), Step::Linear(decoder)])
        }
        Head::SequenceClassification => {
            let output = linear("classifier.out_proj", config.label_count()?)?;
            Steps::new(Tokens::First, vec![linear("classifier.dense", shape.hidden)?, gelu, output])
        }
        Head::MultipleChoice => {
            let mut steps = summary(scope, config, shape.hidden)?;
            steps.push(linear("classifier", 1)?);
            Steps::new(Tokens::First, steps)
        }
        Head::TokenClassification | Head::QuestionAnswering | Head::None | Head::TableQuestionAnswering => {
            return bert_head(scope, config, shape, head, embeddings);
        }
    }))
}

/// The steps of `ElectraSequenceSummary`.
fn summary(scope: &Scope<'_>, config: &Config, hidden: usize) -> Result<Vec<Step>> {
    let kind = config.text("summary_type").unwrap_or("first");
    if kind != "first" {
        return Err(Error::UnsupportedArchitecture(format!("electra with a summary of type {kind}")));
    }
    let mut steps = Vec::new();
    if config.flag_or("summary_use_proj", true) {
        steps.push(Step::Linear(Linear::load(&scope.at("sequence_summary.summary"), hidden, hidden, true)?));
    }
    // A function that is absent is the class's default; one that is null is none.
    match (config.has("summary_activation"), config.text("summary_activation")) {
        (true, None | Some("")) => {}
        (_, name) => steps.push(Step::Activation(Activation::parse(name.unwrap_or("gelu"))?)),
    }
    Ok(steps)
}
