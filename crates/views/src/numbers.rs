//! Nested arrays of numbers: their dimensions, a picture of the first vector, and the first numbers as a table.

use std::fmt::Write;

use maud::{Markup, html};
use serde_json::Value;

use crate::{format, text};

/// Columns of the table.
const COLUMNS: usize = 8;
/// Cells shown at once, and after opening the rest.
const OPEN_CELLS: usize = 32;
const CELLS: usize = 400;
/// Bars of the picture; longer vectors are joined to as many.
const PICTURE: usize = 512;

/// The view of `output`; `None` where it is no regular nest of numbers.
pub(crate) fn numbers(output: &Value) -> Option<Markup> {
    let dimensions = dimensions(output)?;
    // The outer dimensions beyond a matrix show their first element.
    let mut matrix = output;
    for _ in 2..dimensions.len() {
        matrix = matrix.get(0)?;
    }
    let rows: Vec<Vec<f64>> = match dimensions.len() {
        1 => vec![vector(matrix)],
        _ => matrix.as_array()?.iter().take(CELLS / COLUMNS).map(vector).collect(),
    };
    let sizes: Vec<String> = dimensions.iter().map(usize::to_string).collect();
    let largest = rows.iter().flatten().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    Some(html! {
        p class="dimensions" { span class="badge" { (sizes.join(" × ")) } }
        @match rows.as_slice() {
            [] => p class="muted" { (text::NO_NUMBERS) },
            [row] if row.is_empty() => p class="muted" { (text::NO_NUMBERS) },
            [row] => {
                (picture(row, largest))
                (wrapped(row, largest))
            },
            rows => (grid(rows, largest, &dimensions)),
        }
    })
}

/// The sizes of a nest of numbers, by its first elements; `None` where something else is in it.
fn dimensions(value: &Value) -> Option<Vec<usize>> {
    const DEEPEST: usize = 4;
    let mut sizes = Vec::new();
    let mut level = value;
    while let Value::Array(values) = level {
        sizes.push(values.len());
        match values.first() {
            Some(first) => level = first,
            None => break,
        }
    }
    let fits = (1..=DEEPEST).contains(&sizes.len()) && is_nest(value, sizes.len());
    fits.then_some(sizes)
}

/// Whether all numbers are `depth` lists deep. Lists may differ in length, as those of tokens do.
fn is_nest(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(values) => depth > 0 && values.iter().all(|value| is_nest(value, depth - 1)),
        other => depth == 0 && (other.is_number() || other.is_null()),
    }
}

/// A row of numbers; what is no number counts as not a number.
fn vector(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

/// The class that colours a number by its sign and size.
fn tint(value: f64, largest: f64) -> Option<&'static str> {
    let share = value / largest;
    Some(match share {
        _ if !share.is_finite() => return None,
        0.66.. => "p3",
        0.33.. => "p2",
        0.1.. => "p1",
        -0.1.. => return None,
        -0.33.. => "n1",
        -0.66.. => "n2",
        _ => "n3",
    })
}

/// A vector as a row of bars above and below zero.
fn picture(row: &[f64], largest: f64) -> Markup {
    let joined = row.len().div_ceil(PICTURE).max(1);
    let (mut up, mut down) = (String::new(), String::new());
    for (x, values) in row.chunks(joined).enumerate() {
        let strongest = values.iter().copied().filter(|value| value.is_finite());
        let strongest = strongest.fold(0.0, |best: f64, value| if value.abs() > best.abs() { value } else { best });
        let height = strongest / largest;
        if height.is_finite() && height != 0.0 {
            // Writing to a string cannot fail.
            let _ = write!(if height > 0.0 { &mut up } else { &mut down }, "M{x} 1h1v{:.3}h-1z", -height);
        }
    }
    let view = format!("0 0 {} 2", row.len().div_ceil(joined));
    html! {
        svg class="picture" viewBox=(view) preserveAspectRatio="none" aria-hidden="true" {
            path class="up" d=(up) {}
            path class="down" d=(down) {}
        }
    }
}

fn cell(value: f64, largest: f64) -> Markup {
    html! { td class=[tint(value, largest)] { (format::number(Some(value))) } }
}

/// One vector, wrapped into rows that start with the position of their first number.
fn wrapped(row: &[f64], largest: f64) -> Markup {
    let rows = |from: usize, to: usize| {
        let part = row.get(from..to.min(row.len())).unwrap_or_default();
        html! {
            (scrolled(html! {
                table class="numbers" {
                    thead class="unseen" {
                        tr { th scope="col" { (text::POSITION) } @for column in 0..COLUMNS { th scope="col" { "+" (column) } } }
                    }
                    tbody {
                        @for (index, values) in part.chunks(COLUMNS).enumerate() {
                            tr {
                                th scope="row" { (from + index * COLUMNS) }
                                @for value in values { (cell(*value, largest)) }
                            }
                        }
                    }
                }
            }))
        }
    };
    collapsed(row.len(), rows)
}

/// Several vectors, a row each, with their first columns.
fn grid(matrix: &[Vec<f64>], largest: f64, dimensions: &[usize]) -> Markup {
    let columns = matrix.iter().map(Vec::len).max().unwrap_or(0).min(COLUMNS);
    let total = dimensions.iter().rev().nth(1).copied().unwrap_or(0);
    let wider = dimensions.last().is_some_and(|width| *width > columns);
    let rows = |from: usize, to: usize| {
        let range = from / COLUMNS..(to / COLUMNS).min(matrix.len());
        let part = matrix.get(range).unwrap_or_default();
        scrolled(html! {
            table class="numbers" {
                thead {
                    tr {
                        th scope="col" { span class="unseen" { (text::POSITION) } }
                        @for column in 0..columns { th scope="col" { (column) } }
                        @if wider { th scope="col" { "…" } }
                    }
                }
                tbody {
                    @for (index, values) in part.iter().enumerate() {
                        tr {
                            th scope="row" { (from / COLUMNS + index) }
                            @for value in values.iter().take(columns) { (cell(*value, largest)) }
                            @if wider { td class="rest" { "…" } }
                        }
                    }
                }
            }
        })
    };
    collapsed(total.saturating_mul(COLUMNS), rows)
}

/// The first cells, then the rest behind a click, then how many are left out; `rows` draws a range of cells.
fn collapsed(total: usize, rows: impl Fn(usize, usize) -> Markup) -> Markup {
    html! {
        (rows(0, OPEN_CELLS))
        @if total > OPEN_CELLS {
            details class="more" {
                summary {
                    span class="closed" { (text::SHOW_MORE) }
                    span class="opened" { (text::SHOW_FEWER) }
                }
                (rows(OPEN_CELLS, CELLS))
                @if total > CELLS { p class="muted" { (text::ALL_IN_JSON) } }
            }
        }
    }
}

/// A box that scrolls sideways, also by keyboard.
fn scrolled(table: Markup) -> Markup {
    html! { div class="scroll" role="group" tabindex="0" aria-label=(text::NUMBERS) { (table) } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn html(value: Value) -> String {
        numbers(&value).map(|html| html.into_string()).unwrap_or_default()
    }

    #[test]
    fn dimensions_are_told_and_cells_are_few() {
        for (value, sizes) in [
            (json!([vec![0.5; 384]]), "1 × 384"),
            (json!(vec![0.5; 5000]), "5000"),
            (json!(vec![vec![-0.5; 768]; 900]), "900 × 768"),
            (json!(vec![vec![vec![0.1; 384]; 7]; 2]), "2 × 7 × 384"),
        ] {
            let html = html(value);
            assert!(html.contains(&format!(">{sizes}<")), "{sizes}");
            let cells = html.matches("<td").count() - html.matches("<td class=\"rest\"").count();
            assert!((1..=CELLS).contains(&cells), "{sizes}: {cells}");
        }
    }

    #[test]
    fn signs_are_seen_and_tinted() {
        let html = html(json!([[1.0, -1.0, 0.5, -0.5, 0.0, null, 0.2, -0.2]]));
        for part in [
            "class=\"p3\">1.000",
            "class=\"n3\">−1.000",
            "class=\"p2\">0.500",
            "n1\">−0.200",
            "<td>–</td>",
            "<td>0.000",
        ] {
            assert!(html.contains(part), "{part}");
        }
    }

    #[test]
    fn odd_nests_are_refused_or_empty() {
        for value in [
            json!("x"),
            json!({"a": 1}),
            json!(["a"]),
            json!([["<b>"]]),
            json!([[[[[[1]]]]]]),
            json!(3),
            json!([1, "a"]),
            json!([[1], 2]),
        ] {
            assert!(numbers(&value).is_none(), "{value}");
        }
        for value in
            [json!([]), json!([[]]), json!([[], []]), json!([[1], [2, 3]]), json!([null]), json!([1e300, -1e300])]
        {
            let html = html(value);
            assert!(!html.is_empty() && !html.contains("NaN"));
        }
    }
}
