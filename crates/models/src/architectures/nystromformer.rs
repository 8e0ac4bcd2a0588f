//! Nyströmformer (Xiong et al., 2021; `modeling_nystromformer.py` of transformers): attention through means of segments,
//! and a convolution of the values beside it.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::architectures::bert::{Embeddings, Positions, bert_head};
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Steps};
use crate::layers::{
    Activation, AfterAttention, AttentionPart, AttentionShape, BERT, BlockShape, Scope, SelfAttention, add, attend,
    blend, check_kernel, nystrom,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "nystromformer",
    prefix: "nystromformer.",
    heads: &[
        (Head::MaskedLm, &["cls.predictions."]),
        (Head::SequenceClassification, &["classifier."]),
        (Head::TokenClassification, &["classifier."]),
        (Head::QuestionAnswering, &["qa_outputs."]),
        (Head::MultipleChoice, &["pre_classifier.", "classifier."]),
    ],
    unused: &[],
    load,
};

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config
        .clone()
        .or("hidden_act", "gelu_new")
        .or("layer_norm_eps", 1e-5)
        .or("max_position_embeddings", 510)
        .or("pad_token_id", 1);
    let shape = BlockShape::of(config)?;
    let (tokens, landmarks) =
        (config.dimension_or("segment_means_seq_len", 64)?, config.dimension_or("num_landmarks", 64)?);
    let through = (tokens != landmarks).then_some(Landmarks { tokens, landmarks });
    if through.is_some() && !tokens.is_multiple_of(landmarks) {
        return Err(Error::Config(format!("{tokens} tokens cannot be split into {landmarks} segments")));
    }
    if through.is_some() && tokens > config.dimension("max_position_embeddings")? {
        return Err(Error::Config(format!("there are no {tokens} positions")));
    }
    if config.flag_or("inv_coeff_init_option", false) {
        return Err(Error::UnsupportedArchitecture("nystromformer with `inv_coeff_init_option`".to_owned()));
    }
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &shape, Positions::FromTwo)?;
    let head = nystrom_head(scope, config, &shape, head, &embeddings)?;
    let layers = (0..config.dimension("num_hidden_layers")?)
        .map(|index| Layer::load(&scope.at("encoder.layer").at(index), config, &shape))
        .collect::<Result<_>>()?;
    let pad_id = config.get("pad_token_id").as_u64().unwrap_or(1) as u32;
    Ok(Encoder::new(NystromBody { embeddings, layers, hidden: shape.hidden, through, pad_id }, head))
}

fn nystrom_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    head: Head,
    embeddings: &Embeddings,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let (names, activation, labels) = match head {
        Head::SequenceClassification => {
            (["classifier.dense", "classifier.out_proj"], shape.activation, config.label_count()?)
        }
        Head::MultipleChoice => (["pre_classifier", "classifier"], Activation::Relu, 1),
        _ => return bert_head(scope, config, shape, head, embeddings),
    };
    Steps::of_first(scope, names, shape.hidden, activation, labels).map(Some)
}

struct NystromBody {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    hidden: usize,
    through: Option<Landmarks>,
    pad_id: u32,
}

/// How a text is split: all are padded to so many tokens, as Python asks of its callers.
#[derive(Clone, Copy)]
struct Landmarks {
    tokens: usize,
    landmarks: usize,
}

impl Body for NystromBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let tokens = self.through.map_or(batch.tokens(), |through| through.tokens);
            let padded = batch.padded_to(tokens, self.pad_id);
            if padded.tokens() > self.max_tokens() {
                return Err(Error::Config(format!("a text of {} tokens is too long", padded.tokens())));
            }
            let mut rows = self.embeddings.forward(&padded)?;
            for layer in &self.layers {
                next_layer(turn).await?;
                rows = layer.forward(rows, &padded, self.through).await?;
            }
            let texts = rows.chunks_exact((padded.tokens() * self.hidden).max(1));
            Ok(texts.flat_map(|text| text.iter().take(batch.tokens() * self.hidden)).copied().collect())
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        self.through.map_or(usize::MAX, |through| through.tokens).min(self.embeddings.max_tokens)
    }
}

struct Layer {
    attention: SelfAttention,
    after: AfterAttention,
    /// Of a convolution of the values, each head by itself: `[heads * kernel]`.
    weights: Vec<f32>,
    kernel: usize,
}

impl Layer {
    fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<Self> {
        let kernel = config.dimension_or("conv_kernel_size", 65)?;
        check_kernel(kernel)?;
        let weights = scope.numbers(&["attention.self.conv.weight"], &[shape.heads, 1, kernel, 1])?;
        Ok(Self {
            attention: SelfAttention::load(&scope.whole(), BERT.attention, shape.hidden, shape.heads, true)?,
            after: AfterAttention::load(scope, &BERT, shape)?,
            weights,
            kernel,
        })
    }

    async fn forward(&self, rows: Vec<f32>, batch: &Batch, through: Option<Landmarks>) -> Result<Vec<f32>> {
        let AttentionPart { heads, query, key, value, output, .. } = &self.attention.part;
        let heads = *heads;
        let (query, key, value) = (query.forward(&rows)?, key.forward(&rows)?, value.forward(&rows)?);
        let (tokens, hidden) = (batch.tokens(), value.len() / (batch.len() * batch.tokens()).max(1));
        let mut attended = match through {
            Some(Landmarks { landmarks, .. }) => nystrom(&query, &key, &value, batch, heads, landmarks),
            None => {
                let scale = 1.0 / ((hidden / heads) as f32).sqrt();
                let shape = AttentionShape { heads, queries: tokens, keys: tokens, lengths: batch.lengths(), scale };
                attend(&query, &key, &value, &shape, None)
            }
        };
        add(&mut attended, &blend(&value, tokens, hidden, heads, &self.weights, self.kernel));
        let attended = output.forward(&attended)?;
        self.after.forward(rows, &attended).await
    }
}
