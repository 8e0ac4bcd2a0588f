//! GitHub-flavoured Markdown as HTML, the text's own HTML included: what comes out of here is not safe.

use std::borrow::Cow;

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, format_html, parse_document};

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
    let arena = Arena::new();
    let document = parse_document(&arena, &shallow(markdown), &options);
    for node in document.descendants() {
        let mut data = node.data_mut();
        let own = match &mut data.value {
            NodeValue::HtmlBlock(block) => std::mem::take(&mut block.literal),
            NodeValue::HtmlInline(literal) => std::mem::take(literal),
            _ => continue,
        };
        data.value = NodeValue::Raw(own);
    }
    let mut html = String::new();
    // Only a writer can fail, and a string does not.
    let _ = format_html(document, &options, &mut html);
    html
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
