//! The language of a widget: the table of its words, and what is shown anew when it changes.

use std::cell::RefCell;
use std::rc::Rc;

use vitrine_views::locale::{self, Table};

use crate::widget::State;

thread_local! {
    static TABLES: RefCell<Vec<&'static Table>> = RefCell::default();
}

/// The table of a language, read once; `None` for English, and for what is no table.
pub(crate) fn table(language: &str, words: &str) -> Option<&'static Table> {
    TABLES.with_borrow_mut(|tables| {
        let known = tables.iter().find(|table| table.language() == language).copied();
        known.or_else(|| {
            // What is shown refers to it as long as the page lives; a page has few languages.
            let table: &'static Table = Box::leak(Box::new(Table::parse(language, words)?));
            tables.push(table);
            Some(table)
        })
    })
}

impl State {
    /// Puts the widget's language in force, for the views that follow: widgets of a page may differ.
    pub(crate) fn speak(&self) {
        locale::set(self.table.get());
    }

    /// Says in which language the words are, which is not always that of the page.
    pub(crate) fn mark_language(&self) {
        if let Some(widget) = self.dom.find(".widget") {
            // Attributes of an element of one's own can always be set.
            let _ = widget.set_attribute("lang", self.table.get().map_or("en", Table::language));
        }
    }

    /// Takes another language; what is going on goes on.
    pub(crate) fn take_language(self: &Rc<Self>, table: Option<&'static Table>) {
        if table.map(Table::language) != self.table.replace(table).map(Table::language) {
            self.mark_language();
            self.show_all();
        }
    }
}
