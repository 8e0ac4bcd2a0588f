//! A table whose cells are boxes, with buttons that add and remove rows and columns.

use maud::{Markup, html};
use vitrine_tasks::{Field, Table};

use crate::icon::{Icon, icon};
use crate::text;

/// Cells shown at most; rows beyond them are left out.
const MOST_CELLS: usize = 3000;

/// The content of `[data-table="<field>"]`: the element renders it anew with the table it has read whenever a row or a
/// column comes or goes. Boxes are `[data-field]` from left to right and from top to bottom; `data-columns` says how
/// many make a row.
pub fn table_editor(field: &Field, table: &Table) -> Markup {
    let columns = table.columns.len();
    let shown = table.rows.len().min(MOST_CELLS / columns.max(1));
    let button = |action: &str, index: usize, label: String| {
        html! {
            button class="icon-button" type="button" data-action=(action) data-list-name=(field.name)
                data-index=(index) aria-label=(label) { (icon(Icon::Close)) }
        }
    };
    let cell = |row: usize, column: usize, value: &str| {
        html! {
            input part="input" type="text" dir="auto" spellcheck="false" data-field=(field.name)
                aria-label=(text::cell(row, column + 1)) value=(value);
        }
    };
    html! {
        div class="scroll" {
            table class="editor" data-columns=(columns) {
                thead {
                    tr {
                        @for (column, name) in table.columns.iter().enumerate() {
                            th scope="col" {
                                div class="row" {
                                    (cell(0, column, name))
                                    @if columns > 1 {
                                        (button("remove-column", column, text::REMOVE_COLUMN.of(&(column + 1).to_string())))
                                    }
                                }
                            }
                        }
                    }
                }
                tbody {
                    @for (row, cells) in table.rows.iter().take(shown).enumerate() {
                        tr {
                            @for (column, value) in cells.iter().enumerate() { td { (cell(row + 1, column, value)) } }
                            @if table.rows.len() > 1 {
                                td class="end" { (button("remove-row", row, text::REMOVE_ROW.of(&(row + 1).to_string()))) }
                            }
                        }
                    }
                }
            }
        }
        @if table.rows.len() > shown { p class="hint" { (text::ROWS_LEFT_OUT.of(table.rows.len() - shown)) } }
        div class="buttons" {
            button class="quiet" type="button" data-action="add-row" data-list-name=(field.name) {
                (icon(Icon::Add)) (text::ADD_ROW)
            }
            button class="quiet" type="button" data-action="add-column" data-list-name=(field.name) {
                (icon(Icon::Add)) (text::ADD_COLUMN)
            }
            span class="hint" { (text::PASTE_HINT) }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vitrine_tasks::table_question_answering;

    use super::*;

    fn html(table: &Table) -> String {
        table_editor(&table_question_answering::TASK.fields[1], table).into_string()
    }

    #[test]
    fn every_cell_is_a_box() {
        let html = html(&Table::of(&json!([["A", "<B>"], ["1", "2"], ["3", "4"]])).unwrap());
        assert_eq!(html.matches("data-field=\"table\"").count(), 6);
        assert!(html.contains("data-columns=\"2\"") && html.contains("value=\"&lt;B&gt;\""));
        assert!(html.contains("aria-label=\"Row 2, column 1\" value=\"3\""));
        assert_eq!(html.matches("data-action=\"remove-row\"").count(), 2);
    }

    #[test]
    fn the_last_row_and_column_stay() {
        let html = html(&Table::of(&json!([["A"], ["1"]])).unwrap());
        assert!(!html.contains("remove-row") && !html.contains("remove-column"));
    }

    #[test]
    fn long_tables_are_cut() {
        let rows = vec![vec!["x".to_owned(), String::new()]; 10_000];
        let html = html(&Table { columns: vec!["A".to_owned(), "B".to_owned()], rows });
        assert_eq!(html.matches("<input").count(), MOST_CELLS + 2);
        assert!(html.contains("8500 more rows"));
    }
}
