//! The allow-list through which every piece of HTML leaves: elements, attributes, classes and addresses, one by one.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use ammonia::{Builder, UrlRelative};

use crate::shape::MARKDOWN_CLASSES;
use crate::{address, code};

/// Elements that a card is shown with.
pub const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Attributes of every element.
const GENERIC: &[&str] = &["aria-label", "dir", "id", "lang", "title"];

/// Attributes of some elements.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "rel"]),
    ("details", &["open"]),
    ("div", &["role", "tabindex"]),
    ("img", &["alt", "decoding", "height", "loading", "src", "width"]),
    ("input", &["checked", "disabled", "type"]),
    ("li", &["value"]),
    ("ol", &["reversed", "start", "type"]),
    ("pre", &["tabindex"]),
    ("span", &["data-alt", "data-height", "data-src", "data-width"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan", "scope"]),
    ("time", &["datetime"]),
];

/// Classes of the page's style sheet beside those of code and Markdown; a card's own are left out before.
const CLASSES: &[&str] = &[
    "align-center",
    "align-left",
    "align-right",
    "anchor",
    "card-note",
    "only-dark",
    "only-light",
    "remote-image",
    "scroll",
];

/// What every `id` begins with, so that none is one of the page's.
pub const ID_PREFIX: &str = "card-";

/// The allow-list for one card.
pub struct Gate<'a>(Builder<'a>);

impl<'a> Gate<'a> {
    /// The gate of a card whose code is in these languages, with images that are shown from under these URLs.
    pub fn new(own: &[&str], languages: &'a BTreeSet<String>) -> Self {
        let set = |values: &[&'a str]| values.iter().copied().collect::<HashSet<_>>();
        let mut classes = set(CLASSES);
        classes.extend(MARKDOWN_CLASSES);
        classes.extend(code::CLASSES);
        classes.extend(languages.iter().map(String::as_str));
        let own: Vec<String> = own.iter().map(|&url| url.to_owned()).collect();
        let mut builder = Builder::empty();
        builder
            .tags(set(ELEMENTS))
            .clean_content_tags(set(&["script", "style"]))
            .generic_attributes(set(GENERIC))
            .tag_attributes(ATTRIBUTES.iter().map(|(element, names)| (*element, set(names))).collect())
            .allowed_classes(ELEMENTS.iter().map(|element| (*element, classes.clone())).collect::<HashMap<_, _>>())
            .url_schemes(set(&["http", "https", "mailto"]))
            .url_relative(UrlRelative::PassThrough)
            .link_rel(None)
            .attribute_filter(move |element, name, value| filter(&own, element, name, value));
        Self(builder)
    }

    /// HTML without anything that is not allowed.
    pub fn clean(&self, html: &str) -> String {
        // The parser's work grows with the square of what it is given at once; a reader gives it small pieces.
        self.0.clean_from_reader(html.as_bytes()).map(|document| document.to_string()).unwrap_or_default()
    }
}

/// What is left of an attribute that the lists above allow.
fn filter<'v>(own: &[String], element: &str, name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let is_allowed = match (element, name) {
        (_, "id") => value.starts_with(ID_PREFIX),
        (_, "dir") => matches!(value, "auto" | "ltr" | "rtl"),
        ("img", "src") => address::is_under(value, own) || address::is_relative(value),
        (_, "data-src") => matches!(address::read(value), Some(address::Address::Web(_))),
        ("a", "href") => !value.starts_with('#') || value.starts_with("#card-"),
        (_, "tabindex") => value == "0",
        ("div", "role") => value == "group",
        ("input", "type") => value == "checkbox",
        _ => true,
    };
    is_allowed.then_some(Cow::Borrowed(value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Gate;
    use crate::{Links, render};

    #[test]
    fn what_left_it_once_leaves_it_unchanged() {
        let path = |path: &str| format!("/own/{path}");
        let links = Links { file: &path, page: &path, own: &["/own/"], words: crate::Words::ENGLISH };
        let pieces = [
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<i>",
            "<a href=x>",
            "</a>",
            "<table>",
            "<tr>",
            "<td>",
            "</td>",
            "</table>",
            "<ul>",
            "<li>",
            "</ul>",
            "<div>",
            "</div>",
            "<h1>",
            "</h1>",
            "<pre>",
            "</pre>",
            "<code>",
            "<details>",
            "<summary>",
            "\n\n",
            "\n",
            "text ",
            "# ",
            "> ",
            "- ",
            "| a |\n|---|\n",
            "*",
            "`",
            "<ruby>",
            "<rt>",
            "<img src=a>",
            "![a](https://x.org)",
            "<center>",
            "<caption>",
            "<dl>",
            "<dt>",
            "<blockquote>",
            "<s>",
            "<span>",
            "<input type=checkbox>",
            "&nbsp;",
            "&amp;",
        ];
        let mut number = 1_u64;
        for _ in 0..4_000 {
            let mut text = String::new();
            for _ in 0..20 {
                number = number.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push_str(pieces[(number >> 33) as usize % pieces.len()]);
            }
            let once = render(&text, &links).html;
            assert_eq!(Gate::new(links.own, &BTreeSet::new()).clean(&once), once, "{text:?}");
        }
    }
}
