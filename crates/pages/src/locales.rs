//! The tables of the languages that pages can be written in.

use std::sync::LazyLock;

use vitrine_views::locale::Table;

/// Each language but English, with its table.
const TABLES: &[(&str, &str)] = &[
    ("ar", include_str!("../../../www/locales/ar.json")),
    ("de", include_str!("../../../www/locales/de.json")),
    ("en-xa", include_str!("../../../www/locales/en-xa.json")),
    ("es", include_str!("../../../www/locales/es.json")),
    ("fr", include_str!("../../../www/locales/fr.json")),
    ("zh", include_str!("../../../www/locales/zh.json")),
];

static READ: LazyLock<Vec<Table>> =
    LazyLock::new(|| TABLES.iter().filter_map(|(language, json)| Table::parse(language, json)).collect());

/// The languages of pages: `en` and those that there is a table of.
pub fn languages() -> impl Iterator<Item = &'static str> {
    std::iter::once("en").chain(TABLES.iter().map(|(language, _)| *language))
}

/// Whether pages can be written in the language of a tag: `de`, or `de-AT`.
pub fn has_language(tag: &str) -> bool {
    languages().any(|known| is_of(tag, known))
}

/// The file of the site that holds the widget's words in the language of a tag; `None` for English.
pub fn language_file(tag: &str) -> Option<String> {
    Some(format!("locales/{}.json", table(tag)?.language()))
}

/// The table for a tag; `None` for English.
pub(crate) fn table(tag: &str) -> Option<&'static Table> {
    READ.iter().find(|table| is_of(tag, table.language()))
}

/// Whether the language is written from right to left.
pub(crate) fn is_rtl(tag: &str) -> bool {
    is_of(tag, "ar")
}

fn is_of(tag: &str, language: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    tag.strip_prefix(language).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
