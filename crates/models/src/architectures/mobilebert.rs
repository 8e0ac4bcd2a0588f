//! MobileBERT (Sun et al., 2020; `modeling_mobilebert.py` of transformers): a thin BERT, whose layers work in a bottleneck
//! and whose embeddings see both neighbours of each token.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use vitrine_kernels::rows::swap;

use crate::architectures::Architecture;
use crate::architectures::bert::HEADS;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, Bottleneck, BottleneckShape, Embedding, LayerNorm, Linear, Scope, add, heads, windows,
};
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
    let sizes = BottleneckShape {
        hidden,
        thin,
        heads: heads(config, "num_attention_heads", thin)?,
        intermediate: config.dimension("intermediate_size")?,
        activation: Activation::parse(config.text("hidden_act").unwrap_or("relu"))?,
        epsilon: config.epsilon_or("layer_norm_eps", 1e-12)?,
        normed: match config.text("normalization_type").unwrap_or("no_norm") {
            "no_norm" => false,
            "layer_norm" => true,
            kind => return Err(Error::Config(format!("the normalization `{kind}` is unknown"))),
        },
        bottleneck,
        around_attention: config.flag_or("use_bottleneck_attention", false),
        of_query_and_key: config.flag_or("key_query_shared_bottleneck", true),
    };
    let embeddings = Embeddings::load(&scope.at("embeddings"), config, &sizes)?;
    let head = mobilebert_head(scope, config, &sizes, head, &embeddings.words)?;
    let layers = (0..config.dimension("num_hidden_layers")?)
        .map(|index| Bottleneck::load(&scope.at("encoder.layer").at(index), config, &sizes))
        .collect::<Result<_>>()?;
    Ok(Encoder::new(MobileBody { embeddings, layers, hidden }, head))
}

fn mobilebert_head(
    scope: &Scope<'_>,
    config: &Config,
    sizes: &BottleneckShape,
    head: Head,
    words: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = sizes.hidden;
    let pooled = |labels: usize| -> Result<_> {
        if config.flag_or("classifier_activation", true) {
            return Steps::of_first(scope, ["pooler.dense", "classifier"], hidden, Activation::Tanh, labels);
        }
        let classifier = Linear::load(&scope.at("classifier"), hidden, labels, true)?;
        Ok(Steps::boxed(Tokens::First, vec![Step::Linear(classifier)]))
    };
    Ok(Some(match head {
        Head::SequenceClassification => pooled(config.label_count()?)?,
        Head::MultipleChoice => pooled(1)?,
        Head::MaskedLm => {
            let scope = scope.at("cls.predictions");
            let transform = vec![
                Step::Linear(Linear::load(&scope.at("transform.dense"), hidden, hidden, true)?),
                Step::Activation(sizes.activation),
                Step::Norm(LayerNorm::load(&scope.at("transform.LayerNorm"), hidden, sizes.epsilon)?),
            ];
            Box::new(WideDecoder::load(&scope, sizes, words, Steps::boxed(Tokens::Wanted, transform))?)
        }
        _ => return Steps::of_every(scope, config, hidden, head),
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
    fn load(
        scope: &Scope<'_>,
        sizes: &BottleneckShape,
        words: &Embedding,
        transform: Box<dyn HeadLayers>,
    ) -> Result<Self> {
        let (hidden, embedding) = (sizes.hidden, words.width());
        let others = match hidden.checked_sub(embedding) {
            None => return Err(Error::Config(format!("embeddings of {embedding} numbers exceed the hidden size"))),
            Some(0) => None,
            Some(width) => {
                let weight = scope.numbers(&["dense.weight"], &[width, words.ids()])?;
                let weight = scope.pack(&swap(&weight, width, words.ids(), 1), words.ids(), width)?;
                Some(Linear::new(Rc::new(weight), Vec::new()))
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
    layers: Vec<Bottleneck>,
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
    fn load(scope: &Scope<'_>, config: &Config, sizes: &BottleneckShape) -> Result<Self> {
        let (hidden, embedding) = (sizes.hidden, config.dimension_or("embedding_size", 128)?);
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
