//! The result of a run, by the shape of the task's output, with what the reader should know and can do about it.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_tasks::protocol::Note;
use vitrine_tasks::{OutputShape, Task};

use crate::answers::answers_view;
use crate::bars::{Bar, bars, bars_of};
use crate::cells::cells_view;
use crate::entities::entities_view;
use crate::fills::fills_view;
use crate::icon::{Icon, icon};
use crate::json::json;
use crate::numbers::numbers;
use crate::{Text, format, text};

/// What is known about a run beside its output.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunMeta {
    /// Milliseconds that it took.
    pub elapsed_ms: Option<f64>,
    /// Bytes of memory in use at most.
    pub memory_bytes: Option<u64>,
    /// Whether it is no run at all but what the model's author gave with an example.
    pub author: bool,
    /// Whether the JSON is shown.
    pub json: bool,
}

/// The region `output`. What does not have the task's shape is shown as JSON.
///
/// `data-action="json"` toggles `hidden` of `[data-view="json"]` and the button's `aria-expanded`.
pub fn output(task: &Task, inputs: &Value, output: &Value, notes: &[Note], meta: &RunMeta) -> Markup {
    let view = shaped(task, inputs, output);
    let is_json = view.is_none();
    html! {
        div class="card result" role="group" aria-label=(text::OUTPUT) {
            @if meta.author {
                p class="author" { span class="badge" { (text::AUTHOR_OUTPUT) } }
            }
            @for note in notes {
                p class="note" { (icon(Icon::Info)) span { (self::note(note)) } }
            }
            @match view {
                Some(view) => (view),
                None => (json(output)),
            }
            @if !is_json {
                div class="json-view" id="vitrine-json" data-view="json" hidden[!meta.json] { (json(output)) }
            }
            div class="line actions" {
                p class="muted" {
                    @if let Some(elapsed) = meta.elapsed_ms {
                        span title=(text::ELAPSED) { (format::duration(elapsed)) }
                    }
                    @if meta.elapsed_ms.is_some() && meta.memory_bytes.is_some() { " · " }
                    @if let Some(memory) = meta.memory_bytes {
                        span title=(text::MEMORY) { (format::bytes(memory)) }
                    }
                }
                div class="buttons" {
                    @if !is_json {
                        button class="quiet" type="button" data-action="json" aria-controls="vitrine-json"
                            aria-expanded=(if meta.json { "true" } else { "false" }) { (icon(Icon::Code)) (text::JSON) }
                    }
                    button class="quiet" type="button" data-action="copy" { (icon(Icon::Copy)) (text::COPY) }
                }
            }
        }
    }
}

/// An output alone, without anything that needs script.
pub fn output_alone(task: &Task, inputs: &Value, output: &Value) -> Markup {
    shaped(task, inputs, output).unwrap_or_else(|| json(output))
}

/// The region `output` before there is any; it keeps the place.
pub fn no_output() -> Markup {
    html! { div class="card empty" { p { (text::NO_OUTPUT) } } }
}

fn note(note: &Note) -> String {
    match note {
        Note::Truncated { tokens, limit } => text::truncated(*tokens, *limit),
        Note::MeanPooled => text::MEAN_POOLED.as_str().to_owned(),
    }
}

/// The view of an output that has the task's shape.
fn shaped(task: &Task, inputs: &Value, output: &Value) -> Option<Markup> {
    let drawn = |name: Text, number: Text, found: Vec<Bar>| {
        html! {
            @if found.is_empty() { p class="muted" { (text::NO_LABELS) } }
            @else { (bars(text::OUTPUT.as_str(), name, number, &found)) }
        }
    };
    let whole = |key: &str| inputs.get(key).unwrap_or(inputs).as_str();
    match task.output {
        OutputShape::Scores => Some(drawn(text::LABEL, text::SCORE, scores(output)?)),
        OutputShape::Similarities { of } => {
            Some(drawn(text::SENTENCE, text::SIMILARITY, similarities(inputs.get(of), output)?))
        }
        OutputShape::Numbers => numbers(output),
        OutputShape::Entities => entities_view(whole("text"), output),
        OutputShape::Answers { within } => answers_view(whole(within), output),
        // Authors give words as labels.
        OutputShape::Fills => fills_view(output).or_else(|| Some(drawn(text::WORD, text::SCORE, scores(output)?))),
        OutputShape::Ranking { of } => Some(drawn(text::DOCUMENT, text::SCORE, ranks(inputs.get(of), output)?)),
        OutputShape::Cells { of } => cells_view(inputs.get(of), output),
    }
}

/// `[{label, score}]`, also inside one more list as the Hub's API answers, or Python's `{labels, scores}`; sorted by
/// score.
pub(crate) fn scores(output: &Value) -> Option<Vec<Bar>> {
    if let (Some(labels), Some(scores)) = (output.get("labels"), output.get("scores")) {
        return labels.as_array()?.iter().all(Value::is_string).then(|| similarities(Some(labels), scores))?;
    }
    let mut entries = output.as_array()?;
    if let [Value::Array(only)] = entries.as_slice() {
        entries = only;
    }
    let mut found =
        bars_of(entries, &|_, entry| Bar::of(entry.get("label")?.as_str()?.to_owned(), None, entry.get("score")))?;
    sort(&mut found);
    Some(found)
}

fn sort(bars: &mut [Bar]) {
    let key = |bar: &Bar| bar.score.unwrap_or(f64::NEG_INFINITY);
    bars.sort_by(|a, b| key(b).total_cmp(&key(a)));
}

/// `[{index, score}]`, or a number for each text, as documents in the order of their scores.
pub(crate) fn ranks(texts: Option<&Value>, output: &Value) -> Option<Vec<Bar>> {
    let mut found = match output.as_array()?.iter().all(Value::is_number) {
        true => similarities(texts, output)?,
        false => bars_of(output.as_array()?, &|_, rank| {
            let index = usize::try_from(rank.get("index")?.as_u64()?).ok()?;
            let text = rank.get("text").or_else(|| texts?.get(index)).and_then(Value::as_str);
            let place = text::item(text::DOCUMENT.as_str(), index.saturating_add(1));
            match text.filter(|text| !text.trim().is_empty()) {
                Some(text) => Bar::of(text.to_owned(), Some(place), rank.get("score")),
                None => Bar::of(place, None, rank.get("score")),
            }
        })?,
    };
    sort(&mut found);
    Some(found)
}

/// `[number]`, each under its text of the inputs, in their order.
pub(crate) fn similarities(texts: Option<&Value>, output: &Value) -> Option<Vec<Bar>> {
    let texts = texts.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    bars_of(output.as_array()?, &|index, number| {
        let label = texts.get(index).and_then(Value::as_str).map(str::to_owned);
        let label = label.filter(|label| !label.trim().is_empty());
        let label = label.unwrap_or_else(|| text::item(text::SENTENCE.as_str(), index + 1));
        Bar::of(label, None, Some(number))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vitrine_tasks::{
        TASKS, feature_extraction, fill_mask, sentence_similarity, text_classification, text_ranking,
        zero_shot_classification,
    };

    use super::*;

    fn html(task: &Task, inputs: &Value, value: &Value) -> String {
        output(task, inputs, value, &[], &RunMeta::default()).into_string()
    }

    #[test]
    fn scores_are_sorted_and_may_be_nested() {
        let value =
            json!([[{"label": "b", "score": 0.1}, {"label": "<a>", "score": 0.9}, {"label": "c", "score": null}]]);
        let html = html(&text_classification::TASK, &Value::Null, &value);
        let at = |text: &str| html.find(text).unwrap();
        assert!(at("&lt;a&gt;") < at(">b<") && at(">b<") < at(">c<"));
        assert!(html.contains("class=\"best\""));
    }

    #[test]
    fn similarities_keep_the_order_of_the_sentences() {
        let inputs = json!({"source_sentence": "x", "sentences": ["<one>", ""]});
        let html = html(&sentence_similarity::TASK, &inputs, &json!([0.1, 0.9, -0.2]));
        assert!(html.contains("&lt;one&gt;") && html.contains("Sentence: 2") && html.contains("Sentence: 3"));
    }

    #[test]
    fn documents_are_ranked() {
        let inputs = json!({"query": "q", "texts": ["<one>", "two", ""]});
        let rank = |index: usize, score: f64| json!({"index": index, "score": score});
        let given = json!({"index": 7, "score": -9, "text": "given"});
        let ranks = json!([rank(1, -2.0), rank(0, 3.5), rank(2, -8.0), given]);
        let found = html(&text_ranking::TASK, &inputs, &ranks);
        let at = |text: &str| found.find(text).unwrap();
        assert!(
            at("&lt;one&gt;") < at(">two<") && at(">two<") < at(">Document: 3<") && at(">Document: 3<") < at(">given<")
        );
        let numbers = html(&text_ranking::TASK, &inputs, &json!([0.1, 0.9, 0.2]));
        assert!(numbers.find(">two<").unwrap() < numbers.find("&lt;one&gt;").unwrap());
    }

    #[test]
    fn python_s_zero_shot_output_is_read() {
        let value = json!({"sequence": "s", "labels": ["<a>", "b"], "scores": [0.9, 0.1]});
        let found = html(&zero_shot_classification::TASK, &Value::Null, &value);
        assert!(found.contains("&lt;a&gt;") && found.contains(">0.900<"));
    }

    #[test]
    fn an_author_s_words_are_read_as_labels() {
        let value = json!([{"label": "Paris", "score": 0.9}]);
        assert!(html(&fill_mask::TASK, &json!("a <mask>"), &value).contains(">Paris<"));
    }

    #[test]
    fn what_does_not_fit_is_shown_as_json() {
        let odd = [
            json!(null),
            json!("<script>alert(1)</script>"),
            json!({"label": "x"}),
            json!([{"label": 1, "score": "a"}]),
            json!([["a"], ["b"]]),
            json!([[], {}]),
            json!(f64::MAX),
        ];
        for task in TASKS {
            for value in &odd {
                let html = html(task, &Value::Null, value);
                assert!(html.contains("<pre class=\"json\""), "{} {value}", task.tag);
                assert!(!html.contains("<script") && !html.contains("data-action=\"json\""));
            }
        }
    }

    #[test]
    fn empty_outputs_say_so() {
        assert!(html(&text_classification::TASK, &Value::Null, &json!([])).contains(text::NO_LABELS.as_str()));
        assert!(html(&feature_extraction::TASK, &Value::Null, &json!([])).contains(text::NO_NUMBERS.as_str()));
    }

    #[test]
    fn notes_time_memory_and_authorship_are_seen() {
        let meta = RunMeta { elapsed_ms: Some(42.0), memory_bytes: Some(113_000_000), author: true, json: true };
        let notes = [Note::Truncated { tokens: 612, limit: 256 }, Note::MeanPooled];
        let html = output(&text_classification::TASK, &Value::Null, &json!([]), &notes, &meta).into_string();
        for part in
            ["42 ms", "113 MB", text::AUTHOR_OUTPUT.as_str(), "only 256 of its 612 tokens", text::MEAN_POOLED.as_str()]
        {
            assert!(html.contains(part), "{part}");
        }
        assert!(html.contains("aria-expanded=\"true\"") && !html.contains("hidden>"));
    }
}
