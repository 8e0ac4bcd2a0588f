//! `[{entity_group | entity, score, word, start, end}]`: the entities marked in the visitor's own text, and as a table.

use maud::{Markup, html};
use serde_json::Value;

use crate::bars::{Bar, bars};
use crate::marks::{COLOURS, Mark, marked};
use crate::text;

/// One entity of an output; its place is absent where a tokenizer gives none.
pub(crate) struct Entity<'a> {
    label: &'a str,
    word: &'a str,
    score: Option<f64>,
    place: Option<(usize, usize)>,
}

/// The entities of an output; `None` where it has another shape.
pub(crate) fn entities(output: &Value) -> Option<Vec<Entity<'_>>> {
    let entity = |entry| {
        let entry: &Value = entry;
        let at = |key: &str| entry.get(key)?.as_u64()?.try_into().ok();
        Some(Entity {
            label: entry.get("entity_group").or_else(|| entry.get("entity"))?.as_str()?,
            word: entry.get("word")?.as_str()?,
            score: entry.get("score")?.as_f64(),
            place: at("start").zip(at("end")),
        })
    };
    output.as_array()?.iter().map(entity).collect()
}

/// The view of an output for `whole`, the text that it is about.
pub(crate) fn entities_view(whole: Option<&str>, output: &Value) -> Option<Markup> {
    let entities = entities(output)?;
    let colours = colours(&entities);
    let marks = entities.iter().filter_map(|entity| {
        let (start, end) = entity.place?;
        let colour = colours.iter().position(|taken| *taken == Some(plain(entity.label)))? % COLOURS;
        Some(Mark { start, end, label: entity.label, colour })
    });
    let bar = |entity: &Entity<'_>| Bar {
        label: entity.word.to_owned(),
        detail: Some(entity.label.to_owned()),
        score: entity.score,
    };
    let table: Vec<Bar> = entities.iter().map(bar).collect();
    Some(html! {
        @if let Some(whole) = whole { (marked(text::MARKED_TEXT, whole, marks)) }
        @if table.is_empty() {
            p class="muted" { (text::NO_ENTITIES) }
        } @else if whole.is_some() {
            details class="more" {
                summary { (text::ENTITIES_TABLE) }
                (bars(text::OUTPUT.as_str(), text::ENTITY, text::SCORE, &table))
            }
        } @else {
            (bars(text::OUTPUT.as_str(), text::ENTITY, text::SCORE, &table))
        }
    })
}

/// The label without the letter that says whether it begins an entity (`B-PER`).
fn plain(label: &str) -> &str {
    match label.split_at_checked(2) {
        Some(("B-" | "I-" | "E-" | "S-" | "L-" | "U-", rest)) => rest,
        _ => label,
    }
}

/// The label that has each colour. A label's colour comes from its letters, so that it is the same in every result;
/// only where another label of this one has it, the next free one is taken, and with more labels than colours they
/// share.
fn colours<'a>(entities: &[Entity<'a>]) -> Vec<Option<&'a str>> {
    let mut taken: Vec<Option<&str>> = vec![None; COLOURS];
    for label in entities.iter().map(|entity| plain(entity.label)) {
        if taken.contains(&Some(label)) {
            continue;
        }
        let first = label.chars().fold(0, |sum: usize, letter| sum.wrapping_add(letter as usize)) % COLOURS;
        let free = (first..COLOURS).chain(0..first).find(|colour| taken.get(*colour) == Some(&None));
        match free.and_then(|colour| taken.get_mut(colour)) {
            Some(place) => *place = Some(label),
            None => taken.push(Some(label)),
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn html(text: Option<&str>, output: Value) -> String {
        entities_view(text, &output).unwrap().into_string()
    }

    #[test]
    fn entities_are_marked_in_the_text() {
        let output = json!([
            {"entity_group": "PER", "score": 0.99, "word": "wolfgang", "start": 11, "end": 19},
            {"entity_group": "LOC", "score": 0.98, "word": "berlin", "start": 34, "end": 40},
        ]);
        let html = html(Some("My name is Wolfgang and I live in Berlin"), output);
        assert!(
            html.contains("My name is <mark class=\"c7\">Wolfgang <bdi class=\"tag\">PER</bdi></mark> and I live in")
        );
        assert!(html.contains("<mark class=\"c6\">Berlin "));
        assert!(html.contains(">0.990<") && html.contains(">wolfgang<"));
    }

    #[test]
    fn tokens_of_one_entity_share_its_colour() {
        let token = |entity: &str, index: usize| json!({"entity": entity, "score": 0.5, "index": index, "word": "x", "start": index, "end": index + 1});
        let html = html(Some("abc"), json!([token("B-PER", 0), token("I-PER", 1), token("PER", 2)]));
        assert_eq!(html.matches("class=\"c7\"").count(), 3);
    }

    #[test]
    fn labels_have_colours_of_their_own_as_long_as_there_are_any() {
        let labels: Vec<String> = (0..20).map(|index| format!("L{index}")).collect();
        let of = |count: usize| {
            let entity = |label| Entity { label, word: "", score: None, place: None };
            colours(&labels[..count].iter().map(|label| entity(label.as_str())).collect::<Vec<_>>())
        };
        assert_eq!(of(8).iter().filter(|label| label.is_some()).count(), 8);
        assert_eq!(of(20).len(), 20);
    }

    #[test]
    fn without_places_or_text_there_is_the_table() {
        let output = json!([{"entity_group": "PER", "score": 0.9, "word": "<b>", "start": null, "end": null}]);
        assert!(!html(Some("text"), output.clone()).contains("<mark"));
        let html = html(None, output);
        assert!(html.contains("&lt;b&gt;") && !html.contains("<details"));
        assert!(super::entities(&json!([{"entity_group": "PER"}])).is_none());
        assert!(super::tests::html(Some("text"), json!([])).contains(text::NO_ENTITIES.as_str()));
    }
}
