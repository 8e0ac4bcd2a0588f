//! Formulas: taken out of the text before Markdown is read, put back as MathML after everything was made safe.
//!
//! In between, a formula is a word that holds a hash of the whole text: no text can hold its own, so none can forge one.

mod find;
mod mathml;

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::tree::escape;

/// At most so many formulas are taken out of a text.
const MOST_FORMULAS: usize = 5_000;

/// A formula of a text.
struct Formula {
    /// The formula with its delimiters, as the text has it.
    source: String,
    /// The formula alone.
    tex: String,
    /// Whether it stands in a line of its own.
    is_display: bool,
}

/// A text's formulas, and the text without them.
pub struct Formulas {
    mark: String,
    text: String,
    formulas: Vec<Formula>,
}

impl Formulas {
    /// Takes the formulas out of a text.
    pub fn take(markdown: &str) -> Self {
        let mut mark = String::from("formula");
        for byte in Sha256::digest(markdown.as_bytes()).iter().take(16) {
            let _ = write!(mark, "{byte:02x}");
        }
        mark.push('n');
        let (mut text, mut formulas) = (String::with_capacity(markdown.len()), Vec::new());
        let mut rest = 0;
        for (range, tex, is_display) in find::formulas(markdown).into_iter().take(MOST_FORMULAS) {
            text.push_str(markdown.get(rest..range.start).unwrap_or_default());
            let _ = write!(text, "{mark}{}z", formulas.len());
            rest = range.end;
            let source = markdown.get(range).unwrap_or_default().to_owned();
            formulas.push(Formula { source, tex, is_display });
        }
        text.push_str(markdown.get(rest..).unwrap_or_default());
        Self { mark, text, formulas }
    }

    /// The text, in which a word stands for each formula.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a text has words for formulas.
    pub fn are_in(&self, text: &str) -> bool {
        !self.formulas.is_empty() && text.contains(&self.mark)
    }

    /// A text as its author wrote it, with the source of each formula: for code and values.
    pub fn restore(&self, text: &str) -> String {
        self.replace(text, |formula, all| all.push_str(&formula.source))
    }

    /// A text without the delimiters of its formulas: for a heading's name.
    pub fn name(&self, text: &str) -> String {
        self.replace(text, |formula, all| all.push_str(formula.tex.trim()))
    }

    /// HTML with each formula as MathML, or as its source where it cannot be read.
    pub fn put(&self, html: &str) -> String {
        self.replace(html, |formula, all| match mathml::convert(&formula.tex, formula.is_display) {
            Some(mathml) => all.push_str(&mathml),
            None => {
                all.push_str("<code class=\"formula\">");
                escape(&formula.source, all);
                all.push_str("</code>");
            }
        })
    }

    fn replace(&self, text: &str, put: impl Fn(&Formula, &mut String)) -> String {
        if !self.are_in(text) {
            return text.to_owned();
        }
        let mut parts = text.split(&*self.mark);
        let mut all = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let found = part
                .split_once('z')
                .and_then(|(number, after)| Some((self.formulas.get(number.parse::<usize>().ok()?)?, after)));
            if let Some((formula, after)) = found {
                put(formula, &mut all);
                all.push_str(after);
            }
        }
        all
    }
}
