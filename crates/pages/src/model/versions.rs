//! The versions of a model: branches, tags and commits, each with a page of its own.

use maud::{Markup, html};
use vitrine_hub::{Version, VersionKind};
use vitrine_views::format;

use super::Model;
use crate::{Place, text};

/// The table of versions; nothing where the repository has no history.
pub(super) fn versions(model: &Model, place: &Place) -> Markup {
    html! {
        @if !model.versions.is_empty() {
            section id="versions" aria-labelledby="versions-title" {
                h2 id="versions-title" { (text::VERSIONS) }
                div class="scroll" tabindex="0" role="group" aria-labelledby="versions-title" {
                    table class="versions" {
                        thead {
                            tr {
                                th scope="col" { (text::VERSION) }
                                th scope="col" { (text::DATE) }
                                th scope="col" { (text::MESSAGE) }
                            }
                        }
                        tbody { @for version in model.versions { (row(model, place, version)) } }
                    }
                }
            }
        }
    }
}

fn row(model: &Model, place: &Place, version: &Version) -> Markup {
    let repo = &model.snapshot.repo;
    let is_shown = model.snapshot.commit.as_deref() == Some(&version.commit);
    let folder = place.model_path(repo);
    let url = match Some(version.commit.as_str()) == model.current {
        true => format!("{folder}index.html"),
        false => format!("{folder}tree/{}/index.html", version.commit),
    };
    let kind = match version.kind {
        VersionKind::Branch => Some(text::BRANCH),
        VersionKind::Tag => Some(text::TAG),
        VersionKind::Commit => None,
    };
    html! {
        tr {
            th scope="row" {
                a href=(url) aria-current=[is_shown.then_some("page")] {
                    @match kind {
                        Some(_) => bdi { (version.name) },
                        None => code { (format::commit(&version.commit)) },
                    }
                }
                @if let Some(kind) = kind { " " span class="muted" { (kind) } }
                @if is_shown { " " span class="muted" { "(" (text::THIS_VERSION) ")" } }
            }
            td { time datetime=(version.date) { (version.date.get(..10).unwrap_or_default()) } }
            td dir="auto" { (version.title) }
        }
    }
}
