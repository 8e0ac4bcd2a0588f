//! Funnel-Transformer (Dai et al., 2020; `modeling_funnel.py` of transformers): blocks of layers that each halve the
//! text, and a decoder that brings it back to its length, without which only the first token counts.

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::architectures::Architecture;
use crate::encoder::{Body, next_layer};
use crate::head::{Step, Steps, Tokens};
use crate::layers::{
    Activation, Embedding, Halving, LayerNorm, Level, Linear, Places, RelativeBlock, RelativeNames, RelativeShape,
    Scope, add, kernel,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "funnel",
    prefix: "funnel.",
    heads: HEADS,
    unused: &["discriminator_predictions."],
    load,
};

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["lm_head."]),
    (Head::SequenceClassification, &["classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["classifier."]),
];

const NAMES: &[(&str, &str)] = &[("hidden_size", "d_model"), ("num_attention_heads", "n_head")];

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 30522),
    ("d_model", 768),
    ("n_head", 12),
    ("d_head", 64),
    ("d_inner", 3072),
    ("num_decoder_layers", 2),
];

const LAYER: RelativeNames = RelativeNames {
    attention: "attention",
    attention_norm: "attention.layer_norm",
    feed_forward: ["ffn.linear_1", "ffn.linear_2"],
    output_norm: "ffn.layer_norm",
    same_first: false,
};

/// The type of the first token, which is in the same segment as all others.
const CLS_TYPE: u32 = 2;

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_names(NAMES).with_defaults(DEFAULTS);
    let largest = match config.text("pooling_type").unwrap_or("mean") {
        "mean" => false,
        "max" => true,
        other => return Err(Error::Config(format!("`pooling_type` is {other}, not mean or max"))),
    };
    let hidden = config.dimension("d_model")?;
    let shape = RelativeShape {
        hidden,
        heads: config.dimension("n_head")?,
        width: config.dimension("d_head")?,
        intermediate: config.dimension("d_inner")?,
        activation: Activation::parse(config.text("hidden_act").unwrap_or("gelu_new"))?,
        epsilon: config.epsilon_or("layer_norm_eps", 1e-9)?,
    };
    if shape.heads.saturating_mul(shape.width) > 1 << 24 {
        return Err(Error::Config("`n_head` times `d_head` is too large".to_owned()));
    }
    let sizes = numbers(config, "block_sizes")?.unwrap_or_else(|| vec![4; 3]);
    let repeats = numbers(config, "block_repeats")?.unwrap_or_else(|| vec![1; sizes.len()]);
    if sizes.len() != repeats.len() {
        return Err(Error::Config("`block_sizes` and `block_repeats` are not as many".to_owned()));
    }
    let layers = |scope: Scope<'_>, count: usize| -> Result<Vec<_>> {
        (0..count).map(|index| layer(&scope.at(index), &shape)).collect()
    };
    let blocks = sizes.iter().enumerate().map(|(index, size)| layers(scope.at("encoder.blocks").at(index), *size));
    let decoder = if matches!(head, Head::SequenceClassification | Head::MultipleChoice) {
        None
    } else if scope.at("decoder.layers.0.attention").has("r_kernel") {
        Some(layers(scope.at("decoder.layers"), config.dimension("num_decoder_layers")?)?)
    } else {
        return Err(Error::UnsupportedHead("it has no decoder, so no hidden state for each token".to_owned()));
    };
    let body = FunnelBody {
        words: Embedding::load(&scope.at("embeddings.word_embeddings"), config.dimension("vocab_size")?, hidden)?,
        norm: LayerNorm::load(&scope.at("embeddings.layer_norm"), hidden, shape.epsilon)?,
        blocks: blocks.collect::<Result<_>>()?,
        repeats,
        decoder,
        halving: Halving {
            first_apart: config.flag_or("separate_cls", true),
            truncated: config.flag_or("truncate_seq", true),
            largest,
        },
        pool_queries_only: config.flag_or("pool_q_only", true),
        hidden,
    };
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    let first = |labels: usize| -> Result<_> {
        let steps = [linear("classifier.linear_hidden", hidden)?, Step::Activation(Activation::Tanh)];
        let steps = steps.into_iter().chain([linear("classifier.linear_out", labels)?]);
        Ok(Some(Steps::boxed(Tokens::First, steps.collect())))
    };
    let head = match head {
        Head::MaskedLm => {
            let decoder = Linear::tied(scope, "lm_head", &body.words, &["lm_head.bias"])?;
            Some(Steps::boxed(Tokens::Wanted, vec![Step::Linear(decoder)]))
        }
        Head::SequenceClassification => first(config.label_count()?)?,
        Head::MultipleChoice => first(1)?,
        _ => Steps::of_every(scope, config, hidden, head)?,
    };
    Ok(Encoder::new(body, head))
}

/// A list of small numbers, one a block.
fn numbers(config: &Config, key: &str) -> Result<Option<Vec<usize>>> {
    let list = config.get(key);
    if list.is_null() {
        return Ok(None);
    }
    let wrong = || Error::Config(format!("`{key}` is {list}, not 1 to 16 numbers between 1 and 256"));
    let numbers = list.as_array().filter(|list| (1..=16).contains(&list.len())).ok_or_else(wrong)?;
    let number =
        |value: &Value| value.as_u64().filter(|number| (1..=256).contains(number)).map(|number| number as usize);
    numbers.iter().map(|value| number(value).ok_or_else(wrong)).collect::<Result<_>>().map(Some)
}

fn layer(scope: &Scope<'_>, shape: &RelativeShape) -> Result<RelativeBlock> {
    let RelativeShape { hidden, heads, width, .. } = *shape;
    let attention = scope.at("attention");
    let projection = |name: &str, bias: bool| Linear::load(&attention.at(name), hidden, heads * width, bias);
    let output = Linear::load(&attention.at("post_proj"), heads * width, hidden, true)?;
    let [query, key, value] =
        [("q_head", false), ("k_head", true), ("v_head", true)].map(|(name, bias)| projection(name, bias));
    RelativeBlock::load(scope, &LAYER, shape, [query?, key?, value?, output, kernel(&attention, "r_kernel", shape)?])
}

struct FunnelBody {
    words: Embedding,
    norm: LayerNorm,
    blocks: Vec<Vec<RelativeBlock>>,
    /// How often each layer of a block runs.
    repeats: Vec<usize>,
    decoder: Option<Vec<RelativeBlock>>,
    halving: Halving,
    /// Whether the layer that halves the text reads it whole.
    pool_queries_only: bool,
    hidden: usize,
}

impl FunnelBody {
    /// A layer whose queries are of one level and whose keys are of another.
    async fn run(
        &self,
        layer: &RelativeBlock,
        rows: Vec<f32>,
        others: &[f32],
        [to, from]: [&Level; 2],
    ) -> Result<Vec<f32>> {
        let places = Places {
            queries: &to.positions,
            keys: &from.positions,
            stride: from.stride,
            farthest: None,
            query_segments: &to.segments,
            key_segments: &from.segments,
            any_segment: Some(CLS_TYPE),
            lengths: &from.lengths,
            first_apart: self.halving.first_apart,
        };
        layer.forward(rows, others, &places).await
    }
}

impl Body for FunnelBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let tokens = batch.tokens();
            let whole = Level {
                positions: (0..tokens).collect(),
                stride: 1,
                segments: batch.token_type_ids(0).collect(),
                lengths: batch.lengths().to_vec(),
            };
            let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
            self.norm.forward(&mut rows);
            let (mut level, mut of_first_block) = (whole.clone(), Vec::new());
            let shortest = if self.halving.first_apart { 2 } else { 1 };
            for (index, (block, repeats)) in self.blocks.iter().zip(&self.repeats).enumerate() {
                let mut halves = index > 0 && level.positions.len() > shortest;
                let runs = block.iter().flat_map(|layer| std::iter::repeat_n(layer, *repeats));
                for (run, layer) in runs.enumerate() {
                    next_layer(turn).await?;
                    let others = std::mem::take(&mut rows);
                    if std::mem::take(&mut halves) {
                        let next = level.halved(self.halving);
                        let pooled = self.halving.forward(&others, level.positions.len(), self.hidden);
                        rows = if self.pool_queries_only {
                            self.run(layer, pooled, &others, [&next, &level]).await?
                        } else {
                            self.run(layer, pooled.clone(), &pooled, [&next, &next]).await?
                        };
                        level = next;
                    } else {
                        rows = self.run(layer, others.clone(), &others, [&level, &level]).await?;
                    }
                    if index == 0 && run + 1 == block.len() {
                        of_first_block.clone_from(&rows);
                    }
                }
            }
            let stride = 1 << (self.blocks.len() - 1);
            let mut rows = self.halving.restore(&rows, level.positions.len(), tokens, stride, self.hidden);
            if let Some(decoder) = &self.decoder {
                add(&mut rows, &of_first_block);
                for layer in decoder {
                    next_layer(turn).await?;
                    let others = rows.clone();
                    rows = self.run(layer, rows, &others, [&whole, &whole]).await?;
                }
            }
            Ok(rows)
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        usize::MAX
    }
}
