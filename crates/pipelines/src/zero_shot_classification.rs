//! `zero-shot-classification`: how much a text entails a sentence made of each label
//! (`pipelines/zero_shot_classification.py` of transformers).

use serde_json::Value;
use vitrine_models::Config;
use vitrine_tasks::text_classification::Score;
use vitrine_tasks::zero_shot_classification::{Inputs, Output, Parameters, labels};

use crate::registry::{Parts, Suits};
use crate::text_model::{LogitsOf, TextModel, softmax};
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

/// The sentence that is made of each label.
const HYPOTHESIS: &str = "This example is {}.";

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    Ok(Box::new(ZeroShotClassification { model: TextModel::new(parts) }))
}

/// Suits where a label says `entail…`.
pub(crate) fn suits(config: &Config) -> Suits {
    if entailment(config).is_some() { Suits::Yes } else { Suits::Untold }
}

struct ZeroShotClassification {
    model: TextModel,
}

impl Pipeline for ZeroShotClassification {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "a text, or an object with `text` and `candidate_labels`";

    async fn run(&self, inputs: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        let invalid = |message: String| Err(Error::InvalidInputs(message));
        let (text, own) = match inputs {
            Inputs::Text(text) => (text, None),
            Inputs::Labelled { text, candidate_labels } => (text, candidate_labels),
        };
        let candidates = own.or(parameters.candidate_labels).as_ref().map(labels).unwrap_or_default();
        if text.is_empty() || candidates.is_empty() {
            return invalid("a text and at least one of `candidate_labels` are needed".to_owned());
        }
        let template = parameters.hypothesis_template.as_deref().unwrap_or(HYPOTHESIS);
        let hypotheses: Option<Vec<String>> = candidates.iter().map(|label| format(template, label)).collect();
        let hypotheses = match hypotheses {
            Some(all) if all.first().is_some_and(|first| first != template) => all,
            _ => return invalid(format!("`hypothesis_template` is {template:?}, which has no {{}} for the label")),
        };
        let mut pairs = Vec::new();
        for hypothesis in &hypotheses {
            pairs.push(self.model.encode_cutting_first(&text, hypothesis, context)?);
        }
        let logits = self.model.logits(&pairs, LogitsOf::Texts, context).await?;
        let entailment = entailment(&self.model.config);
        let at = |row: &[f32], label: Option<usize>| label.map_or(row.last(), |label| row.get(label)).copied();
        let entailed: Option<Vec<f32>> = logits.iter().map(|row| at(row, entailment)).collect();
        let Some(mut scores) = entailed else {
            return Err(
                vitrine_models::Error::Config("`label2id` names a label that the model lacks".to_owned()).into()
            );
        };
        if parameters.multi_label == Some(true) || candidates.len() == 1 {
            let contradiction = if entailment == Some(0) { None } else { Some(0) };
            for (score, row) in scores.iter_mut().zip(&logits) {
                let mut both = [at(row, contradiction).unwrap_or_default(), *score];
                softmax(&mut both);
                *score = both[1];
            }
        } else {
            softmax(&mut scores);
        }
        let mut output: Output =
            candidates.into_iter().zip(scores).map(|(label, score)| Score { label, score }).collect();
        // Python turns a rising order around, so that the later of two equal labels comes first.
        output.sort_by(|a, b| a.score.total_cmp(&b.score));
        output.reverse();
        Ok(output)
    }
}

/// The label that says `entail…`, in Python's `label2id`; none where no label does, for which Python takes the last.
fn entailment(config: &Config) -> Option<usize> {
    let entails = |label: &str| label.to_lowercase().starts_with("entail");
    match config.get("label2id") {
        Value::Object(ids) => {
            let id = ids.iter().find(|(label, _)| entails(label)).and_then(|(_, id)| id.as_u64());
            id.and_then(|id| usize::try_from(id).ok())
        }
        _ => config.labels(config.label_count().ok()?).iter().position(|label| entails(label)),
    }
}

/// Python's `template.format(label)` with fields without a format; none where Python raises an error.
fn format(template: &str, label: &str) -> Option<String> {
    let (mut text, mut rest, mut fields) = (String::new(), template, 0);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, field) = rest.split_at(at);
        text += before;
        rest = if let Some(after) = field.strip_prefix("{{").or_else(|| field.strip_prefix("}}")) {
            text.extend(field.chars().next());
            after
        } else {
            let (name, after) = field.strip_prefix('{')?.split_once('}')?;
            fields += usize::from(name.is_empty());
            if fields > 1 || !matches!(name, "" | "0") {
                return None;
            }
            text += label;
            after
        };
    }
    Some(text + rest)
}
