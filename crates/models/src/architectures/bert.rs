//! BERT (Devlin et al., 2018; `modeling_bert.py` of transformers): an encoder with absolute positions.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::architectures::Architecture;
use crate::encoder::{Body, next_layer};
use crate::head::{HeadLayers, Step, Steps, Tokens};
use crate::layers::{
    Activation, BERT, Block, BlockNames, BlockShape, Embedding, LayerNorm, Linear, Norms, Relative, RelativeBias,
    Scope, add,
};
use crate::{Batch, Config, Encoder, Error, Head, Result, Turn};

pub(super) const ARCHITECTURE: Architecture =
    Architecture { model_type: "bert", prefix: "bert.", heads: HEADS, unused: &["cls.seq_relationship."], load };

/// The sizes of BERT's config class, which many took over.
pub(super) const DEFAULTS: &[(&str, usize)] = &[
    ("vocab_size", 30522),
    ("hidden_size", 768),
    ("num_hidden_layers", 12),
    ("num_attention_heads", 12),
    ("intermediate_size", 3072),
];

/// BERT's heads and their tensors.
pub(super) const HEADS: &[(Head, &[&str])] = &[
    (Head::MaskedLm, &["cls.predictions."]),
    (Head::SequenceClassification, &["pooler.", "classifier."]),
    (Head::TokenClassification, &["classifier."]),
    (Head::QuestionAnswering, &["qa_outputs."]),
    (Head::MultipleChoice, &["pooler.", "classifier."]),
];

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    if let Some(kind @ ("relative_key" | "relative_key_query")) = config.text("position_embedding_type") {
        return Err(Error::UnsupportedArchitecture(format!("bert with {kind} positions")));
    }
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let body = BertBody::load(scope, config, &shape, &BERT, Positions::FromZero)?;
    let head = bert_head(scope, config, &shape, head, &body.embeddings)?;
    Ok(Encoder::new(body, head))
}

/// The head of BERT's classes.
pub(super) fn bert_head(
    scope: &Scope<'_>,
    config: &Config,
    shape: &BlockShape,
    head: Head,
    embeddings: &Embeddings,
) -> Result<Option<Box<dyn HeadLayers>>> {
    let hidden = shape.hidden;
    let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true).map(Step::Linear);
    let pooled = |labels: usize| -> Result<_> {
        let pooler = [linear("pooler.dense", hidden)?, Step::Activation(Activation::Tanh)];
        Ok(Steps::boxed(Tokens::First, pooler.into_iter().chain([linear("classifier", labels)?]).collect()))
    };
    Ok(Some(match head {
        Head::SequenceClassification => pooled(config.label_count()?)?,
        Head::MultipleChoice => pooled(1)?,
        Head::MaskedLm => {
            let scope = scope.at("cls.predictions");
            Steps::boxed(
                Tokens::Wanted,
                vec![
                    linear("cls.predictions.transform.dense", hidden)?,
                    Step::Activation(shape.activation),
                    Step::Norm(LayerNorm::load(&scope.at("transform.LayerNorm"), hidden, shape.epsilon)?),
                    Step::Linear(Linear::tied(&scope, "decoder", &embeddings.words, &["bias", "decoder.bias"])?),
                ],
            )
        }
        _ => return Steps::of_every(scope, config, hidden, head),
    }))
}

/// The body of BERT, and of those that differ from it in what stands around the layers, or in their tensors' names.
pub(super) struct BertBody {
    pub embeddings: Embeddings,
    /// From the embeddings' width to the hidden size.
    pub projection: Option<Linear>,
    /// The layers in their order; the same one may occur more than once.
    pub blocks: Vec<Rc<Block>>,
    /// What all layers add to the scores of attention by the distance of the tokens.
    pub relative: Option<RelativeBias>,
    /// After the last layer.
    pub norm: Option<LayerNorm>,
    /// Whether rows of padding are left out; where not, a head reads them.
    pub packs: bool,
    pub hidden: usize,
}

/// How positions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Positions {
    /// From 0.
    FromZero,
    /// From 2 (Nyströmformer).
    FromTwo,
    /// As RoBERTa does, from the padding token's id on, leaving out padding.
    After(u32),
    /// From 0 in each cell of a table, the last one for all that follow (TAPAS).
    InCells,
}

impl BertBody {
    pub(super) fn load(
        scope: &Scope<'_>,
        config: &Config,
        shape: &BlockShape,
        names: &BlockNames,
        positions: Positions,
    ) -> Result<Self> {
        let embeddings = Embeddings::load(&scope.at("embeddings"), config, shape, positions)?;
        let blocks = Block::load_all(
            &scope.at("encoder.layer"),
            config.dimension("num_hidden_layers")?,
            names,
            shape,
            Norms::After,
        )?;
        Ok(Self::new(embeddings, blocks, shape.hidden))
    }

    /// Embeddings and layers, with nothing around them.
    pub(super) fn new(embeddings: Embeddings, blocks: Vec<Rc<Block>>, hidden: usize) -> Self {
        Self { embeddings, projection: None, blocks, relative: None, norm: None, packs: true, hidden }
    }
}

impl Body for BertBody {
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            let mut rows = self.embeddings.forward(batch)?;
            if let Some(projection) = &self.projection {
                rows = projection.forward(&rows)?;
            }
            let distances = self.relative.as_ref().map(|relative| relative.by_distance(batch.tokens()));
            // From here on no row knows of others but in attention, so those of padding need not be computed.
            let packed = self.packs && batch.is_padded();
            if packed {
                rows = batch.without_padding(&rows);
            }
            let relative = Relative { distances: distances.as_ref(), packed, ..Relative::default() };
            for block in &self.blocks {
                next_layer(turn).await?;
                rows = block.forward(rows, batch, relative).await?;
            }
            if let Some(norm) = &self.norm {
                norm.forward(&mut rows);
            }
            Ok(if packed { batch.with_padding(&rows) } else { rows })
        })
    }

    fn packs(&self) -> bool {
        self.packs
    }

    fn hidden_size(&self) -> usize {
        self.hidden
    }

    fn max_tokens(&self) -> usize {
        self.embeddings.max_tokens
    }
}

/// The sum of a token's own vector, its position's and its type's, normalized.
pub(super) struct Embeddings {
    pub words: Embedding,
    positions: Embedding,
    types: Vec<Embedding>,
    /// What is added to every token; empty for nothing.
    pub everywhere: Vec<f32>,
    norm: Option<LayerNorm>,
    counted: Positions,
    /// What a token's own vector is multiplied by.
    pub scale: f32,
    pub max_tokens: usize,
}

impl Embeddings {
    pub(super) fn load(scope: &Scope<'_>, config: &Config, shape: &BlockShape, counted: Positions) -> Result<Self> {
        Self::without_norm(scope, config, shape.hidden, counted, &type_sizes(config)?)?.normalized(scope, shape)
    }

    /// The same embeddings, normalized.
    pub(super) fn normalized(self, scope: &Scope<'_>, shape: &BlockShape) -> Result<Self> {
        let norm = LayerNorm::load(&scope.at("LayerNorm"), shape.hidden, shape.epsilon)?;
        Ok(Self { norm: Some(norm), ..self })
    }

    /// Embeddings of this many numbers, with these tables of token types, that are not normalized.
    pub(super) fn without_norm(
        scope: &Scope<'_>,
        config: &Config,
        width: usize,
        counted: Positions,
        types: &[(String, usize)],
    ) -> Result<Self> {
        let max_positions = config.dimension_or("max_position_embeddings", 512)?;
        let (first, max_tokens) = match counted {
            Positions::FromZero => (0, max_positions),
            Positions::FromTwo => (2, max_positions),
            Positions::After(pad_id) => (0, max_positions.saturating_sub((pad_id as usize).saturating_add(1))),
            Positions::InCells => (0, usize::MAX),
        };
        if max_tokens == 0 {
            return Err(Error::Config(format!("no position of {max_positions} is left after `pad_token_id`")));
        }
        let table = |name: &str, ids: usize| Embedding::load(&scope.at(name), ids, width);
        Ok(Self {
            words: table("word_embeddings", config.dimension("vocab_size")?)?,
            positions: table("position_embeddings", max_positions + first)?,
            types: types.iter().map(|(name, types)| table(name, *types)).collect::<Result<_>>()?,
            everywhere: Vec::new(),
            norm: None,
            counted,
            scale: 1.0,
            max_tokens,
        })
    }

    /// `[batch * tokens * hidden]`.
    pub(super) fn forward(&self, batch: &Batch) -> Result<Vec<f32>> {
        let mut rows = self.words.forward(batch.input_ids().iter().copied())?;
        rows.iter_mut().for_each(|number| *number *= self.scale);
        match self.counted {
            Positions::FromZero => self.positions.add_to(&mut rows, batch.positions())?,
            Positions::FromTwo => self.positions.add_to(&mut rows, batch.positions().map(|position| position + 2))?,
            Positions::After(pad_id) => {
                self.positions.add_to(&mut rows, batch.positions_after(pad_id).into_iter())?;
            }
            Positions::InCells => {
                let last = self.positions.ids().saturating_sub(1) as u32;
                let positions = batch.positions_in_cells().into_iter().map(|position| position.min(last));
                self.positions.add_to(&mut rows, positions)?;
            }
        }
        for (column, types) in self.types.iter().enumerate() {
            types.add_to(&mut rows, batch.token_type_ids(column))?;
        }
        if !self.everywhere.is_empty() {
            rows.chunks_exact_mut(self.everywhere.len()).for_each(|row| add(row, &self.everywhere));
        }
        if let Some(norm) = &self.norm {
            norm.forward(&mut rows);
        }
        Ok(rows)
    }
}

/// The tables of token types, with how many types each knows; several with `type_vocab_sizes`, none with
/// `type_vocab_size` 0.
pub(super) fn type_sizes(config: &Config) -> Result<Vec<(String, usize)>> {
    let table = "token_type_embeddings";
    if let Some(sizes) = config.dimensions("type_vocab_sizes")? {
        return Ok(sizes.into_iter().enumerate().map(|(column, size)| (format!("{table}_{column}"), size)).collect());
    }
    match config.get("type_vocab_size").as_u64() {
        Some(0) => Ok(Vec::new()),
        _ => Ok(vec![(table.to_owned(), config.dimension_or("type_vocab_size", 2)?)]),
    }
}
