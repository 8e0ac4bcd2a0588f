//! DeBERTa v2 and v3 (He et al., 2020 and 2021; `modeling_deberta_v2.py` of transformers): BERT with disentangled
//! attention, whose scores know the distance between tokens, and in the largest a convolution beside the first layer.

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::architectures::Architecture;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, AfterAttention, BERT, BlockShape, Convolution, Disentangled, Embedding, LayerNorm, Linear,
    RelativeEmbeddings, Scope, add, clear_padding,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "deberta-v2",
    prefix: "deberta.",
    heads: HEADS,
    unused: &["mask_predictions."],
    load: |scope, config, head| load_with(scope, config, head, attention),
};

/// DeBERTa's heads and their tensors.
pub(super) const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["cls.predictions.", "lm_predictions."]),
    (Head::SequenceClassification, &["pooler.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["pooler.", "classifier."]),
];

/// Builds the model with the attention layers that `attention` loads.
pub(super) fn load_with(
    scope: &Scope<'_>,
    config: &Config,
    head: Head,
    attention: fn(&Scope<'_>, &Config, &BlockShape) -> Result<Disentangled>,
) -> Result<Encoder> {
    let config = &config.clone().or("layer_norm_eps", 1e-7).or("max_position_embeddings", 512);
    let shape = BlockShape::of(config)?;
    let width = config.dimension_or("embedding_size", shape.hidden)?;
    let convolution = match config.dimension_if_positive("conv_kernel_size")? {
        Some(kernel) => Some(Beside::load(&scope.at("encoder.conv"), config, &shape, kernel)?),
        None => None,
    };
    let body = DebertaBody {
        embeddings: Embeddings::load(&scope.at("embeddings"), config, &shape, width)?,
        relative: RelativeEmbeddings::load(&scope.at("encoder"), config, &shape)?,
        layers: (0..config.dimension("num_hidden_layers")?)
            .map(|index| {
                let scope = scope.at("encoder.layer").at(index);
                Ok((attention(&scope.at("attention"), config, &shape)?, AfterAttention::load(&scope, &BERT, &shape)?))
            })
            .collect::<Result<_>>()?,
        convolution,
        hidden: shape.hidden,
    };
    let head = deberta_head(scope, config, &shape, head, &body.embeddings.words, width)?;
    Ok(Encoder::new(body, head))
}

fn attention(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<Disentangled> {
    let hidden = shape.hidden;
    if config.dimension_or("attention_head_size", hidden / shape.heads)?.saturating_mul(shape.heads) != hidden {
        return Err(Error::Config("`attention_head_size` does not fit the hidden size".to_owned()));
    }
    let linear = |name: &str| Linear::load(&scope.at(name), hidden, hidden, true);
    let (query, key) = (linear("self.query_proj")?, linear("self.key_proj")?);
    let kinds = position_kinds(config);
    let (of_query, of_key) = (kinds.contains(&"c2p"), kinds.contains(&"p2c"));
    let parts = 1 + usize::from(of_query) + usize::from(of_key);
    let shared = config.flag_or("share_att_key", false);
    let distance =
        |wanted: bool, own: &str, content: &Linear| match wanted && config.flag_or("relative_attention", false) {
            false => Ok(None),
            true if shared => Ok(Some(content.clone())),
            true => linear(own).map(Some),
        };
    Ok(Disentangled {
        distance_key: distance(of_query, "self.pos_key_proj", &key)?,
        distance_query: distance(of_key, "self.pos_query_proj", &query)?,
        value: linear("self.value_proj")?,
        output: linear("output.dense")?,
        heads: shape.heads,
        scale: 1.0 / ((hidden / shape.heads * parts) as f32).sqrt(),
        query,
        key,
    })
}

/// The kinds of attention to positions that `pos_att_type` names, as a list or as `c2p|p2c`.
pub(super) fn position_kinds(config: &Config) -> Vec<&str> {
    match config.get("pos_att_type") {
        Value::String(kinds) => kinds.split('|').map(str::trim).collect(),
        kinds => kinds.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    }
}

fn deberta_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    head: Head,
    words: &Embedding,
    width: usize,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let pooled = |labels: usize| {
        let activation = Activation::parse(config.text("pooler_hidden_act").unwrap_or("gelu"))?;
        Steps::of_first(scope, ["pooler.dense", "classifier"], shape.hidden, activation, labels)
    };
    Ok(Some(match head {
        Head::SequenceClassification => pooled(config.label_count()?)?,
        Head::MultipleChoice => pooled(1)?,
        Head::MaskedLm => {
            let legacy = config.flag_or("legacy", true);
            let decoder = scope.at(if legacy { "cls.predictions" } else { "lm_predictions.lm_head" });
            let transform = if legacy { decoder.at("transform") } else { decoder.clone() };
            let steps = vec![
                Step::Linear(Linear::load(&transform.at("dense"), shape.hidden, width, true)?),
                Step::Activation(shape.activation),
                Step::Norm(LayerNorm::load(&transform.at("LayerNorm"), width, shape.epsilon)?),
                Step::Linear(Linear::tied(&decoder, "decoder", words, &["bias", "decoder.bias"])?),
            ];
            Steps::boxed(Tokens::Wanted, steps)
        }
        _ => return Steps::of_every(scope, config, shape.hidden, head),
    }))
}

struct DebertaBody {
    embeddings: Embeddings,
    relative: Option<RelativeEmbeddings>,
    layers: Vec<(Disentangled, AfterAttention)>,
    convolution: Option<Beside>,
    hidden: usize,
}

impl Body for DebertaBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embeddings.forward(batch)?;
            let distances = self.relative.as_ref().map(|relative| relative.distances(batch.tokens())).transpose()?;
            let mut beside = self.convolution.as_ref().map(|beside| beside.forward(&rows, batch)).transpose()?;
            for (attention, after) in &self.layers {
                next_layer(turn).await?;
                let attended = attention.forward(&rows, batch, distances.as_ref())?;
                rows = after.forward(rows, &attended).await?;
                if let (Some(beside), Some(convolution)) = (beside.take(), &self.convolution) {
                    add(&mut rows, &beside);
                    convolution.norm.forward(&mut rows);
                }
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

/// A convolution of the embeddings, which is added to the first layer's output.
struct Beside {
    convolution: Convolution,
    activation: Activation,
    norm: LayerNorm,
}

impl Beside {
    fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape, kernel: usize) -> Result<Self> {
        let groups = config.dimension_or("conv_groups", 1)?;
        Ok(Self {
            convolution: Convolution::load(&scope.at("conv"), shape.hidden, kernel, groups)?,
            activation: Activation::parse(config.text("conv_act").unwrap_or("tanh"))?,
            norm: LayerNorm::load(&scope.at("LayerNorm"), shape.hidden, shape.epsilon)?,
        })
    }

    fn forward(&self, embeddings: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let mut rows = self.convolution.forward(embeddings, batch.tokens())?;
        self.activation.forward(&mut rows);
        Ok(rows)
    }
}

/// The sum of vectors of a token, of its position and of its type where the config has them, projected and normalized.
struct Embeddings {
    words: Embedding,
    positions: Option<Embedding>,
    types: Option<Embedding>,
    projection: Option<Linear>,
    norm: LayerNorm,
    max_tokens: usize,
}

impl Embeddings {
    fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape, width: usize) -> Result<Self> {
        let absolute = config.flag_or("position_biased_input", true);
        let max_positions = config.dimension("max_position_embeddings")?;
        let table = |name: &str, ids: usize| Embedding::load(&scope.at(name), ids, width);
        let types = config.dimension_if_positive("type_vocab_size")?;
        let projection = || Linear::load(&scope.at("embed_proj"), width, shape.hidden, false);
        Ok(Self {
            words: table("word_embeddings", config.dimension("vocab_size")?)?,
            positions: absolute.then(|| table("position_embeddings", max_positions)).transpose()?,
            types: types.map(|types| table("token_type_embeddings", types)).transpose()?,
            projection: (width != shape.hidden).then(projection).transpose()?,
            norm: LayerNorm::load(&scope.at("LayerNorm"), shape.hidden, shape.epsilon)?,
            max_tokens: if absolute { max_positions } else { usize::MAX },
        })
    }

    /// `[batch * tokens * hidden]`, zero at padding.
    fn forward(&self, batch: &Batch) -> Result<Vec<f32>> {
        let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
        if let Some(positions) = &self.positions {
            positions.add_to(&mut rows, batch.positions())?;
        }
        if let Some(types) = &self.types {
            types.add_to(&mut rows, batch.token_type_ids(0))?;
        }
        if let Some(projection) = &self.projection {
            rows = projection.forward(&rows)?;
        }
        self.norm.forward(&mut rows);
        clear_padding(&mut rows, batch);
        Ok(rows)
    }
}
