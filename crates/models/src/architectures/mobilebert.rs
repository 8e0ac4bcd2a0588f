//! MobileBERT (Sun et al., 2020; `modeling_mobilebert.py` of transformers): a thin BERT, whose layers work in a bottleneck
//! and whose embeddings see both neighbours of each token.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::architectures::bert::HEADS;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{Activation, AttentionShape, Embedding, LayerNorm, Linear, Scope, add, attend, heads, windows};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "mobilebert",
    prefix: "mobilebert.",
    heads: HEADS,
    unused: &["cls.seq_relationship."],
    load,
};

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let hidden = config.dimension("hidden_size")?;
    let bottleneck = config.flag_or("use_bottleneck", true);
    let thin = if bottleneck { config.dimension_or("intra_bottleneck_size", 128)? } else { hidden };
    let sizes = Sizes {
        hidden,
        thin,
        embedding: config.dimension_or("embedding_size", 128)?,
        heads: heads(config, "num_attention_heads", thin)?,
        intermediate: config.dimension("intermediate_size")?,
        activation: Activation::parse(config.text("hidden_act").unwrap_or("relu"))?,
        epsilon: config.epsilon_or("layer_norm_eps", 1e-12)?,
        normed: config.text("normalization_type") == Some("layer_norm"),
        bottleneck,
        around_attention: config.flag_or("use_bottleneck_attention", false),
        of_query_and_key: config.flag_or("key_query_shared_bottleneck", true),
    };
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &sizes)?;
    let head = mobilebert_head(scope, config, &sizes, head, &embeddings.words)?;
    let layers = (0..config.dimension("num_hidden_layers")?)
        .map(|index| Layer::load(&scope.at("encoder.layer").at(index), config, &sizes))
        .collect::<Result<_>>()?;
    Ok(Encoder::new(MobileBody { embeddings, layers, hidden }, head))
}

struct Sizes {
    hidden: usize,
    /// The hidden size within the bottleneck.
    thin: usize,
    embedding: usize,
    heads: usize,
    intermediate: usize,
    activation: Activation,
    epsilon: f64,
    /// Whether norms normalize.
    normed: bool,
    /// Whether layers work in a bottleneck; whether all of attention does, or else queries and keys alone.
    bottleneck: bool,
    around_attention: bool,
    of_query_and_key: bool,
}

impl Sizes {
    fn norm(&self, scope: &Scope<'_>, width: usize, epsilon: f64) -> Result<LayerNorm> {
        let norm = LayerNorm::load(&scope.at("LayerNorm"), width, epsilon)?;
        Ok(if self.normed { norm } else { norm.without_norm() })
    }
}

fn mobilebert_head(
    scope: &Scope<'_>,
    config: &Config,
    sizes: &Sizes,
    head: Head,
    words: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = sizes.hidden;
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    let pooled = |labels: usize| -> Result<_> {
        let mut steps = Vec::new();
        if config.flag_or("classifier_activation", true) {
            steps.extend([linear("pooler.dense", hidden)?, Step::Activation(Activation::Tanh)]);
        }
        steps.push(linear("classifier", labels)?);
        Ok(Steps::new(Tokens::First, steps))
    };
    Ok(Some(match head {
        Head::SequenceClassification => pooled(config.label_count()?)?,
        Head::MultipleChoice => pooled(1)?,
        Head::TokenClassification => Steps::new(Tokens::Every, vec![linear("classifier", config.label_count()?)?]),
        Head::QuestionAnswering => Steps::new(Tokens::Every, vec![linear("qa_outputs", 2)?]),
        Head::MaskedLm => {
            let scope = scope.at("cls.predictions");
            let transform = vec![
                linear("cls.predictions.transform.dense", hidden)?,
                Step::Activation(sizes.activation),
                Step::Norm(LayerNorm::load(&scope.at("transform.LayerNorm"), hidden, sizes.epsilon)?),
            ];
            Box::new(WideDecoder::load(&scope, sizes, words, Steps::new(Tokens::Wanted, transform))?)
        }
        Head::None | Head::TableQuestionAnswering => return Ok(None),
    }))
}

/// Scores of the vocabulary: the first numbers of a hidden state by the embeddings, the others by a map of their own.
struct WideDecoder {
    transform: Box<dyn HeadLayers>,
    words: Linear,
    others: Option<Linear>,
    hidden: usize,
    embedding: usize,
}

impl WideDecoder {
    fn load(scope: &Scope<'_>, sizes: &Sizes, words: &Embedding, transform: Box<dyn HeadLayers>) -> Result<Self> {
        let Sizes { hidden, embedding, .. } = *sizes;
        let others = match hidden.checked_sub(embedding) {
            None => return Err(Error::Config(format!("embeddings of {embedding} numbers exceed the hidden size"))),
            Some(0) => None,
            Some(width) => {
                let weight = scope.get(&["dense.weight"], &[width, words.table().dim(0)?])?;
                Some(Linear::new(weight.t()?.contiguous()?, Vec::new()))
            }
        };
        let words = Linear::tied(scope, "decoder", words, &["bias", "decoder.bias"])?;
        Ok(Self { transform, words, others, hidden, embedding })
    }
}

impl HeadLayers for WideDecoder {
    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let rows = self.transform.forward(rows, batch)?;
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for row in rows.chunks_exact(self.hidden) {
            let (of_words, of_others) = row.split_at(self.embedding);
            first.extend_from_slice(of_words);
            second.extend_from_slice(of_others);
        }
        let mut logits = self.words.forward(&first)?;
        if let Some(others) = &self.others {
            add(&mut logits, &others.forward(&second)?);
        }
        Ok(logits)
    }
}

struct MobileBody {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    hidden: usize,
}

impl Body for MobileBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embeddings.forward(batch)?;
            for layer in &self.layers {
                next_layer(turn).await?;
                rows = layer.forward(&rows, batch)?;
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

struct Embeddings {
    words: Embedding,
    embedding: usize,
    trigrams: bool,
    projection: Option<Linear>,
    positions: Embedding,
    types: Embedding,
    norm: LayerNorm,
    max_tokens: usize,
}

impl Embeddings {
    fn load(scope: &Scope<'_>, config: &Config, sizes: &Sizes) -> Result<Self> {
        let Sizes { hidden, embedding, .. } = *sizes;
        let trigrams = config.flag_or("trigram_input", true);
        let inputs = if trigrams { 3 * embedding } else { embedding };
        let projection = || Linear::load(&scope.at("embedding_transformation"), inputs, hidden, true);
        let max_tokens = config.dimension_or("max_position_embeddings", 512)?;
        let types = config.dimension_or("type_vocab_size", 2)?;
        Ok(Self {
            words: Embedding::load(&scope.at("word_embeddings"), config.dimension("vocab_size")?, embedding)?,
            embedding,
            trigrams,
            projection: (trigrams || embedding != hidden).then(projection).transpose()?,
            positions: Embedding::load(&scope.at("position_embeddings"), max_tokens, hidden)?,
            types: Embedding::load(&scope.at("token_type_embeddings"), types, hidden)?,
            norm: sizes.norm(scope, hidden, 1e-5)?,
            max_tokens,
        })
    }

    fn forward(&self, batch: &Batch) -> Result<Vec<f32>> {
        let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
        if self.trigrams {
            rows = windows(&rows, batch.tokens(), self.embedding, 1, &[1, 0, -1]);
        }
        if let Some(projection) = &self.projection {
            rows = projection.forward(&rows)?;
        }
        self.positions.add_to(&mut rows, batch.positions())?;
        self.types.add_to(&mut rows, batch.token_type_ids(0))?;
        self.norm.forward(&mut rows);
        Ok(rows)
    }
}

/// `norm(linear(x) + residual)`.
struct Normed {
    linear: Linear,
    norm: LayerNorm,
}

impl Normed {
    fn load(scope: &Scope<'_>, sizes: &Sizes, inputs: usize, outputs: usize, epsilon: f64) -> Result<Self> {
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

struct Layer {
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

impl Layer {
    fn load(scope: &Scope<'_>, config: &Config, sizes: &Sizes) -> Result<Self> {
        let Sizes { hidden, thin, intermediate, epsilon, .. } = *sizes;
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

    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
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
        let mut state = self.attended.forward(&attend(query, &key, &value, &shape, None)?, residual)?;
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
