//! The language of the interface: its English stands in the code, and a table tells what that is in another language.

use std::cell::Cell;
use std::fmt;

use maud::Render;
use serde_json::{Map, Value};

use crate::format;
use crate::plural::category;

thread_local! {
    static IN_FORCE: Cell<Option<&'static Table>> = const { Cell::new(None) };
}

/// The words of one language, each under its English; those that depend on a count have a pattern for each of the
/// language's plural categories, under the English for many.
#[derive(Debug)]
pub struct Table {
    language: String,
    words: Map<String, Value>,
}

impl Table {
    /// Reads a table; `None` where it is no JSON object.
    pub fn parse(language: &str, json: &str) -> Option<Self> {
        Some(Self { language: language.to_owned(), words: serde_json::from_str(json).ok()? })
    }

    /// Its language, without a region: `de`.
    pub fn language(&self) -> &str {
        &self.language
    }
}

/// Puts a table in force on this thread; English where there is none.
pub fn set(table: Option<&'static Table>) {
    IN_FORCE.set(table);
}

/// Works with a table in force.
pub fn with<T>(table: Option<&'static Table>, work: impl FnOnce() -> T) -> T {
    let before = IN_FORCE.replace(table);
    let made = work();
    IN_FORCE.set(before);
    made
}

/// The language in force.
pub fn language() -> &'static str {
    IN_FORCE.get().map_or("en", Table::language)
}

fn found(english: &str) -> Option<&'static Value> {
    IN_FORCE.get()?.words.get(english)
}

/// What some English of the interface is in the language in force; itself where the table lacks it.
pub fn translated(english: &str) -> &str {
    found(english).and_then(Value::as_str).unwrap_or(english)
}

/// Whether some text is of the language in force: English, or in its table.
pub fn is_translated(english: &str) -> bool {
    IN_FORCE.get().is_none() || found(english).is_some()
}

/// A text of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text(&'static str);

impl Text {
    /// A text by its English.
    pub const fn new(english: &'static str) -> Self {
        Self(english)
    }

    /// The English, under which tables hold it.
    pub fn english(self) -> &'static str {
        self.0
    }

    /// The text in the language in force.
    pub fn as_str(self) -> &'static str {
        translated(self.0)
    }

    /// The text with this value for its `{}`.
    pub fn of(self, value: &str) -> String {
        filled(self.as_str(), &[("", value)])
    }

    /// The text with values for its named places: `{limit}`.
    pub fn with(self, values: &[(&str, &str)]) -> String {
        filled(self.as_str(), values)
    }
}

impl Render for Text {
    fn render_to(&self, buffer: &mut String) {
        self.as_str().render_to(buffer);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that depends on a count, which stands for its `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plural {
    one: &'static str,
    other: &'static str,
}

impl Plural {
    /// A text by its English for one and for any other count.
    pub const fn new(one: &'static str, other: &'static str) -> Self {
        Self { one, other }
    }

    /// The English for many, under which tables hold all forms.
    pub fn english(self) -> &'static str {
        self.other
    }

    /// The text for a count.
    pub fn of(self, count: usize) -> String {
        let category = category(language(), count as u64);
        let form = found(self.other).and_then(|forms| forms.get(category).or_else(|| forms.get("other"))?.as_str());
        let form = form.unwrap_or(if count == 1 { self.one } else { self.other });
        filled(form, &[("", &format::integer(count as u64))])
    }

    /// The pattern of each plural category that the language in force has, for scripts that count.
    pub fn forms(self) -> Value {
        found(self.other).cloned().unwrap_or_else(|| serde_json::json!({ "one": self.one, "other": self.other }))
    }
}

/// A pattern with a value for each place `{name}` that is given one; values are not looked into.
fn filled(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, place)) = rest.split_once('{')
        && let Some((name, after)) = place.split_once('}')
    {
        text.push_str(before);
        text.extend(values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value));
        rest = after;
    }
    text + rest
}

/// Defines texts by their English, and those that depend on a count by their English for one and for many; `TEXTS` and
/// `PLURALS` list them.
#[macro_export]
macro_rules! texts {
    ($($name:ident = $english:literal;)* @plurals $($plural:ident = $one:literal, $other:literal;)*) => {
        $(pub const $name: $crate::Text = $crate::Text::new($english);)*
        $(pub const $plural: $crate::Plural = $crate::Plural::new($one, $other);)*

        /// Every text that does not depend on a count.
        pub const TEXTS: &[$crate::Text] = &[$($name),*];

        /// Every text that does.
        pub const PLURALS: &[$crate::Plural] = &[$($plural),*];
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: Plural = Plural::new("{} file", "{} files");

    /// A table that lives as long as the test.
    fn table(language: &str, json: &str) -> Option<&'static Table> {
        Some(Box::leak(Box::new(Table::parse(language, json).unwrap())))
    }

    #[test]
    fn what_a_table_lacks_is_english() {
        let german = table("de", r#"{ "Run": "Ausführen", "{} files": { "one": "{} Datei", "other": "{} Dateien" } }"#);
        let said = || (Text::new("Run").as_str(), Text::new("Stop").as_str(), FILES.of(1), FILES.of(12_345));
        assert_eq!(with(german, said), ("Ausführen", "Stop", "1 Datei".into(), "12.345 Dateien".into()));
        assert_eq!(said(), ("Run", "Stop", "1 file".into(), "12,345 files".into()));
        assert_eq!(with(german, || (is_translated("Run"), is_translated("the model"))), (true, false));
        assert!(is_translated("the model"));
        assert!(Table::parse("de", "[]").is_none() && Table::parse("de", "{").is_none());
    }

    #[test]
    fn the_order_of_places_is_the_languages_own_and_values_are_left_alone() {
        let pattern = Text::new("{row} of {column}");
        let other = table("de", r#"{ "{row} of {column}": "{column}: {row}" }"#);
        let said = || pattern.with(&[("row", "{column}"), ("column", "2")]);
        assert_eq!((said().as_str(), with(other, said).as_str()), ("{column} of 2", "2: {column}"));
        assert_eq!(Text::new("about {").of("x"), "about {");
    }

    #[test]
    fn a_form_that_a_table_lacks_is_that_for_any_other_count() {
        let arabic = table("ar", r#"{ "{} files": { "two": "ملفان", "other": "{} ملف" } }"#);
        assert_eq!(with(arabic, || [FILES.of(2), FILES.of(5)]), ["ملفان", "5 ملف"]);
    }
}
