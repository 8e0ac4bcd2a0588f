//! BERT (Devlin et al., 2018; `modeling_bert.py` of transformers): an encoder with absolute positions.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, BERT, Block, BlockNames, BlockShape, Embedding, LayerNorm, Linear, Norms, Relative, Scope,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "bert", prefix: "bert.", heads: HEADS, unused: &["cls.seq_relationship."], load };

/// BERT's heads and their tensors.
pub(super) const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["cls.predictions."]),
    (Head::SequenceClassification, &["pooler.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["pooler.", "classifier."]),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    if let Some(kind @ ("relative_key" | "relative_key_query")) = config.text("position_embedding_type") {
        return Err(Error::UnsupportedArchitecture(format!("bert with {kind} positions")));
    }
    let shape = BlockShape::of(config)?;
    let body = BertBody::load(scope, config, &shape, &BERT, Positions::FromZero)?;
    let head = bert_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}

/// The head of BERT's classes.
pub(super) fn bert_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    head: Head,
    embeddings: &Embeddings,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = shape.hidden;
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    let pooled = |labels: usize| -> Result<_> {
        let pooler = [linear("pooler.dense", hidden)?, Step::Activation(Activation::Tanh)];
        Ok(Steps::new(Tokens::First, pooler.into_iter().chain([linear("classifier", labels)?]).collect()))
    };
    Ok(Some(match head {
        Head::SequenceClassification => pooled(config.label_count()?)?,
        Head::MultipleChoice => pooled(1)?,
        Head::TokenClassification => Steps::new(Tokens::Every, vec![linear("classifier", config.label_count()?)?]),
        Head::QuestionAnswering => Steps::new(Tokens::Every, vec![linear("qa_outputs", 2)?]),
        Head::MaskedLm => {
            let scope = scope.at("cls.predictions");
            Steps::new(
                Tokens::Wanted,
                vec![
                    linear("cls.predictions.transform.dense", hidden)?,
                    Step::Activation(shape.activation),
                    Step::Norm(LayerNorm::load(&scope.at("transform.LayerNorm"), hidden, shape.epsilon)?),
                    Step::Linear(Linear::tied(&scope, "decoder", &embeddings.words, &["bias", "decoder.bias"])?),
                ],
            )
        }
        Head::None | Head::TableQuestionAnswering => return Ok(None),
    }))
}

/// The body of BERT, and of those that differ from it in their positions, their norms or the names of their tensors.
pub(super) struct BertBody {
    pub embeddings: Embeddings,
    blocks: Vec<Block>,
    hidden: usize,
    max_tokens: usize,
}

/// How positions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Positions {
    /// From 0.
    FromZero,
    /// As RoBERTa does, from the padding token's id on, leaving out padding.
    After(u32),
}

impl BertBody {
    pub(super) fn load(
        scope: &Scope<'_>,
        config: &Config,
        shape: &BlockShape,
        names: &BlockNames,
        positions: Positions,
    ) -> Result<Self> {
        let embeddings = Embeddings::load(&scope.at("embeddings"), config, shape, positions)?;
        let blocks = (0..config.dimension("num_hidden_layers")?)
            .map(|index| Block::load(&scope.at("encoder.layer").at(index), names, shape, Norms::After))
            .collect::<Result<_>>()?;
        Ok(Self { max_tokens: embeddings.max_tokens, embeddings, blocks, hidden: shape.hidden })
    }
}

impl Body for BertBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embeddings.forward(batch)?;
            for block in &self.blocks {
                next_layer(turn).await?;
                rows = block.forward(rows, batch, Relative::default())?;
            }
            Ok(rows)
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }
}

/// The sum of a token's own vector, its position's and its type's, normalized.
pub(super) struct Embeddings {
    pub words: Embedding,
    positions: Embedding,
    types: Option<Embedding>,
    norm: LayerNorm,
    counted: Positions,
    /// What a token's own vector is multiplied by.
    pub scale: f32,
    pub max_tokens: usize,
}

impl Embeddings {
    /// A config with `type_vocab_size` 0 has no types.
    pub(super) fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape, counted: Positions) -> Result<Self> {
        let hidden = shape.hidden;
        let max_positions = config.dimension_or("max_position_embeddings", 512)?;
        let types = match config.get("type_vocab_size").as_u64() {
            Some(0) => None,
            _ => {
                let types = config.dimension_or("type_vocab_size", 2)?;
                Some(Embedding::load(&scope.at("token_type_embeddings"), types, hidden)?)
            }
        };
        let first = match counted {
            Positions::FromZero => 0,
            Positions::After(pad_id) => (pad_id as usize).saturating_add(1),
        };
        if first > max_positions {
            return Err(Error::Config(format!("no position of {max_positions} is left after `pad_token_id`")));
        }
        Ok(Self {
            words: Embedding::load(&scope.at("word_embeddings"), config.dimension("vocab_size")?, hidden)?,
            positions: Embedding::load(&scope.at("position_embeddings"), max_positions, hidden)?,
            types,
            norm: LayerNorm::load(&scope.at("LayerNorm"), hidden, shape.epsilon)?,
            counted,
            scale: 1.0,
            max_tokens: max_positions.saturating_sub(first).max(1),
        })
    }

    /// `[batch * tokens * hidden]`.
    pub(super) fn forward(&self, batch: &Batch) -> Result<Vec<f32>> {
        let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
        rows.iter_mut().for_each(|number| *number *= self.scale);
        match self.counted {
            Positions::FromZero => self.positions.add_to(&mut rows, batch.positions())?,
            Positions::After(pad_id) => {
                self.positions.add_to(&mut rows, batch.positions_after(pad_id).into_iter())?;
            }
        }
        if let Some(types) = &self.types {
            types.add_to(&mut rows, batch.token_type_ids(0))?;
        }
        self.norm.forward(&mut rows);
        Ok(rows)
    }
}
