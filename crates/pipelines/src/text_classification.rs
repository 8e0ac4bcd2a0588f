//! `text-classification`: logits to labelled scores (`pipelines/text_classification.py` of transformers).

use vitrine_models::{Activation, Config};
use vitrine_tasks::text_classification::{FunctionToApply, Inputs, Output, Parameters, Score};

use crate::registry::Parts;
use crate::text_model::{LogitsOf, TextModel, softmax};
use crate::{Context, JsonPipeline, Pipeline, Result};

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    Ok(Box::new(TextClassification { model: TextModel::new(parts) }))
}

struct TextClassification {
    model: TextModel,
}

impl Pipeline for TextClassification {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "a text, or an object with `text` and `text_pair`";

    async fn run(&self, inputs: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        let (text, pair) = match &inputs {
            Inputs::Text(text) => (text, None),
            Inputs::Pair { text, text_pair } => (text, text_pair.as_deref()),
        };
        let tokens = self.model.encode(text, pair, context)?;
        let logits = self.model.logits(&[tokens], LogitsOf::Texts, context).await?;
        let mut scores = logits.into_iter().next().unwrap_or_default();
        let config = &self.model.config;
        match parameters.function_to_apply.unwrap_or_else(|| function_to_apply(config, scores.len())) {
            FunctionToApply::Sigmoid => Activation::Sigmoid.forward(&mut scores),
            FunctionToApply::Softmax => softmax(&mut scores),
            FunctionToApply::None => {}
        }
        let labels = config.labels(scores.len());
        let mut output: Output = labels.into_iter().zip(scores).map(|(label, score)| Score { label, score }).collect();
        output.sort_by(|a, b| b.score.total_cmp(&a.score));
        output.truncate(parameters.top_k.unwrap_or(usize::MAX));
        Ok(output)
    }
}

/// What the config asks for, in Python's order.
fn function_to_apply(config: &Config, labels: usize) -> FunctionToApply {
    match config.text("problem_type") {
        Some("regression") => FunctionToApply::None,
        Some("multi_label_classification") => FunctionToApply::Sigmoid,
        _ if labels == 1 => FunctionToApply::Sigmoid,
        _ => FunctionToApply::Softmax,
    }
}
