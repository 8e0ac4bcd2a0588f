//! TAPAS (Herzig et al., 2020; `modeling_tapas.py` of transformers): BERT that reads a question with a table, whose
//! tokens' types say where in the table they stand, and a head that selects cells of one column.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, Positions, bert_head};
use crate::head::{HeadLayers, Tokens, select};
use crate::layers::{Activation, BERT, BlockShape, Linear, Scope};
use crate::{Batch, Config, Encoder, Error, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "tapas",
    prefix: "tapas.",
    heads: &[
        (Head::MaskedLm, &["cls.predictions."]),
        (Head::SequenceClassification, &["pooler.", "classifier."]),
        (
            Head::TableQuestionAnswering,
            &["pooler.", "aggregation_classifier.", "column_output_", "output_bias", "output_weights"],
        ),
    ],
    unused: &[],
    load,
};

/// What a logit is lowered by where it must not win.
const NEVER: f32 = -10_000.0;

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config =
        &config.clone().or("max_position_embeddings", 1024).or("type_vocab_sizes", vec![3, 256, 256, 2, 256, 256, 10]);
    let shape = BlockShape::of(config)?;
    let in_cells = config.flag_or("reset_position_index_per_cell", true);
    let positions = if in_cells { Positions::InCells } else { Positions::FromZero };
    let mut body = BertBody::load(scope, config, &shape, &BERT, positions)?;
    // Python's mean over a column's cells takes in padding.
    body.packs = false;
    let head = match head {
        Head::TableQuestionAnswering => {
            Some(Box::new(Cells::load(scope, config, shape.hidden)?) as Box<dyn HeadLayers>)
        }
        _ => bert_head(scope, config, &shape, head, &body.embeddings)?,
    };
    Ok(Encoder::new(body, head))
}

/// Selects cells of the likeliest column, and how to aggregate them.
struct Cells {
    token: Linear,
    temperature: f32,
    column: Linear,
    rows: u32,
    columns: u32,
    /// Whether column 0, which is no column of the table, can be the likeliest.
    allow_none: bool,
    aggregation: Option<(Linear, Linear)>,
}

impl Cells {
    fn load(scope: &Scope<'_>, config: &Config, hidden: usize) -> Result<Self> {
        if !config.flag_or("select_one_column", true) {
            return Err(Error::UnsupportedArchitecture("tapas with cells of several columns".to_owned()));
        }
        let temperature = config.get("temperature").as_f64().unwrap_or(1.0) as f32;
        let score = |name: &str| -> Result<Linear> {
            let weight = scope.numbers(&[&format!("{name}_weights")], &[hidden])?;
            let weight = Rc::new(scope.pack(&weight, 1, hidden)?);
            Ok(Linear::new(weight, scope.numbers(&[&format!("{name}_bias")], &[])?))
        };
        let linear = |name: &str, outputs: usize| Linear::load(&scope.at(name), hidden, outputs, true);
        let aggregation = match config.get("num_aggregation_labels").as_u64() {
            None | Some(0) => None,
            Some(_) => {
                let labels = config.dimension("num_aggregation_labels")?;
                Some((linear("pooler.dense", hidden)?, linear("aggregation_classifier", labels)?))
            }
        };
        Ok(Self {
            token: score("output")?,
            temperature,
            column: score("column_output")?,
            rows: config.dimension_or("max_num_rows", 64)? as u32,
            columns: config.dimension_or("max_num_columns", 32)? as u32,
            allow_none: config.flag_or("allow_empty_column_selection", false),
            aggregation,
        })
    }
}

impl HeadLayers for Cells {
    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let (mut scores, columns) = (self.token.forward(rows)?, self.column.forward(rows)?);
        let places: Vec<(u32, u32)> = (batch.token_type_ids(1).zip(batch.token_type_ids(2)))
            .map(|(column, row)| (column.min(self.columns - 1), row.min(self.rows - 1)))
            .collect();
        let texts = scores.chunks_exact_mut(batch.tokens()).zip(columns.chunks_exact(batch.tokens()));
        for ((scores, columns), (places, length)) in texts.zip(places.chunks(batch.tokens()).zip(batch.lengths())) {
            scores.iter_mut().for_each(|score| *score /= self.temperature);
            self.select(scores, columns, places, *length);
        }
        if let Some((pooler, classifier)) = &self.aggregation {
            let mut first = pooler.forward(&select(rows, batch, Tokens::First))?;
            Activation::Tanh.forward(&mut first);
            scores.extend(classifier.forward(&first)?);
        }
        Ok(scores)
    }
}

impl Cells {
    /// Gives all tokens of a cell the mean of their scores, lowered in all columns but the likeliest
    /// (`_single_column_cell_selection_loss` of transformers).
    fn select(&self, scores: &mut [f32], columns: &[f32], places: &[(u32, u32)], length: usize) {
        let mut cells: BTreeMap<(u32, u32), Cell> = BTreeMap::new();
        for (index, ((score, column), place)) in scores.iter().zip(columns).zip(places).enumerate() {
            let cell = cells.entry(*place).or_default();
            cell.tokens += 1.0;
            cell.score += score;
            cell.column += column;
            cell.text += f32::from(index < length);
        }
        let likeliest = self.likeliest(&cells);
        for (score, place) in scores.iter_mut().zip(places) {
            let cell = cells.get(place).copied().unwrap_or_default();
            let selected = if place.0 == likeliest && place.0 != 0 { cell.text / cell.tokens } else { 0.0 };
            *score = cell.score / cell.tokens + NEVER * (1.0 - selected);
        }
    }

    /// The column with the highest mean over its cells (`compute_column_logits`); 0 where none of the table's is above
    /// what those have that do not occur.
    fn likeliest(&self, cells: &BTreeMap<(u32, u32), Cell>) -> u32 {
        let mut columns: BTreeMap<u32, (f32, f32)> = BTreeMap::new();
        for ((column, _), cell) in cells {
            let (sum, count) = columns.entry(*column).or_default();
            let text = cell.text / cell.tokens;
            *sum += cell.column / cell.tokens * text;
            *count += text;
        }
        let mut best = (0, NEVER);
        for (column, (sum, count)) in columns {
            let never = if column == 0 { !self.allow_none } else { count < 0.5 };
            let score = sum / (count + 1e-10) + if never { NEVER } else { 0.0 };
            if score > best.1 {
                best = (column, score);
            }
        }
        best.0
    }
}

/// Sums over the tokens of one cell.
#[derive(Clone, Copy, Default)]
struct Cell {
    tokens: f32,
    /// Tokens that are not padding.
    text: f32,
    score: f32,
    column: f32,
}
