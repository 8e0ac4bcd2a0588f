//! `/{id}/`: the page of a model, as `vitrine page` writes it.

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::FutureExt;
use vitrine_hub::{Repositories, Revision};
use vitrine_pages::{Place, model_page};

use super::answer::{Refusal, set, text_answer};
use super::hashes::Hash;
use super::library::{Library, Repo};
use crate::page::facts;

/// Answers with the page of a repository.
pub fn page(library: &Library, repo: &Repo) -> Result<Response, Refusal> {
    let commit = library.commit(repo)?;
    let described = Revision::parse("").ok().and_then(|main| {
        // A folder answers at once.
        repo.folder.snapshot(&repo.id, &main).now_or_never()?.ok()
    });
    let mut snapshot = described.ok_or(Refusal::Repo)?;
    for file in &mut snapshot.files {
        file.sha256 = match commit.file(&file.path).map(|entry| entry.hash) {
            Some(Hash::Lfs(sha256)) => Some(sha256),
            _ => None,
        };
    }
    snapshot.commit = Some(commit.sha);
    let facts = facts(&repo.folder, &snapshot).now_or_never().ok_or(Refusal::Repo)?;
    let root = "../".repeat(repo.id.as_str().split('/').count());
    let place = Place { root: &root, language: "en", has_index: true, ..Place::default() };
    let model = facts.model(&snapshot, &[], snapshot.commit.as_deref());
    let mut response = text_answer(StatusCode::OK, model_page(&model, &place));
    set(&mut response, "content-type", "text/html; charset=utf-8");
    set(&mut response, "cache-control", "no-cache");
    Ok(response)
}
