//! `{answer, score, start, end}`, alone or in a list: answers as bars, and marked in the context they come from.

use maud::{Markup, html};
use serde_json::Value;

use crate::bars::{Bar, bars, bars_of};
use crate::marks::{Mark, marked, split_at};
use crate::text;

/// Answers whose places can be opened.
const MOST: usize = 20;
/// Characters of the context that are shown on either side of an answer that is not the first.
const AROUND: usize = 300;

/// The answers as bars, the best first; `None` where the output has another shape.
pub(crate) fn answers(output: &Value) -> Option<Vec<Bar>> {
    bars_of(entries(output), &|_, entry| {
        let answer = entry.get("answer")?.as_str()?;
        let label = if answer.trim().is_empty() { text::NO_ANSWER.as_str() } else { answer };
        Bar::of(label.to_owned(), None, entry.get("score"))
    })
}

/// The view of an output for `context`, the text that was looked in.
pub(crate) fn answers_view(context: Option<&str>, output: &Value) -> Option<Markup> {
    let found = answers(output)?;
    let context = context.unwrap_or_default();
    let places = entries(output).iter().zip(&found).take(MOST);
    let place = |entry: &Value| {
        let at = |key: &str| usize::try_from(entry.get(key)?.as_u64()?).ok();
        at("start").zip(at("end")).filter(|(start, end)| start < end)
    };
    let placed: Vec<_> = places.filter_map(|(entry, bar)| Some((place(entry)?, bar))).collect();
    Some(html! {
        @if found.is_empty() {
            p class="muted" { (text::NO_ANSWER) }
        } @else {
            (bars(text::OUTPUT.as_str(), text::ANSWER, text::SCORE, &found))
        }
        @if !context.is_empty() {
            @match placed.as_slice() {
                [] => (marked(text::CONTEXT, context, std::iter::empty())),
                [((start, end), _)] => (marked(text::CONTEXT, context, std::iter::once(mark(*start, *end)))),
                several => @for (index, ((start, end), bar)) in several.iter().enumerate() {
                    details class="place" name="vitrine-answers" open[index == 0] {
                        summary { bdi { (bar.label) } }
                        (excerpt(context, *start, *end, if index == 0 { usize::MAX } else { AROUND }))
                    }
                },
            }
        }
    })
}

/// The one entry or all of a list.
fn entries(output: &Value) -> &[Value] {
    match output {
        Value::Array(entries) => entries,
        one => std::slice::from_ref(one),
    }
}

fn mark(start: usize, end: usize) -> Mark<'static> {
    Mark { start, end, label: "", colour: 0 }
}

/// The answer with so many characters of the context on either side.
fn excerpt(context: &str, start: usize, end: usize, around: usize) -> Markup {
    let from = start.saturating_sub(around);
    let Some((_, rest)) = split_at(context, from) else { return Markup::default() };
    let (part, cut) = match split_at(rest, end.saturating_add(around) - from) {
        Some((part, after)) if !after.is_empty() => (part, "…"),
        _ => (rest, ""),
    };
    let begin = if from > 0 { "… " } else { "" };
    let shift = begin.chars().count();
    marked(
        text::CONTEXT,
        &format!("{begin}{part}{cut}"),
        std::iter::once(mark(start - from + shift, end - from + shift)),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn html(context: &str, output: Value) -> String {
        answers_view(Some(context), &output).unwrap().into_string()
    }

    #[test]
    fn the_answer_is_marked_in_its_context() {
        let berlin = json!({"answer": "Berlin", "score": 0.9, "start": 11, "end": 17});
        let html = html("I live in “Berlin” <now>.", berlin);
        assert!(html.contains("I live in “<mark class=\"c0\">Berlin</mark>” &lt;now&gt;."));
        assert!(html.contains(">0.900<") && !html.contains("<details"));
    }

    #[test]
    fn several_answers_are_opened_one_at_a_time() {
        let context = format!("{}a🦀b{}", "x".repeat(1000), "y".repeat(1000));
        let answer = |start: usize, end: usize| json!({"answer": "a", "score": 0.1, "start": start, "end": end});
        let html = html(&context, json!([answer(1000, 1001), answer(1001, 1002)]));
        assert_eq!(html.matches("<details class=\"place\" name=\"vitrine-answers\"").count(), 2);
        assert_eq!(html.matches(" open>").count(), 1);
        assert!(html.contains("<mark class=\"c0\">🦀</mark>b"));
        assert!(html.contains(&format!("… {}a<mark", "x".repeat(299))), "{html}");
    }

    #[test]
    fn no_answer_says_so() {
        let none = json!({"answer": "", "score": 0.7, "start": 0, "end": 0});
        let html = html("Some text.", none);
        assert!(html.contains(text::NO_ANSWER.as_str()) && html.contains("Some text.") && !html.contains("<mark"));
        assert!(super::tests::html("Some text.", json!([])).contains(text::NO_ANSWER.as_str()));
    }

    #[test]
    fn places_outside_the_context_are_not_drawn() {
        let answer = |start: usize, end: usize| json!({"answer": "a", "score": 1, "start": start, "end": end});
        let odd = json!([answer(90, 95), answer(3, 1)]);
        assert!(!html("short", odd).contains("<mark"));
        let huge = json!([answer(1, usize::MAX), answer(0, usize::MAX)]);
        assert!(!html("short", huge).contains("<mark"));
        assert!(answers_view(None, &json!({"answer": "a", "score": 0.5})).is_some());
        assert!(answers_view(None, &json!({"answer": 1, "score": 0.5})).is_none());
    }
}
