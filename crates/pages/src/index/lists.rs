//! The plain lists of models: all of them, and those of each task, in pages.

use maud::{Markup, html};
use vitrine_hub::{Modality, PIPELINE_TAGS};
use vitrine_views::format;
use vitrine_views::locale::translated;

use super::facets::{Facet, Facets, value_name};
use super::{Entry, PAGE, ROWS};
use crate::frame::{Head, page};
use crate::model::count;
use crate::{Place, text};

/// Every page of every list, by its path.
pub(super) fn lists(entries: &[&Entry], facets: &Facets, site: &Place) -> Vec<(String, String)> {
    let all: Vec<usize> = (0..entries.len()).collect();
    let mut pages = list(entries, &all, facets, site, None);
    for (tag, models) in facets.tasks() {
        pages.extend(list(entries, models, facets, site, Some(tag)));
    }
    pages
}

/// The pages of one list: of all models, or of those of a task.
fn list(
    entries: &[&Entry],
    models: &[usize],
    facets: &Facets,
    site: &Place,
    task: Option<&str>,
) -> Vec<(String, String)> {
    let count = models.len().div_ceil(PAGE).max(1);
    // The first page of all models is the site's own; the others lie in a folder.
    let path = |number: usize| match (task, number) {
        (None, 1) => "index.html".to_owned(),
        (None, number) => format!("index/{number}.html"),
        (Some(tag), 1) => format!("tasks/{tag}/index.html"),
        (Some(tag), number) => format!("tasks/{tag}/{number}.html"),
    };
    let chunks = models.chunks(PAGE).chain(models.is_empty().then_some([].as_slice()));
    let mut pages = Vec::new();
    for (number, chunk) in (1..).zip(chunks) {
        let own = path(number);
        let root = "../".repeat(own.matches('/').count());
        let place = Place { root: &root, ..*site };
        let title = task.map_or(text::ALL_MODELS.as_str(), |tag| value_name("task", tag));
        let rows: Vec<&&Entry> = chunk.iter().filter_map(|number| entries.get(*number)).collect();
        let main = html! {
            h1 { (title) }
            div class="columns index" {
                aside aria-label=(text::FILTERS) { (selector(facets, task, &place)) }
                div class="main" {
                    (search_form(facets, entries.len(), &place))
                    p class="status" role="status" data-status { (text::models(models.len())) }
                    ol class="models" data-results {
                        @for entry in &rows { (row(entry, &place)) }
                    }
                    nav class="pages" aria-label=(text::PAGES) data-pages {
                        @if number > 1 { a rel="prev" href={ (root) (path(number - 1)) } { (text::PREVIOUS) } }
                        @if count > 1 { span { (text::page_of(number, count)) } }
                        @if number < count { a rel="next" href={ (root) (path(number + 1)) } { (text::NEXT) } }
                    }
                }
            }
        };
        let description = text::models(models.len());
        let head =
            Head { title, description: &description, thumbnail: None, hosts: "", scripts: &["hub.js"], modules: &[] };
        pages.push((own, page(&place, &head, &nav(task.is_some() || number > 1, &place), &main)));
    }
    pages
}

fn nav(is_inner: bool, place: &Place) -> Markup {
    html! {
        @if is_inner {
            nav aria-label=(text::ALL_MODELS) { a href={ (place.root) "index.html" } { (text::ALL_MODELS) } }
        }
    }
}

/// Tasks by modality, in the Hub's order; tasks that the Hub does not know come last.
fn selector(facets: &Facets, task: Option<&str>, place: &Place) -> Markup {
    let known = |modality: Modality| {
        let is_of = move |tag: &str| PIPELINE_TAGS.iter().any(|(known, _, of)| *known == tag && *of == modality);
        facets.tasks().iter().filter(move |(tag, _)| is_of(tag)).collect::<Vec<_>>()
    };
    let unknown: Vec<&(String, Vec<usize>)> =
        facets.tasks().iter().filter(|(tag, _)| PIPELINE_TAGS.iter().all(|(known, ..)| known != tag)).collect();
    let groups = Modality::ALL.iter().map(|modality| {
        let tasks = known(*modality);
        let more = if *modality == Modality::Other { unknown.clone() } else { Vec::new() };
        (translated(modality.name()), tasks.into_iter().chain(more).collect::<Vec<_>>())
    });
    html! {
        nav class="tasks" aria-label=(text::TASKS) {
            h2 { (text::TASKS) }
            @for (name, tasks) in groups.filter(|(_, tasks)| !tasks.is_empty()) {
                h3 { (name) }
                ul {
                    @for (tag, models) in tasks {
                        li {
                            a href={ (place.root) "tasks/" (tag) "/index.html" } data-task=(tag)
                                aria-current=[(task == Some(tag.as_str())).then_some("page")] {
                                span { (value_name("task", tag)) } " " span class="count" { (format::integer(models.len() as u64)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The form that searches; it appears where there is script to answer it.
fn search_form(facets: &Facets, total: usize, place: &Place) -> Markup {
    html! {
        form class="search" role="search" data-search data-root=(place.root) data-total=(total) data-rows=(ROWS) hidden
            data-text-models=(text::MODELS.forms()) data-text-none=(text::NO_MODELS)
            data-text-page=(text::PAGE_OF) data-text-parameters=(text::PARAMETERS_IN_ALL) data-text-failed=(text::SEARCH_FAILED)
            data-text-previous=(text::PREVIOUS) data-text-next=(text::NEXT) {
            div class="field words" {
                label for="search" { (text::SEARCH) }
                input id="search" name="search" type="search" autocomplete="off" spellcheck="false";
            }
            @for facet in &facets.0 { (select(facet)) }
            button type="reset" { (text::RESET) }
        }
    }
}

fn select(facet: &Facet) -> Markup {
    let id = format!("filter-{}", facet.key);
    html! {
        @if !facet.values.is_empty() {
            div class="field" {
                label for=(id) { (facet.name) }
                select id=(id) name=(facet.key) {
                    option value="" { (text::ANY) }
                    @for (index, (value, models)) in facet.values.iter().enumerate() {
                        option value=(value) data-ids=(index) { (value_name(facet.key, value)) " (" (format::integer(models.len() as u64)) ")" }
                    }
                }
            }
        }
    }
}

/// A line of a list.
fn row(entry: &Entry, place: &Place) -> Markup {
    let task = entry.task.as_deref().map(|tag| value_name("task", tag));
    html! {
        li class="row" {
            a href={ (place.root) (entry.repo) "/index.html" } { bdi { (entry.repo) } }
            p {
                @for fact in task.into_iter().chain(entry.library.as_deref()).chain(entry.licences.first().map(String::as_str)) {
                    span { bdi { (fact) } }
                }
                @if let Some(parameters) = entry.parameters { span { (text::PARAMETERS_IN_ALL.of(&count(parameters))) } }
            }
        }
    }
}
