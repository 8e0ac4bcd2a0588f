//! `[{score, token_str, sequence}]`, or such a list for each of several masks: the words as bars.

use maud::{Markup, html};
use serde_json::Value;

use crate::bars::{Bar, bars, bars_of};
use crate::text;

/// Masks shown at most.
const MOST: usize = 100;

/// The words for each mask; `None` where the output has another shape.
pub(crate) fn fills(output: &Value) -> Option<Vec<Vec<Bar>>> {
    let masks = output.as_array()?;
    if masks.iter().all(Value::is_array) {
        return masks.iter().map(words).collect();
    }
    Some(vec![words(output)?])
}

fn words(fills: &Value) -> Option<Vec<Bar>> {
    bars_of(fills.as_array()?, &|_, fill| {
        let word = fill.get("token_str")?.as_str()?;
        let sequence = fill.get("sequence").and_then(Value::as_str).map(str::to_owned);
        Bar::of(text::QUOTED.of(word.trim()), sequence, fill.get("score"))
    })
}

/// The view of an output.
pub(crate) fn fills_view(output: &Value) -> Option<Markup> {
    let masks = fills(output)?;
    Some(html! {
        @if masks.is_empty() { p class="muted" { (text::NO_WORDS) } }
        @for (index, words) in masks.iter().take(MOST).enumerate() {
            @let name = if masks.len() == 1 { text::OUTPUT.as_str().to_owned() } else { text::MASK.of(&(index + 1).to_string()) };
            @if masks.len() > 1 { p class="group" { (name) } }
            @if words.is_empty() { p class="muted" { (text::NO_WORDS) } }
            @else { (bars(&name, text::WORD, text::SCORE, words)) }
        }
        @if masks.len() > MOST { p class="muted" { (text::LEFT_OUT.of(masks.len() - MOST)) } }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_mask_has_its_words() {
        let fill = |word: &str| json!({"score": 0.5, "token": 3, "token_str": word, "sequence": "<s> a"});
        let one = fills_view(&json!([fill(" <b>"), fill("")])).unwrap().into_string();
        assert!(one.contains("“&lt;b&gt;”") && one.contains("&lt;s&gt; a") && !one.contains("Mask 1"));
        let two = fills_view(&json!([[fill("a")], [fill("b")]])).unwrap().into_string();
        assert!(two.contains("Mask 1") && two.contains("Mask 2"));
        assert!(fills_view(&json!([])).unwrap().into_string().contains(text::NO_WORDS.as_str()));
        assert!(fills_view(&json!([{"score": 1}])).is_none() && fills_view(&json!("a")).is_none());
    }
}
