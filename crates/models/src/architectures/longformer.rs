//! Longformer (Beltagy et al., 2020; `modeling_longformer.py` of transformers): RoBERTa whose tokens attend to a window
//! around them, and to global tokens that its classes choose by the task.

use std::ops::Range;

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::architectures::bert::{Embeddings, Positions};
use crate::architectures::roberta::{HEADS, roberta_head};
use crate::encoder::{Body, next_layer};
use crate::layers::{BERT, Block, BlockShape, Norms, Scope, WindowAttention};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "longformer", prefix: "longformer.", heads: HEADS, unused: &[], load };

const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 30522),
    ("hidden_size", 768),
    ("num_hidden_layers", 12),
    ("num_attention_heads", 12),
    ("intermediate_size", 3072),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let id = |key: &str, default: u32| config.get(key).as_u64().and_then(|id| id.try_into().ok()).unwrap_or(default);
    let embeddings =
        Embeddings::load(&scope.at("embeddings"), config, &shape, Positions::After(id("pad_token_id", 1)))?;
    let layers = (0..config.dimension("num_hidden_layers")?).map(|index| -> Result<_> {
        let scope = scope.at("encoder.layer").at(index);
        let names = ["query_global", "key_global", "value_global"];
        let window =
            WindowAttention::load(&scope.whole().at("attention.self"), names, shape.hidden, reach(config, index)?)?;
        Ok((Block::load_attending_here(&scope, &BERT, &shape, Norms::After)?, window))
    });
    let layers = layers.collect::<Result<_>>()?;
    let separator = id("sep_token_id", 2);
    let logits = roberta_head(scope, config, &shape, head, &embeddings)?;
    Ok(Encoder::new(LongformerBody { embeddings, layers, head, separator, hidden: shape.hidden }, logits))
}

/// Half of a layer's window: `attention_window` is of all layers, or of each.
fn reach(config: &Config, layer: usize) -> Result<usize> {
    let windows = config.get("attention_window");
    let window = match windows.as_array() {
        Some(windows) => windows.get(layer).and_then(serde_json::Value::as_u64),
        None => Some(config.dimension_or("attention_window", 512)? as u64),
    };
    match window {
        Some(window @ 2..=0x100_0000) if window.is_multiple_of(2) => Ok(window as usize / 2),
        _ => Err(Error::Config(format!("`attention_window` {windows} has no positive even number for layer {layer}"))),
    }
}

struct LongformerBody {
    embeddings: Embeddings,
    layers: Vec<(Block, WindowAttention)>,
    head: Head,
    separator: u32,
    hidden: usize,
}

impl LongformerBody {
    /// The tokens that attend to all others: the first for labels of a text, those of the question for an answer, those
    /// of the choice among choices. A pair is `<s> first </s></s> second </s>`.
    fn global(&self, ids: &[u32], length: usize) -> Range<usize> {
        let question = ids.iter().take(length).position(|id| *id == self.separator);
        match (self.head, question) {
            (Head::SequenceClassification, _) => 0..length.min(1),
            (Head::QuestionAnswering, Some(end)) => 0..end,
            (Head::MultipleChoice, Some(end)) => (end + 2).min(length)..length,
            _ => 0..0,
        }
    }
}

impl Body for LongformerBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embeddings.forward(batch)?;
            let texts = batch.input_ids().chunks_exact(batch.tokens()).zip(batch.lengths());
            let global: Vec<_> = texts.map(|(ids, length)| self.global(ids, *length)).collect();
            for (block, window) in &self.layers {
                next_layer(turn).await?;
                let attention = async |rows: &[f32]| window.forward(&block.attention.part, rows, batch, &global);
                rows = block.forward_with(rows, attention).await?;
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
