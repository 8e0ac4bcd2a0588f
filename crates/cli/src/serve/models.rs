//! `/api/models` and `/api/models/{id}[/revision/{rev}]`: what repositories say about themselves.

use std::cmp::Reverse;
use std::time::SystemTime;

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};
use vitrine_hub::{ModelCard, Repositories, Revision, Wanted, plan, to_hex};

use super::answer::{Refusal, json_answer, set};
use super::call::Call;
use super::library::{Commit, Entry, Library, Repo};
use super::time;

/// Entries on a page of the list, where the request names no lower number.
const PAGE: usize = 1000;

/// Which of a repository's fields an answer holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// A line of the list.
    Line,
    /// A line of the list with `full`, `config` or `expand`.
    FullLine,
    /// One repository.
    Whole {
        /// With the size and hash of each file.
        blobs: bool,
    },
}

/// What is known of a repository without hashing its files.
struct Described {
    repo: Repo,
    card: ModelCard,
    config: Value,
    fields: Map<String, Value>,
    modified: SystemTime,
    created: SystemTime,
}

/// Answers with one repository's description.
pub fn info(library: &Library, call: &Call, repo: Repo, revision: &str) -> Result<Response, Refusal> {
    let commit = library.commit(&repo)?;
    if !commit.is(revision) {
        return Err(Refusal::Revision(revision.to_owned()));
    }
    let described = describe(library, repo)?;
    let fields = described.into_fields(Extent::Whole { blobs: call.flag("blobs") }, Some(&commit));
    let mut response = json_answer(StatusCode::OK, &Value::Object(fields));
    set(&mut response, "x-repo-commit", &commit.sha);
    Ok(response)
}

/// Answers with a page of the list of repositories.
pub fn list(library: &Library, call: &Call) -> Result<Response, Refusal> {
    let number = |name: &str, default: usize| match call.parameter(name).map(str::parse) {
        None => Ok(default),
        Some(Ok(number)) => Ok(number),
        Some(Err(_)) => Err(Refusal::Malformed(format!("`{name}` is not a number"))),
    };
    let (limit, cursor) = (number("limit", PAGE)?.clamp(1, PAGE), number("cursor", 0)?);
    let mut found = Vec::new();
    for repo in library.repos()? {
        let described = describe(library, repo)?;
        if described.fits(call) {
            found.push(described);
        }
    }
    match call.parameter("sort") {
        None | Some("downloads" | "likes" | "trendingScore" | "id") => {}
        Some("lastModified" | "last_modified") => found.sort_by_key(|found| Reverse(found.modified)),
        Some("createdAt" | "created_at") => found.sort_by_key(|found| Reverse(found.created)),
        Some(other) => return Err(Refusal::Malformed(format!("Invalid sort parameter: {other}"))),
    }
    if call.parameter("sort").is_some() && call.parameter("direction") == Some("1") {
        found.reverse();
    }
    let total = found.len();
    let full = ["full", "config", "cardData"].iter().any(|name| call.flag(name)) || call.parameter("expand").is_some();
    let mut page = Vec::new();
    for described in found.into_iter().skip(cursor).take(limit) {
        let commit = if full { Some(library.commit(&described.repo)?) } else { None };
        let extent = if full { Extent::FullLine } else { Extent::Line };
        page.push(Value::Object(described.into_fields(extent, commit.as_ref())));
    }
    let next = cursor.saturating_add(page.len());
    let mut response = json_answer(StatusCode::OK, &Value::Array(page));
    set(&mut response, "x-total-count", &total.to_string());
    if next < total {
        set(&mut response, "link", &format!("<{}>; rel=\"next\"", call.page(next)));
    }
    Ok(response)
}

fn describe(library: &Library, repo: Repo) -> Result<Described, Refusal> {
    let (created, modified) = library.times(&repo)?;
    let (card, config) = (repo.folder.card(), repo.folder.config());
    let names: Vec<String> = repo.folder.files()?.into_iter().map(|(file, _)| file.path).collect();
    let has = |name: &str| names.iter().any(|path| path == name);
    let library_name = match card.text("library_name") {
        Some(name) => Some(name),
        None if has("modules.json") => Some("sentence-transformers"),
        None if config.get("model_type").is_some() => Some("transformers"),
        None => None,
    };
    let id = repo.id.as_str();
    let mut fields = Map::new();
    let mut field = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    field("_id", Value::String(to_hex(&Sha1::digest(id)).chars().take(24).collect()));
    field("id", json!(id));
    field("modelId", json!(id));
    if let Some((owner, _)) = id.split_once('/') {
        field("author", json!(owner));
    }
    field("lastModified", json!(time::iso(modified)));
    field("createdAt", json!(time::iso(created)));
    for name in ["private", "gated", "disabled"] {
        field(name, json!(false));
    }
    for name in ["downloads", "likes"] {
        field(name, json!(0));
    }
    let task = task(&repo);
    field("tags", json!(tags(&card, &config, library_name, task.as_deref(), &names)));
    if let Some(task) = task {
        field("pipeline_tag", json!(task));
    }
    if let Some(name) = library_name {
        field("library_name", json!(name));
    }
    Ok(Described { repo, card, config, fields, modified, created })
}

/// The pipeline tag, by the rule that the widget itself follows.
fn task(repo: &Repo) -> Option<String> {
    let revision = Revision::parse("").ok()?;
    // A folder answers at once.
    let snapshot = repo.folder.snapshot(&repo.id, &revision).now_or_never()?;
    snapshot.ok()?.task().map(str::to_owned)
}

/// The Hub's tags: the card's own, and those that it makes of other fields.
fn tags(card: &ModelCard, config: &Value, library: Option<&str>, task: Option<&str>, files: &[String]) -> Vec<String> {
    let texts = |key: &str| -> Vec<String> {
        match card.get(key) {
            Value::String(text) => vec![text.clone()],
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let prefixed =
        |key: &str, prefix: &str| texts(key).into_iter().map(|text| format!("{prefix}:{text}")).collect::<Vec<_>>();
    let model_type = config.get("model_type").and_then(Value::as_str);
    let safetensors = files.iter().any(|path| path.ends_with(".safetensors")).then_some("safetensors");
    let derived = library.into_iter().chain(safetensors).chain(model_type).chain(task).map(str::to_owned);
    let mut tags = Vec::new();
    for tag in derived
        .chain(texts("tags"))
        .chain(texts("language"))
        .chain(prefixed("datasets", "dataset"))
        .chain(prefixed("base_model", "base_model"))
        .chain(prefixed("license", "license"))
    {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

impl Described {
    fn fits(&self, call: &Call) -> bool {
        let text = |name: &str| self.fields.get(name).and_then(Value::as_str);
        let tags: Vec<&str> =
            self.fields.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let id = self.repo.id.as_str().to_lowercase();
        call.parameters("search").flat_map(str::split_whitespace).all(|word| id.contains(&word.to_lowercase()))
            && call.parameters("author").all(|author| text("author") == Some(author))
            && call.parameters("pipeline_tag").all(|tag| text("pipeline_tag") == Some(tag))
            && call.parameters("filter").flat_map(|filter| filter.split(',')).all(|filter| tags.contains(&filter))
    }

    fn into_fields(self, extent: Extent, commit: Option<&Commit>) -> Map<String, Value> {
        let Self { repo, card, config, mut fields, .. } = self;
        let whole = matches!(extent, Extent::Whole { .. });
        let mut field = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        if extent != Extent::Line {
            let kept = ["architectures", "model_type"].into_iter();
            let config: Map<String, Value> =
                kept.filter_map(|name| Some((name.to_owned(), config.get(name)?.clone()))).collect();
            field("config", Value::Object(config));
            field("cardData", json!(card));
        }
        if !card.get("widget").is_null() && whole {
            field("widgetData", card.get("widget").clone());
        }
        if let Some(commit) = commit {
            let blobs = extent == Extent::Whole { blobs: true };
            field("sha", json!(commit.sha));
            field("siblings", commit.files.iter().map(|file| sibling(file, blobs)).collect());
        }
        if whole && let Some(parameters) = parameters(&repo) {
            field("safetensors", parameters);
        }
        fields
    }
}

fn sibling(file: &Entry, blobs: bool) -> Value {
    let mut sibling = json!({ "rfilename": file.path });
    if let (true, Value::Object(fields)) = (blobs, &mut sibling) {
        fields.insert("size".to_owned(), json!(file.size));
        fields.insert("blobId".to_owned(), json!(file.hash.oid(file.size)));
        if let (Some(sha256), Some(pointer)) = (file.hash.sha256(), file.hash.pointer(file.size)) {
            let lfs = json!({ "sha256": sha256, "size": file.size, "pointerSize": pointer.len() });
            fields.insert("lfs".to_owned(), lfs);
        }
    }
    sibling
}

fn parameters(repo: &Repo) -> Option<Value> {
    let revision = Revision::parse("").ok()?;
    // A folder answers at once.
    let snapshot = repo.folder.snapshot(&repo.id, &revision).now_or_never()?.ok()?;
    let weights = plan(&snapshot, Wanted::Original).weights;
    let parameters = vitrine_hub::parameters(&repo.folder, &snapshot, &weights).now_or_never()??;
    let total: u64 = parameters.values().sum();
    Some(json!({ "parameters": parameters, "total": total }))
}
