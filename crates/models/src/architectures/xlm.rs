//! XLM (Lample and Conneau, 2019; `modeling_xlm.py` of transformers): an encoder with absolute positions. Languages are
//! not told to it, as Python's tokenizers and pipelines do not tell them either.

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, Block, Embedding, FeedForward, LayerNorm, Linear, Norms, Relative, Scope, SelfAttention, heads,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "xlm", prefix: "transformer.", heads: HEADS, unused: &["lang_embeddings."], load };

const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["pred_layer."]),
    (Head::SequenceClassification, &["sequence_summary."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["sequence_summary.", "logits_proj."]),
];

/// The names of transformers' other models, and of transformers 1, for XLM's own.
const NAMES: &[(&str, &str)] = &[
    ("hidden_size", "emb_dim"),
    ("num_attention_heads", "n_heads"),
    ("num_hidden_layers", "n_layers"),
    ("n_words", "vocab_size"),
];

const DEFAULTS: &[(&str, usize)] = &[("vocab_size", 30145), ("emb_dim", 2048), ("n_layers", 12), ("n_heads", 16)];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_names(NAMES).with_defaults(DEFAULTS);
    let unsupported = |what: &str| Err(Error::UnsupportedArchitecture(format!("xlm with {what}")));
    if !config.flag_or("is_encoder", true) {
        return unsupported("a decoder");
    }
    if head == Head::MaskedLm && config.flag_or("asm", false) {
        return unsupported("adaptive softmax");
    }
    let hidden = config.dimension("emb_dim")?;
    let epsilon = config.epsilon_or("layer_norm_eps", 1e-12)?;
    let heads = heads(config, "n_heads", hidden)?;
    let activation = if config.flag_or("gelu_activation", true) { Activation::Gelu } else { Activation::Relu };
    let norm = |name: &str, index: usize| LayerNorm::load(&scope.at(name).at(index), hidden, epsilon);
    let block = |index: usize| -> Result<_> {
        let attention = scope.at("attentions").at(index);
        let names = ["q_lin", "k_lin", "v_lin", "out_lin"];
        let feed_forward = scope.at("ffns").at(index);
        Ok(Block {
            attention: SelfAttention::load(&attention, names, hidden, heads, true)?,
            attention_norm: norm("layer_norm1", index)?,
            feed_forward: FeedForward::load(&feed_forward, ["lin1", "lin2"], hidden, 4 * hidden, activation)?,
            adapter: None,
            output_norm: norm("layer_norm2", index)?,
            norms: Norms::After,
        })
    };
    let max_tokens = config.dimension_or("max_position_embeddings", 512)?;
    let body = XlmBody {
        words: Embedding::load(&scope.at("embeddings"), config.dimension("vocab_size")?, hidden)?,
        positions: Embedding::load(&scope.at("position_embeddings"), max_tokens, hidden)?,
        norm: LayerNorm::load(&scope.at("layer_norm_emb"), hidden, epsilon)?,
        blocks: (0..config.dimension("n_layers")?).map(block).collect::<Result<_>>()?,
        causal: config.flag_or("causal", false),
        hidden,
        max_tokens,
    };
    let head = xlm_head(scope, config, hidden, head, &body.words)?;
    Ok(Encoder::new(body, head))
}

fn xlm_head(
    scope: &Scope<'_>,
    config: &Config,
    hidden: usize,
    head: Head,
    words: &Embedding,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let activation = config.text("summary_activation").unwrap_or("linear");
    let summary = || summary(scope, config, hidden, true, "first", activation);
    Ok(Some(match head {
        Head::SequenceClassification => {
            let (tokens, steps, _) = summary()?;
            Steps::boxed(tokens, steps)
        }
        Head::MultipleChoice => {
            let (tokens, mut steps, width) = summary()?;
            steps.push(Step::Linear(Linear::load(&scope.at("logits_proj"), width, 1, true)?));
            Steps::boxed(tokens, steps)
        }
        Head::MaskedLm => {
            let decoder = Linear::tied(&scope.at("pred_layer"), "proj", words, &["proj.bias"])?;
            Steps::boxed(Tokens::Wanted, vec![Step::Linear(decoder)])
        }
        _ => return Steps::of_every(scope, config, hidden, head),
    }))
}

/// The vector of a whole text (`XLMSequenceSummary`, `XLNetSequenceSummary`) with its width: of labels where the config
/// says so, `to_labels` by default. Where Python takes the last place, this takes the last token.
pub(super) fn summary(
    scope: &Scope<'_>,
    config: &Config,
    hidden: usize,
    to_labels: bool,
    kind: &str,
    activation: &str,
) -> Result<(Tokens, Vec<Step>, usize)> {
    let tokens = match config.text("summary_type").unwrap_or(kind) {
        "first" => Tokens::First,
        "last" | "cls_index" => Tokens::Last,
        other => {
            return Err(Error::UnsupportedArchitecture(format!("{} with {other} summaries", config.model_type()?)));
        }
    };
    let mut steps = Vec::new();
    let mut width = hidden;
    if config.flag_or("summary_use_proj", true) {
        if config.flag_or("summary_proj_to_labels", to_labels) {
            width = config.label_count()?;
        }
        steps.push(Step::Linear(Linear::load(&scope.at("sequence_summary.summary"), hidden, width, true)?));
    }
    steps.push(Step::Activation(Activation::parse(activation)?));
    Ok((tokens, steps, width))
}

struct XlmBody {
    words: Embedding,
    positions: Embedding,
    norm: LayerNorm,
    blocks: Vec<Block>,
    causal: bool,
    hidden: usize,
    max_tokens: usize,
}

impl Body for XlmBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
            self.positions.add_to(&mut rows, batch.positions())?;
            self.norm.forward(&mut rows);
            let relative = Relative { causal: self.causal, ..Relative::default() };
            for block in &self.blocks {
                next_layer(turn).await?;
                rows = block.forward(rows, batch, relative).await?;
            }
            Ok(rows)
        })
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }
}
