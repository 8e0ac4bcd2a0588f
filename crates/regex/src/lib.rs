//! What crate tokenizers asks of crate regex, by means of crate fancy-regex, so that a page loads one matcher, not two.

pub use fancy_regex::{Error, Match, escape};

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regex(fancy_regex::Regex);

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// When it is malformed or too large.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        fancy_regex::Regex::new(pattern).map(Self)
    }

    /// Whether the expression matches anywhere in `text`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// The first match in `text`.
    #[must_use]
    pub fn find<'t>(&self, text: &'t str) -> Option<Match<'t>> {
        self.find_iter(text).next()
    }

    /// The matches in `text` from left to right, none of which overlap.
    pub fn find_iter<'r, 't>(&'r self, text: &'t str) -> impl Iterator<Item = Match<'t>> + use<'r, 't> {
        self.0.find_iter(text).map_while(Result::ok)
    }
}
