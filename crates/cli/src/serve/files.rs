//! `/{id}/resolve/{rev}/{path}` and `/{id}/raw/{rev}/{path}`: the files of repositories.

use std::fs::File;

use axum::http::StatusCode;
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::{Refusal, set, text_answer};
use super::bytes::Content;
use super::call::Call;
use super::library::{Commit, Entry, Library, Repo};

/// The two forms of a file's address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The file itself.
    Resolve,
    /// What git holds: for a file of the LFS type its pointer.
    Raw,
}

impl Form {
    /// The form that a part of a path names.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "resolve" => Some(Self::Resolve),
            "raw" => Some(Self::Raw),
            _ => None,
        }
    }
}

/// Answers with a file.
pub fn file(
    library: &Library,
    call: &Call,
    repo: &Repo,
    form: Form,
    revision: &str,
    path: &str,
) -> Result<Response, Refusal> {
    let commit = library.commit(repo)?;
    if !commit.is(revision) {
        return Err(Refusal::Revision(revision.to_owned()));
    }
    let entry = commit.file(path).ok_or_else(|| Refusal::Entry(commit.sha.clone()))?;
    let pointer = entry.hash.pointer(entry.size).filter(|_| form == Form::Raw);
    let mut response = match pointer {
        Some(pointer) => text_answer(StatusCode::OK, pointer),
        None => content(repo, &commit, entry)?.response(call),
    };
    set(&mut response, "x-repo-commit", &commit.sha);
    if form == Form::Resolve {
        if entry.hash.sha256().is_some() {
            set(&mut response, "x-linked-size", &entry.size.to_string());
            set(&mut response, "x-linked-etag", &entry.hash.etag());
        }
        set(&mut response, "content-disposition", &disposition(path));
    }
    // What a repository holds is never a page of this host.
    set(&mut response, "content-security-policy", "default-src 'none'; sandbox");
    Ok(response)
}

fn content(repo: &Repo, commit: &Commit, entry: &Entry) -> Result<Content, Refusal> {
    let gone = || Refusal::Entry(commit.sha.clone());
    let file = File::open(repo.folder.locate(&entry.path).ok_or_else(gone)?)?;
    Ok(Content { file, size: entry.size, etag: entry.hash.etag(), kind: media_type(&entry.path) })
}

fn disposition(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    format!("inline; filename*=UTF-8''{}; filename=\"{plain}\"", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

/// The media type of a repository's file: text is never a page.
fn media_type(path: &str) -> &'static str {
    match super::media_type::of(path) {
        Some(kind) if kind.starts_with("text/") => "text/plain; charset=utf-8",
        Some(kind) => kind,
        None => "application/octet-stream",
    }
}
