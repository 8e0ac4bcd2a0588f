//! `/api/models/{id}/tree`, `/paths-info`, `/refs` and `/commits`: what a commit holds, and that it is the only one.

use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Refusal, json_answer, set};
use super::call::{Call, is_true, pairs};
use super::library::{Commit, Entry, Library, Repo, sha_of};
use super::time;

/// Entries on a page of a tree; fewer with `expand`, as on the Hub.
const PAGE: usize = 1000;
const EXPANDED_PAGE: usize = 50;

/// What the commit is called in lists of commits.
const TITLE: &str = "The folder as it is";

/// Answers with a page of the files and folders in the folder `path`.
pub fn tree(library: &Library, call: &Call, repo: &Repo, revision: &str, path: &str) -> Result<Response, Refusal> {
    let commit = commit_at(library, repo, revision)?;
    let cursor = match call.parameter("cursor").map(str::parse) {
        None => 0,
        Some(Ok(cursor)) => cursor,
        Some(Err(_)) => return Err(Refusal::Malformed("`cursor` is not a number".to_owned())),
    };
    let last = call.flag("expand").then(|| last_commit(library, repo, &commit)).transpose()?;
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let entries = entries(&commit, &prefix, call.flag("recursive"), last.as_ref());
    if entries.is_empty() && !path.is_empty() {
        return Err(Refusal::Entry(commit.sha));
    }
    let size = if last.is_some() { EXPANDED_PAGE } else { PAGE };
    let total = entries.len();
    let page: Vec<Value> = entries.into_values().skip(cursor).take(size).collect();
    let next = cursor.saturating_add(page.len());
    let mut response = at(&commit, &Value::Array(page));
    if next < total {
        set(&mut response, "link", &format!("<{}>; rel=\"next\"", call.page(next)));
    }
    Ok(response)
}

/// Answers with those of the named files and folders that exist.
pub fn paths_info(library: &Library, call: &Call, repo: &Repo, revision: &str) -> Result<Response, Refusal> {
    let commit = commit_at(library, repo, revision)?;
    let (paths, expand) = named_paths(call)?;
    let last = expand.then(|| last_commit(library, repo, &commit)).transpose()?;
    let found = paths.iter().filter_map(|path| match commit.file(path) {
        Some(entry) => Some(file(entry, last.as_ref())),
        None => directory(&commit, path, last.as_ref()),
    });
    Ok(at(&commit, &found.collect()))
}

/// Answers with the only branch.
pub fn refs(library: &Library, repo: &Repo) -> Result<Response, Refusal> {
    let commit = library.commit(repo)?;
    let main = json!({ "name": "main", "ref": "refs/heads/main", "targetCommit": commit.sha });
    Ok(at(&commit, &json!({ "branches": [main], "converts": [], "tags": [] })))
}

/// Answers with the only commit.
pub fn commits(library: &Library, repo: &Repo, revision: &str) -> Result<Response, Refusal> {
    let commit = commit_at(library, repo, revision)?;
    let date = time::iso(library.times(repo)?.1);
    let mut response =
        at(&commit, &json!([{ "id": commit.sha, "title": TITLE, "message": "", "authors": [], "date": date }]));
    set(&mut response, "x-total-count", "1");
    Ok(response)
}

fn commit_at(library: &Library, repo: &Repo, revision: &str) -> Result<Commit, Refusal> {
    let commit = library.commit(repo)?;
    if commit.is(revision) { Ok(commit) } else { Err(Refusal::Revision(revision.to_owned())) }
}

fn at(commit: &Commit, value: &Value) -> Response {
    let mut response = json_answer(StatusCode::OK, value);
    set(&mut response, "x-repo-commit", &commit.sha);
    response
}

/// Files and folders by path. Folders exist by the files in them alone.
fn entries<'a>(commit: &'a Commit, prefix: &str, recursive: bool, last: Option<&Value>) -> BTreeMap<&'a str, Value> {
    let mut entries = BTreeMap::new();
    for entry in &commit.files {
        let Some(rest) = entry.path.strip_prefix(prefix) else { continue };
        let folders = rest.match_indices('/').map(|(slash, _)| prefix.len() + slash);
        for end in folders.take(if recursive { usize::MAX } else { 1 }) {
            let path = entry.path.get(..end).unwrap_or_default();
            if !entries.contains_key(path) {
                entries.extend(directory(commit, path, last).map(|directory| (path, directory)));
            }
        }
        if recursive || !rest.contains('/') {
            entries.insert(entry.path.as_str(), file(entry, last));
        }
    }
    entries
}

fn file(entry: &Entry, last: Option<&Value>) -> Value {
    let oid = entry.hash.oid(entry.size);
    let mut value = json!({ "type": "file", "oid": oid, "size": entry.size, "path": entry.path });
    if let (Some(sha256), Some(pointer)) = (entry.hash.sha256(), entry.hash.pointer(entry.size)) {
        put(&mut value, "lfs", json!({ "oid": sha256, "size": entry.size, "pointerSize": pointer.len() }));
    }
    expanded(value, last)
}

fn directory(commit: &Commit, path: &str, last: Option<&Value>) -> Option<Value> {
    let prefix = format!("{path}/");
    let exists = !path.is_empty() && commit.files.iter().any(|file| file.path.starts_with(&prefix));
    let oid = exists.then(|| sha_of(&commit.files, &prefix))?;
    Some(expanded(json!({ "type": "directory", "oid": oid, "size": 0, "path": path }), last))
}

fn expanded(mut value: Value, last: Option<&Value>) -> Value {
    if let Some(last) = last {
        put(&mut value, "lastCommit", last.clone());
    }
    value
}

fn put(value: &mut Value, name: &str, field: Value) {
    if let Value::Object(fields) = value {
        fields.insert(name.to_owned(), field);
    }
}

fn last_commit(library: &Library, repo: &Repo, commit: &Commit) -> Result<Value, Refusal> {
    Ok(json!({ "id": commit.sha, "title": TITLE, "date": time::iso(library.times(repo)?.1) }))
}

/// The paths of a form, as the Python client sends it, or of JSON, as the JavaScript client does.
fn named_paths(call: &Call) -> Result<(Vec<String>, bool), Refusal> {
    let malformed = || Refusal::Malformed("`paths` must be a list of paths".to_owned());
    let body = std::str::from_utf8(&call.body).map_err(|_| malformed())?;
    if call.header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json")) {
        let json: Value = serde_json::from_str(body).map_err(|_| malformed())?;
        let paths = json.get("paths").and_then(Value::as_array).ok_or_else(malformed)?;
        let paths = paths.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        return Ok((paths, json.get("expand").and_then(Value::as_bool).unwrap_or_default()));
    }
    let (paths, flags): (Vec<_>, Vec<_>) = pairs(body).into_iter().partition(|(name, _)| name == "paths");
    let expand = flags.iter().any(|(name, value)| name == "expand" && is_true(value));
    Ok((paths.into_iter().map(|(_, path)| path).collect(), expand))
}
