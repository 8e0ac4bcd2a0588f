//! The tree of a card shaped for a page: addresses, headings, tables and code get what the page needs of them.

use std::collections::BTreeSet;

use comrak::Anchorizer;

use crate::address::{self, Address};
use crate::code::Highlighter;
use crate::gate::ID_PREFIX;
use crate::math::Formulas;
use crate::tree::{Element, Node, pieces, text, text_of};
use crate::{Heading, Links};

/// Elements of text, whose direction is that of their text where the card gives none.
const TEXTS: &[&str] = &[
    "blockquote",
    "caption",
    "dd",
    "dt",
    "figcaption",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "p",
    "summary",
    "td",
    "th",
];

/// An element, one of its attributes, and which values that may have.
type Passed = (&'static str, &'static str, fn(&str) -> bool);

/// Attributes that pass on some elements.
const PASSED: &[Passed] = &[
    ("details", "open", |_| true),
    ("li", "value", is_number),
    ("ol", "reversed", |_| true),
    ("ol", "start", is_number),
    ("ol", "type", |value| matches!(value, "1" | "A" | "I" | "a" | "i")),
    ("td", "colspan", is_number),
    ("td", "rowspan", is_number),
    ("th", "colspan", is_number),
    ("th", "rowspan", is_number),
    ("th", "scope", |value| matches!(value, "col" | "colgroup" | "row" | "rowgroup")),
    ("time", "datetime", |value| value.chars().all(|each| each.is_ascii_alphanumeric() || "-+:. ".contains(each))),
];

/// Classes that come with GitHub's Markdown.
pub const MARKDOWN_CLASSES: &[&str] = &[
    "contains-task-list",
    "footnote-backref",
    "footnote-ref",
    "footnotes",
    "markdown-alert",
    "markdown-alert-caution",
    "markdown-alert-important",
    "markdown-alert-note",
    "markdown-alert-tip",
    "markdown-alert-title",
    "markdown-alert-warning",
    "task-list-item",
];

/// What a link to another host says of it.
pub const REL: &str = "noopener nofollow ugc";

/// Shapes one card, and notes what the page has to know of it.
pub struct Shaper<'a> {
    pub(crate) links: &'a Links<'a>,
    formulas: &'a Formulas,
    anchorizer: Anchorizer,
    highlighter: Highlighter,
    /// The headings so far.
    pub headings: Vec<Heading>,
    /// How many images wait for consent.
    pub remote_images: usize,
    /// The absolute targets of links.
    pub targets: Vec<String>,
    /// Whether a formula is shown.
    pub uses_math: bool,
    /// Whether there is a block of code.
    pub has_code: bool,
    /// The classes of the languages of code.
    pub languages: BTreeSet<String>,
}

/// What lies around a node.
#[derive(Clone, Copy, Default)]
pub struct Inside {
    pub(crate) link: bool,
    table: bool,
    code: bool,
}

/// A note of this crate's own to the reader of a card.
pub fn note(words: &str) -> Node {
    Element::new("p", vec![text(words)]).with("class", "card-note").into()
}

impl<'a> Shaper<'a> {
    /// A shaper for a card with these formulas.
    pub fn new(links: &'a Links<'a>, formulas: &'a Formulas) -> Self {
        Self {
            links,
            formulas,
            anchorizer: Anchorizer::new(),
            highlighter: Highlighter::default(),
            headings: Vec::new(),
            remote_images: 0,
            targets: Vec::new(),
            uses_math: false,
            has_code: false,
            languages: BTreeSet::new(),
        }
    }

    /// Shapes a whole card.
    pub fn shape(&mut self, nodes: Vec<Node>) -> Vec<Node> {
        self.children(nodes, Inside::default())
    }

    fn children(&mut self, nodes: Vec<Node>, inside: Inside) -> Vec<Node> {
        let mut shaped = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Node::Text(words) if inside.code => shaped.extend(pieces(self.formulas.restore(&words))),
                Node::Text(words) => {
                    self.uses_math |= self.formulas.are_in(&words);
                    shaped.extend(pieces(words));
                }
                Node::Element(mut element) => {
                    for (_, value) in &mut element.attributes {
                        if self.formulas.are_in(value) {
                            *value = self.formulas.restore(value);
                        }
                    }
                    self.element(element, inside, &mut shaped);
                }
            }
        }
        shaped
    }

    fn element(&mut self, element: Element, inside: Inside, out: &mut Vec<Node>) {
        match element.name.as_str() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let heading = self.heading(element, inside);
                out.push(heading);
            }
            "a" => self.link(element, inside, out),
            "img" => out.extend(self.image(&element, inside)),
            "picture" => out.extend(self.picture(element, inside)),
            "video" | "audio" => out.extend(self.recording(&element, inside)),
            "source" => {}
            "input" => out.extend(checkbox(&element)),
            "pre" => {
                let pre = self.code_block(element, inside);
                out.push(pre);
            }
            "table" if !inside.table => {
                let table = self.plain(element, "table", Inside { table: true, ..inside });
                let scroll = Element::new("div", vec![table.into()]).with("class", "scroll").with("tabindex", "0");
                out.push(scroll.with("role", "group").with("aria-label", "Table").into());
            }
            "code" | "tt" => out.push(self.plain(element, "code", Inside { code: true, ..inside }).into()),
            "center" => {
                let name = if inside.link { "span" } else { "div" };
                let mut centred = self.plain(element, name, inside);
                centred.attributes.retain(|(name, _)| name != "class");
                out.push(centred.with("class", "align-center").into());
            }
            "strike" => out.push(self.plain(element, "s", inside).into()),
            _ => {
                let name = element.name.clone();
                out.push(self.plain(element, &name, inside).into());
            }
        }
    }

    /// An element under this name, with what every element may have.
    fn plain(&mut self, element: Element, name: &str, inside: Inside) -> Element {
        let attributes = attributes(&element);
        Element { name: name.to_owned(), attributes, children: self.children(element.children, inside) }
    }

    fn heading(&mut self, element: Element, inside: Inside) -> Node {
        let level = element.name.strip_prefix('h').and_then(|level| level.parse().ok()).unwrap_or(1);
        let mut words = self.formulas.name(&heading_text(&element.children)).trim().to_owned();
        if words.is_empty() {
            words = alternative(&element.children).unwrap_or_default();
        }
        let slug = self.anchorizer.anchorize(if words.is_empty() { "section" } else { &words });
        let name = element.name.clone();
        let mut heading = self.plain(element, &name, inside);
        if heading.get("id").is_none() {
            heading = heading.with("id", format!("{ID_PREFIX}{slug}"));
        }
        let id = heading.get("id").unwrap_or_default().to_owned();
        if !inside.link {
            let anchor = Element::new("a", vec![text("#")]).with("class", "anchor").with("href", format!("#{id}"));
            heading.children.push(anchor.with("aria-label", self.links.words.heading.replacen("{}", &words, 1)).into());
        }
        self.headings.push(Heading { level, id, text: words });
        heading.into()
    }

    fn link(&mut self, element: Element, inside: Inside, out: &mut Vec<Node>) {
        let mut link = Element { attributes: attributes(&element), ..Element::new("a", Vec::new()) };
        let target = element.get("href").and_then(address::read);
        let is_link = target.is_some();
        match target {
            Some(Address::Fragment(fragment)) => link = link.with("href", format!("#{ID_PREFIX}{fragment}")),
            Some(Address::File { path, rest }) => {
                link = link.with("href", address::join((self.links.page)(&path), &rest));
            }
            Some(Address::Web(url)) => {
                self.targets.push(url.to_string());
                link = link.with("href", url).with("rel", REL);
            }
            Some(Address::Mail(url)) => {
                self.targets.push(url.to_string());
                link = link.with("href", url);
            }
            None => {}
        }
        link.children = self.children(element.children, Inside { link: inside.link || is_link, ..inside });
        if is_link || link.get("id").is_some() {
            out.push(link.into());
        } else {
            out.extend(link.children);
        }
    }

    fn code_block(&mut self, element: Element, inside: Inside) -> Node {
        self.has_code = true;
        let pre = Element::new("pre", Vec::new()).with("tabindex", "0").with("dir", "ltr");
        let [Node::Element(code)] = element.children.as_slice() else {
            let mut children = self.children(element.children, Inside { code: true, ..inside });
            // The first line break after the tag is none of the text.
            if let Some(Node::Text(first)) = children.first_mut()
                && let Some(rest) = first.strip_prefix('\n')
            {
                *first = rest.trim_start_matches('\n').to_owned();
            }
            return Element { children, ..pre }.into();
        };
        let language = code.classes().find_map(|class| class.strip_prefix("language-")).and_then(language);
        let is_text = code.children.iter().all(|child| matches!(child, Node::Text(_)));
        let words = self.formulas.restore(&text_of(&code.children));
        let marked = language.as_deref().filter(|_| is_text).and_then(|name| self.highlighter.highlight(&words, name));
        let mut shown = Element::new("code", Vec::new());
        if let Some(language) = language {
            let class = format!("language-{language}");
            self.languages.insert(class.clone());
            shown = shown.with("class", class);
        }
        shown.children =
            marked.unwrap_or_else(|| self.children(code.children.clone(), Inside { code: true, ..inside }));
        Element { children: vec![shown.into()], ..pre }.into()
    }
}

/// The attributes that any element may have, and those that pass on this one.
fn attributes(element: &Element) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    let mut keep = |name: &str, value: String| kept.push((name.to_owned(), value));
    let name = element.get("name").filter(|_| element.name == "a");
    if let Some(id) = element.get("id").or(name).map(|id| id.strip_prefix("user-content-").unwrap_or(id))
        && !id.is_empty()
        && !id.contains(char::is_whitespace)
    {
        keep("id", format!("{ID_PREFIX}{id}"));
    }
    let class = classes(element).join(" ");
    if !class.is_empty() {
        keep("class", class);
    }
    let dir = element.get("dir").map(str::to_ascii_lowercase).filter(|dir| matches!(&**dir, "ltr" | "rtl" | "auto"));
    if let Some(dir) = dir.or_else(|| TEXTS.contains(&&*element.name).then(|| "auto".to_owned())) {
        keep("dir", dir);
    }
    let is_language = |lang: &&str| lang.chars().all(|each| each.is_ascii_alphanumeric() || each == '-');
    if let Some(lang) = element.get("lang").filter(is_language) {
        keep("lang", lang.to_owned());
    }
    for name in ["title", "aria-label"] {
        if let Some(value) = element.get(name) {
            keep(name, value.to_owned());
        }
    }
    for (_, name, is_valid) in PASSED.iter().filter(|(of, ..)| *of == element.name) {
        if let Some(value) = element.get(name).filter(|value| is_valid(value)) {
            keep(name, value.to_owned());
        }
    }
    kept
}

/// The page's classes for what a card says by classes and by `align`.
pub fn classes(element: &Element) -> Vec<&'static str> {
    let mut kept: Vec<&str> = MARKDOWN_CLASSES.iter().copied().filter(|class| element.has_class(class)).collect();
    if element.has_class("hidden") && element.classes().any(|class| class.starts_with("dark:")) {
        kept.push("only-dark");
    } else if element.has_class("dark:hidden") {
        kept.push("only-light");
    }
    match element.get("align").map(str::to_ascii_lowercase).as_deref() {
        Some("center" | "middle") => kept.push("align-center"),
        Some("left") => kept.push("align-left"),
        Some("right") => kept.push("align-right"),
        _ => {}
    }
    kept
}

/// The box of a task list, which nobody can tick.
fn checkbox(element: &Element) -> Option<Node> {
    let is_checkbox = element.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"));
    is_checkbox.then(|| {
        let is_done = element.get("checked").is_some();
        let shown = Element::new("input", Vec::new()).with("type", "checkbox").with("disabled", "");
        let shown = if is_done { shown.with("checked", "") } else { shown };
        shown.with("aria-label", if is_done { "done" } else { "not done" }).into()
    })
}

/// The text of a heading without the numbers of its footnotes.
fn heading_text(nodes: &[Node]) -> String {
    let is_footnote = |node: &&Node| matches!(node, Node::Element(element) if element.has_class("footnote-ref"));
    nodes.iter().filter(|node| !is_footnote(node)).map(|node| text_of(std::slice::from_ref(node))).collect()
}

/// The alternative text of the first image that has one.
fn alternative(nodes: &[Node]) -> Option<String> {
    nodes.iter().find_map(|node| match node {
        Node::Element(element) if element.name == "img" => {
            element.get("alt").map(|alt| alt.trim().to_owned()).filter(|alt| !alt.is_empty())
        }
        Node::Element(element) => alternative(&element.children),
        Node::Text(_) => None,
    })
}

/// The name of a language, if it is one that can be a class.
fn language(name: &str) -> Option<String> {
    let is_name = |each: char| each.is_ascii_alphanumeric() || matches!(each, '+' | '-' | '_' | '#' | '.');
    (!name.is_empty() && name.len() <= 24 && name.chars().all(is_name)).then(|| name.to_ascii_lowercase())
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.len() <= 4 && value.bytes().all(|each| each.is_ascii_digit())
}
