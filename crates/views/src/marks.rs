//! A text with marked passages. Places are in characters (Unicode scalar values), as the tasks' outputs give them.

use maud::{Markup, html};

use crate::Text;
use crate::bars::collapsed;

/// A passage of a text.
pub(crate) struct Mark<'a> {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What stands behind it; empty for nothing.
    pub label: &'a str,
    /// One of the [`COLOURS`] of the style sheet.
    pub colour: usize,
}

/// Colours that labels are told apart by.
pub(crate) const COLOURS: usize = 8;
/// Marks shown at once; what follows them is collapsed.
const OPEN: usize = 150;
/// Marks shown at most; a page with more would be slow and no more useful.
const MOST: usize = 3000;
/// Marks looked at: more would take too long to put in order.
const MOST_SORTED: usize = 10_000;

/// The text with its marks. Of marks that overlap, the first is drawn, of two that begin together the longer one; what
/// lies outside the text is not drawn.
pub(crate) fn marked<'a>(label: Text, whole: &str, marks: impl Iterator<Item = Mark<'a>>) -> Markup {
    let mut ordered: Vec<Mark> = Vec::new();
    for mark in marks.take(MOST_SORTED) {
        // They mostly come in order.
        let place = ordered.partition_point(|other| (other.start, mark.end) <= (mark.start, other.end));
        ordered.insert(place, mark);
    }
    // Every piece is an unmarked text and the mark that follows it.
    let mut pieces: Vec<(&str, &str, Mark)> = Vec::new();
    let (mut rest, mut position) = (whole, 0);
    for mark in ordered {
        if mark.start < position || mark.end <= mark.start {
            continue;
        }
        // They are in order, so what follows lies outside too.
        let Some((before, from)) = split_at(rest, mark.start - position) else { break };
        let Some((within, after)) = split_at(from, mark.end - mark.start) else { continue };
        (rest, position) = (after, mark.end);
        pieces.push((before, within, mark));
    }
    let total = pieces.len();
    let draw = |pieces: &[(&str, &str, Mark)], rest: &str| {
        html! {
            p class="marked" dir="auto" {
                @for (before, within, mark) in pieces {
                    (before)
                    mark class={ "c" (mark.colour) } {
                        (within)
                        @if !mark.label.is_empty() { " " bdi class="tag" { (mark.label) } }
                    }
                }
                (rest)
            }
        }
    };
    let (open, closed) = pieces.split_at(total.min(OPEN));
    let (closed, left_out) = closed.split_at(closed.len().min(MOST - OPEN));
    let unmarked = || left_out.iter().map(|(before, within, _)| format!("{before}{within}")).collect::<String>() + rest;
    html! {
        div class="passage" role="group" aria-label=(label) tabindex="0" {
            @if closed.is_empty() {
                (draw(open, rest))
            } @else {
                (draw(open, ""))
                (collapsed(total, false, draw(closed, &unmarked()), left_out.len()))
            }
        }
    }
}

/// The text before and after `count` characters; `None` where it has fewer.
pub(crate) fn split_at(text: &str, count: usize) -> Option<(&str, &str)> {
    let end = match text.char_indices().nth(count) {
        Some((end, _)) => end,
        None if text.chars().count() == count => text.len(),
        None => return None,
    };
    text.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str, spans: &[(usize, usize, &str)]) -> String {
        let marks = spans.iter().map(|(start, end, label)| Mark { start: *start, end: *end, label, colour: 0 });
        marked(Text::new("t"), text, marks).into_string()
    }

    #[test]
    fn places_are_characters() {
        let html = html("👩\u{200d}🚀 é<b>漢字", &[(0, 3, ""), (5, 8, "<T>"), (8, 10, "")]);
        assert!(html.contains("<mark class=\"c0\">👩\u{200d}🚀</mark> é<mark class=\"c0\">&lt;b&gt; <bdi"));
        assert!(html.contains(">&lt;T&gt;</bdi></mark><mark class=\"c0\">漢字</mark></p>"));
    }

    #[test]
    fn no_character_is_lost_or_doubled() {
        let spans =
            [(5, 9, ""), (0, 4, ""), (2, 6, ""), (0, 2, ""), (7, 7, ""), (9, 99, ""), (50, 60, ""), (9, 10, "")];
        let html = html("0123456789", &spans);
        let text: String = html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
        assert_eq!(text, "0123456789");
        assert_eq!(html.matches("<mark").count(), 3);
    }

    #[test]
    fn long_results_are_collapsed_and_capped() {
        let text = "ab".repeat(5000);
        let spans: Vec<(usize, usize, &str)> = (0..5000).map(|index| (index * 2, index * 2 + 1, "")).collect();
        let html = html(&text, &spans);
        assert!(html.contains("Show all 5000") && html.contains("2000 more"));
        assert_eq!(html.matches("<mark").count(), MOST);
        assert!(html.split_once("<details").unwrap().0.matches("<mark").count() == OPEN);
    }
}
