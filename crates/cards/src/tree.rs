//! HTML as a tree of the elements that cards use, read leniently and written strictly.
//!
//! The reader follows HTML's tokens exactly and its tree only roughly, in one pass whose work is bounded: unknown elements
//! are left out with their tags, hostile ones with all that is in them, and what is nested too deeply loses its nesting.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

use crate::gate::ELEMENTS;

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Text, unescaped.
    Text(String),
    /// An element and what is in it.
    Element(Element),
}

/// An element.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Element {
    /// The name, in lower case.
    pub name: String,
    /// The attributes, in order and unescaped.
    pub attributes: Vec<(String, String)>,
    /// What is in it.
    pub children: Vec<Node>,
}

impl Element {
    /// An element of this name with these children.
    pub fn new(name: &str, children: Vec<Node>) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new(), children }
    }

    /// The element with an attribute more.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// An attribute's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    /// The words of the attribute `class`.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.get("class").unwrap_or_default().split_ascii_whitespace()
    }

    /// Whether the attribute `class` has this word.
    pub fn has_class(&self, name: &str) -> bool {
        self.classes().any(|class| class == name)
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

/// A text.
pub fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

/// The text of some nodes, without any markup.
pub fn text_of(nodes: &[Node]) -> String {
    let mut all = String::new();
    for node in nodes {
        match node {
            Node::Text(text) => all.push_str(text),
            Node::Element(element) if element.name == "br" => all.push('\n'),
            Node::Element(element) => all.push_str(&text_of(&element.children)),
        }
    }
    all
}

/// Elements that are read beside those that a card is shown with, and become such; the tags of all others are left out.
const RESHAPED: &[&str] = &["audio", "center", "picture", "source", "strike", "tt", "video"];

/// Elements that are left out with all that is in them.
const DROPPED: &[&str] = &[
    "applet",
    "canvas",
    "dialog",
    "embed",
    "frameset",
    "head",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "xmp",
];

/// Elements without an end tag.
const VOID: &[&str] = &["br", "embed", "hr", "img", "input", "source", "wbr"];

/// Elements that end an open paragraph.
const BLOCKS: &[&str] = &[
    "blockquote",
    "center",
    "details",
    "div",
    "dl",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "ul",
];

/// What begins a new scope: inside of it, end tags and implied ends leave what is outside alone.
const SCOPES: &[&str] = &["table", "td", "th", "caption"];

const HEADINGS: &[&str] = &["h1", "h2", "h3", "h4", "h5", "h6"];

/// Elements that stand in a table only, and what may hold them.
const TABLE_PARTS: &[&str] = &["caption", "tbody", "td", "tfoot", "th", "thead", "tr"];
const TABLE_FRAMES: &[&str] = &["table", "tbody", "tfoot", "thead", "tr"];

/// An element, the elements whose begin ends it, and those that keep it open.
const IMPLIED_ENDS: &[(&str, &[&str], &[&str])] = &[
    ("li", &["li"], &["ul", "ol", "table"]),
    ("dd", &["dd", "dt"], &["dl", "table"]),
    ("dt", &["dd", "dt"], &["dl", "table"]),
    ("td", TABLE_PARTS, &["table"]),
    ("th", TABLE_PARTS, &["table"]),
    ("caption", TABLE_PARTS, &["table"]),
    ("tr", &["tr", "tbody", "thead", "tfoot", "caption"], &["table"]),
    ("tbody", &["tbody", "thead", "tfoot", "caption"], &["table"]),
    ("thead", &["tbody", "thead", "tfoot", "caption"], &["table"]),
    ("tfoot", &["tbody", "thead", "tfoot", "caption"], &["table"]),
    ("h1", HEADINGS, SCOPES),
    ("h2", HEADINGS, SCOPES),
    ("h3", HEADINGS, SCOPES),
    ("h4", HEADINGS, SCOPES),
    ("h5", HEADINGS, SCOPES),
    ("h6", HEADINGS, SCOPES),
    ("rt", &["rt", "rp"], &["ruby", "table"]),
    ("rp", &["rt", "rp"], &["ruby", "table"]),
    ("a", &["a"], &["table"]),
    ("p", BLOCKS, &["table", "td", "th", "caption"]),
];

/// Elements nest up to here.
const DEEPEST: usize = 48;

/// Bytes of a text in one piece.
const LONGEST_PIECE: usize = 1 << 14;

/// Bytes that the tokenizer is given at once.
const PIECE: usize = 1 << 12;

/// Reads HTML.
pub fn read(html: &str) -> Vec<Node> {
    // In small pieces, since the tokenizer's work grows with the square of what it is given at once.
    let input = BufferQueue::default();
    let tokenizer = Tokenizer::new(Reader(RefCell::new(Builder::default())), Default::default());
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at_checked(rest.floor_char_boundary(PIECE)).unwrap_or((rest, ""));
        rest = after;
        input.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Reader(RefCell<Builder>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut builder = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => builder.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return builder.start(tag),
            Token::TagToken(tag) => builder.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// The elements that are open, the outermost first.
#[derive(Default)]
struct Builder {
    root: Vec<Node>,
    open: Vec<Element>,
    /// How many of each name are open.
    counts: HashMap<String, usize>,
    /// The element that is being left out, and how many of its name are open.
    dropped: Option<(String, usize)>,
}

impl Builder {
    fn text(&mut self, text: &str) {
        if self.dropped.is_some() || text.is_empty() {
            return;
        }
        if !text.trim().is_empty() {
            self.begin_cell();
        }
        let siblings = self.open.last_mut().map_or(&mut self.root, |parent| &mut parent.children);
        match siblings.last_mut() {
            Some(Node::Text(last)) => last.push_str(text),
            _ => siblings.push(Node::Text(text.to_owned())),
        }
    }

    fn start(&mut self, tag: Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        if let Some((dropped, count)) = &mut self.dropped {
            *count += usize::from(dropped == name && !tag.self_closing);
        } else if DROPPED.contains(&name) {
            // A tag that closes itself does so in foreign content only, where `svg` and `math` begin.
            let is_empty = VOID.contains(&name) || (tag.self_closing && matches!(name, "svg" | "math"));
            self.dropped = (!is_empty).then(|| (name.to_owned(), 1));
        } else if (ELEMENTS.contains(&name) || RESHAPED.contains(&name))
            && (!TABLE_PARTS.contains(&name) || self.is_open("table"))
        {
            self.imply_ends(name);
            if !TABLE_PARTS.contains(&name) {
                self.begin_cell();
            }
            let attributes = tag.attrs.iter().map(|each| (each.name.local.to_string(), each.value.to_string()));
            self.begin(Element { name: name.to_owned(), attributes: attributes.collect(), children: Vec::new() });
        }
        match name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "iframe" | "noembed" | "noframes" | "noscript" | "style" | "xmp" => {
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }

    /// Begins a cell where a table goes on with something else.
    fn begin_cell(&mut self) {
        let Some(parent) = self.open.last().map(|element| element.name.clone()) else { return };
        if TABLE_FRAMES.contains(&&*parent) {
            if parent != "tr" {
                self.begin(Element::new("tr", Vec::new()));
            }
            self.begin(Element::new("td", Vec::new()));
        }
    }

    fn begin(&mut self, element: Element) {
        if VOID.contains(&&*element.name) {
            self.append(element);
        } else if self.open.len() < DEEPEST {
            *self.counts.entry(element.name.clone()).or_default() += 1;
            self.open.push(element);
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((dropped, count)) = &mut self.dropped {
            *count -= usize::from(dropped == name);
            if *count == 0 {
                self.dropped = None;
            }
        } else if self.is_open(name) {
            let scope = if SCOPES.contains(&name) { &["table"][..] } else { SCOPES };
            self.close(|open| open == name, |open| scope.contains(&open));
        }
    }

    /// Ends what cannot stay open when an element of this name begins.
    fn imply_ends(&mut self, name: &str) {
        for (ended, by, scope) in IMPLIED_ENDS {
            if by.contains(&name) && self.is_open(ended) {
                self.close(|open| open == *ended, |open| scope.contains(&open));
            }
        }
    }

    fn is_open(&self, name: &str) -> bool {
        self.counts.get(name).is_some_and(|count| *count > 0)
    }

    /// Ends the innermost element that is wanted and what is open in it, unless a barrier lies between.
    fn close(&mut self, is_wanted: impl Fn(&str) -> bool, is_barrier: impl Fn(&str) -> bool) {
        for (depth, element) in self.open.iter().enumerate().rev() {
            if is_wanted(&element.name) {
                self.close_to(depth);
                return;
            }
            if is_barrier(&element.name) {
                return;
            }
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(element) = self.open.pop() else { return };
            if let Some(count) = self.counts.get_mut(&element.name) {
                *count -= 1;
            }
            self.append(element);
        }
    }

    fn append(&mut self, element: Element) {
        self.open.last_mut().map_or(&mut self.root, |parent| &mut parent.children).push(Node::Element(element));
    }

    fn finish(mut self) -> Vec<Node> {
        self.close_to(0);
        self.root
    }
}

/// A text as nodes: a very long one in pieces, since the work of the parsers of HTML grows with the square of a text.
pub fn pieces(words: String) -> Vec<Node> {
    if words.len() <= LONGEST_PIECE {
        return vec![Node::Text(words)];
    }
    let mut pieces = Vec::new();
    let mut rest = words.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at_checked(rest.floor_char_boundary(LONGEST_PIECE)).unwrap_or((rest, ""));
        rest = after;
        pieces.push(Element::new("span", vec![text(piece)]).into());
    }
    pieces
}

/// Writes HTML in which every element is closed and every text escaped.
pub fn html(nodes: &[Node]) -> String {
    let mut html = String::new();
    write(nodes, &mut html);
    html
}

fn write(nodes: &[Node], html: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => escape(text, html),
            Node::Element(element) => {
                html.push('<');
                html.push_str(&element.name);
                for (name, value) in &element.attributes {
                    html.push(' ');
                    html.push_str(name);
                    html.push_str("=\"");
                    escape(value, html);
                    html.push('"');
                }
                html.push('>');
                if !VOID.contains(&&*element.name) {
                    write(&element.children, html);
                    html.push_str("</");
                    html.push_str(&element.name);
                    html.push('>');
                }
            }
        }
    }
}

/// Appends a text so that it can stand between tags and in a quoted value.
pub fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(character),
        }
    }
}
