//! A formula as MathML: made by a library, and checked tag by tag before it is used.

use std::sync::LazyLock;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// Elements that a formula may have; those of HTML are the words of `\text`.
const ELEMENTS: &[&str] = &[
    "b",
    "code",
    "i",
    "math",
    "menclose",
    "merror",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
    "u",
];

/// Attributes that a formula may have; others are left out.
const ATTRIBUTES: &[&str] = &[
    "accent",
    "accentunder",
    "columnspan",
    "depth",
    "display",
    "displaystyle",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "rowspan",
    "rspace",
    "scriptlevel",
    "stretchy",
    "symmetric",
    "voffset",
    "width",
];

/// Groups, arguments and scripts nest up to here.
const DEEPEST: usize = 64;

/// The MathML of a formula; `None` for one that cannot be read.
pub fn convert(tex: &str, is_display: bool) -> Option<String> {
    static CONVERTER: LazyLock<Option<LatexToMathML>> =
        LazyLock::new(|| LatexToMathML::new(MathCoreConfig::default()).ok());
    let display = if is_display { MathDisplay::Block } else { MathDisplay::Inline };
    if depth(tex) > DEEPEST {
        return None;
    }
    check(&CONVERTER.as_ref()?.convert_with_local_state(tex.trim(), display).ok()?.mathml)
}

/// How deeply a formula may nest at most: what opens a group, and runs of commands and scripts that take no group.
fn depth(tex: &str) -> usize {
    let (mut groups, mut run, mut deepest) = (0_usize, 0_usize, 0);
    for character in tex.chars() {
        match character {
            '{' | '[' | '(' => groups += 1,
            '}' | ']' | ')' => {
                groups = groups.saturating_sub(1);
                run = 0;
            }
            '\\' | '^' | '_' => run += 1,
            ' ' | '\n' | '+' | '-' | '=' | ',' | '&' => run = 0,
            _ => {}
        }
        deepest = deepest.max(groups + run);
    }
    deepest
}

/// MathML of known elements and attributes with plain values, properly nested; `None` for anything else.
fn check(mathml: &str) -> Option<String> {
    let mut checked = String::with_capacity(mathml.len());
    let mut open = Vec::new();
    let mut pieces = mathml.split('<');
    if !pieces.next()?.is_empty() {
        return None;
    }
    for piece in pieces {
        let (tag, text) = piece.split_once('>')?;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop()? != name {
                return None;
            }
            checked.push_str(&format!("</{name}>"));
        } else {
            let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            let is_root = name == "math";
            if !ELEMENTS.contains(&name) || is_root != (checked.is_empty() && open.is_empty()) {
                return None;
            }
            checked.push_str(&format!("<{name}{}>", attributes_of(attributes)?));
            if is_empty {
                checked.push_str(&format!("</{name}>"));
            } else {
                open.push(name);
            }
        }
        if open.is_empty() && !text.is_empty() || !has_only_references(text) {
            return None;
        }
        checked.push_str(text);
    }
    open.is_empty().then_some(checked)
}

/// The attributes that are kept; what a style says of alignment becomes a class.
fn attributes_of(mut attributes: &str) -> Option<String> {
    let mut kept = String::new();
    while !attributes.trim_start().is_empty() {
        let (name, rest) = attributes.trim_start().split_once("=\"")?;
        let (value, rest) = rest.split_once('"')?;
        attributes = rest;
        if ATTRIBUTES.contains(&name) {
            if !value.chars().all(|each| each.is_ascii_alphanumeric() || "+-.% ".contains(each)) {
                return None;
            }
            kept.push_str(&format!(" {name}=\"{value}\""));
        } else if name == "style" {
            let sides = ["left", "right"].into_iter().find(|side| value.contains(&format!("text-align: {side}")));
            kept.extend(sides.map(|side| format!(" class=\"math-{side}\"")));
        }
    }
    Some(kept)
}

/// Whether every `&` of a text begins the name of a character that has to be escaped.
fn has_only_references(text: &str) -> bool {
    text.split('&')
        .skip(1)
        .all(|rest| ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|name| rest.starts_with(name)))
}
