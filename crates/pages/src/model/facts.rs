//! What the files say about a model: parameters, number format, size, architecture, commit; and what its training emitted.

use maud::{Markup, html};
use serde_json::Value;
use vitrine_hub::card::Emissions;
use vitrine_views::{Text, format};

use super::Model;
use crate::text;

/// The list of facts. What the files do not tell is left out.
pub(super) fn facts(model: &Model) -> Markup {
    let snapshot = model.snapshot;
    let architecture = model.config.get("model_type").and_then(Value::as_str);
    let date = snapshot.commit.as_ref().and_then(|commit| {
        model.versions.iter().find(|version| version.commit == *commit).map(|version| version.date.as_str())
    });
    let updated = date.and_then(|date| date.get(..10));
    html! {
        section class="facts" aria-labelledby="facts-title" {
            h2 id="facts-title" { (text::FACTS) }
            dl {
                @if let Some(parameters) = model.parameters {
                    (fact(text::PARAMETERS, &html! { (count(parameters.values().sum())) }))
                    (fact(text::DTYPE, &html! { (dtypes(parameters.iter())) }))
                }
                @if model.weights > 0 { (fact(text::WEIGHTS, &html! { (format::bytes(model.weights)) })) }
                @if let Some(architecture) = architecture { (fact(text::ARCHITECTURE, &html! { (architecture) })) }
                @if let Some(commit) = &snapshot.commit {
                    (fact(text::COMMIT, &html! { code title=(commit) { (format::commit(commit)) } }))
                }
                @if let Some(updated) = updated {
                    (fact(text::UPDATED, &html! { time datetime=(date.unwrap_or(updated)) { (updated) } }))
                }
                @if let Some(prompt) = snapshot.card.instance_prompt() {
                    (fact(text::INSTANCE_PROMPT, &html! { bdi { (prompt) } }))
                }
                @if let Some(emissions) = snapshot.card.emissions() { (fact(text::EMISSIONS, &carbon(&emissions))) }
            }
        }
    }
}

fn fact(name: Text, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// `22.7M`, as the Hub writes it.
pub(crate) fn count(count: u64) -> String {
    const UNITS: &[(f64, &str)] = &[(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    let value = count as f64;
    match UNITS.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, letter)) => {
            let scaled = value / unit;
            format!("{}{letter}", format::decimal(scaled, if scaled < 99.95 { 1 } else { 0 }))
        }
        None => count.to_string(),
    }
}

/// The dtypes, that of the most numbers first.
fn dtypes<'a>(parameters: impl Iterator<Item = (&'a String, &'a u64)>) -> String {
    let mut parameters: Vec<(&String, &u64)> = parameters.collect();
    parameters.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    parameters.into_iter().map(|(dtype, _)| dtype.as_str()).collect::<Vec<_>>().join(", ")
}

fn carbon(emissions: &Emissions) -> Markup {
    let mass = emissions.grams.map(|grams| match grams {
        grams if grams >= 1e6 => text::TONNES.of(&format::decimal(grams / 1e6, 1)),
        grams if grams >= 1e3 => text::KILOGRAMS.of(&format::decimal(grams / 1e3, 1)),
        grams => text::GRAMS.of(&format::decimal(grams, 1)),
    });
    let rest =
        [&emissions.training_type, &emissions.hardware_used, &emissions.geographical_location, &emissions.source];
    let rest: Vec<&str> = rest.into_iter().filter_map(|part| part.as_deref()).collect();
    html! {
        @if let Some(mass) = mass { (mass) }
        @if !rest.is_empty() { " " span class="muted" { bdi { (rest.join(" · ")) } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        for (given, shown) in [(999, "999"), (22_713_216, "22.7M"), (7_000_000_000, "7.0B"), (134_000_000, "134M")] {
            assert_eq!(count(given), shown);
        }
    }

    #[test]
    fn emissions_have_a_fitting_unit() {
        let said = |grams| {
            carbon(&Emissions { grams: Some(grams), source: Some("<b>".to_owned()), ..Emissions::default() })
                .into_string()
        };
        assert!(said(149_200.0).starts_with("149.2 kg CO₂eq") && said(0.5).starts_with("0.5 g"));
        assert!(said(3e6).starts_with("3.0 t") && said(1.0).contains("&lt;b&gt;"));
    }
}
