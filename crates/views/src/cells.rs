//! `{answer, coordinates, cells, aggregator}`, alone or in a list: the answer, and its cells marked in the table.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_tasks::Table;

use crate::bars::collapsed;
use crate::text;

/// Rows shown at once; the rest is collapsed.
const OPEN: usize = 12;
/// Rows and columns shown at most.
const MOST_ROWS: usize = 500;
const MOST_COLUMNS: usize = 50;
/// Answers shown at most.
const MOST_ANSWERS: usize = 10;

/// One answer of an output.
pub(crate) struct Answer<'a> {
    /// Its words.
    pub answer: &'a str,
    aggregator: Option<&'a str>,
    coordinates: Vec<(usize, usize)>,
}

/// The answers of an output; `None` where it has another shape.
pub(crate) fn cell_answers(output: &Value) -> Option<Vec<Answer<'_>>> {
    let place = |pair: &Value| Some((pair.get(0)?.as_u64()?.try_into().ok()?, pair.get(1)?.as_u64()?.try_into().ok()?));
    let answer = |entry| {
        let entry: &Value = entry;
        let coordinates = entry.get("coordinates").and_then(Value::as_array);
        let aggregator = entry.get("aggregator").and_then(Value::as_str);
        Some(Answer {
            answer: entry.get("answer")?.as_str()?,
            aggregator: aggregator.filter(|aggregator| !aggregator.is_empty() && *aggregator != "NONE"),
            coordinates: coordinates.into_iter().flatten().filter_map(place).collect(),
        })
    };
    match output {
        Value::Array(entries) => entries.iter().map(answer).collect(),
        one => Some(vec![answer(one)?]),
    }
}

/// The view of an output for `table`, the one that was looked in.
pub(crate) fn cells_view(table: Option<&Value>, output: &Value) -> Option<Markup> {
    let answers = cell_answers(output)?;
    let table = table.and_then(Table::of);
    Some(html! {
        @if answers.is_empty() { p class="muted" { (text::NO_ANSWER) } }
        @for answer in answers.iter().take(MOST_ANSWERS) {
            p class="title" {
                bdi { (if answer.answer.trim().is_empty() { text::NO_ANSWER.as_str() } else { answer.answer }) }
                @if let Some(aggregator) = answer.aggregator { " " span class="badge" { (aggregator) } }
            }
            @if let Some(table) = &table { (marked_table(table, &answer.coordinates)) }
        }
        @if answers.len() > MOST_ANSWERS { p class="muted" { (text::LEFT_OUT.of(answers.len() - MOST_ANSWERS)) } }
    })
}

fn marked_table(table: &Table, hits: &[(usize, usize)]) -> Markup {
    let rows = |from: usize, to: usize| {
        let part = table.rows.get(from..to).unwrap_or_default();
        html! {
            div class="scroll" role="group" tabindex="0" aria-label=(text::TABLE) {
                table class="cells" {
                    thead {
                        tr {
                            @for column in table.columns.iter().take(MOST_COLUMNS) { th scope="col" { (column) } }
                        }
                    }
                    tbody {
                        @for (row, cells) in part.iter().enumerate() {
                            tr {
                                @for (column, cell) in cells.iter().take(MOST_COLUMNS).enumerate() {
                                    @if hits.contains(&(from + row, column)) {
                                        td { mark class="c0" { (cell) } }
                                    } @else {
                                        td { (cell) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    let total = table.rows.len();
    let shown = total.min(MOST_ROWS);
    html! {
        (rows(0, total.min(OPEN)))
        @if total > OPEN {
            @let open = hits.iter().any(|(row, _)| (OPEN..shown).contains(row));
            (collapsed(total, open, rows(OPEN, shown), total - shown))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn html(table: Value, output: Value) -> String {
        cells_view(Some(&table), &output).unwrap().into_string()
    }

    #[test]
    fn cells_are_marked_and_the_aggregator_told() {
        let table = json!([["Repository", "<Stars>"], ["T", "36542"], ["D", "4512"]]);
        let coordinates = json!([[0, 1], [1, 1], [9, 9]]);
        let answer = json!({"answer": "SUM > 36542, 4512", "coordinates": coordinates, "aggregator": "SUM"});
        let html = html(table.clone(), answer);
        assert_eq!(html.matches("<td><mark").count(), 2);
        assert!(html.contains("<mark class=\"c0\">36542</mark>") && html.contains("&lt;Stars&gt;"));
        assert!(html.contains("<span class=\"badge\">SUM</span>"));
        let none = super::tests::html(table, json!([{"answer": "", "coordinates": [], "aggregator": "NONE"}]));
        assert!(none.contains(text::NO_ANSWER.as_str()) && !none.contains("badge"));
    }

    #[test]
    fn long_tables_are_collapsed_but_not_around_the_answer() {
        let mut rows = vec![json!(["A"])];
        rows.extend((0..2000).map(|row| json!([row])));
        let at = |row: usize| html(json!(rows), json!({"answer": "a", "coordinates": [[row, 0]]}));
        assert!(at(0).contains("<details class=\"more\">") && at(20).contains("<details class=\"more\" open>"));
        assert_eq!(at(0).matches("<td").count(), MOST_ROWS);
    }

    #[test]
    fn without_a_table_there_is_the_answer() {
        let answer = json!({"answer": "<b>", "coordinates": "x"});
        assert!(cells_view(None, &answer).unwrap().into_string().contains("&lt;b&gt;"));
        assert!(cells_view(None, &json!({"answer": 1})).is_none() && cells_view(None, &json!("a")).is_none());
    }
}
