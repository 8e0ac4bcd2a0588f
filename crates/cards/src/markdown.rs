//! GitHub-flavoured Markdown as HTML, the text's own HTML included: what comes out of here is not safe.

use comrak::{Options, markdown_to_html};

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
    markdown_to_html(markdown, &options)
}
