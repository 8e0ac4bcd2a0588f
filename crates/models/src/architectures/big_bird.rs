//! BigBird (Zaheer et al., 2020; `modeling_big_bird.py` of transformers): BERT that reads long texts in blocks.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::architectures::bert::{Embeddings, Positions, bert_head};
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, BERT, Block, BlockShape, FeedForward, FeedForwardPart, LayerNorm, Linear, Norms, Relative, Scope, add,
    attend_blocks,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "big_bird", prefix: "bert.", heads: HEADS, unused: &["cls.seq_relationship."], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["cls.predictions."]),
    (Head::SequenceClassification, &["classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_classifier."]),
    (Head::MultipleChoice, &["pooler.", "classifier."]),
];

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 50358),
    ("hidden_size", 768),
    ("num_hidden_layers", 12),
    ("num_attention_heads", 12),
    ("intermediate_size", 3072),
    ("max_position_embeddings", 4096),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let unsupported = |what: &str| Err(Error::UnsupportedArchitecture(format!("big_bird with {what}")));
    if config.flag_or("is_decoder", false) {
        return unsupported("a decoder");
    }
    if !config.flag_or("use_bias", true) {
        return unsupported("projections without a bias");
    }
    let activation = Activation::parse(config.text("hidden_act").unwrap_or("gelu_new"))?;
    let shape = BlockShape { activation, ..BlockShape::of(config)? };
    let hidden = shape.hidden;
    let mut embeddings = Embeddings::load(&scope.at("embeddings"), config, &shape, Positions::FromZero)?;
    if config.flag_or("rescale_embeddings", false) {
        embeddings.scale = (hidden as f32).sqrt();
    }
    let layers = scope.at("encoder.layer");
    let block = |index: usize| Block::load_attending_here(&layers.at(index), &BERT, &shape, Norms::After);
    let blocks = (0..config.dimension("num_hidden_layers")?).map(block).collect::<Result<_>>()?;
    let sparse = match config.text("attention_type").unwrap_or("block_sparse") {
        "original_full" => None,
        "block_sparse" => {
            let random = match config.get("num_random_blocks").as_u64() {
                Some(0) => 0,
                _ => config.dimension_or("num_random_blocks", 3)?,
            };
            Some((config.dimension_or("block_size", 64)?, random))
        }
        other => return Err(Error::Config(format!("`attention_type` is {other}, not original_full or block_sparse"))),
    };
    let separator = config.get("sep_token_id").as_u64().and_then(|id| id.try_into().ok()).unwrap_or(66);
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    let first = |steps: Vec<Step>| Some(Steps::boxed(Tokens::First, steps));
    let logits = match head {
        Head::SequenceClassification => first(vec![
            linear("classifier.dense", hidden)?,
            Step::Activation(activation),
            linear("classifier.out_proj", config.label_count()?)?,
        ]),
        Head::MultipleChoice => {
            first(vec![linear("pooler", hidden)?, Step::Activation(Activation::Tanh), linear("classifier", 1)?])
        }
        Head::QuestionAnswering => Some(AnswerHead::load(&scope.at("qa_classifier"), &shape, separator)?),
        _ => bert_head(scope, config, &shape, head, &embeddings)?,
    };
    let separator = (head == Head::QuestionAnswering).then_some(separator);
    Ok(Encoder::new(BigBirdBody { embeddings, blocks, sparse, separator, hidden }, logits))
}

struct BigBirdBody {
    embeddings: Embeddings,
    blocks: Vec<Block>,
    /// Tokens of a block and number of random blocks, where texts may be read in blocks.
    sparse: Option<(usize, usize)>,
    /// Ends the question, whose tokens are of another type than the context's; where `None`, the batch tells the types.
    separator: Option<u32>,
    hidden: usize,
}

impl Body for BigBirdBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = match self.separator {
                Some(separator) => {
                    let types = in_question(batch, separator).into_iter().map(|question| u32::from(!question));
                    self.embeddings.forward(&batch.with_types(types.collect()))?
                }
                None => self.embeddings.forward(batch)?,
            };
            // Shorter texts have no blocks that would not be seen.
            let blocks = self.sparse.filter(|(block, random)| batch.tokens() > (5 + 2 * random).saturating_mul(*block));
            for layer in &self.blocks {
                next_layer(turn).await?;
                rows = match blocks {
                    Some((block, random)) => {
                        let attention =
                            async |rows: &[f32]| attend_blocks(&layer.attention.part, rows, batch, block, random);
                        layer.forward_with(rows, attention).await?
                    }
                    None => layer.forward(rows, batch, Relative::default()).await?,
                };
            }
            Ok(rows)
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        self.embeddings.max_tokens
    }
}

/// Whether each token stands before the end of the first separator; of a text without one, the first token does.
fn in_question(batch: &Batch, separator: u32) -> Vec<bool> {
    let texts = batch.input_ids().chunks_exact(batch.tokens());
    let question = |ids: &[u32]| ids.iter().position(|id| *id == separator).unwrap_or(0);
    texts.flat_map(|ids| (0..batch.tokens()).map(move |token| token <= question(ids))).collect()
}

/// A feed-forward network with a residual and a norm, then the logits; those of the question's tokens, but for the
/// first of all, are lowered so far that no answer begins or ends there.
struct AnswerHead {
    feed_forward: FeedForwardPart,
    norm: LayerNorm,
    logits: Linear,
    separator: u32,
}

impl AnswerHead {
    fn load(scope: &Scope<'_>, shape: &BlockShape, separator: u32) -> Result<Box<dyn HeadLayers>> {
        let BlockShape { hidden, intermediate, activation, .. } = *shape;
        Ok(Box::new(Self {
            feed_forward: FeedForward::load(&scope.whole(), BERT.feed_forward, hidden, intermediate, activation)?
                .into_part(),
            norm: LayerNorm::load(&scope.at(BERT.output_norm), hidden, shape.epsilon)?,
            logits: Linear::load(&scope.at("qa_outputs"), hidden, 2, true)?,
            separator,
        }))
    }
}

impl HeadLayers for AnswerHead {
    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let mut fed = self.feed_forward.forward(rows);
        add(&mut fed, rows);
        self.norm.forward(&mut fed);
        let mut logits = self.logits.forward(&fed)?;
        let tokens = logits.chunks_exact_mut(2).zip(in_question(batch, self.separator)).enumerate();
        for (_, (logits, _)) in tokens.filter(|(index, (_, question))| *question && index % batch.tokens() != 0) {
            logits.iter_mut().for_each(|logit| *logit -= 1e6);
        }
        Ok(logits)
    }
}
