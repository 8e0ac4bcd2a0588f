//! T5 (Raffel et al., 2019; `modeling_t5.py` of transformers): an encoder and a decoder with biases by distance. Without
//! a head, and for labels of tokens, it is the encoder alone (`T5EncoderModel`), as `T5Model` needs a text for its decoder.

use crate::architectures::Architecture;
use crate::architectures::bart::{end_of_text_head, token};
use crate::architectures::encoder_decoder::{EncoderDecoder, Stack, Start};
use crate::head::Steps;
use crate::layers::{
    Activation, Buckets, Embedding, FeedForward, Norm, Norms, Part, RelativeBias, Residual, RmsNorm, Scope,
    SelfAttention,
};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "t5",
    prefix: "transformer.",
    heads: HEADS,
    unused: &["lm_head."],
    load: |scope, config, head| {
        let start = token(config, "decoder_start_token_id");
        load(scope, config, head, Defaults { heads: 8, layers: 6, inner: 2048, ids: 32128, activation: "relu", start })
    },
};

const HEADS: &[(Head, &[&str])] = &[
    (Head::SequenceClassification, &["decoder.", "classification_head."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["decoder.", "qa_outputs."]),
];

/// What a config may leave out.
pub(super) struct Defaults {
    pub heads: usize,
    pub layers: usize,
    pub inner: usize,
    pub ids: usize,
    pub activation: &'static str,
    pub start: Option<u32>,
}

/// Also of mT5, which differs in what its config may leave out.
pub(super) fn load(scope: &Scope<'_>, config: &Config, head: Head, defaults: Defaults) -> Result<Encoder> {
    let sizes = Sizes::of(config, &defaults)?;
    let hidden = sizes.hidden;
    let ids = config.dimension_or("vocab_size", defaults.ids)?;
    let shared =
        Embedding::load_first(scope, &["shared", "encoder.embed_tokens", "decoder.embed_tokens"], ids, hidden)?;
    let layers = config.dimension_or("num_layers", config.dimension_or("num_hidden_layers", defaults.layers)?)?;
    let encoder = sizes.stack(&scope.at("encoder"), layers, true, &shared)?;
    let decoder = match head {
        Head::SequenceClassification | Head::QuestionAnswering => {
            let start = defaults.start.ok_or_else(|| Error::Config("it has no `decoder_start_token_id`".to_owned()))?;
            let layers = config.dimension_or("num_decoder_layers", layers)?;
            Some((sizes.stack(&scope.at("decoder"), layers, false, &shared)?, Start::Token(start)))
        }
        _ => None,
    };
    let head = match head {
        Head::SequenceClassification => {
            let end = token(config, "eos_token_id").unwrap_or(1);
            Some(end_of_text_head(scope, hidden, config.label_count()?, end)?)
        }
        _ => Steps::of_every(scope, config, hidden, head)?,
    };
    let body = EncoderDecoder { encoder, decoder, scale: Some(1.0), hidden, max_tokens: usize::MAX };
    Ok(Encoder::new(body, head))
}

struct Sizes {
    hidden: usize,
    heads: usize,
    /// Of a head.
    width: usize,
    /// Of the feed-forward network.
    inner: usize,
    activation: Activation,
    gated: bool,
    epsilon: f64,
    buckets: Buckets,
}

impl Sizes {
    fn of(config: &Config, defaults: &Defaults) -> Result<Self> {
        let kind = config.text("feed_forward_proj").unwrap_or(defaults.activation);
        let (gated, activation) = match kind.split_once('-') {
            None => (false, kind),
            Some(("gated", "gelu")) => (true, "gelu_new"),
            Some(("gated", activation)) => (true, activation),
            Some(_) => return Err(Error::Config(format!("`feed_forward_proj` is {kind}"))),
        };
        let size =
            |key: &str, other: &str, default: usize| config.dimension_or(key, config.dimension_or(other, default)?);
        Ok(Self {
            hidden: size("d_model", "hidden_size", 512)?,
            heads: size("num_heads", "num_attention_heads", defaults.heads)?,
            width: size("d_kv", "head_dim", 64)?,
            inner: config.dimension_or("d_ff", defaults.inner)?,
            activation: Activation::parse(activation)?,
            gated,
            epsilon: config.epsilon_or("layer_norm_epsilon", 1e-6)?,
            buckets: Buckets {
                count: config.dimension_or("relative_attention_num_buckets", 32)?,
                max_distance: config.dimension_or("relative_attention_max_distance", 128)?,
                both_ways: true,
            },
        })
    }

    fn norm(&self, scope: Scope<'_>) -> Result<Norm> {
        RmsNorm::load(&scope, self.hidden, self.epsilon).map(Norm::Rms)
    }

    fn stack(&self, scope: &Scope<'_>, layers: usize, encodes: bool, shared: &Embedding) -> Result<Stack> {
        let buckets = Buckets { both_ways: encodes, ..self.buckets };
        let bias = scope.at("block.0.layer.0.SelfAttention.relative_attention_bias");
        Ok(Stack {
            words: Embedding::tied(scope, "embed_tokens", shared)?,
            scale: 1.0,
            positions: None,
            first_norm: Norm::None,
            bias: Some(RelativeBias::load(&bias, self.heads, buckets)?),
            layers: (0..layers)
                .map(|index| self.layer(&scope.at("block").at(index).at("layer"), encodes))
                .collect::<Result<_>>()?,
            last_norm: self.norm(scope.at("final_layer_norm"))?,
        })
    }

    fn layer(&self, scope: &Scope<'_>, encodes: bool) -> Result<Vec<Residual>> {
        let part = |index: usize, part: Part| -> Result<Residual> {
            Ok(Residual { norm: self.norm(scope.at(index).at("layer_norm"))?, norms: Norms::Before, part })
        };
        let attention = |index: usize, name: &str| {
            let heads = [self.heads, self.heads, self.width];
            SelfAttention::load_heads(&scope.at(index).at(name), ["q", "k", "v", "o"], self.hidden, heads, false)
        };
        let mut parts = vec![part(0, Part::Attention(attention(0, "SelfAttention")?))?];
        if !encodes {
            parts.push(part(1, Part::Encoded(attention(1, "EncDecAttention")?))?);
        }
        let last = parts.len();
        let dense = scope.at(last).at("DenseReluDense");
        let inner: &[&str] = if self.gated { &["wi_0", "wi_1"] } else { &["wi"] };
        let sizes = [self.hidden, self.inner];
        let feed_forward = FeedForward::load_maps(&dense, inner, "wo", sizes, self.activation, false)?;
        parts.push(part(last, Part::FeedForward(feed_forward))?);
        Ok(parts)
    }
}
