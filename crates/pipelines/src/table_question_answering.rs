//! `table-question-answering`: the cells of a table that answer a question
//! (`pipelines/table_question_answering.py` of transformers, for TAPAS).

use std::collections::BTreeMap;

use vitrine_models::{Batch, Config};
use vitrine_tasks::OneOrMany;
use vitrine_tasks::table_question_answering::{Answer, Inputs, Output, Parameters};

use crate::late::Model;
use crate::registry::Parts;
use crate::tapas::{Encoded, Settings, TYPE_COLUMNS, encode};
use crate::text_model::argmax;
use crate::tokenizer::Tokenizer;
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    let Parts { encoder, tokenizer, config, tokenizer_config, .. } = parts;
    let settings = Settings::of(&tokenizer_config, &config, tokenizer.limit);
    Ok(Box::new(TableQuestionAnswering { aggregators: aggregators(&config), encoder, tokenizer, config, settings }))
}

struct TableQuestionAnswering {
    encoder: Model,
    tokenizer: Tokenizer,
    config: Config,
    settings: Settings,
    /// What can be done with cells, by the place of its logit; empty for a model that only selects them.
    aggregators: Vec<String>,
}

impl Pipeline for TableQuestionAnswering {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "an object with the question `query` and the `table`, a map from each column to its cells";

    async fn run(&self, inputs: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        let table = &inputs.table;
        if table.columns.is_empty() || table.rows.is_empty() {
            return Err(Error::InvalidInputs("`table` is empty".to_owned()));
        }
        let mut answers = Vec::new();
        let mut last: Option<Probabilities> = None;
        for question in inputs.query.as_slice() {
            if question.is_empty() {
                return Err(Error::InvalidInputs("`query` is empty".to_owned()));
            }
            let truncate = parameters.truncation.unwrap_or(true);
            let limit = self.tokenizer.limit;
            let mut encoded = encode(&self.tokenizer, &self.settings, question, table, limit, truncate)?;
            if let Some(last) = last.take().filter(|_| parameters.sequential) {
                encoded.remember(|cell| last.is_answer(cell));
            }
            let (probabilities, aggregator) = self.answer(&encoded, context).await?;
            let coordinates = probabilities.answers();
            let cell = |[row, column]: &[usize; 2]| table.rows.get(*row)?.get(*column).cloned();
            let cells: Vec<String> = coordinates.iter().filter_map(cell).collect();
            let prefix = match &aggregator {
                Some((place, name)) if *place != self.no_aggregation() => format!("{name} > "),
                _ => String::new(),
            };
            let answer = format!("{prefix}{}", cells.join(", "));
            let aggregator = aggregator.map(|(_, name)| name);
            answers.push(Answer { answer, coordinates, cells, aggregator });
            last = Some(probabilities);
        }
        match (inputs.query, answers.pop()) {
            (_, None) => Err(Error::InvalidInputs("`query` is empty".to_owned())),
            (_, Some(only)) if answers.is_empty() => Ok(OneOrMany::One(only)),
            (_, Some(last)) => {
                answers.push(last);
                Ok(OneOrMany::Many(answers))
            }
        }
    }
}

impl TableQuestionAnswering {
    /// How likely each cell is part of the answer, and the aggregator with its place.
    async fn answer(
        &self,
        encoded: &Encoded,
        context: &Context<'_>,
    ) -> Result<(Probabilities, Option<(usize, String)>)> {
        let text = (&*encoded.ids, &*encoded.types);
        let batch = Batch::with_type_columns(&[text], TYPE_COLUMNS, self.tokenizer.pad_id());
        let logits = self.encoder.logits(&batch, context).await?;
        let (of_tokens, of_aggregators) = logits.split_at(encoded.ids.len().min(logits.len()));
        let place = argmax(of_aggregators);
        let aggregator = self.aggregators.get(place).map(|name| (place, name.clone()));
        let mut cells: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
        for (cell, logit) in encoded.cells().zip(of_tokens) {
            if let Some(cell) = cell {
                let (sum, count) = cells.entry(cell).or_default();
                *sum += f64::from(1.0 / (1.0 + (-logit.max(-88.7)).exp()));
                *count += 1.0;
            }
        }
        let mean = |(cell, (sum, count))| (cell, sum / count);
        Ok((Probabilities(cells.into_iter().map(mean).collect()), aggregator))
    }

    fn no_aggregation(&self) -> usize {
        self.config.get("no_aggregation_label_index").as_u64().map_or(usize::MAX, |place| place as usize)
    }
}

/// How likely each cell (row, column) is part of the answer.
struct Probabilities(BTreeMap<(usize, usize), f64>);

impl Probabilities {
    fn is_answer(&self, cell: (usize, usize)) -> bool {
        self.0.get(&cell).is_some_and(|probability| *probability > 0.5)
    }

    /// The cells above one half, row by row.
    fn answers(&self) -> Vec<[usize; 2]> {
        self.0.keys().filter(|cell| self.is_answer(**cell)).map(|(row, column)| [*row, *column]).collect()
    }
}

/// `aggregation_labels` of the config, where it has aggregators.
fn aggregators(config: &Config) -> Vec<String> {
    let count = config.get("num_aggregation_labels").as_u64().unwrap_or(0).min(64) as usize;
    let labels = config.get("aggregation_labels");
    if !labels.is_object() {
        return Vec::new();
    }
    let label = |place: usize| labels.get(place.to_string()).and_then(|label| label.as_str()).unwrap_or_default();
    (0..count).map(|place| label(place).to_owned()).collect()
}
