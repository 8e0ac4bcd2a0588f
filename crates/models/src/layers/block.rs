//! One layer of a transformer's encoder: self-attention, then a feed-forward network, each with a residual and a norm.

use std::rc::Rc;

use super::{Activation, Adapter, FeedForward, LayerNorm, Relative, Scope, SelfAttention, add};
use crate::{Batch, Config, Error, Result};

/// A layer of an encoder.
pub(crate) struct Block {
    pub attention: SelfAttention,
    pub attention_norm: LayerNorm,
    pub feed_forward: FeedForward,
    /// Between the last residual sum and what follows it.
    pub adapter: Option<Adapter>,
    pub output_norm: LayerNorm,
    pub norms: Norms,
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
    check_heads(key, hidden, config.dimension(key)?)
}

/// The same, `default` where the config has none.
pub(crate) fn heads_or(config: &Config, key: &str, default: usize, hidden: usize) -> Result<usize> {
    check_heads(key, hidden, config.dimension_or(key, default)?)
}

fn check_heads(key: &str, hidden: usize, heads: usize) -> Result<usize> {
    if !hidden.is_multiple_of(heads) {
        return Err(Error::Config(format!("the hidden size {hidden} is no multiple of `{key}` {heads}")));
    }
    Ok(heads)
}

impl Block {
    /// The layers of `scope`, which are named by their numbers.
    pub(crate) fn load_all(
        scope: &Scope<'_>,
        layers: usize,
        names: &BlockNames,
        shape: &BlockShape,
        norms: Norms,
    ) -> Result<Vec<Rc<Self>>> {
        (0..layers).map(|index| Self::load(&scope.at(index), names, shape, norms).map(Rc::new)).collect()
    }

    pub(crate) fn load(scope: &Scope<'_>, names: &BlockNames, shape: &BlockShape, norms: Norms) -> Result<Self> {
        Self::load_around(scope, scope, names, shape, norms)
    }

    /// The same with attention that no other worker shares.
    pub(crate) fn load_attending_here(
        scope: &Scope<'_>,
        names: &BlockNames,
        shape: &BlockShape,
        norms: Norms,
    ) -> Result<Self> {
        Self::load_around(scope, &scope.whole(), names, shape, norms)
    }

    fn load_around(
        scope: &Scope<'_>,
        of_attention: &Scope<'_>,
        names: &BlockNames,
        shape: &BlockShape,
        norms: Norms,
    ) -> Result<Self> {
        let BlockShape { hidden, heads, intermediate, activation, epsilon } = *shape;
        Ok(Self {
            attention: SelfAttention::load(of_attention, names.attention, hidden, heads, true)?,
            attention_norm: LayerNorm::load(&scope.at(names.attention_norm), hidden, epsilon)?,
            feed_forward: FeedForward::load(scope, names.feed_forward, hidden, intermediate, activation)?,
            adapter: None,
            output_norm: LayerNorm::load(&scope.at(names.output_norm), hidden, epsilon)?,
            norms,
        })
    }

    /// `[batch * tokens * hidden]`.
    pub(crate) async fn forward(&self, rows: Vec<f32>, batch: &Batch, relative: Relative<'_>) -> Result<Vec<f32>> {
        self.forward_with(rows, async |rows| self.attention.forward(rows, batch, relative).await).await
    }

    /// The same around attention of another kind.
    pub(crate) async fn forward_with(
        &self,
        mut rows: Vec<f32>,
        attention: impl AsyncFn(&[f32]) -> Result<Vec<f32>>,
    ) -> Result<Vec<f32>> {
        match self.norms {
            Norms::After => {
                let attended = attention(&rows).await?;
                add(&mut rows, &attended);
                self.attention_norm.forward(&mut rows);
                let fed = self.feed_forward.forward(&rows).await?;
                add(&mut rows, &fed);
                self.adapt(&mut rows).await?;
                self.output_norm.forward(&mut rows);
            }
            Norms::Before => {
                let mut normal = rows.clone();
                self.attention_norm.forward(&mut normal);
                add(&mut rows, &attention(&normal).await?);
                normal.clone_from(&rows);
                self.output_norm.forward(&mut normal);
                add(&mut rows, &self.feed_forward.forward(&normal).await?);
                self.adapt(&mut rows).await?;
            }
        }
        Ok(rows)
    }

    async fn adapt(&self, rows: &mut [f32]) -> Result<()> {
        match &self.adapter {
            Some(adapter) => adapter.forward(rows, &self.output_norm).await,
            None => Ok(()),
        }
    }
}
