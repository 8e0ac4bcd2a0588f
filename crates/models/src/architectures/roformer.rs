//! RoFormer (Su et al., 2021; `modeling_roformer.py` of transformers): BERT with rotary positions, and embeddings that
//! may be narrower than the hidden states.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{Angles, BERT, Block, BlockShape, Embedding, LayerNorm, Linear, Norms, Relative, Scope};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "roformer",
    prefix: "roformer.",
    heads: HEADS,
    unused: &["encoder.embed_positions.", "pooler."],
    load,
};

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["cls.predictions."]),
    (Head::SequenceClassification, &["classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["sequence_summary.", "classifier."]),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    if config.get("is_decoder").as_bool() == Some(true) {
        return Err(Error::UnsupportedArchitecture("roformer as a decoder".to_owned()));
    }
    let shape = BlockShape::of(config)?;
    let hidden = shape.hidden;
    if !(hidden / shape.heads).is_multiple_of(2) {
        return Err(Error::Config(format!("heads of {} numbers cannot turn", hidden / shape.heads)));
    }
    let narrow = config.dimension_or("embedding_size", hidden)?;
    let embeddings = scope.at("embeddings");
    let table = |name: &str, ids: usize| Embedding::load(&embeddings.at(name), ids, narrow);
    let body = RoFormer {
        words: table("word_embeddings", config.dimension_or("vocab_size", 50_000)?)?,
        types: table("token_type_embeddings", config.dimension_or("type_vocab_size", 2)?)?,
        norm: LayerNorm::load(&embeddings.at("LayerNorm"), narrow, shape.epsilon)?,
        project: match narrow == hidden {
            true => None,
            false => Some(Linear::load(&scope.at("embeddings_project"), narrow, hidden, true)?),
        },
        blocks: (0..config.dimension_or("num_hidden_layers", 12)?)
            .map(|index| Block::load(&scope.at("encoder.layer").at(index), &BERT, &shape, Norms::After))
            .collect::<Result<_>>()?,
        width: hidden / shape.heads,
        turns_values: config.get("rotary_value").as_bool().unwrap_or(false),
        max_tokens: config.dimension_or("max_position_embeddings", 1536)?,
        hidden,
    };
    let head = load_head(scope, config, head, &shape, narrow, &body.words)?;
    Ok(Encoder::new(body, head))
}

fn load_head(
    scope: &Scope<'_>,
    config: &Config,
    head: Head,
    shape: &BlockShape,
    narrow: usize,
    words: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = shape.hidden;
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    let activation = Step::Activation(shape.activation);
    Ok(Some(match head {
        Head::SequenceClassification => {
            let last = linear("classifier.out_proj", config.label_count()?)?;
            Steps::boxed(Tokens::First, vec![linear("classifier.dense", hidden)?, activation, last])
        }
        Head::MultipleChoice => {
            if !matches!(config.text("summary_type"), None | Some("last"))
                || scope.has("sequence_summary.summary.weight")
            {
                return Err(Error::UnsupportedArchitecture("roformer with a summary of its own".to_owned()));
            }
            Steps::boxed(Tokens::End, vec![linear("classifier", 1)?])
        }
        Head::MaskedLm => {
            let scope = scope.at("cls.predictions");
            Steps::boxed(
                Tokens::Wanted,
                vec![
                    linear("cls.predictions.transform.dense", narrow)?,
                    activation,
                    Step::Norm(LayerNorm::load(&scope.at("transform.LayerNorm"), narrow, shape.epsilon)?),
                    Step::Linear(Linear::tied(&scope, "decoder", words, &["bias", "decoder.bias"])?),
                ],
            )
        }
        _ => return Steps::of_every(scope, config, hidden, head),
    }))
}

struct RoFormer {
    words: Embedding,
    types: Embedding,
    norm: LayerNorm,
    /// From the embeddings to the hidden states.
    project: Option<Linear>,
    blocks: Vec<Block>,
    /// Of a head.
    width: usize,
    turns_values: bool,
    max_tokens: usize,
    hidden: usize,
}

impl Body for RoFormer {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
            self.types.add_to(&mut rows, batch.token_type_ids(0))?;
            self.norm.forward(&mut rows);
            if let Some(project) = &self.project {
                rows = project.forward(&rows)?;
            }
            let angles = Angles::sinusoidal(batch.tokens(), self.width, self.turns_values);
            for block in &self.blocks {
                next_layer(turn).await?;
                rows = block.forward(rows, batch, Relative { rotary: Some(&angles), ..Relative::default() }).await?;
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
