//! The badges of a model: task, library, languages, licence, data sets, base models, papers and tags.

use maud::{Markup, html};
use vitrine_cards::Card;
use vitrine_hub::PIPELINE_TAGS;
use vitrine_views::Text;
use vitrine_views::locale::translated;

use super::Model;
use crate::place::{hub_url, is_web_url, segment};
use crate::{Place, text};

/// Badges of a kind that are shown before the rest is collapsed.
const SHOWN: usize = 8;

/// The list of badges. Those that the site's index can filter by lead there.
pub(super) fn badges(model: &Model, place: &Place, card: Option<&Card>) -> Markup {
    let metadata = &model.snapshot.card;
    let filter =
        |key: &str, value: &str| place.has_index.then(|| format!("{}index.html?{key}={}", place.root, segment(value)));
    let task = model.snapshot.task();
    let library = library(model);
    let plain = |value: String| (value, None);
    html! {
        dl class="badges" {
            @if let Some(tag) = task {
                @let name = PIPELINE_TAGS.iter().find(|(known, ..)| *known == tag).map_or(tag, |(_, name, _)| translated(name));
                (group("task", text::TASK, vec![(name.to_owned(), filter("task", tag))]))
            }
            @if let Some(library) = library {
                (group("library", text::LIBRARY, vec![(library.clone(), filter("library", &library))]))
            }
            (group("licence", text::LICENCE, licence(model, place)))
            (group("language", text::LANGUAGES, metadata.languages().into_iter().map(|code| { let url = filter("language", &code); (code, url) }).collect()))
            (group("dataset", text::DATASETS, metadata.datasets().into_iter().map(|id| { let url = hub_url("datasets/", &id); (id, url) }).collect()))
            (group("base", text::relation(metadata.base_model_relation()), metadata.base_models().into_iter().map(|id| { let url = hub_url("", &id); (id, url) }).collect()))
            (group("paper", text::PAPERS, papers(model, card).into_iter().map(|id| { let url = format!("https://arxiv.org/abs/{id}"); (format!("arXiv:{id}"), Some(url)) }).collect()))
            (group("tag", text::TAGS, tags(model).into_iter().map(plain).collect()))
        }
    }
}

fn group(kind: &str, name: Text, badges: Vec<(String, Option<String>)>) -> Markup {
    let (shown, rest) = badges.split_at(badges.len().min(SHOWN));
    let badge = |(label, url): &(String, Option<String>)| {
        html! {
            dd {
                @match url {
                    Some(url) => a class={ "badge " (kind) } href=(url) rel=[url.starts_with("http").then_some("noopener")] { bdi { (label) } },
                    None => span class={ "badge " (kind) } { bdi { (label) } },
                }
            }
        }
    };
    html! {
        @if !badges.is_empty() {
            div class="group" {
                dt { (name) }
                @for shown in shown { (badge(shown)) }
                @if !rest.is_empty() {
                    dd class="more" {
                        details {
                            summary { "+" (rest.len()) }
                            ul { @for (label, url) in rest {
                                li { @match url { Some(url) => a href=(url) rel="noopener" { bdi { (label) } }, None => bdi { (label) } } }
                            } }
                        }
                    }
                }
            }
        }
    }
}

/// The library by the card, else by the files.
pub(crate) fn library(model: &Model) -> Option<String> {
    let named = model.snapshot.card.library().map(str::to_owned);
    let by_files = || {
        if model.snapshot.file("modules.json").is_some() {
            Some("sentence-transformers".to_owned())
        } else {
            model.config.get("model_type").map(|_| "transformers".to_owned())
        }
    };
    named.or_else(by_files)
}

fn licence(model: &Model, place: &Place) -> Vec<(String, Option<String>)> {
    let Some(licence) = model.snapshot.card.licence() else { return Vec::new() };
    let snapshot = model.snapshot;
    let of_file = |path: &str| snapshot.file(path).map(|file| place.page_url(snapshot, &file.path));
    let url = match licence.link.as_deref() {
        Some(link) if is_web_url(link) => Some(link.to_owned()),
        Some(path) => of_file(path),
        None => ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE"].into_iter().find_map(of_file),
    };
    let mut names = licence.ids;
    if let Some(name) = licence.name {
        names.retain(|id| id != "other");
        names.push(name);
    }
    names.into_iter().map(|name| (name, url.clone())).collect()
}

/// Numbers of arXiv that the card links to or that are tagged, each once, in order.
fn papers(model: &Model, card: Option<&Card>) -> Vec<String> {
    let tagged = model.snapshot.card.tags();
    let tagged = tagged.iter().filter_map(|tag| tag.strip_prefix("arxiv:")).map(str::to_owned);
    let linked = card.into_iter().flat_map(|card| &card.links).filter_map(|link| arxiv(link));
    let mut papers: Vec<String> = Vec::new();
    for paper in tagged.chain(linked) {
        if !papers.contains(&paper) {
            papers.push(paper);
        }
    }
    papers
}

/// The number of a paper of arXiv that an address leads to, without its version.
fn arxiv(link: &str) -> Option<String> {
    let rest = link.split_once("arxiv.org/").or_else(|| link.split_once("huggingface.co/papers/"))?.1;
    let rest = ["abs/", "pdf/", "html/"].iter().find_map(|kind| rest.strip_prefix(kind)).unwrap_or(rest);
    let id: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let id = id.trim_end_matches('.');
    let (year, number) = id.split_once('.')?;
    (year.len() == 4 && matches!(number.len(), 4 | 5) && number.bytes().all(|b| b.is_ascii_digit()))
        .then(|| id.to_owned())
}

/// Tags that no other badge shows.
fn tags(model: &Model) -> Vec<String> {
    let metadata = &model.snapshot.card;
    let others: Vec<String> = metadata
        .languages()
        .into_iter()
        .chain(model.snapshot.task().map(str::to_owned))
        .chain(library(model))
        .collect();
    let is_derived = |tag: &str| {
        ["arxiv:", "license:", "dataset:", "base_model:", "region:", "doi:"]
            .iter()
            .any(|prefix| tag.starts_with(prefix))
    };
    metadata.tags().into_iter().filter(|tag| !is_derived(tag) && !others.contains(tag)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_are_found_in_addresses() {
        for (link, id) in [
            ("https://arxiv.org/abs/1810.04805", Some("1810.04805")),
            ("http://arxiv.org/pdf/1908.10084v2.pdf", Some("1908.10084")),
            ("https://huggingface.co/papers/2301.00001", Some("2301.00001")),
            ("https://arxiv.org/abs/cs/0112017", None),
            ("https://arxiv.org/abs/1810.04805<b>", Some("1810.04805")),
            ("https://example.org/1810.04805", None),
        ] {
            assert_eq!(arxiv(link).as_deref(), id, "{link}");
        }
    }
}
