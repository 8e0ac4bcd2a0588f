//! ModernBERT (Warner et al., 2024; `modeling_modernbert.py` of transformers): rotary positions, gated feed-forward
//! networks, and layers that attend to a window of tokens between layers that attend to all.

use serde_json::Value;

use crate::architectures::Architecture;
use crate::architectures::rotary_body::{Layer, RotaryBody};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, Embedding, FeedForward, LayerNorm, Linear, Norm, Norms, Part, Residual, Rotary, Scope, SelfAttention,
    heads_or,
};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "modernbert", prefix: "model.", heads: HEADS, unused: &[], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["head.", "decoder."]),
    (Head::SequenceClassification, &["head.", "classifier."]),
    (Head::TokenClassification, &["head.", "classifier."]),
    (Head::QuestionAnswering, &["head.", "classifier."]),
    (Head::MultipleChoice, &["head.", "classifier."]),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let hidden = config.dimension_or("hidden_size", 768)?;
    let heads = heads_or(config, "num_attention_heads", 12, hidden)?;
    let words = scope.at("embeddings.tok_embeddings");
    let words = Embedding::load(&words, config.dimension_or("vocab_size", 50368)?, hidden)?;
    let head = match head {
        Head::None | Head::TableQuestionAnswering => None,
        head => Some(load_head(scope, config, head, hidden, &words)?),
    };
    let rotary = |kind: &str, key: &str, theta: f64| {
        let theta = config.get(key).as_f64().filter(|theta| *theta >= 1.0).unwrap_or(theta);
        Rotary::of(config, Some(kind), theta, hidden / heads)
    };
    let near = rotary("sliding_attention", "local_rope_theta", 10_000.0)?;
    let layers = (0..config.dimension_or("num_hidden_layers", 22)?)
        .map(|index| load_layer(&scope.at("layers").at(index), config, hidden, heads, index))
        .collect::<Result<_>>()?;
    let body = RotaryBody {
        words,
        types: None,
        first_norm: Norm::Layer(norm(scope, config, "embeddings.norm", hidden)?),
        layers,
        last_norm: Norm::Layer(norm(scope, config, "final_norm", hidden)?),
        rotary: rotary("full_attention", "global_rope_theta", 160_000.0)?,
        near: Some((near, config.dimension_or("local_attention", 128)? / 2)),
        hidden,
    };
    Ok(Encoder::new(body, head))
}

fn flag(config: &Config, key: &str) -> bool {
    config.get(key).as_bool().unwrap_or(false)
}

fn norm(scope: &Scope<'_>, config: &Config, name: &str, hidden: usize) -> Result<LayerNorm> {
    let load = if flag(config, "norm_bias") { LayerNorm::load } else { LayerNorm::without_bias };
    load(&scope.at(name), hidden, config.epsilon_or("norm_eps", 1e-5)?)
}

fn load_layer(scope: &Scope<'_>, config: &Config, hidden: usize, heads: usize, index: usize) -> Result<Layer> {
    let near = match config.get("layer_types") {
        Value::Null => !index.is_multiple_of(config.dimension_or("global_attn_every_n_layers", 3)?),
        types => match types.get(index).and_then(Value::as_str) {
            Some("sliding_attention") => true,
            Some("full_attention") => false,
            _ => return Err(Error::Config(format!("`layer_types` does not tell of layer {index}"))),
        },
    };
    let (names, bias) = (["attn.Wqkv", "attn.Wo"], flag(config, "attention_bias"));
    let attention = SelfAttention::load_fused(scope, names, hidden, [heads, hidden / heads], bias)?;
    let (inner, bias) = (config.dimension_or("intermediate_size", 1152)?, flag(config, "mlp_bias"));
    let activation = Activation::parse(config.text("hidden_activation").unwrap_or("gelu"))?;
    let feed_forward = FeedForward::load_fused(scope, ["mlp.Wi", "mlp.Wo"], [hidden, inner], activation, bias)?;
    // The first layer follows the norm of the embeddings.
    let attention_norm = if index == 0 { Norm::None } else { Norm::Layer(norm(scope, config, "attn_norm", hidden)?) };
    Ok(Layer {
        attention: Residual { norm: attention_norm, norms: Norms::Before, part: Part::Attention(attention) },
        feed_forward: Residual {
            norm: Norm::Layer(norm(scope, config, "mlp_norm", hidden)?),
            norms: Norms::Before,
            part: Part::FeedForward(feed_forward),
        },
        near,
    })
}

fn load_head(
    scope: &Scope<'_>,
    config: &Config,
    head: Head,
    hidden: usize,
    words: &Embedding,
) -> Result<Box<dyn HeadLayers>> {
    let of_text = matches!(head, Head::SequenceClassification | Head::MultipleChoice);
    let mean = match config.text("classifier_pooling") {
        None | Some("cls") => false,
        Some("mean") => of_text,
        Some(other) => return Err(Error::Config(format!("`classifier_pooling` is {other}, neither cls nor mean"))),
    };
    let classifier = |labels: usize| Linear::load(&scope.at("classifier"), hidden, labels, true);
    let last = match head {
        Head::MaskedLm if config.get("decoder_bias") == &Value::Bool(false) => {
            Linear::tied(scope, "decoder", words, &[])?
        }
        Head::MaskedLm => Linear::tied(scope, "decoder", words, &["decoder.bias"])?,
        Head::MultipleChoice => classifier(1)?,
        Head::QuestionAnswering => classifier(2)?,
        _ => classifier(config.label_count()?)?,
    };
    let mut steps = vec![
        Step::Linear(Linear::load(&scope.at("head.dense"), hidden, hidden, flag(config, "classifier_bias"))?),
        Step::Activation(Activation::parse(config.text("classifier_activation").unwrap_or("gelu"))?),
        Step::Norm(norm(scope, config, "head.norm", hidden)?),
        Step::Linear(last),
    ];
    if mean {
        steps.insert(0, Step::Mean);
    }
    let tokens = match head {
        Head::MaskedLm => Tokens::Wanted,
        _ if of_text && !mean => Tokens::First,
        _ => Tokens::Every,
    };
    Ok(Steps::boxed(tokens, steps))
}
