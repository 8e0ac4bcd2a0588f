//! NomicBERT (Nussbaum et al., 2024; `modeling_nomic_bert.py` of transformers): BERT with rotary positions and gated
//! feed-forward networks. Checkpoints from before transformers knew it have other names of tensors and of config keys.

use serde_json::Value;

use crate::architectures::Architecture;
use crate::architectures::rotary_body::{Layer, RotaryBody};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, Embedding, FeedForward, LayerNorm, Linear, Norm, Norms, Part, Residual, Rotary, Scope, SelfAttention,
};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "nomic_bert", prefix: "nomic_bert.", heads: HEADS, unused: &[], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["cls.predictions."]),
    (Head::SequenceClassification, &["pooler.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
];

/// What the code that came with older checkpoints can do and transformers cannot.
const UNBUILT: &[(&str, &str)] = &[
    ("prenorm", "norms before each part"),
    ("use_rms_norm", "RMS norms"),
    ("num_experts", "experts"),
    ("qkv_proj_bias", "biases of queries"),
    ("mlp_fc1_bias", "biases of feed-forward networks"),
    ("rotary_scaling_factor", "scaled rotary embeddings"),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let on = |key: &str| !matches!(config.get(key), Value::Null | Value::Bool(false)) && config.get(key) != 0;
    if let Some((_, what)) = UNBUILT.iter().find(|(key, _)| on(key)) {
        return Err(Error::UnsupportedArchitecture(format!("nomic_bert with {what}")));
    }
    let size = |key: &str, old: &str, default: usize| config.dimension_or(key, config.dimension_or(old, default)?);
    let hidden = size("hidden_size", "n_embd", 768)?;
    let heads = size("num_attention_heads", "n_head", 12)?;
    if !hidden.is_multiple_of(heads) {
        return Err(Error::Config(format!("the hidden size {hidden} is no multiple of {heads} heads")));
    }
    let sizes = Sizes {
        hidden,
        heads,
        width: config.dimension_or("head_dim", hidden / heads)?,
        inner: size("intermediate_size", "n_inner", 3072)?,
        activation: Activation::parse(config.text("hidden_act").unwrap_or("silu"))?,
        epsilon: config.epsilon_or("layer_norm_eps", config.epsilon_or("layer_norm_epsilon", 1e-12)?)?,
    };
    let theta = ["rope_theta", "rotary_emb_base"].into_iter().find_map(|key| config.get(key).as_f64());
    let theta = theta.filter(|theta| *theta >= 1.0).unwrap_or(1000.0);
    let table = |name: &str, ids: usize| Embedding::load(&scope.at("embeddings").at(name), ids, hidden);
    let words = table("word_embeddings", config.dimension_or("vocab_size", 30528)?)?;
    let first_norm = if scope.has("emb_ln.weight") { "emb_ln" } else { "embeddings.LayerNorm" };
    let head = load_head(scope, config, head, &sizes, &words)?;
    let layers = if scope.has("encoder.layers.0.norm1.weight") { "encoder.layers" } else { "layers" };
    let layers = (0..size("num_hidden_layers", "n_layer", 12)?)
        .map(|index| sizes.layer(&scope.at(layers).at(index)))
        .collect::<Result<_>>()?;
    let body = RotaryBody {
        words,
        types: Some(table("token_type_embeddings", config.dimension_or("type_vocab_size", 2)?)?),
        first_norm: Norm::Layer(LayerNorm::load(&scope.at(first_norm), hidden, sizes.epsilon)?),
        layers,
        last_norm: Norm::None,
        rotary: Rotary::of(config, None, theta, sizes.width)?,
        near: None,
        hidden,
    };
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
    epsilon: f64,
}

impl Sizes {
    fn layer(&self, scope: &Scope<'_>) -> Result<Layer> {
        let Self { hidden, heads, width, inner, activation, epsilon } = *self;
        let old = scope.has("attn.Wqkv.weight");
        let attention = if old {
            SelfAttention::load_fused(scope, ["attn.Wqkv", "attn.out_proj"], hidden, [heads, width], false)?
        } else {
            let names = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"];
            SelfAttention::load_heads(scope, names, hidden, [heads, heads, width], false)?
        };
        let names =
            if old { ["mlp.fc12", "mlp.fc11", "mlp.fc2"] } else { ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"] };
        let feed_forward = FeedForward::load_gated(scope, names, [hidden, inner], activation, false)?;
        let norms = if old { ["norm1", "norm2"] } else { ["post_attention_layernorm", "post_mlp_layernorm"] };
        let [attention_norm, output_norm] = norms.map(|name| LayerNorm::load(&scope.at(name), hidden, epsilon));
        Ok(Layer {
            attention: Residual {
                norm: Norm::Layer(attention_norm?),
                norms: Norms::After,
                part: Part::Attention(attention),
            },
            feed_forward: Residual {
                norm: Norm::Layer(output_norm?),
                norms: Norms::After,
                part: Part::FeedForward(feed_forward),
            },
            near: false,
        })
    }
}

fn load_head(
    scope: &Scope<'_>,
    config: &Config,
    head: Head,
    sizes: &Sizes,
    words: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = sizes.hidden;
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    Ok(Some(match head {
        Head::SequenceClassification => {
            let tanh = Step::Activation(Activation::Tanh);
            let classifier = linear("classifier", config.label_count()?)?;
            Steps::new(Tokens::First, vec![linear("pooler.dense", hidden)?, tanh, classifier])
        }
        Head::TokenClassification => Steps::new(Tokens::Every, vec![linear("classifier", config.label_count()?)?]),
        Head::MaskedLm => {
            let scope = scope.at("cls.predictions");
            Steps::new(
                Tokens::Wanted,
                vec![
                    linear("cls.predictions.transform.dense", hidden)?,
                    Step::Activation(sizes.activation),
                    Step::Norm(LayerNorm::load(&scope.at("transform.layer_norm"), hidden, sizes.epsilon)?),
                    Step::Linear(Linear::tied(&scope, "decoder", words, &["bias", "decoder.bias"])?),
                ],
            )
        }
        _ => return Ok(None),
    }))
}
