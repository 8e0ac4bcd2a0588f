//! `text-classification`: logits to labelled scores (`pipelines/text_classification.py` of transformers).

use vitrine_models::{Batch, Config, Encoder};
use vitrine_tasks::protocol::Note;
use vitrine_tasks::text_classification::{FunctionToApply, Inputs, Output, Parameters, Score};

use crate::registry::Parts;
use crate::tokenizer::Tokenizer;
use crate::{Context, JsonPipeline, Pipeline, Result};

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    let Parts { encoder, tokenizer, config, .. } = parts;
    Ok(Box::new(TextClassification { encoder, tokenizer, config }))
}

struct TextClassification {
    encoder: Encoder,
    tokenizer: Tokenizer,
    config: Config,
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
        let limit = self.tokenizer.limit;
        let tokens = self.tokenizer.encode(text, pair, limit, self.tokenizer.cuts_left)?;
        if tokens.untruncated > limit {
            context.note(Note::Truncated { tokens: tokens.untruncated, limit });
        }
        let batch = Batch::new(&[(&tokens.ids, &tokens.type_ids)], self.tokenizer.pad_id());
        let mut scores = self.encoder.logits(&batch, context).await?;
        match parameters.function_to_apply.unwrap_or_else(|| function_to_apply(&self.config, scores.len())) {
            FunctionToApply::Sigmoid => scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp())),
            FunctionToApply::Softmax => softmax(&mut scores),
            FunctionToApply::None => {}
        }
        let labels = self.config.labels(scores.len());
        let mut output: Output = labels.into_iter().zip(scores).map(|(label, score)| Score { label, score }).collect();
        output.sort_by(|a, b| b.score.total_cmp(&a.score));
        output.truncate(parameters.top_k.unwrap_or(usize::MAX));
        Ok(output)
    }
}

/// What the config asks for, by Python's order.
fn function_to_apply(config: &Config, labels: usize) -> FunctionToApply {
    match config.text("problem_type") {
        Some("regression") => FunctionToApply::None,
        Some("multi_label_classification") => FunctionToApply::Sigmoid,
        Some("single_label_classification") => FunctionToApply::Softmax,
        _ if labels == 1 => FunctionToApply::Sigmoid,
        _ => FunctionToApply::Softmax,
    }
}

fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}
