//! `text-ranking`: documents by how well they answer a query (`CrossEncoder.rank` of sentence-transformers).

use serde_json::Value;
use vitrine_models::{Activation, Config};
use vitrine_tasks::text_ranking::{Inputs, Output, Parameters, Rank};

use crate::registry::{Parts, Suits};
use crate::text_model::{LogitsOf, TextModel};
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    let activation = activation(&parts.config, &parts.sentence_transformers)?;
    Ok(Box::new(TextRanking { model: TextModel::new(parts), activation }))
}

/// Suits where there is one label.
pub(crate) fn suits(config: &Config) -> Suits {
    if config.label_count().is_ok_and(|count| count == 1) { Suits::Yes } else { Suits::No }
}

struct TextRanking {
    model: TextModel,
    activation: Activation,
}

impl Pipeline for TextRanking {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "an object with the text `query` and the list of texts `texts`";

    async fn run(&self, inputs: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        if inputs.texts.is_empty() {
            return Err(Error::InvalidInputs("`texts` is empty".to_owned()));
        }
        let mut pairs = Vec::new();
        for text in &inputs.texts {
            pairs.push(self.model.encode(&inputs.query, Some(text), context)?);
        }
        let logits = self.model.logits(&pairs, LogitsOf::Texts, context).await?;
        let mut scores: Vec<f32> = logits.into_iter().filter_map(|row| row.first().copied()).collect();
        if parameters.raw_scores != Some(true) {
            self.activation.forward(&mut scores);
        }
        let with_text = parameters.return_text == Some(true);
        let ranks = inputs.texts.into_iter().zip(scores).enumerate();
        let mut output: Output =
            ranks.map(|(index, (text, score))| Rank { index, text: with_text.then_some(text), score }).collect();
        output.sort_by(|a, b| b.score.total_cmp(&a.score));
        output.truncate(parameters.top_k.unwrap_or(usize::MAX));
        Ok(output)
    }
}

/// What turns the logit into a score: what `config_sentence_transformers.json` or `config.json` names, if it is of PyTorch
/// itself, else the sigmoid.
fn activation(config: &Config, sentence_transformers: &Value) -> Result<Activation> {
    let of_config = match config.get("sentence_transformers").get("activation_fn") {
        Some(named) => named.as_str(),
        None => config.text("sbert_ce_default_activation_function"),
    };
    let of_pytorch = |name: &&str| name.starts_with("torch.");
    let stated = sentence_transformers.get("activation_fn").and_then(Value::as_str).filter(of_pytorch);
    match stated.or(of_config.filter(of_pytorch)) {
        Some(name) => Ok(Activation::parse(name)?),
        None => Ok(Activation::Sigmoid),
    }
}
