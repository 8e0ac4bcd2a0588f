//! GitHub-flavoured Markdown as HTML, the text's own HTML included: what comes out of here is not safe.

use std::borrow::Cow;

use comrak::{Options, markdown_to_html};

/// Quotations nest up to here: the parser's work grows with the square of their depth.
const DEEPEST_QUOTATION: usize = 50;

/// The HTML of a text.
pub fn html(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.render.tasklist_classes = true;
    options.render.r#unsafe = true;
    markdown_to_html(&shallow(markdown), &options)
}

/// A text in which no line begins with more marks of quotations than are read.
fn shallow(markdown: &str) -> Cow<'_, str> {
    let is_mark = |each: char| matches!(each, '>' | ' ' | '\t');
    let marks = |line: &str| line.chars().take_while(|each| is_mark(*each)).filter(|each| *each == '>').count();
    if !markdown.lines().any(|line| marks(line) > DEEPEST_QUOTATION) {
        return Cow::Borrowed(markdown);
    }
    let lines = markdown.split_inclusive('\n').map(|line| {
        let content = line.trim_start_matches(is_mark);
        let kept = marks(line).min(DEEPEST_QUOTATION);
        if marks(line) > kept { format!("{} {content}", ">".repeat(kept)) } else { line.to_owned() }
    });
    Cow::Owned(lines.collect())
}
