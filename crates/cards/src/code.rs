//! Blocks of code with their words marked by classes, as an editor colours them.

use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::tree::{Element, Node, text};

/// The classes of words.
pub const CLASSES: [&str; 12] = [
    "code-attribute",
    "code-comment",
    "code-constant",
    "code-deleted",
    "code-function",
    "code-heading",
    "code-inserted",
    "code-keyword",
    "code-number",
    "code-string",
    "code-tag",
    "code-type",
];

/// What the names of grammars begin with, and the class; the first that fits wins.
const SCOPES: &[(&str, &str)] = &[
    ("comment", "code-comment"),
    ("constant.numeric", "code-number"),
    ("constant.character", "code-string"),
    ("string", "code-string"),
    ("constant", "code-constant"),
    ("keyword.operator.word", "code-keyword"),
    ("keyword.operator.logical.python", "code-keyword"),
    ("keyword.operator", ""),
    ("keyword", "code-keyword"),
    ("storage", "code-keyword"),
    ("entity.other.attribute-name", "code-attribute"),
    ("entity.name.tag", "code-tag"),
    ("entity.name.function", "code-function"),
    ("entity.name.section", "code-heading"),
    ("entity.name", "code-type"),
    ("support.function", "code-function"),
    ("variable.function", "code-function"),
    ("support.type.property-name", "code-attribute"),
    ("support", "code-type"),
    ("markup.inserted", "code-inserted"),
    ("markup.deleted", "code-deleted"),
    ("markup.heading", "code-heading"),
    ("meta.diff.header", "code-heading"),
];

/// Names that authors give languages, and those that grammars have.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("console", "sh"),
    ("ipython", "py"),
    ("jsonc", "json"),
    ("jsonl", "json"),
    ("jsx", "js"),
    ("mjs", "js"),
    ("python3", "py"),
    ("sh-session", "sh"),
    ("shell", "sh"),
    ("shell-session", "sh"),
    ("shellsession", "sh"),
    ("zsh", "sh"),
];

/// Code is marked up to this many bytes a card, and up to this long a line: what is longer is data.
const MOST_CODE: usize = 200_000;
const LONGEST_LINE: usize = 2_000;

/// Marks the code of one card.
#[derive(Default)]
pub struct Highlighter {
    marked: usize,
}

impl Highlighter {
    /// Code as spans with classes; `None` where the language is not known or there is too much of it.
    pub fn highlight(&mut self, code: &str, language: &str) -> Option<Vec<Node>> {
        let syntax = syntax(language)?;
        self.marked += code.len();
        if self.marked > MOST_CODE || code.lines().any(|line| line.len() > LONGEST_LINE) {
            return None;
        }
        mark(code, syntax)
    }
}

fn grammars() -> &'static SyntaxSet {
    static GRAMMARS: OnceLock<SyntaxSet> = OnceLock::new();
    GRAMMARS.get_or_init(two_face::syntax::extra_newlines)
}

fn classes() -> &'static [(Scope, &'static str)] {
    static SCOPES_READ: OnceLock<Vec<(Scope, &str)>> = OnceLock::new();
    SCOPES_READ
        .get_or_init(|| SCOPES.iter().filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, *class))).collect())
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let language = language.to_ascii_lowercase();
    let name = OTHER_NAMES.iter().find(|(other, _)| *other == language).map_or(&*language, |(_, name)| name);
    grammars().find_syntax_by_token(name).filter(|syntax| syntax.name != "Plain Text")
}

fn mark(code: &str, syntax: &SyntaxReference) -> Option<Vec<Node>> {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut marked = Marked::default();
    for line in code.split_inclusive('\n') {
        let mut at = 0;
        for (place, change) in state.parse_line(line, grammars()).ok()? {
            marked.push(line.get(at..place)?, class_of(&stack));
            stack.apply(&change).ok()?;
            at = place;
        }
        marked.push(line.get(at..)?, class_of(&stack));
    }
    marked.end();
    Some(marked.nodes)
}

/// The class of the innermost scope that has one.
fn class_of(stack: &ScopeStack) -> &'static str {
    let class =
        |scope: &Scope| classes().iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, class)| *class);
    stack.scopes.iter().rev().find_map(class).unwrap_or_default()
}

/// Pieces of code, where neighbours of one class are one.
#[derive(Default)]
struct Marked {
    nodes: Vec<Node>,
    class: &'static str,
    piece: String,
}

impl Marked {
    fn push(&mut self, piece: &str, class: &'static str) {
        if piece.is_empty() {
            return;
        }
        if class != self.class {
            self.end();
            self.class = class;
        }
        self.piece.push_str(piece);
    }

    fn end(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        if piece.is_empty() {
            return;
        }
        self.nodes.push(match self.class {
            "" => text(piece),
            class => Element::new("span", vec![text(piece)]).with("class", class).into(),
        });
    }
}
