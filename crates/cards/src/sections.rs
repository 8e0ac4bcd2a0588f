//! The sections of a card: what follows each heading up to the next one of its level or above.

use crate::tree::{Element, Node};

/// Texts with more headings have sections for the first ones only.
const MOST_SECTIONS: usize = 1_000;

/// What follows each heading, with the heading's place among all; without what only the whole text may have.
pub fn sections(nodes: &[Node]) -> Vec<(usize, Vec<Node>)> {
    let mut sections = Vec::new();
    let mut path = Vec::new();
    visit(nodes, &mut path, &mut sections);
    sections
}

/// Goes through the headings in order; the path holds what follows in each of the elements around, outermost first.
fn visit<'a>(nodes: &'a [Node], path: &mut Vec<&'a [Node]>, sections: &mut Vec<(usize, Vec<Node>)>) {
    let mut rest = nodes;
    while let Some((node, after)) = rest.split_first().filter(|_| sections.len() < MOST_SECTIONS) {
        rest = after;
        let Node::Element(element) = node else { continue };
        path.push(after);
        match level(element) {
            Some(level) => sections.push((sections.len(), follow(path, level))),
            None => visit(&element.children, path, sections),
        }
        path.pop();
    }
}

/// What follows in the elements around, from the innermost on.
fn follow(path: &[&[Node]], level: u8) -> Vec<Node> {
    let mut section = Vec::new();
    for nodes in path.iter().rev() {
        for node in *nodes {
            if ends_section(node, level) {
                return section;
            }
            section.extend(again(node));
        }
    }
    section
}

/// Whether a node is or holds a heading of this level or above.
fn ends_section(node: &Node, level: u8) -> bool {
    let Node::Element(element) = node else { return false };
    self::level(element).is_some_and(|other| other <= level)
        || element.children.iter().any(|child| ends_section(child, level))
}

/// The level of a heading.
fn level(element: &Element) -> Option<u8> {
    element.name.strip_prefix('h').and_then(|level| level.parse().ok())
}

/// Lowers every heading by one level, since the page has a title of its own.
pub fn lower(nodes: &mut [Node]) {
    for node in nodes {
        if let Node::Element(element) = node {
            if let Some(level) = level(element) {
                element.name = format!("h{}", (level + 1).min(6));
            }
            lower(&mut element.children);
        }
    }
}

/// A node as it is shown a second time: without any `id`, and without the links of headings to themselves.
fn again(node: &Node) -> Option<Node> {
    let Node::Element(element) = node else { return Some(node.clone()) };
    if element.has_class("anchor") {
        return None;
    }
    Some(Node::Element(Element {
        name: element.name.clone(),
        attributes: element.attributes.iter().filter(|(name, _)| name != "id").cloned().collect(),
        children: element.children.iter().filter_map(again).collect(),
    }))
}
