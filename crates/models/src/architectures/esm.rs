//! ESM-1b and ESM-2 (Rives et al., 2021; Lin et al., 2023; `modeling_esm.py` of transformers): encoders of protein
//! sequences with norms before each part, and absolute or rotary positions.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, BERT, Block, BlockNames, BlockShape, Embedding, LayerNorm, Linear, Norms, Pairing, Relative, Rotary,
    Scope, heads_or, scale,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "esm", prefix: "esm.", heads: HEADS, unused: &["contact_head.", "pooler."], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["lm_head."]),
    (Head::SequenceClassification, &["classifier."]),
    (Head::TokenClassification, &["classifier."]),
];

const NAMES: BlockNames = BlockNames { attention_norm: "attention.LayerNorm", output_norm: "LayerNorm", ..BERT };

/// The share of tokens that were masked in training.
const MASKED: f32 = 0.15 * 0.8;

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    if config.get("is_folding_model").as_bool() == Some(true) {
        return Err(Error::UnsupportedArchitecture("esm with folding".to_owned()));
    }
    if config.get("is_decoder").as_bool() == Some(true) {
        return Err(Error::UnsupportedArchitecture("esm as a decoder".to_owned()));
    }
    let hidden = config.dimension_or("hidden_size", 768)?;
    let shape = BlockShape {
        hidden,
        heads: heads_or(config, "num_attention_heads", 12, hidden)?,
        intermediate: config.dimension_or("intermediate_size", 3072)?,
        activation: Activation::Gelu,
        epsilon: config.epsilon_or("layer_norm_eps", 1e-12)?,
    };
    let body = Esm::load(scope, config, &shape)?;
    let head = load_head(scope, config, head, &shape, &body.words)?;
    Ok(Encoder::new(body, head))
}

fn load_head(
    scope: &Scope<'_>,
    config: &Config,
    head: Head,
    shape: &BlockShape,
    words: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = shape.hidden;
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    Ok(Some(match head {
        Head::SequenceClassification => {
            let tanh = Step::Activation(Activation::Tanh);
            let last = linear("classifier.out_proj", config.label_count()?)?;
            Steps::boxed(Tokens::First, vec![linear("classifier.dense", hidden)?, tanh, last])
        }
        Head::TokenClassification => Steps::boxed(Tokens::Every, vec![linear("classifier", config.label_count()?)?]),
        Head::MaskedLm => Steps::boxed(
            Tokens::Wanted,
            vec![
                linear("lm_head.dense", hidden)?,
                Step::Activation(Activation::Gelu),
                Step::Norm(LayerNorm::load(&scope.at("lm_head.layer_norm"), hidden, shape.epsilon)?),
                Step::Linear(Linear::tied(&scope.at("lm_head"), "decoder", words, &["bias"])?),
            ],
        ),
        _ => return Ok(None),
    }))
}

struct Esm {
    words: Embedding,
    positions: Positions,
    norm: Option<LayerNorm>,
    blocks: Vec<Block>,
    last_norm: LayerNorm,
    /// The mask token, where it is dropped out of the embeddings.
    dropped: Option<u32>,
    hidden: usize,
}

enum Positions {
    /// With the padding token, from which they count, and how many there are.
    Absolute(Embedding, u32, usize),
    Rotary(Rotary),
}

impl Esm {
    fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<Self> {
        let BlockShape { hidden, heads, epsilon, .. } = *shape;
        let id = |key: &str| {
            let id = config.get(key).as_u64().and_then(|id| u32::try_from(id).ok());
            id.ok_or_else(|| Error::Config(format!("it has no `{key}`")))
        };
        let embeddings = scope.at("embeddings");
        let positions = match config.text("position_embedding_type") {
            Some("rotary") => Positions::Rotary(rotary(scope, config, hidden / heads)?),
            None | Some("absolute") => {
                let count = config.dimension_or("max_position_embeddings", 1026)?;
                Positions::Absolute(
                    Embedding::load(&embeddings.at("position_embeddings"), count, hidden)?,
                    id("pad_token_id")?,
                    count,
                )
            }
            Some(other) => return Err(Error::UnsupportedArchitecture(format!("esm with {other} positions"))),
        };
        let flag = |key: &str| config.get(key).as_bool().unwrap_or(false);
        let norm = |scope: Scope<'_>| LayerNorm::load(&scope, hidden, epsilon);
        Ok(Self {
            words: Embedding::load(&embeddings.at("word_embeddings"), config.dimension("vocab_size")?, hidden)?,
            positions,
            norm: flag("emb_layer_norm_before").then(|| norm(embeddings.at("layer_norm"))).transpose()?,
            blocks: (0..config.dimension_or("num_hidden_layers", 12)?)
                .map(|index| Block::load(&scope.at("encoder.layer").at(index), &NAMES, shape, Norms::Before))
                .collect::<Result<_>>()?,
            last_norm: norm(scope.at("encoder.emb_layer_norm_after"))?,
            dropped: flag("token_dropout").then(|| id("mask_token_id")).transpose()?,
            hidden,
        })
    }

    /// `[batch * tokens * hidden]`.
    fn embed(&self, batch: &Batch) -> Result<Vec<f32>> {
        let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
        if let Some(mask) = self.dropped {
            self.drop_masks(&mut rows, batch, mask);
        }
        if let Positions::Absolute(positions, pad_id, _) = &self.positions {
            positions.add_to(&mut rows, batch.positions_after(*pad_id).into_iter())?;
        }
        if let Some(norm) = &self.norm {
            norm.forward(&mut rows);
        }
        Ok(rows)
    }

    /// Sets the embeddings of mask tokens to 0, and scales the others as in training.
    fn drop_masks(&self, rows: &mut [f32], batch: &Batch, mask: u32) {
        let texts = rows.chunks_exact_mut((batch.tokens() * self.hidden).max(1));
        for ((text, ids), length) in texts.zip(batch.input_ids().chunks_exact(batch.tokens())).zip(batch.lengths()) {
            let masks = ids.iter().filter(|id| **id == mask).count();
            scale(text, (1.0 - MASKED) / (1.0 - masks as f32 / *length as f32));
            let masked = text.chunks_exact_mut(self.hidden.max(1)).zip(ids).filter(|(_, id)| **id == mask);
            masked.for_each(|(row, _)| row.fill(0.0));
        }
    }
}

/// Frequencies as the checkpoint has them, which may have been rounded in training, else by the config.
fn rotary(scope: &Scope<'_>, config: &Config, width: usize) -> Result<Rotary> {
    let names = [
        "rotary_embeddings.inv_freq",
        "encoder.layer.0.attention.self.rotary_embeddings.inv_freq",
        // With the star, as transformers 5.23 writes it.
        "encoder.layer.*.attention.self.rotary_embeddings.inv_freq",
    ];
    if names.iter().any(|name| scope.has(name)) && width.is_multiple_of(2) {
        return Ok(Rotary::of_frequencies(scope.numbers(&names, &[width / 2])?, Pairing::Halves));
    }
    Rotary::of(config, None, config.get("rope_theta").as_f64().unwrap_or(10_000.0), width)
}

impl Body for Esm {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embed(batch)?;
            let angles = match &self.positions {
                Positions::Rotary(rotary) => Some(rotary.angles(batch.tokens())),
                Positions::Absolute(..) => None,
            };
            for block in &self.blocks {
                next_layer(turn).await?;
                rows = block.forward(rows, batch, Relative { rotary: angles.as_ref(), ..Relative::default() }).await?;
            }
            self.last_norm.forward(&mut rows);
            Ok(rows)
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        match &self.positions {
            Positions::Absolute(_, pad_id, count) => count.saturating_sub(*pad_id as usize + 1).max(1),
            Positions::Rotary(_) => usize::MAX,
        }
    }
}
