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

    /// `[batch * tokens, hidden]`.
    async fn forward(&self, batch: &Batch, turn: &dyn Turn) -> Result<Tensor> {
        let positions: Vec<u32> = (0..batch.len()).flat_map(|_| 0..batch.tokens() as u32).collect();
        let positions = Tensor::from_slice(&positions, positions.len(), &Device::Cpu)?;
        let words = self.word_embeddings.forward(&batch.input_ids()?)?;
        let types = self.token_type_embeddings.forward(&batch.token_type_ids()?)?;
        let positions = self.position_embeddings.forward(&positions)?;
        let mut rows = self.norm.forward(&((words + types)? + positions)?)?;
        let bias = batch.attention_bias()?;
        for layer in &self.layers {
            if !turn.turn().await {
                return Err(Error::Aborted);
            }
            rows = layer.forward(&rows, batch.len(), bias.as_ref())?;
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

    fn forward(&self, rows: &Tensor, batch: usize, bias: Option<&Tensor>) -> Result<Tensor> {
        let context = self.attention.forward(rows, batch, bias)?;
        let rows = self.attention_norm.forward(&(self.attention_output.forward(&context)? + rows)?)?;
        let inner = self.activation.forward(&self.intermediate.forward(&rows)?)?;
        self.output_norm.forward(&(self.output.forward(&inner)? + rows)?)
    }
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

    /// `[batch * tokens, hidden]` → `[batch, labels]`, from the first token of each text.
    fn forward(&self, rows: &Tensor, batch: usize) -> Result<Tensor> {
        let (count, hidden) = rows.dims2()?;
        let first = rows.reshape((batch, count / batch, hidden))?.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?;
        self.classifier.forward(&Activation::Tanh.forward(&self.pooler.forward(&first)?)?)
    }
}

impl Encoder for Bert {
    fn hidden_states<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move { Ok(self.body.forward(batch, turn).await?.flatten_all()?.to_vec1()?) })
    }

    fn logits<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let head = self.head.as_ref();
            let head = head.ok_or_else(|| Error::UnsupportedHead { missing: "classifier.weight".to_owned() })?;
            let rows = self.body.forward(batch, turn).await?;
            Ok(head.forward(&rows, batch.len())?.flatten_all()?.to_vec1()?)
        })
    }

    fn hidden_size(&self) -> usize {
        self.body.hidden
    }

    fn max_tokens(&self) -> usize {
        self.body.max_tokens
    }
}
