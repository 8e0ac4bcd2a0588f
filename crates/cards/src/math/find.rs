//! Where formulas stand in a text: between `$$`, `\\(` and `\\)`, `\\[` and `\\]`, and outside of code.

use std::ops::Range;

/// A formula is at most this long.
const LONGEST: usize = 4_000;

/// Delimiters, and whether the formula stands in a line of its own; those with two backslashes first, as cards write them.
const DELIMITERS: &[(&str, &str, bool)] = &[
    ("$$", "$$", true),
    ("\\\\(", "\\\\)", false),
    ("\\\\[", "\\\\]", true),
    ("\\(", "\\)", false),
    ("\\[", "\\]", true),
];

/// Each formula's place with its delimiters, the formula alone, and whether it stands in a line of its own.
pub fn formulas(text: &str) -> Vec<(Range<usize>, String, bool)> {
    let mut found = Vec::new();
    let mut paragraph = 0;
    let mut fence = None;
    let mut at = 0;
    // A paragraph is what lies between empty lines and fences: no formula and no code span goes beyond it.
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let mark = fence_of(line);
        let is_inside = fence.is_some();
        match (&fence, &mark) {
            (None, Some(_)) => fence = mark.clone(),
            (Some(open), Some(close)) if closes(open, close) => fence = None,
            _ => {}
        }
        if is_inside || mark.is_some() || line.trim().trim_start_matches(['>', ' ']).is_empty() {
            if !is_inside {
                in_paragraph(text, paragraph..at, &mut found);
            }
            paragraph = end;
        }
        at = end;
    }
    in_paragraph(text, paragraph..at, &mut found);
    found
}

/// A line that opens or closes a block of code: its character, how many there are, and whether anything follows.
#[derive(Clone)]
struct Fence {
    character: char,
    count: usize,
    has_info: bool,
}

fn fence_of(line: &str) -> Option<Fence> {
    let is_around =
        |each: char| each.is_ascii_digit() || matches!(each, ' ' | '\t' | '>' | '-' | '*' | '+' | '.' | ')');
    let line = line.trim_start_matches(is_around).trim_end();
    let character = line.chars().next().filter(|each| matches!(each, '`' | '~'))?;
    let info = line.trim_start_matches(character);
    let count = line.len() - info.len();
    let is_fence = count >= 3 && !(character == '`' && info.contains('`'));
    is_fence.then(|| Fence { character, count, has_info: !info.trim().is_empty() })
}

fn closes(open: &Fence, close: &Fence) -> bool {
    open.character == close.character && close.count >= open.count && !close.has_info
}

fn in_paragraph(text: &str, range: Range<usize>, found: &mut Vec<(Range<usize>, String, bool)>) {
    let Some(paragraph) = text.get(range.clone()) else { return };
    let mut missing = Missing::default();
    let (mut at, mut line) = (0, 0);
    while let Some(step) = paragraph.get(at..).and_then(|rest| rest.find(['`', '$', '\\'])) {
        let seen = at.max(line);
        at += step;
        line = paragraph.get(seen..at).and_then(|between| between.rfind('\n')).map_or(line, |place| seen + place + 1);
        let rest = paragraph.get(at..).unwrap_or_default();
        if rest.starts_with('`') {
            at += after_code(rest, &mut missing);
        } else if let Some((length, tex, is_display)) = formula(paragraph, line, at, &mut missing) {
            found.push((range.start + at..range.start + at + length, tex, is_display));
            at += length;
        } else {
            // An escaped character begins nothing; a run of dollars is no formula.
            let escaped = rest.strip_prefix('\\').and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            at += if rest.starts_with('$') { rest.len() - rest.trim_start_matches('$').len() } else { 1 + escaped };
        }
    }
}

/// What a paragraph was searched for in vain: later searches would be in vain too, and long.
#[derive(Default)]
struct Missing(Vec<String>);

impl Missing {
    fn find(&mut self, text: &str, wanted: &str) -> Option<usize> {
        if self.0.iter().any(|each| each == wanted) {
            return None;
        }
        let place = text.find(wanted);
        if place.is_none() {
            self.0.push(wanted.to_owned());
        }
        place
    }
}

/// The length of a code span, or of the backticks that open none.
fn after_code(rest: &str, missing: &mut Missing) -> usize {
    let count = rest.len() - rest.trim_start_matches('`').len();
    let ticks = "`".repeat(count);
    let mut at = count;
    // Only a run of exactly as many closes the span.
    while let Some(step) = rest.get(at..).and_then(|rest| missing.find(rest, &ticks)) {
        let run = rest.get(at + step..).map_or(0, |rest| rest.len() - rest.trim_start_matches('`').len());
        at += step + run;
        if run == count {
            return at;
        }
    }
    count
}

/// The length of the formula that begins here, the formula alone, and whether it stands in a line of its own.
fn formula(paragraph: &str, line: usize, at: usize, missing: &mut Missing) -> Option<(usize, String, bool)> {
    let rest = paragraph.get(at..)?;
    let (open, close, is_display) = DELIMITERS.iter().find(|(open, ..)| rest.starts_with(open))?;
    // What stands before a formula is looked at no further than a quotation can be indented.
    let before = paragraph.get(line..at).filter(|before| before.len() <= 32);
    let begins_line = before.is_some_and(|before| before.trim_start_matches([' ', '\t', '>']).is_empty());
    // Brackets with one backslash are ordinary text, unless they stand in lines of their own.
    if open.ends_with('[') && !begins_line {
        return None;
    }
    let body = rest.get(open.len()..)?;
    let end = missing.find(body, close)?;
    let tex = body.get(..end)?;
    let after = body.get(end + close.len()..)?;
    if open.ends_with('[') && !after.split('\n').next()?.trim().is_empty() {
        return None;
    }
    let is_formula = !tex.trim().is_empty() && tex.len() <= LONGEST && !tex.starts_with('$');
    let is_quoted = begins_line && before.is_some_and(|before| before.contains('>'));
    let quoted = is_quoted.then(|| tex.replace("\n>", "\n"));
    is_formula.then(|| (open.len() + end + close.len(), quoted.unwrap_or_else(|| tex.to_owned()), *is_display))
}
