//! SqueezeBERT (Iandola et al., 2020; `modeling_squeezebert.py` of transformers): BERT whose linear maps are in groups.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::architectures::bert::{Embeddings, HEADS, Positions, bert_head};
use crate::encoder::{Body, next_layer};
use crate::layers::{AfterAttention, BlockShape, FeedForward, LayerNorm, Linear, Relative, Scope, SelfAttention};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "squeezebert",
    prefix: "transformer.",
    heads: HEADS,
    unused: &["cls.seq_relationship."],
    load,
};

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let shape = BlockShape::of(config)?;
    if config.dimension_or("embedding_size", 768)? != shape.hidden {
        return Err(Error::Config("`embedding_size` is not `hidden_size`".to_owned()));
    }
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &shape, Positions::FromZero)?;
    let head = bert_head(scope, config, &shape, head, &embeddings)?;
    let layers = (0..config.dimension("num_hidden_layers")?)
        .map(|index| layer(&scope.at("encoder.layers").at(index), config, &shape))
        .collect::<Result<_>>()?;
    Ok(Encoder::new(SqueezeBody { embeddings, layers, hidden: shape.hidden }, head))
}

fn layer(scope: &Scope<'_>, config: &Config, shape: &BlockShape) -> Result<(SelfAttention, AfterAttention)> {
    let BlockShape { hidden, heads, intermediate, activation, epsilon } = *shape;
    let grouped = |name: &str, inputs: usize, outputs: usize, groups: &str, default: usize| {
        Linear::pointwise(&scope.at(name), inputs, outputs, config.dimension_or(groups, default)?)
    };
    let projections = [
        grouped("attention.query", hidden, hidden, "q_groups", 4)?,
        grouped("attention.key", hidden, hidden, "k_groups", 4)?,
        grouped("attention.value", hidden, hidden, "v_groups", 4)?,
        grouped("post_attention.conv1d", hidden, hidden, "post_attention_groups", 1)?,
    ];
    let attention = SelfAttention::of(projections, heads);
    let up = grouped("intermediate.conv1d", hidden, intermediate, "intermediate_groups", 4)?;
    let down = grouped("output.conv1d", intermediate, hidden, "output_groups", 4)?;
    let after = AfterAttention {
        attention_norm: LayerNorm::load(&scope.at("post_attention.layernorm"), hidden, epsilon)?,
        feed_forward: FeedForward::new(up, activation, down),
        output_norm: LayerNorm::load(&scope.at("output.layernorm"), hidden, epsilon)?,
    };
    Ok((attention, after))
}

struct SqueezeBody {
    embeddings: Embeddings,
    layers: Vec<(SelfAttention, AfterAttention)>,
    hidden: usize,
}

impl Body for SqueezeBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embeddings.forward(batch)?;
            for (attention, after) in &self.layers {
                next_layer(turn).await?;
                let attended = attention.forward(&rows, batch, Relative::default()).await?;
                rows = after.forward(rows, &attended).await?;
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
