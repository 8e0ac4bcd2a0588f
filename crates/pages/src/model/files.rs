//! The files of a model with their sizes and hashes.

use maud::{Markup, html};
use vitrine_hub::{RepoFile, to_hex};
use vitrine_views::format;

use super::Model;
use crate::place::is_document;
use crate::{Place, text};

/// The table of files; folders of sentence-transformers and the like are told by their paths.
pub(super) fn files(model: &Model, place: &Place) -> Markup {
    let snapshot = model.snapshot;
    let total = snapshot.files.iter().map(|file| file.size).sum();
    html! {
        section id="files" aria-labelledby="files-title" {
            h2 id="files-title" { (text::FILES) }
            div class="scroll" tabindex="0" role="group" aria-labelledby="files-title" {
                table class="files" {
                    thead {
                        tr {
                            th scope="col" { (text::FILE) }
                            th scope="col" class="number" { (text::SIZE) }
                            th scope="col" { (text::SHA256) }
                        }
                    }
                    tbody {
                        @for file in &snapshot.files { (row(model, place, file)) }
                        tr class="total" {
                            th scope="row" { (text::TOTAL) }
                            td class="number" { (format::bytes(total)) }
                            td {}
                        }
                    }
                }
            }
        }
    }
}

fn row(model: &Model, place: &Place, file: &RepoFile) -> Markup {
    let snapshot = model.snapshot;
    let is_document = is_document(snapshot, &file.path);
    let url = match is_document {
        true => place.file_url(snapshot, &file.path),
        false => place.page_url(snapshot, &file.path),
    };
    let hash = file.sha256.map(|hash| to_hex(&hash));
    html! {
        tr {
            th scope="row" {
                @match place.bundled {
                    None => a href=(url) download[is_document] { bdi { (file.path) } },
                    Some(_) => bdi { (file.path) },
                }
            }
            td class="number" { (format::bytes(file.size)) }
            td {
                @match hash {
                    Some(hash) => code class="hash" title=(hash) {
                        (hash.get(..12).unwrap_or_default())
                        span class="rest" { (hash.get(12..).unwrap_or_default()) }
                    },
                    None => "–",
                }
            }
        }
    }
}
