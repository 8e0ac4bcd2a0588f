//! What a card's text has to say: whether its headings name it, and whether anything stands below them.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use vitrine_hub::card::{Problem, Severity, body};

/// What stands in the template where nobody has written anything yet.
pub const MISSING: &str = "[More Information Needed]";

/// Something that every card should say.
struct Topic {
    name: &'static str,
    /// Whether a heading, as lower-case words, is about it.
    is_about: fn(&[&str]) -> bool,
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "the intended uses",
        is_about: |words| !words.starts_with(&["how"]) && has(words, &["use", "uses", "usage", "intended"]),
    },
    Topic {
        name: "limitations and bias",
        is_about: |words| {
            has(words, &["bias", "biases", "limitation", "limitations", "risk", "risks", "caveats", "ethical"])
        },
    },
    Topic {
        name: "the training data",
        is_about: |words| {
            let training = has(words, &["train", "training", "trained", "finetuning"]);
            let data = has(words, &["data", "dataset", "datasets", "corpus", "corpora"]);
            let test = has(words, &["test", "testing", "evaluation"]);
            data && (training || !test) || training && words.len() == 1
        },
    },
    Topic {
        name: "an evaluation",
        is_about: |words| {
            let evaluation =
                ["evaluation", "evaluations", "results", "performance", "benchmark", "benchmarks", "metrics"];
            has(words, &evaluation)
        },
    },
];

fn has(words: &[&str], any: &[&str]) -> bool {
    words.iter().any(|word| any.contains(word))
}

/// A heading, and whether anything but headings, comments and markers stands below it, down to the next of its level.
struct Section {
    level: HeadingLevel,
    title: String,
    line: usize,
    has_text: bool,
}

/// Warnings about the topics that the text does not name, or names and says nothing of.
pub fn missing(readme: &str) -> Vec<Problem> {
    let sections = sections(readme);
    let mut problems = Vec::new();
    for Topic { name, is_about } in TOPICS {
        let about = |section: &&Section| {
            let title = section.title.to_lowercase();
            let words: Vec<&str> =
                title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
            is_about(&words)
        };
        let found: Vec<&Section> = sections.iter().filter(about).collect();
        let (line, message) = match found.first() {
            None => (None, format!("the text has no section about {name}")),
            Some(_) if found.iter().any(|section| section.has_text) => continue,
            Some(section) => {
                (Some(section.line), format!("\"{}\" says nothing yet about {name}", section.title.trim()))
            }
        };
        problems.push(Problem { severity: Severity::Warning, line, field: None, message });
    }
    problems
}

fn sections(readme: &str) -> Vec<Section> {
    let text = body(readme);
    let offset = readme.len() - text.len();
    let line_at = |at: usize| 1 + readme.get(..offset + at).unwrap_or(readme).matches('\n').count();
    let mut sections: Vec<Section> = Vec::new();
    // The text since the last heading, and whether a heading is being read.
    let (mut since, mut in_heading) = (String::new(), false);
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                settle(&mut sections, &mut since);
                in_heading = true;
                sections.push(Section { level, title: String::new(), line: line_at(range.start), has_text: false });
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(part) | Event::Code(part) => match sections.last_mut() {
                Some(section) if in_heading => section.title += &part,
                _ => since += &part,
            },
            _ => {}
        }
    }
    settle(&mut sections, &mut since);
    sections
}

/// Notes for the last heading, and for those that it is under, whether they have text.
fn settle(sections: &mut [Section], since: &mut String) {
    let has_text = since.replace(MISSING, "").contains(|c: char| !c.is_whitespace());
    since.clear();
    let Some(mut level) = sections.last().map(|section| section.level) else { return };
    for (index, section) in sections.iter_mut().rev().enumerate() {
        if index == 0 || section.level < level {
            level = section.level;
            section.has_text |= has_text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(Option<usize>, String)> {
        missing(&format!("---\nlicense: mit\n---\n{text}"))
            .into_iter()
            .map(|problem| (problem.line, problem.message))
            .collect()
    }

    #[test]
    fn a_text_that_says_everything_is_complete() {
        let text = "# Model\n## Intended uses & limitations\nTo test.\n## Training data\nBooks.\n## Evaluation results\n|a|\n|-|\n|1|\n";
        assert_eq!(told(text), []);
        let text = "Uses\n====\n### Direct Use\n<!-- hint -->\nTests.\n## Bias, Risks, and Limitations\nMany.\n## Training\nBooks.\n## Performance\n`1`\n";
        assert_eq!(told(text), []);
    }

    #[test]
    fn what_is_missing_or_empty_is_told() {
        let text = "# Model\nText.\n\n## How to use\n\nRun it.\n\n## Limitations\n\n<!-- a hint -->\n\n[More Information Needed]\n\n### Recommendations\n\n## Testing data\n\n```\n# Evaluation\n```\n";
        let expected = [
            (None, "the text has no section about the intended uses"),
            (Some(11), "\"Limitations\" says nothing yet about limitations and bias"),
            (None, "the text has no section about the training data"),
            (None, "the text has no section about an evaluation"),
        ];
        assert_eq!(told(text), expected.map(|(line, message)| (line, message.to_owned())));
    }
}
