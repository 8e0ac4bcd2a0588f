//! EuroBERT (Boizard et al., 2025; `modeling_eurobert.py` of transformers): Llama's layers without their causal mask,
//! with rotary positions and heads of keys that several heads of queries share.

use serde_json::Value;

use crate::architectures::Architecture;
use crate::architectures::rotary_body::{Layer, RotaryBody};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, Embedding, FeedForward, Linear, Norm, Norms, Part, Residual, RmsNorm, Rotary, Scope, SelfAttention,
    heads_or,
};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "eurobert", prefix: "model.", heads: HEADS, unused: &[], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["lm_head."]),
    (Head::SequenceClassification, &["dense.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let hidden = config.dimension_or("hidden_size", 768)?;
    let heads = heads_or(config, "num_attention_heads", 12, hidden)?;
    let key_heads = config.dimension_or("num_key_value_heads", heads)?;
    if !heads.is_multiple_of(key_heads) {
        return Err(Error::Config(format!("{key_heads} heads of keys do not divide {heads} heads of queries")));
    }
    let width = config.dimension_or("head_dim", hidden / heads)?;
    let theta = config.get("rope_theta").as_f64().filter(|theta| *theta >= 1.0).unwrap_or(10_000.0);
    let words = Embedding::load(&scope.at("embed_tokens"), config.dimension_or("vocab_size", 128_256)?, hidden)?;
    let head = load_head(scope, config, head, hidden, &words)?;
    let layers = (0..config.dimension_or("num_hidden_layers", 12)?)
        .map(|index| load_layer(&scope.at("layers").at(index), config, hidden, [heads, key_heads, width]))
        .collect::<Result<_>>()?;
    let body = RotaryBody {
        words,
        types: None,
        first_norm: Norm::None,
        layers,
        last_norm: norm(scope, config, "norm", hidden)?,
        rotary: Rotary::of(config, None, theta, width)?,
        near: None,
        hidden,
    };
    Ok(Encoder::new(body, head))
}

fn norm(scope: &Scope<'_>, config: &Config, name: &str, hidden: usize) -> Result<Norm> {
    let epsilon = config.epsilon_or("rms_norm_eps", 1e-5)?;
    RmsNorm::load(&scope.at(name), hidden, epsilon).map(Norm::Rms)
}

fn load_layer(scope: &Scope<'_>, config: &Config, hidden: usize, heads: [usize; 3]) -> Result<Layer> {
    let flag = |key: &str| config.get(key).as_bool().unwrap_or(false);
    let names = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"];
    let attention = SelfAttention::load_heads(scope, names, hidden, heads, flag("attention_bias"))?;
    let feed_forward = FeedForward::load_gated(
        scope,
        ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
        [hidden, config.dimension_or("intermediate_size", 3072)?],
        Activation::parse(config.text("hidden_act").unwrap_or("silu"))?,
        flag("mlp_bias"),
    )?;
    let part = |name: &str, part: Part| -> Result<Residual> {
        Ok(Residual { norm: norm(scope, config, name, hidden)?, norms: Norms::Before, part })
    };
    Ok(Layer {
        attention: part("input_layernorm", Part::Attention(attention))?,
        feed_forward: part("post_attention_layernorm", Part::FeedForward(feed_forward))?,
        near: false,
    })
}

fn load_head(
    scope: &Scope<'_>,
    config: &Config,
    head: Head,
    hidden: usize,
    words: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let classifier = || -> Result<Step> {
        Ok(Step::Linear(Linear::load(&scope.at("classifier"), hidden, config.label_count()?, true)?))
    };
    Ok(Some(match head {
        Head::MaskedLm => {
            let bias = config.get("mlp_bias") == &Value::Bool(true);
            let biases: &[&str] = if bias { &["lm_head.bias"] } else { &[] };
            let decoder = match config.get("tie_word_embeddings") {
                Value::Bool(true) => Linear::tied(scope, "lm_head", words, biases)?,
                _ => Linear::load(&scope.at("lm_head"), hidden, words.ids(), bias)?,
            };
            Steps::boxed(Tokens::Wanted, vec![Step::Linear(decoder)])
        }
        Head::SequenceClassification => {
            let dense = Step::Linear(Linear::load(&scope.at("dense"), hidden, hidden, true)?);
            let (dense, activation) = (dense, Step::Activation(Activation::Gelu));
            match config.text("classifier_pooling").unwrap_or("late") {
                "bos" => Steps::boxed(Tokens::First, vec![dense, activation, classifier()?]),
                "mean" => Steps::boxed(Tokens::Every, vec![Step::Mean, dense, activation, classifier()?]),
                "late" => Steps::boxed(Tokens::Every, vec![dense, activation, classifier()?, Step::Mean]),
                other => return Err(Error::Config(format!("`classifier_pooling` is {other}, not bos, mean or late"))),
            }
        }
        Head::TokenClassification => Steps::boxed(Tokens::Every, vec![classifier()?]),
        _ => return Ok(None),
    }))
}
