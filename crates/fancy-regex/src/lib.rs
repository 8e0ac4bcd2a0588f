//! Regular expressions with look-around and references back: the part of crate fancy-regex that tokenizers use.
//!
//! Crates tokenizers and vitrine-pipelines get this crate in place of the original, which brings two automata and all
//! of Unicode's tables with it: a quarter of what a page would have to download. The syntax and the meaning are the
//! original's (Perl's: the leftmost match, the first alternative that fits), except that conditionals, `\K`, `\G` and the
//! rarer properties of Unicode are refused.

mod class;
mod parse;
mod program;
mod search;

use std::borrow::Cow;
use std::sync::Arc;

use program::Program;

/// How often a search may turn back unless [`RegexBuilder::backtrack_limit`] says otherwise.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// Why an expression did not compile or a search was given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The expression is malformed, or asks for something that is not built in.
    #[error("regular expression: {what} at byte {at}")]
    Syntax {
        /// What is wrong.
        what: &'static str,
        /// Where, in bytes from the start of the expression.
        at: usize,
    },
    /// The expression is too large once its repetitions are written out.
    #[error("regular expression: too large")]
    TooLarge,
    /// A search turned back too often.
    #[error("regular expression: the limit on turning back was passed")]
    BacktrackLimit,
}

/// A compiled expression; copies share it.
#[derive(Clone, Debug)]
pub struct Regex {
    program: Arc<Program>,
    backtrack_limit: usize,
}

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// When it is malformed or too large.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        RegexBuilder::new(pattern).build()
    }

    /// The matches in `text` from left to right, none of which overlap; an error ends them.
    #[must_use]
    pub fn find_iter<'r, 't>(&'r self, text: &'t str) -> Matches<'r, 't> {
        Matches { regex: self, text, from: Some(0), last: None }
    }

    /// The first match at or after byte `from` of `text`.
    fn find_from<'t>(&self, text: &'t str, from: usize) -> Result<Option<Match<'t>>, Error> {
        let found = search::find(&self.program, text, from, self.backtrack_limit)?;
        Ok(found.map(|(start, end)| Match { text, start, end }))
    }
}

/// A [`Regex`] with settings.
#[derive(Clone, Debug)]
pub struct RegexBuilder {
    pattern: String,
    backtrack_limit: usize,
}

impl RegexBuilder {
    /// Begins with the expression and the usual settings.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self { pattern: pattern.to_owned(), backtrack_limit: BACKTRACK_LIMIT }
    }

    /// How often the search for one match may turn back before it is an error.
    pub fn backtrack_limit(&mut self, limit: usize) -> &mut Self {
        self.backtrack_limit = limit;
        self
    }

    /// Compiles the expression.
    ///
    /// # Errors
    ///
    /// When it is malformed or too large.
    pub fn build(&self) -> Result<Regex, Error> {
        let program = Arc::new(program::compile(&parse::parse(&self.pattern)?)?);
        Ok(Regex { program, backtrack_limit: self.backtrack_limit })
    }
}

/// One match in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Match<'t> {
    /// Its first byte.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }

    /// The byte after its last.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end
    }

    /// What was matched.
    #[must_use]
    pub fn as_str(&self) -> &'t str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The matches in a text from left to right.
#[derive(Debug)]
pub struct Matches<'r, 't> {
    regex: &'r Regex,
    text: &'t str,
    /// Where the next search starts; `None` after the end or an error.
    from: Option<usize>,
    /// Where the last match ended.
    last: Option<usize>,
}

impl<'t> Iterator for Matches<'_, 't> {
    type Item = Result<Match<'t>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let found = match self.regex.find_from(self.text, self.from.take()?) {
                Ok(found) => found?,
                Err(error) => return Some(Err(error)),
            };
            if found.start < found.end {
                self.from = Some(found.end);
            } else {
                let next = self.text.get(found.end..).and_then(|rest| rest.chars().next());
                self.from = next.map(|next| found.end + next.len_utf8());
                // An empty match right after another match is none.
                if self.last == Some(found.end) {
                    continue;
                }
            }
            self.last = Some(found.end);
            return Some(Ok(found));
        }
    }
}

/// The expression that matches `text` and nothing else.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    let is_special = |char: char| r"\.+*?()|[]{}^$#&-~".contains(char);
    if !text.contains(is_special) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for char in text.chars() {
        if is_special(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    Cow::Owned(escaped)
}
