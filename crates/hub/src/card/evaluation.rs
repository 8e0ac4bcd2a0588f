//! Evaluation results of a card: `model-index`, after the Hub's modelcard.md.

use serde_json::Value;

use super::metadata::to_text;

/// One result of a model on one data set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// The name that the index gives the model.
    pub model: Option<String>,
    /// What the model was to do.
    pub task: EvaluationTask,
    /// What it did it on.
    pub dataset: EvaluationDataset,
    /// How well it did.
    pub metrics: Vec<EvaluationMetric>,
    /// Who says so, where it is not the author.
    pub source: Option<EvaluationSource>,
}

/// The task of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluationTask {
    /// `type`: a pipeline tag.
    pub id: Option<String>,
    /// A name for people.
    pub name: Option<String>,
}

/// The data set of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluationDataset {
    /// `type`: its id on the Hub.
    pub id: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// Which of its configurations.
    pub config: Option<String>,
    /// Which of its splits.
    pub split: Option<String>,
    /// Which of its revisions.
    pub revision: Option<String>,
}

/// One number of a result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EvaluationMetric {
    /// `type`: its id on the Hub.
    pub id: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// What was measured: mostly a number, else a text such as `20.0 ± 1.2`, or a list or map of such.
    pub value: Value,
    /// Which of its configurations.
    pub config: Option<String>,
    /// Whether the Hub's evaluation service measured it.
    pub verified: bool,
}

/// Where a result was published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluationSource {
    /// A name for people.
    pub name: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

/// All results of a `model-index`; what is no result is passed over.
pub(super) fn evaluations(index: &Value) -> Vec<Evaluation> {
    let members = |value: &Value, key| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut evaluations = Vec::new();
    for model in index.as_array().into_iter().flatten() {
        for result in members(model, "results") {
            let within = |key: &str, field: &str| result.get(key)?.get(field).and_then(to_text);
            evaluations.push(Evaluation {
                model: model.get("name").and_then(to_text),
                task: EvaluationTask { id: within("task", "type"), name: within("task", "name") },
                dataset: EvaluationDataset {
                    id: within("dataset", "type"),
                    name: within("dataset", "name"),
                    config: within("dataset", "config"),
                    split: within("dataset", "split"),
                    revision: within("dataset", "revision"),
                },
                metrics: members(&result, "metrics").iter().map(metric).collect(),
                source: result
                    .get("source")
                    .filter(|source| source.is_object())
                    .map(|_| EvaluationSource { name: within("source", "name"), url: within("source", "url") }),
            });
        }
    }
    evaluations
}

fn metric(metric: &Value) -> EvaluationMetric {
    let text = |key| metric.get(key).and_then(to_text);
    EvaluationMetric {
        id: text("type"),
        name: text("name"),
        value: metric.get("value").cloned().unwrap_or_default(),
        config: text("config"),
        verified: metric.get("verified") == Some(&Value::Bool(true)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ModelCard;

    #[test]
    fn the_hubs_own_example_is_read() {
        let readme = "---
model-index:
  - name: Yi-34B
    results:
      - task:
          type: text-generation
        dataset:
          name: ai2_arc
          type: ai2_arc
          config: ARC-Challenge
          split: test
          revision: 5503434ddd753f426f4b38109466949a1217c2bb
        metrics:
          - name: AI2 Reasoning Challenge (25-Shot)
            type: acc_norm
            value: 64.59
            verified: true
          - type: f1
            value: 20.0 ± 1.2
        source:
          name: Open LLM Leaderboard
          url: https://huggingface.co/spaces/HuggingFaceH4/open_llm_leaderboard
      - task: {type: question-answering, name: Answering}
---
";
        let evaluations = ModelCard::parse(readme).evaluations();
        let [first, second] = &evaluations[..] else { panic!("{evaluations:?}") };
        assert_eq!((first.model.as_deref(), first.task.id.as_deref()), (Some("Yi-34B"), Some("text-generation")));
        assert_eq!(
            (first.dataset.id.as_deref(), first.dataset.config.as_deref()),
            (Some("ai2_arc"), Some("ARC-Challenge"))
        );
        assert_eq!(first.dataset.revision.as_deref(), Some("5503434ddd753f426f4b38109466949a1217c2bb"));
        assert_eq!((first.metrics.len(), &first.metrics[0].value), (2, &json!(64.59)));
        assert_eq!((first.metrics[0].verified, first.metrics[1].verified), (true, false));
        assert_eq!(first.metrics[1].value, json!("20.0 ± 1.2"));
        assert_eq!(first.source.as_ref().unwrap().name.as_deref(), Some("Open LLM Leaderboard"));
        assert_eq!((second.task.name.as_deref(), second.metrics.len(), &second.source), (Some("Answering"), 0, &None));
    }

    #[test]
    fn what_is_no_index_has_no_results() {
        for yaml in ["model-index: not correct", "model-index: [a, {results: x}]", "license: mit"] {
            assert_eq!(ModelCard::parse(&format!("---\n{yaml}\n---\n")).evaluations(), [], "{yaml}");
        }
    }
}
