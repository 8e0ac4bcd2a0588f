//! The Hub's answers put into words of this crate: a repository's description, and refusals told apart.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Endpoint, Error, ModelCard, RepoFile, RepoId, Response, Revision, Snapshot, retry, snapshot};

/// The parts of `/api/models/{id}/revision/{rev}?blobs=true` that are needed.
#[derive(Deserialize)]
struct ModelInfo {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card_data: Option<Map<String, Value>>,
    #[serde(default)]
    pipeline_tag: Value,
    #[serde(default)]
    library_name: Value,
    #[serde(default)]
    tags: Value,
    #[serde(default, rename = "widgetData")]
    widget_data: Value,
    #[serde(default)]
    config: Value,
    #[serde(default)]
    safetensors: Value,
    #[serde(default)]
    gated: Value,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    lfs: Option<Lfs>,
}

/// The Hub says `sha256` in a repository's description and `oid` in its tree.
#[derive(Deserialize)]
struct Lfs {
    #[serde(alias = "oid")]
    sha256: String,
    size: Option<u64>,
}

/// Reads a repository's description. A static host may publish one without `sha`: its files then stay at the revision
/// that was asked for, and their sizes and hashes stand for the commit.
pub(crate) fn snapshot(
    endpoint: &Endpoint,
    repo: &RepoId,
    revision: &Revision,
    json: &[u8],
) -> Result<Snapshot, Error> {
    let malformed = |reason: String| Error::MalformedSnapshot { repo: repo.to_string(), reason };
    let info: ModelInfo = serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
    let commit = match info.sha {
        Some(sha) => {
            let sha = Revision::parse(&sha).ok().filter(Revision::is_commit);
            Some(sha.ok_or_else(|| malformed("`sha` is not a commit".to_owned()))?.to_string())
        }
        None => None,
    };
    let mut card = ModelCard::new(info.card_data.unwrap_or_default());
    card.set_default("pipeline_tag", &info.pipeline_tag);
    card.set_default("library_name", &info.library_name);
    card.set_default("tags", &info.tags);
    card.set_default("widget", &info.widget_data);
    let files: Vec<RepoFile> = info
        .siblings
        .into_iter()
        .filter(|sibling| is_safe_path(&sibling.rfilename))
        .map(|sibling| RepoFile {
            path: sibling.rfilename,
            size: sibling.lfs.as_ref().and_then(|lfs| lfs.size).unwrap_or(sibling.size),
            sha256: sibling.lfs.as_ref().and_then(|lfs| snapshot::from_hex(&lfs.sha256)),
        })
        .collect();
    let key = commit.clone().unwrap_or_else(|| fingerprint(files.iter().map(|file| (file, ""))));
    Ok(Snapshot {
        endpoint: endpoint.to_string(),
        repo: repo.to_string(),
        revision: revision.to_string(),
        commit,
        key,
        card,
        architectures: snapshot::architectures(&info.config),
        numbers: info.safetensors.get("total").and_then(Value::as_u64),
        table: 0,
        gated: !matches!(info.gated, Value::Null | Value::Bool(false)),
        files,
    })
}

/// Stands for a commit where there is none: any change of a file's path, size, hash or `tag` changes it.
pub(crate) fn fingerprint<'a>(files: impl Iterator<Item = (&'a RepoFile, &'a str)>) -> String {
    let mut text = String::new();
    for (file, tag) in files {
        let hash = file.sha256.map(|hash| snapshot::to_hex(&hash)).unwrap_or_default();
        text += &format!("{}\n{}\n{hash}\n{tag}\n", file.path, file.size);
    }
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

/// Whether a path stays inside its repository.
fn is_safe_path(path: &str) -> bool {
    !path.contains(['\\', '\0', ':']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether an answer carries the marks of a Hub, so that its refusal means what the Hub's protocol says.
pub(crate) fn is_hub(response: &Response) -> bool {
    ["x-error-code", "x-error-message", "x-repo-commit", "x-request-id"]
        .iter()
        .any(|name| response.header(name).is_some())
}

/// What a host's refusal means. `path` is the file that was asked for, `None` for the repository itself.
pub(crate) fn refusal(
    response: &Response,
    endpoint: &Endpoint,
    repo: &RepoId,
    revision: &str,
    path: Option<&str>,
) -> Error {
    let message = response.header("x-error-message").unwrap_or_default().to_owned();
    let repo_not_found = || Error::RepoNotFound { repo: repo.to_string(), endpoint: endpoint.to_string() };
    let gated = |message: String| Error::GatedRepo { repo: repo.to_string(), message };
    match (response.status, response.header("x-error-code").unwrap_or_default()) {
        (429, _) => Error::RateLimited(retry::asked_wait(response).unwrap_or(std::time::Duration::from_secs(60))),
        (_, "GatedRepo") => gated(message),
        (_, "RevisionNotFound") => Error::RevisionNotFound { repo: repo.to_string(), revision: revision.to_owned() },
        (_, "RepoNotFound") | (401, _) => repo_not_found(),
        (403, _) if message.is_empty() => gated("the host refuses access".to_owned()),
        (403, _) => gated(message),
        (404 | 410, _) => match path {
            Some(path) => Error::EntryNotFound { repo: repo.to_string(), path: path.to_owned() },
            None => repo_not_found(),
        },
        (status, _) => Error::Network(format!("{} answered with status {status}", endpoint.origin())),
    }
}
