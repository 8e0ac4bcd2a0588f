//! BART (Lewis et al., 2019; `modeling_bart.py` of transformers): an encoder and a decoder, on whose hidden states the
//! heads stand. What fills masks is `BartForConditionalGeneration`.

use crate::architectures::Architecture;
use crate::architectures::encoder_decoder::{EncoderDecoder, Stack, Start, UNUSED_POSITIONS};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, Embedding, FeedForward, LayerNorm, Linear, Norm, Norms, Part, Residual, Scope, SelfAttention,
};
use crate::{Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "bart",
    prefix: "model.",
    heads: HEADS,
    unused: &["encoder.version", "decoder.version"],
    load: |scope, config, head| {
        let start = Start::Token(token(config, "decoder_start_token_id").unwrap_or(2));
        load(scope, config, head, Variant { norms: Norms::After, start, labels: 3 })
    },
};

/// BART's heads and their tensors.
pub(super) const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["lm_head.", "final_logits_bias"]),
    (Head::SequenceClassification, &["classification_head."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
];

/// In what mBART differs.
pub(super) struct Variant {
    pub norms: Norms,
    pub start: Start,
    /// Labels where the config speaks of none.
    pub labels: usize,
}

/// Also of mBART.
pub(super) fn load(scope: &Scope<'_>, config: &Config, head: Head, variant: Variant) -> Result<Encoder> {
    let Variant { norms, start, labels } = variant;
    let hidden = config.dimension_or("d_model", config.dimension_or("hidden_size", 1024)?)?;
    let ids = config.dimension_or("vocab_size", 50265)?;
    let positions = config.dimension_or("max_position_embeddings", 1024)?;
    let shared = Embedding::load_first(
        scope,
        &["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"],
        ids,
        hidden,
    )?;
    let stack = |name: &str| load_stack(&scope.at(name), config, name, hidden, positions, norms, &shared);
    let body = EncoderDecoder {
        encoder: stack("encoder")?,
        decoder: Some((stack("decoder")?, start)),
        scale: None,
        hidden,
        max_tokens: positions,
    };
    let head = load_head(scope, config, head, hidden, labels, &shared)?;
    Ok(Encoder::new(body, head))
}

/// A token's id under `key`.
pub(super) fn token(config: &Config, key: &str) -> Option<u32> {
    config.get(key).as_u64().and_then(|id| u32::try_from(id).ok())
}

fn load_stack(
    scope: &Scope<'_>,
    config: &Config,
    name: &str,
    hidden: usize,
    positions: usize,
    norms: Norms,
    shared: &Embedding,
) -> Result<Stack> {
    let size = |key: &str, default: usize| config.dimension_or(&format!("{name}_{key}"), default);
    let (heads, inner) = (size("attention_heads", 16)?, size("ffn_dim", 4096)?);
    if !hidden.is_multiple_of(heads) {
        return Err(Error::Config(format!("the hidden size {hidden} is no multiple of {heads} heads")));
    }
    let activation = Activation::parse(config.text("activation_function").unwrap_or("gelu"))?;
    let norm = |scope: Scope<'_>| LayerNorm::load(&scope, hidden, 1e-5).map(Norm::Layer);
    let layer = |index: usize| -> Result<Vec<Residual>> {
        let scope = scope.at("layers").at(index);
        let part =
            |name: &str, part: Part| -> Result<Residual> { Ok(Residual { norm: norm(scope.at(name))?, norms, part }) };
        let attention = |name: &str| {
            let names = ["q_proj", "k_proj", "v_proj", "out_proj"];
            SelfAttention::load(&scope.at(name), names, hidden, heads, true)
        };
        let mut parts = vec![part("self_attn_layer_norm", Part::Attention(attention("self_attn")?))?];
        if name == "decoder" {
            parts.push(part("encoder_attn_layer_norm", Part::Encoded(attention("encoder_attn")?))?);
        }
        let feed_forward = FeedForward::load(&scope, ["fc1", "fc2"], hidden, inner, activation)?;
        parts.push(part("final_layer_norm", Part::FeedForward(feed_forward))?);
        Ok(parts)
    };
    let scales = config.get("scale_embedding").as_bool().unwrap_or(false);
    Ok(Stack {
        words: Embedding::tied(scope, "embed_tokens", shared)?,
        scale: if scales { (hidden as f32).sqrt() } else { 1.0 },
        positions: Some(Embedding::load(&scope.at("embed_positions"), positions + UNUSED_POSITIONS, hidden)?),
        first_norm: norm(scope.at("layernorm_embedding"))?,
        layers: (0..size("layers", 12)?).map(layer).collect::<Result<_>>()?,
        last_norm: match norms {
            Norms::After => Norm::None,
            Norms::Before => norm(scope.at("layer_norm"))?,
        },
        bias: None,
    })
}

fn load_head(
    scope: &Scope<'_>,
    config: &Config,
    head: Head,
    hidden: usize,
    labels: usize,
    shared: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    Ok(Some(match head {
        Head::MaskedLm => {
            let decoder = Linear::tied(scope, "lm_head", shared, &[])?;
            let decoder = match scope.has("final_logits_bias") {
                true => decoder.with_row_bias(scope, "final_logits_bias")?,
                false => decoder,
            };
            Steps::new(Tokens::Wanted, vec![Step::Linear(decoder)])
        }
        Head::SequenceClassification => {
            let labels = match config.get("id2label").is_object() {
                true => config.label_count()?,
                false => config.dimension_or("num_labels", labels)?,
            };
            let end = token(config, "eos_token_id").unwrap_or(2);
            end_of_text_head(scope, hidden, labels, end)?
        }
        Head::QuestionAnswering => Steps::new(Tokens::Every, vec![linear("qa_outputs", 2)?]),
        _ => return Ok(None),
    }))
}

/// The head that reads the last token of each text with the id `end`.
pub(super) fn end_of_text_head(
    scope: &Scope<'_>,
    hidden: usize,
    labels: usize,
    end: u32,
) -> Result<Box<dyn HeadLayers>> {
    let scope = scope.at("classification_head");
    Ok(Steps::new(
        Tokens::Every,
        vec![
            Step::LastOf(end),
            Step::Linear(Linear::load(&scope.at("dense"), hidden, hidden, true)?),
            Step::Activation(Activation::Tanh),
            Step::Linear(Linear::load(&scope.at("out_proj"), hidden, labels, true)?),
        ],
    ))
}
