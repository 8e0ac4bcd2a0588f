//! Answers: JSON, refusals in the Hub's words, and the headers that every answer carries.

use std::io;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::call::Call;

/// The headers that pages of other origins may read, as on the Hub.
const EXPOSED: &str = "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,\
                       Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash";

/// The headers that pages of other origins may send, where their browser does not name them.
const ALLOWED: &str = "Authorization,Content-Type,If-None-Match,If-Range,Range";

/// Why a request is not answered with what it asked for.
pub enum Refusal {
    /// There is nothing at this address.
    Nothing,
    /// There is no such repository.
    Repo,
    /// The repository has no such revision.
    Revision(String),
    /// The repository has no such file at this commit.
    Entry(String),
    /// The method does not fit; these do.
    Method(&'static str),
    /// The request makes no sense.
    Malformed(String),
    /// Nobody is known here.
    Unauthorized,
    /// The folder cannot be read.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Refusal {
    /// The answer.
    pub fn response(self) -> Response {
        let coded = |code: &'static str, message: String| {
            let mut response = json_answer(StatusCode::NOT_FOUND, &json!({ "error": message }));
            set(&mut response, "x-error-code", code);
            set(&mut response, "x-error-message", &message);
            response
        };
        match self {
            Self::Nothing => text_answer(StatusCode::NOT_FOUND, "Not found\n"),
            Self::Repo => coded("RepoNotFound", "Repository not found".to_owned()),
            Self::Revision(revision) => coded("RevisionNotFound", format!("Invalid rev id: {revision}")),
            Self::Entry(commit) => {
                let mut response = text_answer(StatusCode::NOT_FOUND, "Entry not found");
                set(&mut response, "x-error-code", "EntryNotFound");
                set(&mut response, "x-error-message", "Entry not found");
                set(&mut response, "x-repo-commit", &commit);
                response
            }
            Self::Method(allowed) => {
                let mut response = text_answer(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed\n");
                set(&mut response, "allow", allowed);
                response
            }
            Self::Malformed(message) => json_answer(StatusCode::BAD_REQUEST, &json!({ "error": message })),
            Self::Unauthorized => {
                let message = "Invalid username or password.";
                let mut response = json_answer(StatusCode::UNAUTHORIZED, &json!({ "error": message }));
                set(&mut response, "x-error-message", message);
                set(&mut response, "www-authenticate", "Bearer realm=\"Authentication required\"");
                response
            }
            Self::Io(error) => {
                let message = format!("The folder cannot be read: {error}");
                json_answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": message }))
            }
        }
    }
}

/// An answer in JSON.
pub fn json_answer(status: StatusCode, value: &Value) -> Response {
    typed(status, "application/json; charset=utf-8", value.to_string())
}

/// An answer in plain text.
pub fn text_answer(status: StatusCode, text: impl Into<String>) -> Response {
    typed(status, "text/plain; charset=utf-8", text.into())
}

fn typed(status: StatusCode, kind: &str, text: String) -> Response {
    let length = text.len().to_string();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    set(&mut response, "content-type", kind);
    set(&mut response, "content-length", &length);
    response
}

/// An answer to a preflight request.
pub fn preflight(call: &Call) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = call.header(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or(ALLOWED);
    set(&mut response, "access-control-allow-methods", "GET,HEAD,POST,OPTIONS");
    set(&mut response, "access-control-allow-headers", headers);
    set(&mut response, "access-control-max-age", "86400");
    set(&mut response, "allow", "GET, HEAD, OPTIONS");
    response
}

/// Sets a header; characters that cannot stand in one become `?`.
pub fn set(response: &mut Response, name: &'static str, value: &str) {
    let fitting: String = value.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    if let Ok(value) = HeaderValue::from_str(&fitting) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// Adds what every answer carries, and takes the body from an answer to HEAD.
pub fn finish(mut response: Response, method: &Method, request: &HeaderMap, isolate: bool) -> Response {
    let origin = request.get(header::ORIGIN).cloned().unwrap_or(HeaderValue::from_static("*"));
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    set(&mut response, "access-control-expose-headers", EXPOSED);
    set(&mut response, "x-content-type-options", "nosniff");
    if isolate {
        set(&mut response, "cross-origin-opener-policy", "same-origin");
        set(&mut response, "cross-origin-embedder-policy", "require-corp");
        set(&mut response, "cross-origin-resource-policy", "cross-origin");
    }
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}
