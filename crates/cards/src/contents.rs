//! A card's table of contents.

use crate::Heading;
use crate::tree::{self, Element, Node};

/// The headings as nested lists of links; empty where there are fewer than two.
pub fn contents(headings: &[Heading]) -> String {
    let entries: Vec<&Heading> = headings.iter().filter(|heading| !heading.text.trim().is_empty()).collect();
    if entries.len() < 2 {
        return String::new();
    }
    let mut rest = entries.as_slice();
    tree::html(&[list(&mut rest, 0)])
}

/// The list of the headings that come next and are deeper than a level.
fn list(rest: &mut &[&Heading], above: u8) -> Node {
    let mut items = Vec::new();
    while let Some((heading, after)) = rest.split_first().filter(|(heading, _)| heading.level > above) {
        *rest = after;
        let link = Element::new("a", vec![tree::text(heading.text.trim())]).with("href", format!("#{}", heading.id));
        let mut children = vec![link.into()];
        if rest.first().is_some_and(|next| next.level > heading.level) {
            children.push(list(rest, heading.level));
        }
        items.push(Element::new("li", children).with("dir", "auto").into());
    }
    Element::new("ul", items).into()
}
