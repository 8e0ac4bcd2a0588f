//! What to know before relying on a model: intended uses, limitations, bias, training data and evaluation, from its card.

use maud::{Markup, html};
use vitrine_cards::Card;
use vitrine_views::Text;

use super::{Model, direction, plain};
use crate::frame::safe;
use crate::text;

/// A topic that a card should have something about.
struct Topic {
    name: Text,
    /// What is said where the card has nothing.
    missing: Text,
    /// Parts of headings that open a section about it, the best first; those of the Hub's template and of older cards.
    headings: &'static [&'static str],
}

const TOPICS: &[Topic] = &[
    Topic {
        name: text::INTENDED_USES,
        missing: text::NO_INTENDED_USES,
        headings: &["intended use", "intended purpose", "direct use", "use case", "uses", "out-of-scope"],
    },
    Topic {
        name: text::LIMITATIONS,
        missing: text::NO_LIMITATIONS,
        headings: &["limitation", "out-of-scope", "known issue", "caveat"],
    },
    Topic { name: text::BIAS, missing: text::NO_BIAS, headings: &["bias", "risk", "ethical", "fairness", "safety"] },
    Topic {
        name: text::TRAINING_DATA,
        missing: text::NO_TRAINING_DATA,
        headings: &[
            "training data",
            "training corpus",
            "pretraining data",
            "pre-training data",
            "dataset",
            "data set",
            "training",
        ],
    },
    Topic {
        name: text::EVALUATION,
        missing: text::NO_EVALUATION,
        headings: &["evaluation", "result", "performance", "benchmark", "accuracy"],
    },
];

/// One collapsed part for each topic; those that the card lacks say so before they are opened.
pub(super) fn about(model: &Model, card: Option<&Card>) -> Markup {
    html! {
        p class="about-title" { (text::ABOUT) }
        div class="topics" {
            @for topic in TOPICS {
                @let section = card.and_then(|card| section(card, topic));
                @let beside = beside(model, topic);
                details name="about" {
                    summary {
                        (topic.name)
                        @if section.is_none() && beside.is_none() { " " span class="missing" { (text::MISSING) } }
                    }
                    div class="topic" {
                        @if let Some(beside) = &beside { (beside) }
                        @match section {
                            Some((id, html)) => {
                                div class="card-text" dir=(direction(html)) { (safe(&with_plain_headings(html))) }
                                p { a href={ "#" (id) } { (text::IN_THE_CARD) } }
                            }
                            None if beside.is_none() => p { (topic.missing) },
                            None => {}
                        }
                    }
                }
            }
        }
    }
}

/// What the metadata says about a topic.
fn beside(model: &Model, topic: &Topic) -> Option<Markup> {
    let card = &model.snapshot.card;
    let listed = |label: Text, values: Vec<String>| {
        let said = || text::LISTED.with(&[("label", label.as_str()), ("values", &values.join(", "))]);
        (!values.is_empty()).then(|| html! { p { (said()) } })
    };
    match topic.name {
        text::TRAINING_DATA => listed(text::DATASETS, card.datasets()),
        text::EVALUATION if !card.evaluations().is_empty() => {
            Some(html! { p { a href="#results" { (text::RESULTS) } } })
        }
        text::EVALUATION => listed(text::METRICS, card.metrics()),
        _ => None,
    }
}

/// HTML whose headings are strong text: under a topic they are no part of the page's outline.
fn with_plain_headings(html: &str) -> String {
    (2..=6).fold(html.to_owned(), |html, level| {
        html.replace(&format!("<h{level}"), "<strong").replace(&format!("</h{level}>"), "</strong>")
    })
}

/// The first section with something in it under a heading about the topic: its heading's id and its HTML.
fn section<'a>(card: &'a Card, topic: &Topic) -> Option<(&'a str, &'a str)> {
    topic.headings.iter().find_map(|wanted| {
        card.sections.iter().find_map(|section| {
            let heading = card.headings.get(section.heading)?;
            let is_about = heading.text.to_lowercase().contains(wanted);
            (is_about && says_something(&section.html)).then_some((heading.id.as_str(), section.html.as_str()))
        })
    })
}

/// Whether there is more in a section than the template's marks for what is missing, labels and headings.
fn says_something(html: &str) -> bool {
    let without_headings = without_headings(html);
    let said = plain(&without_headings).replace("[More Information Needed]", "").replace("More information needed", "");
    said.split_whitespace().any(|word| word.chars().filter(|c| c.is_alphanumeric()).count() > 2)
}

fn without_headings(html: &str) -> String {
    let mut rest = html;
    let mut kept = String::new();
    while let Some(start) = (2..=6).filter_map(|level| rest.find(&format!("<h{level}"))).min() {
        let (before, heading) = rest.split_at(start);
        kept += before;
        let level = heading.get(2..3).unwrap_or("6");
        rest = heading.split_once(&format!("</h{level}>")).map_or("", |(_, after)| after);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_s_marks_say_nothing() {
        for nothing in
            ["", "<p>[More Information Needed]</p>", "<h3>Recommendations</h3>\n<p>[More Information Needed]</p>"]
        {
            assert!(!says_something(nothing), "{nothing}");
        }
        assert!(says_something("<h3>Recommendations</h3><p>Do not use it for medical advice.</p>"));
    }

    #[test]
    fn headings_leave_the_outline() {
        assert_eq!(
            with_plain_headings("<h3 dir=\"auto\">A <em>b</em></h3>\n<hr><p>c</p>"),
            "<strong dir=\"auto\">A <em>b</em></strong>\n<hr><p>c</p>"
        );
    }

    #[test]
    fn every_topic_is_either_found_or_missing() {
        let links = vitrine_cards::Links {
            file: &str::to_owned,
            page: &str::to_owned,
            own: &[],
            words: vitrine_cards::Words::ENGLISH,
        };
        let card = vitrine_cards::render(
            "# M\n## Intended uses & limitations\nFor tests.\n## Training data\n[More Information Needed]\n### Bias\nSome.\n",
            &links,
        );
        let found: Vec<bool> = TOPICS.iter().map(|topic| section(&card, topic).is_some()).collect();
        // The training data's section has a section about bias in it.
        assert_eq!(found, [true, true, true, true, false]);
    }
}
