//! `vitrine mdbook`: mdBook's preprocessor, which puts a widget where a chapter says `{{#model org/name}}`.

use std::io;
use std::ops::Range;

use clap::{Args, Subcommand};
use maud::html;
use pulldown_cmark::{Event, Options as Extensions, Parser, Tag};
use serde_json::Value;

use crate::Failure;

/// The arguments of `vitrine mdbook`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    question: Option<Question>,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Whether a renderer's books can hold widgets: html's can
    Supports {
        /// The renderer's name
        renderer: String,
    },
}

/// Answers mdBook's question, or reads `[context, book]` from stdin and writes the book with its widgets to stdout.
pub fn mdbook(options: &Options) -> Result<(), Failure> {
    if let Some(Question::Supports { renderer }) = &options.question {
        let failure = || Failure::error(format!("a book rendered by `{renderer}` cannot hold widgets"));
        return if renderer == "html" { Ok(()) } else { Err(failure()) };
    }
    let unreadable = |error| Failure::error(format!("stdin does not hold mdBook's [context, book]: {error}"));
    let (context, mut book): (Value, Value) = serde_json::from_reader(io::stdin().lock()).map_err(unreadable)?;
    let script = context.pointer("/config/preprocessor/vitrine/script").and_then(Value::as_str);
    // mdBook 0.4 names the list `sections`.
    for list in ["items", "sections"] {
        if let Some(items) = book.get_mut(list) {
            expand_items(items, script)?;
        }
    }
    serde_json::to_writer(io::stdout().lock(), &book).map_err(|error| Failure::error(format!("stdout: {error}")))
}

/// Expands the chapters of a list and those below them.
fn expand_items(items: &mut Value, script: Option<&str>) -> Result<(), Failure> {
    for item in items.as_array_mut().into_iter().flatten() {
        // What else there is, separators and titles of parts, has no text.
        let Some(chapter) = item.get_mut("Chapter") else { continue };
        let path = chapter.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(content) = chapter.get("content").and_then(Value::as_str) {
            let place = |error| Failure::error(format!("{path}: {error}"));
            if let Some(expanded) = expand(content, &path, script).map_err(place)? {
                chapter["content"] = expanded.into();
            }
        }
        if let Some(below) = chapter.get_mut("sub_items") {
            expand_items(below, script)?;
        }
    }
    Ok(())
}

/// The chapter with its widgets, and before them, once, their script; `None` where it has no widget.
fn expand(content: &str, path: &str, script: Option<&str>) -> Result<Option<String>, String> {
    const OPEN: &str = "{{#model ";
    if !content.contains(OPEN) {
        return Ok(None);
    }
    let code = code(content);
    let mut widgets = String::new();
    let mut from = 0;
    for (start, _) in content.match_indices(OPEN) {
        if start < from || code.iter().any(|range| range.contains(&start)) {
            continue;
        }
        let (before, rest) = content.split_at(start);
        let (arguments, _) = rest[OPEN.len()..].split_once("}}").ok_or("`{{#model` has no `}}`")?;
        widgets += &before[from..];
        widgets += &widget(arguments)?;
        from = start + OPEN.len() + arguments.len() + "}}".len();
    }
    if from == 0 {
        return Ok(None);
    }
    let script = script.ok_or("[preprocessor.vitrine] in book.toml lacks `script`, the URL of model-widget.js")?;
    let script = html! { script type="module" src=(from_chapter(script, path)) {} };
    Ok(Some(format!("{}\n\n{widgets}{}", script.into_string(), &content[from..])))
}

/// Where code stands in a text: what is in it is shown as it is.
fn code(content: &str) -> Vec<Range<usize>> {
    let parser = Parser::new_ext(content, Extensions::all()).into_offset_iter();
    parser
        .filter(|(event, _)| matches!(event, Event::Code(_) | Event::Start(Tag::CodeBlock(_))))
        .map(|(_, range)| range)
        .collect()
}

/// The markup of a widget, on one line, so that it may stand in a list or a table.
fn widget(arguments: &str) -> Result<String, String> {
    let mut words = arguments.split_whitespace();
    let model = words.next().ok_or("`{{#model}}` names no model")?;
    let (mut revision, mut task, mut endpoint, mut dtype) = Default::default();
    let (mut loading, mut cores, mut theme, mut lang) = Default::default();
    for word in words {
        let (name, value) =
            word.split_once('=').ok_or_else(|| format!("`{word}` in `{{{{#model}}}}` is not name=value"))?;
        let attribute: &mut Option<&str> = match name {
            "revision" => &mut revision,
            "task" => &mut task,
            "endpoint" => &mut endpoint,
            "dtype" => &mut dtype,
            "loading" => &mut loading,
            "cores" => &mut cores,
            "theme" => &mut theme,
            "lang" => &mut lang,
            _ => return Err(format!("`{{{{#model}}}}` knows no `{name}`")),
        };
        *attribute = Some(value.trim_matches('"'));
    }
    let markup = html! {
        model-widget model=(model) revision=[revision] task=[task] endpoint=[endpoint] dtype=[dtype] loading=[loading]
            cores=[cores] theme=[theme] lang=[lang] {
            @if endpoint.is_some() { (model) } @else { a href={ "https://huggingface.co/" (model) } { (model) } }
        }
    };
    Ok(markup.into_string())
}

/// The script's URL from a chapter's page: a relative one is relative to the book.
fn from_chapter(script: &str, path: &str) -> String {
    let absolute =
        script.starts_with('/') || script.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    let depth = if absolute { 0 } else { path.matches('/').count() };
    "../".repeat(depth) + script
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: Option<&str> = Some("https://example.org/model-widget.js");

    fn expanded(content: &str) -> String {
        expand(content, "chapter.md", SCRIPT).unwrap().unwrap()
    }

    #[test]
    fn a_widget_stands_where_it_was_asked_for_and_its_script_once() {
        assert_eq!(
            expanded("# A\n\n{{#model org/name}}\n\ntext {{#model a/b task=fill-mask endpoint=models }} text\n"),
            "<script type=\"module\" src=\"https://example.org/model-widget.js\"></script>\n\n# A\n\n\
             <model-widget model=\"org/name\"><a href=\"https://huggingface.co/org/name\">org/name</a></model-widget>\n\n\
             text <model-widget model=\"a/b\" task=\"fill-mask\" endpoint=\"models\">a/b</model-widget> text\n"
        );
    }

    #[test]
    fn code_is_shown_as_it_is() {
        let code = "`{{#model a/b}}`\n\n```\n{{#model a/b}}\n```\n\n    {{#model a/b}}\n";
        assert_eq!(expand(code, "", SCRIPT), Ok(None));
        let both = expanded(&format!("{code}\n{{{{#model a/b}}}}"));
        assert!(both.contains(code) && both.matches("<model-widget").count() == 1, "{both}");
    }

    #[test]
    fn what_a_book_says_cannot_break_out_of_the_markup() {
        let hostile = expanded("{{#model a/b revision=\"><img/src=x> }}");
        assert!(!hostile.contains("<img"), "{hostile}");
    }

    #[test]
    fn a_mistake_is_told() {
        for (content, told) in [
            ("{{#model a/b taks=fill-mask}}", "taks"),
            ("{{#model a/b fill-mask}}", "fill-mask"),
            ("{{#model  }}", "names no model"),
            ("{{#model a/b", "has no `}}`"),
        ] {
            let error = expand(content, "", SCRIPT).unwrap_err();
            assert!(error.contains(told), "{content}: {error}");
        }
        assert!(expand("{{#model a/b}}", "", None).unwrap_err().contains("`script`"));
    }

    #[test]
    fn a_relative_script_is_relative_to_the_book() {
        for (script, path, expected) in [
            ("vitrine/model-widget.js", "a.md", "vitrine/model-widget.js"),
            ("vitrine/model-widget.js", "a/b/c.md", "../../vitrine/model-widget.js"),
            ("/model-widget.js", "a/b.md", "/model-widget.js"),
            ("https://example.org/x.js", "a/b.md", "https://example.org/x.js"),
        ] {
            assert_eq!(from_chapter(script, path), expected);
        }
    }
}
