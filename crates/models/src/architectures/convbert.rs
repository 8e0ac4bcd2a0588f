//! ConvBERT (Jiang et al., 2020; `modeling_convbert.py` of transformers): half of the attention heads are convolutions
//! whose kernels the text itself makes.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::architectures::bert::{Embeddings, Positions};
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, AfterAttention, AttentionShape, BERT, BlockShape, FeedForward, LayerNorm, Linear, Scope, attend, blend,
    check_kernel, softmax_rows,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "convbert",
    prefix: "convbert.",
    heads: &[
        (Head::MaskedLm, &["generator_predictions.", "generator_lm_head."]),
        (Head::SequenceClassification, &["classifier."]),
        (Head::TokenClassification, &["classifier."]),
        (Head::QuestionAnswering, &["qa_outputs."]),
        (Head::MultipleChoice, &["sequence_summary.", "classifier."]),
    ],
    unused: &["discriminator_predictions."],
    load,
};

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let shape = BlockShape::of(config)?;
    let width = config.dimension_or("embedding_size", 768)?;
    let narrow = BlockShape { hidden: width, ..shape };
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &narrow, Positions::FromZero)?;
    let head = convbert_head(scope, config, &shape, head, &embeddings, width)?;
    let projection = || Linear::load(&scope.at("embeddings_project"), width, shape.hidden, true);
    let body = ConvBody {
        embeddings,
        projection: (width != shape.hidden).then(projection).transpose()?,
        layers: (0..config.dimension("num_hidden_layers")?)
            .map(|index| {
                let scope = scope.at("encoder.layer").at(index);
                Ok((MixedAttention::load(&scope.at("attention"), config, &shape)?, after(&scope, config, &shape)?))
            })
            .collect::<Result<_>>()?,
        hidden: shape.hidden,
    };
    Ok(Encoder::new(body, head))
}

fn after(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<AfterAttention> {
    let BlockShape { hidden, intermediate, activation, epsilon, .. } = *shape;
    let groups = config.dimension_or("num_groups", 1)?;
    if groups == 1 {
        return AfterAttention::load(scope, &BERT, shape);
    }
    let [up, down] = BERT.feed_forward;
    let grouped = |name: &str, inputs: usize, outputs: usize| Linear::grouped(&scope.at(name), inputs, outputs, groups);
    Ok(AfterAttention {
        attention_norm: LayerNorm::load(&scope.at(BERT.attention_norm), hidden, epsilon)?,
        feed_forward: FeedForward::new(
            grouped(up, hidden, intermediate)?,
            activation,
            grouped(down, intermediate, hidden)?,
        ),
        output_norm: LayerNorm::load(&scope.at(BERT.output_norm), hidden, epsilon)?,
    })
}

fn convbert_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    head: Head,
    embeddings: &Embeddings,
    width: usize,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let linear =
        |name: &str, outputs: usize| Linear::load(&scope.at(name), shape.hidden, outputs, true).map(Step::Linear);
    Ok(Some(match head {
        Head::SequenceClassification => {
            let names = ["classifier.dense", "classifier.out_proj"];
            Steps::of_first(scope, names, shape.hidden, shape.activation, config.label_count()?)?
        }
        Head::MultipleChoice => {
            let tokens = match config.text("summary_type").unwrap_or("last") {
                "first" => Tokens::First,
                "last" | "cls_index" => Tokens::End,
                kind => return Err(Error::UnsupportedArchitecture(format!("convbert with a summary of kind {kind}"))),
            };
            let mut steps = Vec::new();
            if config.flag_or("summary_use_proj", false) {
                steps.push(linear("sequence_summary.summary", shape.hidden)?);
            }
            if let Some(name) = config.text("summary_activation") {
                steps.push(Step::Activation(Activation::parse(name)?));
            }
            steps.push(linear("classifier", 1)?);
            Steps::boxed(tokens, steps)
        }
        Head::MaskedLm => {
            let norm = LayerNorm::load(&scope.at("generator_predictions.LayerNorm"), width, shape.epsilon)?;
            let decoder = Linear::tied(scope, "generator_lm_head", &embeddings.words, &["generator_lm_head.bias"])?;
            let dense = linear("generator_predictions.dense", width)?;
            let steps = vec![dense, Step::Activation(Activation::Gelu), Step::Norm(norm), Step::Linear(decoder)];
            Steps::boxed(Tokens::Wanted, steps)
        }
        _ => return Steps::of_every(scope, config, shape.hidden, head),
    }))
}

struct ConvBody {
    embeddings: Embeddings,
    projection: Option<Linear>,
    layers: Vec<(MixedAttention, AfterAttention)>,
    hidden: usize,
}

impl Body for ConvBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embeddings.forward(batch)?;
            if let Some(projection) = &self.projection {
                rows = projection.forward(&rows)?;
            }
            for (attention, after) in &self.layers {
                next_layer(turn).await?;
                let attended = attention.forward(&rows, batch)?;
                rows = after.forward(rows, &attended).await?;
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

/// Self-attention beside a span-based dynamic convolution, half of the numbers from each.
struct MixedAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    /// A key of the tokens around: a kernel `[hidden * kernel]` for each number, then a linear map.
    around: (Vec<f32>, Linear),
    /// Makes the weights of each token's neighbours.
    weights: Linear,
    neighbours: Linear,
    output: Linear,
    heads: usize,
    kernel: usize,
    hidden: usize,
}

impl MixedAttention {
    fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<Self> {
        let (hidden, ratio) = (shape.hidden, config.dimension_or("head_ratio", 2)?);
        let heads = (shape.heads / ratio).max(1);
        if !hidden.is_multiple_of(2 * heads) {
            return Err(Error::Config(format!("the hidden size {hidden} cannot be split into {heads} double heads")));
        }
        let kernel = config.dimension_or("conv_kernel_size", 9)?;
        check_kernel(kernel)?;
        let half = hidden / 2;
        let linear = |name: &str| Linear::load(&scope.at(name), hidden, half, true);
        let around = scope.at("self.key_conv_attn_layer");
        let pointwise = around.numbers(&["pointwise.weight"], &[half, hidden, 1])?;
        let pointwise = Rc::new(around.pack(&pointwise, half, hidden)?);
        Ok(Self {
            query: linear("self.query")?,
            key: linear("self.key")?,
            value: linear("self.value")?,
            around: (
                around.numbers(&["depthwise.weight"], &[hidden, 1, kernel])?,
                Linear::new(pointwise, around.numbers(&["bias"], &[half, 1])?),
            ),
            weights: Linear::load(&scope.at("self.conv_kernel_layer"), half, heads.saturating_mul(kernel), true)?,
            neighbours: linear("self.conv_out_layer")?,
            output: Linear::load(&scope.at("output.dense"), hidden, hidden, true)?,
            heads,
            kernel,
            hidden,
        })
    }

    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let Self { heads, kernel, hidden, .. } = *self;
        let (tokens, half) = (batch.tokens(), hidden / 2);
        let query = self.query.forward(rows)?;
        let mut around = self.around.1.forward(&blend(rows, tokens, hidden, hidden, &self.around.0, kernel))?;
        around.iter_mut().zip(&query).for_each(|(key, query)| *key *= query);
        let mut weights = self.weights.forward(&around)?;
        softmax_rows(&mut weights, kernel);
        let convolved = blend(&self.neighbours.forward(rows)?, tokens, half, heads, &weights, kernel);
        let scale = 1.0 / ((half / heads) as f32).sqrt();
        let shape = AttentionShape { heads, queries: tokens, keys: tokens, lengths: batch.lengths(), scale };
        let attended = attend(&query, &self.key.forward(rows)?, &self.value.forward(rows)?, &shape, None);
        let both = attended.chunks_exact(half).zip(convolved.chunks_exact(half));
        let both: Vec<f32> = both.flat_map(|(attended, convolved)| attended.iter().chain(convolved)).copied().collect();
        self.output.forward(&both)
    }
}
