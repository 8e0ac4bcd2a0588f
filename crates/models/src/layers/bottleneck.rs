//! A layer of MobileBERT (Sun et al., 2020): attention and several feed-forward networks of a small hidden size, between a
//! linear map into it and one out of it.

use super::{Activation, AttentionShape, LayerNorm, Linear, Scope, add, attend};
use crate::{Batch, Config, Error, Result};

/// A layer of MobileBERT.
pub(crate) struct Bottleneck {
    /// Into the bottleneck: for the residual, and for queries and keys.
    input: Option<Normed>,
    attention_input: Option<Normed>,
    query: Linear,
    key: Linear,
    value: Linear,
    value_in_bottleneck: bool,
    heads: usize,
    attended: Normed,
    feed_forward: Vec<(Linear, Normed)>,
    activation: Activation,
    /// Out of the bottleneck.
    output: Option<Normed>,
}

impl Bottleneck {
    pub(crate) fn load(scope: &Scope<'_>, config: &Config, sizes: &BottleneckShape) -> Result<Self> {
        let BottleneckShape { hidden, thin, intermediate, epsilon, .. } = *sizes;
        let shared = sizes.of_query_and_key && !sizes.around_attention;
        if !shared && !sizes.around_attention && hidden != thin {
            return Err(Error::Config("queries and keys have no bottleneck".to_owned()));
        }
        let enter = |name: &str| Normed::load(&scope.at("bottleneck").at(name), sizes, hidden, thin, epsilon);
        let linear = |name: &str, inputs: usize, outputs: usize| Linear::load(&scope.at(name), inputs, outputs, true);
        let feed_forward = |scope: &Scope<'_>, epsilon: f64| -> Result<_> {
            let up = Linear::load(&scope.at("intermediate.dense"), thin, intermediate, true)?;
            Ok((up, Normed::load(&scope.at("output"), sizes, intermediate, thin, epsilon)?))
        };
        let before = config.dimension_or("num_feedforward_networks", 4)? - 1;
        let mut networks: Vec<_> =
            (0..before).map(|index| feed_forward(&scope.at("ffn").at(index), epsilon)).collect::<Result<_>>()?;
        networks.push(feed_forward(scope, 1e-5)?);
        let leave = || Normed::load(&scope.at("output.bottleneck"), sizes, thin, hidden, epsilon);
        Ok(Self {
            input: sizes.bottleneck.then(|| enter("input")).transpose()?,
            attention_input: (sizes.bottleneck && shared).then(|| enter("attention")).transpose()?,
            query: linear("attention.self.query", thin, thin)?,
            key: linear("attention.self.key", thin, thin)?,
            value: linear("attention.self.value", if sizes.around_attention { thin } else { hidden }, thin)?,
            value_in_bottleneck: sizes.around_attention,
            heads: sizes.heads,
            attended: Normed::load(&scope.at("attention.output"), sizes, thin, thin, epsilon)?,
            feed_forward: networks,
            activation: sizes.activation,
            output: sizes.bottleneck.then(leave).transpose()?,
        })
    }

    /// `[batch * tokens * hidden]` → the same.
    pub(crate) fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let enter = |into: &Option<Normed>| into.as_ref().map(|into| into.forward(rows, &[])).transpose();
        let (residual, of_attention) = (enter(&self.input)?, enter(&self.attention_input)?);
        let residual = residual.as_deref().unwrap_or(rows);
        let plain = if self.value_in_bottleneck { residual } else { rows };
        let value = self.value.forward(plain)?;
        let of_attention = of_attention.as_deref().unwrap_or(plain);
        let (query, key) = (self.query.forward(of_attention)?, self.key.forward(of_attention)?);
        let (tokens, heads) = (batch.tokens(), self.heads);
        let width = query.len() / (batch.len() * tokens * heads).max(1);
        let scale = 1.0 / (width as f32).sqrt();
        let shape = AttentionShape { heads, queries: tokens, keys: tokens, lengths: batch.lengths(), scale };
        let mut state = self.attended.forward(&attend(&query, &key, &value, &shape, None), residual)?;
        for (up, down) in &self.feed_forward {
            let mut inner = up.forward(&state)?;
            self.activation.forward(&mut inner);
            state = down.forward(&inner, &state)?;
        }
        match &self.output {
            Some(output) => output.forward(&state, rows),
            None => Ok(state),
        }
    }
}

/// The sizes of MobileBERT's layers, and how they use the bottleneck.
pub(crate) struct BottleneckShape {
    pub(crate) hidden: usize,
    /// The hidden size within the bottleneck.
    pub(crate) thin: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) activation: Activation,
    pub(crate) epsilon: f64,
    /// Whether norms normalize.
    pub(crate) normed: bool,
    /// Whether layers work in a bottleneck.
    pub(crate) bottleneck: bool,
    /// Whether queries, keys and values do so, too.
    pub(crate) around_attention: bool,
    /// Whether queries and keys have a bottleneck of their own.
    pub(crate) of_query_and_key: bool,
}

impl BottleneckShape {
    /// The norm `LayerNorm` of `scope`.
    pub(crate) fn norm(&self, scope: &Scope<'_>, width: usize, epsilon: f64) -> Result<LayerNorm> {
        let norm = LayerNorm::load(&scope.at("LayerNorm"), width, epsilon)?;
        Ok(if self.normed { norm } else { norm.without_norm() })
    }
}

/// `norm(linear(x) + residual)`.
struct Normed {
    linear: Linear,
    norm: LayerNorm,
}

impl Normed {
    fn load(scope: &Scope<'_>, sizes: &BottleneckShape, inputs: usize, outputs: usize, epsilon: f64) -> Result<Self> {
        let linear = Linear::load(&scope.at("dense"), inputs, outputs, true)?;
        Ok(Self { linear, norm: sizes.norm(scope, outputs, epsilon)? })
    }

    fn forward(&self, rows: &[f32], residual: &[f32]) -> Result<Vec<f32>> {
        let mut rows = self.linear.forward(rows)?;
        add(&mut rows, residual);
        self.norm.forward(&mut rows);
        Ok(rows)
    }
}
