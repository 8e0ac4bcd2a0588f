//! XLNet (Yang et al., 2019; `modeling_xlnet.py` of transformers): attention that scores distances and segments, in the
//! one stream that it has out of pre-training.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::architectures::xlm::summary;
use crate::encoder::{Body, next_layer};
use crate::head::{Step, Steps};
use crate::layers::{
    Activation, Embedding, Linear, Places, RelativeBlock, RelativeNames, RelativeShape, Scope, heads, kernel,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "xlnet", prefix: "transformer.", heads: HEADS, unused: UNUSED, load };

/// A language model's head there is too, but Python does not fill masks with it.
const HEADS: &[(Head, &[&str])] = &[
    (Head::SequenceClassification, &["sequence_summary.", "logits_proj."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["sequence_summary.", "logits_proj."]),
];

const UNUSED: &[&str] = &["mask_emb", "lm_loss.", "start_logits.", "end_logits.", "answer_class."];

/// The names of transformers' other models, and of transformers 1, for XLNet's own.
const NAMES: &[(&str, &str)] = &[
    ("hidden_size", "d_model"),
    ("num_attention_heads", "n_head"),
    ("num_hidden_layers", "n_layer"),
    ("n_token", "vocab_size"),
];

const DEFAULTS: &[(&str, usize)] =
    &[("vocab_size", 32000), ("d_model", 1024), ("n_layer", 24), ("n_head", 16), ("d_inner", 4096)];

const LAYER: RelativeNames = RelativeNames {
    attention: "rel_attn",
    attention_norm: "rel_attn.layer_norm",
    feed_forward: ["ff.layer_1", "ff.layer_2"],
    output_norm: "ff.layer_norm",
    same_first: true,
};

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_names(NAMES).with_defaults(DEFAULTS);
    let unsupported = |what: &str| Err(Error::UnsupportedArchitecture(format!("xlnet with {what}")));
    if config.text("attn_type").unwrap_or("bi") != "bi" {
        return unsupported("attention in one direction");
    }
    if config.flag_or("bi_data", false) {
        return unsupported("texts read in both directions");
    }
    let hidden = config.dimension("d_model")?;
    let heads = heads(config, "n_head", hidden)?;
    let shape = RelativeShape {
        hidden,
        heads,
        width: hidden / heads,
        intermediate: config.dimension("d_inner")?,
        activation: Activation::parse(config.text("ff_activation").unwrap_or("gelu"))?,
        epsilon: config.epsilon_or("layer_norm_eps", 1e-12)?,
    };
    let words = Embedding::load(&scope.at("word_embedding"), config.dimension("vocab_size")?, hidden)?;
    let layers = (0..config.dimension("n_layer")?)
        .map(|index| layer(&scope.at("layer").at(index), &shape))
        .collect::<Result<_>>()?;
    let farthest = config.get("clamp_len").as_u64().filter(|farthest| *farthest > 0);
    let farthest = farthest.map(|farthest| usize::try_from(farthest).unwrap_or(usize::MAX));
    let summed = |labels: usize| -> Result<_> {
        let activation = config.text("summary_activation").unwrap_or("tanh");
        let (tokens, mut steps, width) = summary(scope, config, hidden, false, "last", activation)?;
        steps.push(Step::Linear(Linear::load(&scope.at("logits_proj"), width, labels, true)?));
        Ok(Steps::boxed(tokens, steps))
    };
    let head = match head {
        Head::SequenceClassification => Some(summed(config.label_count()?)?),
        Head::MultipleChoice => Some(summed(1)?),
        _ => Steps::of_every(scope, config, hidden, head)?,
    };
    Ok(Encoder::new(XlnetBody { words, layers, farthest, hidden }, head))
}

fn layer(scope: &Scope<'_>, shape: &RelativeShape) -> Result<RelativeBlock> {
    let RelativeShape { hidden, heads, width, .. } = *shape;
    let attention = scope.at("rel_attn");
    let [query, key, value, distance] = ["q", "k", "v", "r"].map(|name| kernel(&attention, name, shape));
    let output = attention.numbers(&["o"], &[hidden, heads, width])?;
    let output = Rc::new(attention.pack(&output, hidden, heads * width)?);
    let projections = [query?, key?, value?, Linear::new(output, Vec::new()), distance?];
    RelativeBlock::load(scope, &LAYER, shape, projections)
}

struct XlnetBody {
    words: Embedding,
    layers: Vec<RelativeBlock>,
    farthest: Option<usize>,
    hidden: usize,
}

impl Body for XlnetBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
            let positions: Vec<usize> = (0..batch.tokens()).collect();
            let segments: Vec<u32> = batch.token_type_ids(0).collect();
            let places = Places {
                queries: &positions,
                keys: &positions,
                stride: 1,
                farthest: self.farthest,
                query_segments: &segments,
                key_segments: &segments,
                any_segment: None,
                lengths: batch.lengths(),
                first_apart: false,
            };
            for layer in &self.layers {
                next_layer(turn).await?;
                let others = rows.clone();
                rows = layer.forward(rows, &others, &places).await?;
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
