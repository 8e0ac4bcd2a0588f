//! A model card's Markdown as safe HTML: nothing leaves this crate that could run, load or restyle anything.
//!
//! The way of a text: formulas are taken out of it ([`math`]), Markdown becomes HTML ([`markdown`]), the HTML a tree of
//! the elements that cards use ([`tree`]), the tree is shaped for a page ([`shape`]), and every piece of HTML leaves
//! through the allow-list of [`gate`]. Only then the formulas, as MathML that was checked, take their places.

mod address;
mod code;
mod contents;
mod gate;
mod images;
mod markdown;
mod math;
mod sections;
mod shape;
mod tree;

pub use contents::contents;

use gate::Gate;
use math::Formulas;
use shape::Shaper;

/// Texts are read up to this many bytes; what follows is left out, and the card says so.
const LONGEST_TEXT: usize = 1 << 20;

/// How the page that shows a card addresses files, and what it calls things.
pub struct Links<'a> {
    /// The URL of a file of the repository, for images and downloads, by its decoded path without a leading slash.
    pub file: &'a dyn Fn(&str) -> String,
    /// The URL of a file of the repository where people read it.
    pub page: &'a dyn Fn(&str) -> String,
    /// URLs under these are the page's own: images there are shown at once.
    pub own: &'a [&'a str],
    /// What is said beside the author's words.
    pub words: Words<'a>,
}

/// The words that a card's HTML has beside the author's, in the language of the page; `{}` stands for a name.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The name of the link to a heading.
    pub heading: &'a str,
    /// A link to a video.
    pub video: &'a str,
    /// A link to a sound.
    pub sound: &'a str,
    /// The remark below a text that is cut.
    pub cut: &'a str,
}

impl Words<'static> {
    /// The words in English.
    pub const ENGLISH: Self = Self {
        heading: "Link to {}",
        video: "Video: {}",
        sound: "Sound: {}",
        cut: "This card is longer than what is shown of it.",
    };
}

/// A card as HTML, and what a page has to know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// The whole text.
    pub html: String,
    /// The headings, in order.
    pub headings: Vec<Heading>,
    /// What follows each heading (of the first thousand), to be shown a second time elsewhere.
    pub sections: Vec<Section>,
    /// How many images of other hosts wait for consent.
    pub remote_images: usize,
    /// The absolute targets of the text's links, in order.
    pub links: Vec<String>,
    /// Whether the text has formulas.
    pub uses_math: bool,
    /// Whether the text has blocks of code.
    pub has_code: bool,
}

/// A heading of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// From 1 to 6, as the card has it; the HTML has it one lower, since the page has a title.
    pub level: u8,
    /// The element's `id`: `card-` and what GitHub calls the heading.
    pub id: String,
    /// The text without any markup.
    pub text: String,
}

/// What follows a heading, up to the next one of its level or above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Which of the headings.
    pub heading: usize,
    /// The section without its heading, and without any `id`.
    pub html: String,
}

/// Renders a card's text, which comes without front matter.
pub fn render(markdown: &str, links: &Links<'_>) -> Card {
    let (text, is_cut) = cut(markdown);
    let formulas = Formulas::take(text);
    let html = markdown::html(formulas.text());
    let mut shaper = Shaper::new(links, &formulas);
    let mut nodes = shaper.shape(tree::read(&html));
    if is_cut {
        nodes.push(shape::note(links.words.cut));
    }
    let gate = Gate::new(links.own, &shaper.languages);
    let leave = |mut nodes: Vec<tree::Node>| {
        sections::lower(&mut nodes);
        formulas.put(&gate.clean(&tree::html(&nodes)))
    };
    let sections = sections::sections(&nodes).into_iter();
    Card {
        sections: sections.map(|(heading, nodes)| Section { heading, html: leave(nodes) }).collect(),
        html: leave(nodes),
        headings: shaper.headings,
        remote_images: shaper.remote_images,
        links: shaper.targets,
        uses_math: shaper.uses_math,
        has_code: shaper.has_code,
    }
}

/// The part of a text that is read, and whether that is less than all.
fn cut(markdown: &str) -> (&str, bool) {
    if markdown.len() <= LONGEST_TEXT {
        return (markdown, false);
    }
    let text = markdown.get(..markdown.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default();
    (text.rsplit_once('\n').map_or(text, |(lines, _)| lines), true)
}
