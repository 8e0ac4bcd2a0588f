//! Labelled bars: a table of names and numbers that looks like a chart.
//!
//! Numbers within 0 and 1 are drawn on that scale, as the share of a full bar; others relative to the largest. With
//! negative numbers the bars start from a common zero, to either side.

use maud::{Markup, html};
use serde_json::Value;

use crate::{Text, format, text};

/// One bar.
pub(crate) struct Bar {
    pub label: String,
    /// What stands small below the label.
    pub detail: Option<String>,
    pub score: Option<f64>,
}

/// Rows shown at once; the rest is collapsed.
const OPEN: usize = 10;
/// Rows shown at most; a page with more would be slow and no more useful.
const MOST: usize = 1000;

/// The table of `bars`, under these column names.
pub(crate) fn bars(caption: &str, name: Text, number: Text, bars: &[Bar]) -> Markup {
    let scale = Scale::of(bars);
    let best = bars.iter().filter_map(|bar| bar.score).fold(f64::NEG_INFINITY, f64::max);
    let table = |bars: &[Bar]| {
        html! {
            table class="bars" role="table" aria-label=(caption) {
                thead class="unseen" role="rowgroup" {
                    tr role="row" {
                        th role="columnheader" scope="col" { (name) }
                        th role="columnheader" scope="col" { (number) }
                    }
                }
                tbody role="rowgroup" {
                    @for bar in bars {
                        tr part="item" role="row" class=[(bar.score == Some(best)).then_some("best")] {
                            th class="label" role="rowheader" scope="row" dir="auto" {
                                span class="words" { (bar.label) }
                                @if let Some(detail) = &bar.detail { " " span class="hint" { (detail) } }
                            }
                            td class="score" part="score" role="cell" { (format::number(bar.score)) }
                            td class="track" aria-hidden="true" { (scale.bar(bar.score)) }
                        }
                    }
                }
            }
        }
    };
    let (open, rest) = bars.split_at(bars.len().min(OPEN));
    let (rest, left_out) = rest.split_at(rest.len().min(MOST - OPEN));
    html! {
        (table(open))
        @if !rest.is_empty() { (collapsed(bars.len(), false, table(rest), left_out.len())) }
    }
}

/// What is shown of `total` things only when asked for, or `open` from the beginning; and how many are left out.
pub(crate) fn collapsed(total: usize, open: bool, rest: Markup, left_out: usize) -> Markup {
    html! {
        details class="more" open[open] {
            summary {
                span class="closed" { (text::SHOW_ALL.of(&format::integer(total as u64))) }
                span class="opened" { (text::SHOW_FEWER) }
            }
            (rest)
            @if left_out > 0 { p class="muted" { (text::LEFT_OUT.of(left_out)) } }
        }
    }
}

/// The bars of a list's entries; `bar` takes a place and what stands there. `None` where one has another shape.
pub(crate) fn bars_of(entries: &[Value], bar: &dyn Fn(usize, &Value) -> Option<Bar>) -> Option<Vec<Bar>> {
    entries.iter().enumerate().map(|(index, entry)| bar(index, entry)).collect()
}

impl Bar {
    /// A bar for a number, or for the null that stands for one that is none.
    pub(crate) fn of(label: String, detail: Option<String>, score: Option<&Value>) -> Option<Self> {
        let score = score.filter(|score| score.is_number() || score.is_null())?.as_f64();
        Some(Self { label, detail, score })
    }
}

/// The numbers at both ends of a full bar, with zero between them.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(bars: &[Bar]) -> Self {
        let numbers = || bars.iter().filter_map(|bar| bar.score).filter(|score| score.is_finite());
        let low = numbers().fold(0.0, f64::min);
        let high = numbers().fold(0.0, f64::max);
        if low >= -1.0 && high <= 1.0 { Self { low, high: 1.0 } } else { Self { low, high } }
    }

    /// Where `score` lies between the ends, in per cent.
    fn at(&self, score: f64) -> f64 {
        // Halves, since the span of two large numbers may be beyond what a number holds.
        let (low, high) = (self.low / 2.0, self.high / 2.0);
        ((score / 2.0 - low) / (high - low) * 100.0).clamp(0.0, 100.0)
    }

    fn bar(&self, score: Option<f64>) -> Markup {
        let score = score.filter(|score| score.is_finite()).unwrap_or(0.0);
        let (zero, end) = (self.at(0.0), self.at(score));
        let class = if score < 0.0 { "fill negative" } else { "fill" };
        html! {
            svg class="bar" part="bar" {
                rect class=(class) x=(percent(zero.min(end))) width=(percent((end - zero).abs())) height="100%" {}
                @if self.low < 0.0 {
                    line class="zero" x1=(percent(zero)) x2=(percent(zero)) y1="0" y2="100%" {}
                }
            }
        }
    }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(scores: &[f64]) -> String {
        let all: Vec<Bar> =
            scores.iter().map(|score| Bar { label: "<b>".to_owned(), detail: None, score: Some(*score) }).collect();
        bars("c", Text::new("n"), Text::new("s"), &all).into_string()
    }

    #[test]
    fn probabilities_are_shares_of_a_full_bar() {
        let html = html(&[0.75, 0.25]);
        assert!(
            html.contains("width=\"75.00%\"") && html.contains("width=\"25.00%\"") && !html.contains("class=\"zero\"")
        );
        assert!(html.contains("&lt;b&gt;") && html.contains(">0.750<"));
    }

    #[test]
    fn logits_share_a_zero() {
        let html = html(&[6.0, -2.0]);
        assert!(html.contains("x=\"25.00%\" width=\"75.00%\""));
        assert!(
            html.contains("x=\"0.00%\" width=\"25.00%\"") && html.contains("fill negative") && html.contains("−2.000")
        );
    }

    #[test]
    fn extremes_do_not_break_the_scale() {
        for scores in [&[f64::MAX, -f64::MAX][..], &[f64::NAN, f64::INFINITY], &[-3.0, -8.0], &[0.0], &[]] {
            let html = html(scores);
            assert!(!html.contains("NaN%") && !html.contains("inf%"), "{scores:?}");
        }
        assert!(html(&[-4.0, -8.0]).contains("x=\"50.00%\" width=\"50.00%\""));
    }

    #[test]
    fn long_lists_are_collapsed_and_capped() {
        let html_of = html(&vec![0.1; 28]);
        assert!(html_of.contains("Show all 28") && html_of.matches("part=\"item\"").count() == 28);
        let html_of = html(&vec![0.1; 5000]);
        assert!(html_of.matches("part=\"item\"").count() == MOST && html_of.contains("4000 more"));
        assert!(!html(&[0.1; 10]).contains("<details"));
    }
}
