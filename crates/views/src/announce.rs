//! What the live regions say, for people who do not see the widget change.

use serde_json::Value;
use vitrine_tasks::{ErrorCode, OutputShape, Task};

use crate::answers::answers;
use crate::cells::cell_answers;
use crate::entities::entities;
use crate::fills::fills;
use crate::locale::translated;
use crate::output::{ranks, scores, similarities};
use crate::text;

/// What to announce of a load: its share in steps of 25 %, and only when a new step is reached.
///
/// Takes the percentages before and now.
pub fn announce_loaded_share(before: u64, now: u64) -> Option<String> {
    (now / 25 > before / 25).then(|| text::SHARE_LOADED.of(&(now / 25 * 25).to_string()))
}

/// One sentence for an output: its best label or answer, or how many there are.
pub fn announce_output(task: &Task, inputs: &Value, output: &Value) -> String {
    let bars = match task.output {
        OutputShape::Scores => scores(output),
        OutputShape::Similarities { of } => similarities(inputs.get(of), output),
        OutputShape::Answers { .. } => answers(output),
        OutputShape::Fills => fills(output).map(|masks| masks.into_iter().flatten().collect()),
        OutputShape::Ranking { of } => ranks(inputs.get(of), output),
        OutputShape::Entities => {
            let count = entities(output).map_or(0, |entities| entities.len());
            return text::OUTPUT_IS.of(&text::entities(count));
        }
        OutputShape::Cells { .. } => {
            let first = cell_answers(output).and_then(|answers| Some(answers.first()?.answer.to_owned()));
            let first = first.filter(|answer| !answer.trim().is_empty());
            return text::OUTPUT_IS.of(first.as_deref().unwrap_or(text::NO_ANSWER.as_str()));
        }
        OutputShape::Numbers => None,
    };
    let best = bars.into_iter().flatten().filter(|bar| bar.score.is_some());
    match best.max_by(|a, b| a.score.unwrap_or_default().total_cmp(&b.score.unwrap_or_default())) {
        Some(best) => text::output_scored(&best.label, best.score),
        None => text::OUTPUT_IS.of(translated(task.name)),
    }
}

/// What to announce of a failure.
pub fn announce_error(code: ErrorCode, message: &str) -> String {
    format!("{}. {}", translated(code.title()), translated(message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vitrine_tasks::{feature_extraction, sentence_similarity, text_classification};

    use super::*;

    #[test]
    fn outputs_are_told_in_one_sentence() {
        let scores = json!([{"label": "NEG", "score": 0.1}, {"label": "POS", "score": 0.9}]);
        assert_eq!(announce_output(&text_classification::TASK, &Value::Null, &scores), "Result: POS, 0.900");
        let inputs = json!({"sentences": ["a", "b"]});
        assert_eq!(announce_output(&sentence_similarity::TASK, &inputs, &json!([-0.5, -0.9])), "Result: a, −0.500");
        assert_eq!(announce_output(&feature_extraction::TASK, &inputs, &json!([[1]])), "Result: Feature Extraction");
        assert_eq!(announce_output(&text_classification::TASK, &inputs, &json!("x")), "Result: Text Classification");
    }

    #[test]
    fn loads_are_told_in_quarters() {
        assert_eq!(announce_loaded_share(0, 24), None);
        assert_eq!(announce_loaded_share(24, 26).as_deref(), Some("25% loaded"));
        assert_eq!(announce_loaded_share(26, 49), None);
        assert_eq!(announce_loaded_share(49, 100).as_deref(), Some("100% loaded"));
    }
}
