//! What a visitor does to a table.

use crate::Table;

/// A change of a table. Columns and rows are counted from 0; the header is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableEdit<'a> {
    /// An empty row at the end.
    AddRow,
    /// An empty column at the end.
    AddColumn,
    /// This row goes, unless it is the last one.
    RemoveRow(usize),
    /// This column goes, unless it is the last one.
    RemoveColumn(usize),
    /// Cells of a spreadsheet or a CSV file go in from this box on, the boxes counted through the header and the rows;
    /// the table grows with them.
    Paste(usize, &'a str),
}

/// Rows and columns of a table at most, against a paste of everything by mistake.
const MOST: usize = 10_000;

impl Table {
    /// Makes a change; false where there is nothing to change.
    pub fn edit(&mut self, edit: &TableEdit) -> bool {
        match edit {
            TableEdit::AddRow => self.grow(self.rows.len() + 1, 0),
            TableEdit::AddColumn => self.grow(0, self.columns.len() + 1),
            TableEdit::RemoveRow(row) if *row < self.rows.len() && self.rows.len() > 1 => drop(self.rows.remove(*row)),
            TableEdit::RemoveColumn(column) if *column < self.columns.len() && self.columns.len() > 1 => {
                self.columns.remove(*column);
                self.rows.iter_mut().for_each(|row| drop(row.remove(*column)));
            }
            TableEdit::RemoveRow(_) | TableEdit::RemoveColumn(_) => return false,
            TableEdit::Paste(place, text) => {
                let cells = pasted(text);
                if cells.iter().map(Vec::len).sum::<usize>() < 2 || self.columns.is_empty() {
                    return false;
                }
                let (top, left) = (place / self.columns.len(), place % self.columns.len());
                let width = cells.iter().map(Vec::len).max().unwrap_or(0);
                self.grow((top + cells.len()).saturating_sub(1), left + width);
                for (line, cells) in std::iter::once(&mut self.columns).chain(&mut self.rows).skip(top).zip(cells) {
                    line.iter_mut().skip(left).zip(cells).for_each(|(cell, text)| *cell = text);
                }
            }
        }
        true
    }

    /// Makes the table at least so large.
    fn grow(&mut self, rows: usize, columns: usize) {
        let columns = self.columns.len().max(columns.min(MOST));
        let rows = self.rows.len().max(rows.min(MOST));
        self.columns.resize(columns, String::new());
        self.rows.resize(rows, Vec::new());
        self.rows.iter_mut().for_each(|row| row.resize(columns, String::new()));
    }
}

/// The cells of a text: of a spreadsheet with tabs between them, else of a CSV file where there are lines; a text of
/// one line is one cell. Quotes are those of RFC 4180.
fn pasted(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_end_matches(['\r', '\n']);
    let separator = match (text.contains('\t'), text.contains('\n')) {
        (true, _) => '\t',
        (false, true) => ',',
        (false, false) => return vec![vec![text.to_owned()]],
    };
    let (mut lines, mut quoted) = (vec![vec![String::new()]], false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(line) = lines.last_mut() else { break };
        let Some(cell) = line.last_mut() else { break };
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            '\n' if !quoted => lines.push(vec![String::new()]),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            separating if separating == separator && !quoted => line.push(String::new()),
            other => cell.push(other),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Table {
        Table::of(&json!([["A", "B"], ["1", "2"]])).unwrap()
    }

    fn after(edit: TableEdit) -> serde_json::Value {
        let mut table = table();
        assert!(table.edit(&edit), "{edit:?}");
        serde_json::to_value(table).unwrap()
    }

    #[test]
    fn rows_and_columns_come_and_go() {
        assert_eq!(after(TableEdit::AddRow), json!([["A", "B"], ["1", "2"], ["", ""]]));
        assert_eq!(after(TableEdit::AddColumn), json!([["A", "B", ""], ["1", "2", ""]]));
        assert_eq!(after(TableEdit::RemoveColumn(0)), json!([["B"], ["2"]]));
        for edit in [TableEdit::RemoveRow(0), TableEdit::RemoveRow(5), TableEdit::RemoveColumn(2)] {
            assert!(!table().edit(&edit), "{edit:?}");
        }
        let mut longer = table();
        longer.edit(&TableEdit::AddRow);
        assert!(longer.edit(&TableEdit::RemoveRow(0)) && longer.rows == [["", ""]]);
    }

    #[test]
    fn cells_are_pasted_where_the_visitor_is() {
        assert_eq!(after(TableEdit::Paste(0, "X\tY\r\n5\t6\r\n7\t8\r\n")), json!([["X", "Y"], ["5", "6"], ["7", "8"]]));
        assert_eq!(after(TableEdit::Paste(3, "x\ty")), json!([["A", "B", ""], ["1", "x", "y"]]));
        let quoted = "Name,\"a, \"\"b\"\"\nc\"\nRust, Python,1";
        assert_eq!(after(TableEdit::Paste(0, quoted)), json!([["Name", "a, \"b\"\nc", ""], ["Rust", " Python", "1"]]));
        assert_eq!(after(TableEdit::Paste(2, "only\nlines")), json!([["A", "B"], ["only", "2"], ["lines", ""]]));
    }

    #[test]
    fn one_cell_is_left_to_the_box() {
        for text in ["Rust, Python and NodeJS", "", "a\n", "\"\"\""] {
            assert!(!table().edit(&TableEdit::Paste(0, text)), "{text:?}");
        }
        let many = "x\n".repeat(MOST * 2);
        let mut table = table();
        assert!(table.edit(&TableEdit::Paste(2, &many)) && table.rows.len() == MOST);
    }
}
