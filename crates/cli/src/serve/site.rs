//! The files of a static site, beside the Hub.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::set;
use super::bytes::Content;
use super::call::Call;
use super::media_type;

/// A folder of static files.
pub struct Site {
    root: PathBuf,
}

impl Site {
    /// The site in a folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        fs::read_dir(&root)?;
        Ok(Self { root })
    }

    /// Answers with the file of the site that these parts of a path name; `None` where it has none. A folder stands for its
    /// `index.html`.
    pub fn answer(&self, call: &Call, segments: &[String]) -> Option<Response> {
        let (last, folders) = segments.split_last()?;
        let parts: Vec<&str> =
            folders.iter().chain(Some(last).filter(|last| !last.is_empty())).map(String::as_str).collect();
        let place = self.locate(&parts)?;
        if !place.is_dir() {
            return if last.is_empty() { None } else { send(&place, call) };
        }
        let index = self.locate(&[parts.as_slice(), &["index.html"]].concat()).filter(|index| index.is_file())?;
        if last.is_empty() {
            return send(&index, call);
        }
        Some(with_slash(last))
    }

    /// Where a file or folder is, if it is part of the site: neither hidden nor, by links, elsewhere. A slash that was escaped
    /// is one all the same, as with other hosts of files.
    fn locate(&self, parts: &[&str]) -> Option<PathBuf> {
        let visible = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0', ':']);
        let parts: Vec<&str> = parts.iter().flat_map(|part| part.split('/')).collect();
        if !parts.iter().all(|part| visible(part)) {
            return None;
        }
        let place = parts.iter().fold(self.root.clone(), |place, part| place.join(part)).canonicalize().ok()?;
        let inside = place.strip_prefix(&self.root).ok()?;
        inside.iter().all(|part| part.to_str().is_some_and(visible)).then_some(place)
    }
}

/// Leads from a path to the same with a slash after it.
pub fn with_slash(path: &str) -> Response {
    let last = path.rsplit('/').next().unwrap_or(path);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    set(&mut response, "location", &format!("./{}/", utf8_percent_encode(last, NON_ALPHANUMERIC)));
    set(&mut response, "cache-control", "no-cache");
    set(&mut response, "content-length", "0");
    response
}

/// Sends a file, or its precompressed twin where the client takes Brotli and asks for no range.
fn send(place: &Path, call: &Call) -> Option<Response> {
    let kind = place.to_str().and_then(media_type::of).unwrap_or("application/octet-stream");
    let mut twin = place.as_os_str().to_owned();
    twin.push(".br");
    let twin = PathBuf::from(twin);
    let has_twin = fs::symlink_metadata(&twin).is_ok_and(|twin| twin.is_file());
    let compressed = has_twin && accepts_brotli(call) && call.header(header::RANGE).is_none();
    let mut response = content(if compressed { &twin } else { place }, kind).ok()?.response(call);
    if compressed {
        set(&mut response, "content-encoding", "br");
    }
    if has_twin {
        set(&mut response, "vary", "Accept-Encoding");
    }
    set(&mut response, "cache-control", "no-cache");
    Some(response)
}

fn content(place: &Path, kind: &'static str) -> io::Result<Content> {
    let file = File::open(place)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let encoding = place.extension().filter(|extension| *extension == "br").map_or("", |_| "-br");
    Ok(Content { file, size: metadata.len(), etag: format!("\"{modified:x}-{:x}{encoding}\"", metadata.len()), kind })
}

fn accepts_brotli(call: &Call) -> bool {
    let accepted = call.header(header::ACCEPT_ENCODING).unwrap_or_default();
    accepted.split(',').any(|encoding| {
        let mut parts = encoding.split(';').map(str::trim);
        let refused = |part: &str| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br")) && !parts.any(refused)
    })
}
