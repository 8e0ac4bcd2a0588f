//! BERT (Devlin et al., 2018; `modeling_bert.py` of transformers): an encoder with absolute positions.

use candle_core::{Device, Tensor};
use futures_util::future::LocalBoxFuture;

use crate::layers::{Activation, Attention, Embedding, LayerNorm, Linear, Scope};
use crate::{Architecture, Batch, Config, Encoder, Error, Head, Result, Turn, Weights};

pub(crate) const ARCHITECTURE: Architecture = Architecture {
    model_type: "bert",
    prefix: "bert.",
    heads: &[Head::None, Head::SequenceClassification],
    uses,
    load,
};

/// Tensors of the body, and of the head where it is wanted; a checkpoint may hold others.
fn uses(name: &str, head: Head) -> bool {
    let body = name.strip_prefix("bert.").unwrap_or(name);
    match head {
        Head::None => body.starts_with("embeddings.") || body.starts_with("encoder."),
        Head::SequenceClassification => !body.starts_with("cls."),
    }
}

fn load(config: &Config, head: Head, weights: &Weights) -> Result<Box<dyn Encoder>> {
    let scope = Scope::new(weights);
    let hidden = config.dimension("hidden_size")?;
    let head = match head {
        Head::None => None,
        Head::SequenceClassification => Some(SequenceClassification::load(&scope, config, hidden)?),
    };
    Ok(Box::new(Bert { body: Body::load(&scope, config, hidden)?, head }))
}

struct Bert {
    body: Body,
    head: Option<SequenceClassification>,
}

struct Body {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    token_type_embeddings: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
    hidden: usize,
    max_tokens: usize,
}

impl Body {
    fn load(scope: &Scope<'_>, config: &Config, hidden: usize) -> Result<Self> {
        if let Some(kind @ ("relative_key" | "relative_key_query")) = config.text("position_embedding_type") {
            return Err(Error::UnsupportedArchitecture(format!("bert with {kind} positions")));
        }
        let epsilon = config.epsilon_or("layer_norm_eps", 1e-12)?;
        let max_tokens = config.dimension_or("max_position_embeddings", 512)?;
        let embeddings = scope.at("embeddings");
        let word_embeddings =
            Embedding::load(&embeddings.at("word_embeddings"), config.dimension("vocab_size")?, hidden)?;
        let position_embeddings = Embedding::load(&embeddings.at("position_embeddings"), max_tokens, hidden)?;
        let types = config.dimension_or("type_vocab_size", 2)?;
        let token_type_embeddings = Embedding::load(&embeddings.at("token_type_embeddings"), types, hidden)?;
        let norm = LayerNorm::load(&embeddings.at("LayerNorm"), hidden, epsilon)?;
        let layers = (0..config.dimension("num_hidden_layers")?)
            .map(|index| Layer::load(&scope.at("encoder.layer").at(index), config, hidden, epsilon))
            .collect::<Result<_>>()?;
        Ok(Self { word_embeddings, position_embeddings, token_type_embeddings, norm, layers, hidden, max_tokens })
    }

    /// `[batch * tokens * hidden]`.
    async fn forward(&self, batch: &Batch, turn: &dyn Turn) -> Result<Vec<f32>> {
        let mut rows = vec![0.0; batch.len() * batch.tokens() * self.hidden];
        self.word_embeddings.add_to(&mut rows, batch.input_ids())?;
        self.token_type_embeddings.add_to(&mut rows, batch.token_type_ids())?;
        self.position_embeddings.add_to(&mut rows, (0..batch.len()).flat_map(|_| 0..batch.tokens() as u32))?;
        self.norm.forward(&mut rows);
        for layer in &self.layers {
            if !turn.turn().await {
                return Err(Error::Aborted);
            }
            rows = layer.forward(rows, batch, self.hidden)?;
        }
        Ok(rows)
    }
}

struct Layer {
    attention: Attention,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    activation: Activation,
    output: Linear,
    output_norm: LayerNorm,
}

impl Layer {
    fn load(scope: &Scope<'_>, config: &Config, hidden: usize, epsilon: f64) -> Result<Self> {
        let heads = config.dimension("num_attention_heads")?;
        if !hidden.is_multiple_of(heads) {
            return Err(Error::Config(format!(
                "`hidden_size` {hidden} is no multiple of `num_attention_heads` {heads}"
            )));
        }
        let intermediate = config.dimension("intermediate_size")?;
        let attention = scope.at("attention");
        let projection = |name: &str| Linear::load(&attention.at("self").at(name), hidden, hidden, true);
        Ok(Self {
            attention: Attention {
                query: projection("query")?,
                key: projection("key")?,
                value: projection("value")?,
                heads,
            },
            attention_output: Linear::load(&attention.at("output.dense"), hidden, hidden, true)?,
            attention_norm: LayerNorm::load(&attention.at("output.LayerNorm"), hidden, epsilon)?,
            intermediate: Linear::load(&scope.at("intermediate.dense"), hidden, intermediate, true)?,
            activation: Activation::parse(config.text("hidden_act").unwrap_or("gelu"))?,
            output: Linear::load(&scope.at("output.dense"), intermediate, hidden, true)?,
            output_norm: LayerNorm::load(&scope.at("output.LayerNorm"), hidden, epsilon)?,
        })
    }

    fn forward(&self, rows: Vec<f32>, batch: &Batch, hidden: usize) -> Result<Vec<f32>> {
        let input = Tensor::from_slice(&rows, ((), hidden), &Device::Cpu)?;
        let mut attended = self.attention_output.apply(self.attention.forward(&input, batch)?)?;
        add(&mut attended, &rows);
        self.attention_norm.forward(&mut attended);
        let mut inner = self.intermediate.forward(&Tensor::from_slice(&attended, ((), hidden), &Device::Cpu)?)?;
        self.activation.forward(&mut inner);
        let mut output = self.output.apply(inner)?;
        add(&mut output, &attended);
        self.output_norm.forward(&mut output);
        Ok(output)
    }
}

fn add(rows: &mut [f32], others: &[f32]) {
    rows.iter_mut().zip(others).for_each(|(number, other)| *number += other);
}

/// The pooler and the classifier of `BertForSequenceClassification`.
struct SequenceClassification {
    pooler: Linear,
    classifier: Linear,
}

impl SequenceClassification {
    fn load(scope: &Scope<'_>, config: &Config, hidden: usize) -> Result<Self> {
        for tensor in ["classifier.weight", "classifier.bias", "pooler.dense.weight", "pooler.dense.bias"] {
            if !scope.has(tensor) {
                return Err(Error::UnsupportedHead { missing: tensor.to_owned() });
            }
        }
        Ok(Self {
            pooler: Linear::load(&scope.at("pooler.dense"), hidden, hidden, true)?,
            classifier: Linear::load(&scope.at("classifier"), hidden, config.label_count()?, true)?,
        })
    }

    /// `[batch * tokens * hidden]` → `[batch * labels]`, from the first token of each text.
    fn forward(&self, rows: &[f32], batch: &Batch, hidden: usize) -> Result<Vec<f32>> {
        let texts = rows.chunks_exact(batch.tokens() * hidden);
        let first: Vec<f32> = texts.flat_map(|text| text.iter().take(hidden)).copied().collect();
        let mut pooled = self.pooler.apply(first)?;
        Activation::Tanh.forward(&mut pooled);
        self.classifier.apply(pooled)
    }
}

impl Encoder for Bert {
    fn hidden_states<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(self.body.forward(batch, turn))
    }

    fn logits<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let head = self.head.as_ref();
            let head = head.ok_or_else(|| Error::UnsupportedHead { missing: "classifier.weight".to_owned() })?;
            let rows = self.body.forward(batch, turn).await?;
            head.forward(&rows, batch, self.body.hidden)
        })
    }

    fn hidden_size(&self) -> usize {
        self.body.hidden
    }

    fn max_tokens(&self) -> usize {
        self.body.max_tokens
    }
}
