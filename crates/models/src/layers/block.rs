//! One layer of a transformer's encoder: self-attention, then a feed-forward network, each with a residual and a norm.

use super::{Activation, LayerNorm, Linear, Relative, Scope, SelfAttention, add};
use crate::{Batch, Config, Error, Result};

/// A layer of an encoder.
pub(crate) struct Block {
    attention: SelfAttention,
    attention_norm: LayerNorm,
    feed_forward: FeedForward,
    output_norm: LayerNorm,
    norms: Norms,
}

/// Where the norms stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norms {
    /// After each residual sum, as in BERT.
    After,
    /// Before each part, as in GPT-2.
    Before,
}

/// The names of a layer's tensors in a checkpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockNames {
    /// Query, key, value, output.
    pub attention: [&'static str; 4],
    pub attention_norm: &'static str,
    /// Up and down.
    pub feed_forward: [&'static str; 2],
    pub output_norm: &'static str,
}

/// BERT's names, which many took over.
pub(crate) const BERT: BlockNames = BlockNames {
    attention: ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"],
    attention_norm: "attention.output.LayerNorm",
    feed_forward: ["intermediate.dense", "output.dense"],
    output_norm: "output.LayerNorm",
};

/// The sizes of a layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockShape {
    pub hidden: usize,
    pub heads: usize,
    pub intermediate: usize,
    pub activation: Activation,
    pub epsilon: f64,
}

impl BlockShape {
    /// By the keys of BERT's config.
    pub(crate) fn of(config: &Config) -> Result<Self> {
        let hidden = config.dimension("hidden_size")?;
        Ok(Self {
            hidden,
            heads: heads(config, "num_attention_heads", hidden)?,
            intermediate: config.dimension("intermediate_size")?,
            activation: Activation::parse(config.text("hidden_act").unwrap_or("gelu"))?,
            epsilon: config.epsilon_or("layer_norm_eps", 1e-12)?,
        })
    }
}

/// The number of heads under `key`, which must divide the hidden size.
pub(crate) fn heads(config: &Config, key: &str, hidden: usize) -> Result<usize> {
    let heads = config.dimension(key)?;
    if !hidden.is_multiple_of(heads) {
        return Err(Error::Config(format!("the hidden size {hidden} is no multiple of `{key}` {heads}")));
    }
    Ok(heads)
}

impl Block {
    pub(crate) fn load(scope: &Scope<'_>, names: &BlockNames, shape: &BlockShape, norms: Norms) -> Result<Self> {
        let BlockShape { hidden, heads, intermediate, activation, epsilon } = *shape;
        Ok(Self {
            attention: SelfAttention::load(scope, names.attention, hidden, heads, true)?,
            attention_norm: LayerNorm::load(&scope.at(names.attention_norm), hidden, epsilon)?,
            feed_forward: FeedForward::load(scope, names.feed_forward, hidden, intermediate, activation)?,
            output_norm: LayerNorm::load(&scope.at(names.output_norm), hidden, epsilon)?,
            norms,
        })
    }

    /// `[batch * tokens * hidden]`.
    pub(crate) fn forward(&self, mut rows: Vec<f32>, batch: &Batch, relative: Relative<'_>) -> Result<Vec<f32>> {
        match self.norms {
            Norms::After => {
                let attended = self.attention.forward(&rows, batch, relative)?;
                add(&mut rows, &attended);
                self.attention_norm.forward(&mut rows);
                let fed = self.feed_forward.forward(&rows)?;
                add(&mut rows, &fed);
                self.output_norm.forward(&mut rows);
            }
            Norms::Before => {
                let mut normal = rows.clone();
                self.attention_norm.forward(&mut normal);
                add(&mut rows, &self.attention.forward(&normal, batch, relative)?);
                normal.clone_from(&rows);
                self.output_norm.forward(&mut normal);
                add(&mut rows, &self.feed_forward.forward(&normal)?);
            }
        }
        Ok(rows)
    }
}

/// `down(activation(up(x)))`.
pub(crate) struct FeedForward {
    up: Linear,
    activation: Activation,
    down: Linear,
}

impl FeedForward {
    pub(crate) fn new(up: Linear, activation: Activation, down: Linear) -> Self {
        Self { up, activation, down }
    }

    /// Takes the maps `names` (up, down) of `scope`.
    pub(crate) fn load(
        scope: &Scope<'_>,
        [up, down]: [&str; 2],
        hidden: usize,
        intermediate: usize,
        activation: Activation,
    ) -> Result<Self> {
        Ok(Self {
            up: Linear::load(&scope.at(up), hidden, intermediate, true)?,
            activation,
            down: Linear::load(&scope.at(down), intermediate, hidden, true)?,
        })
    }

    /// `[rows * hidden]` → the same.
    pub(crate) fn forward(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let mut inner = self.up.forward(rows)?;
        self.activation.forward(&mut inner);
        self.down.forward(&inner)
    }
}
