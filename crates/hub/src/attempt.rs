//! One request and its answer: how it can fail, whether it is worth another attempt, and what hosts answer instead.

use std::future::Future;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::http::{Http, Options};
use crate::protocol::refusal;
use crate::transport::{Request, Response, TransportError};
use crate::{Endpoint, Error, RepoFile, RepoId, Result, Snapshot, retry};

/// How an attempt failed.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It would fail again.
    Final(Error),
    /// It may succeed later; `wait` is what the host asks for.
    Again { error: Error, wait: Option<Duration> },
}

impl Attempt {
    /// A refusal that may pass.
    pub(crate) fn again(response: &Response, error: Error) -> Self {
        Self::Again { error, wait: retry::asked_wait(response) }
    }

    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Final(error) | Self::Again { error, .. } => error,
        }
    }

    /// How long to wait before the next attempt, after `failures` in a row; an error where there should be none.
    pub(crate) fn wait_before(self, options: &Options, failures: u32) -> Result<Duration> {
        match self {
            Self::Final(error) => Err(error),
            Self::Again { wait: Some(wait), .. } if wait > options.longest_wait => Err(Error::RateLimited(wait)),
            Self::Again { error, .. } if failures >= options.attempts => Err(error),
            Self::Again { wait, .. } => Ok(wait.unwrap_or(retry::back_off(options.back_off, failures))),
        }
    }
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl From<TransportError> for Attempt {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Cors(_) => Self::Final(error.into()),
            TransportError::Network(_) => Self::Again { error: error.into(), wait: None },
        }
    }
}

/// Tries until an attempt succeeds or no more are worth it.
pub(crate) async fn with_retries<T, F, A>(http: &Http, attempts: u32, attempt: F) -> Result<T>
where
    F: Fn() -> A,
    A: Future<Output = std::result::Result<T, Attempt>>,
{
    let options = Options { attempts, ..http.options.clone() };
    let mut failures = 0;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(failed) => {
                failures += 1;
                http.transport.sleep(failed.wait_before(&options, failures)?).await;
            }
        }
    }
}

/// Sends a request, unless the host stays silent for too long.
pub(crate) async fn send(http: &Http, request: Request) -> std::result::Result<Response, Attempt> {
    within_idle(http, http.transport.send(request)).await
}

/// The next piece of a body, unless the host falls silent.
pub(crate) async fn next(http: &Http, response: &mut Response) -> std::result::Result<Option<Vec<u8>>, Attempt> {
    within_idle(http, response.body.next()).await
}

async fn within_idle<T>(
    http: &Http,
    future: impl Future<Output = std::result::Result<T, TransportError>> + Unpin,
) -> std::result::Result<T, Attempt> {
    match select(future, http.transport.sleep(http.options.idle)).await {
        Either::Left((result, _)) => Ok(result?),
        Either::Right(_) => {
            let message = format!("{} has sent nothing for {} s", http.endpoint.origin(), http.options.idle.as_secs());
            Err(Attempt::Again { error: Error::Network(message), wait: None })
        }
    }
}

/// The whole of a small body.
pub(crate) async fn collect(http: &Http, mut response: Response) -> std::result::Result<Vec<u8>, Attempt> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(http, &mut response).await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Whether an answer says that it is a web page, as single-page hosts send for every path.
pub(crate) fn is_web_page(response: &Response) -> bool {
    response.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// Whether an answer can be the bytes of `file`.
pub(crate) fn check(snapshot: &Snapshot, file: &RepoFile, response: &Response) -> std::result::Result<(), Attempt> {
    match response.status {
        200 | 206 if is_web_page(response) && !file.path.ends_with(".html") => {
            Err(Error::NotTheFile { path: file.path.clone(), found: "a web page" }.into())
        }
        200 | 206 => Ok(()),
        status => {
            let (endpoint, repo) = (Endpoint::parse(&snapshot.endpoint)?, RepoId::parse(&snapshot.repo)?);
            let error = refusal(response, &endpoint, &repo, &snapshot.revision, Some(&file.path));
            Err(if retry::passes(status) { Attempt::again(response, error) } else { error.into() })
        }
    }
}

/// Recognises what hosts send in a file's place with status 200, from the file's first bytes.
pub(crate) fn check_beginning(file: &RepoFile, bytes: &[u8]) -> Result<()> {
    let not_the_file = |found| Err(Error::NotTheFile { path: file.path.clone(), found });
    let start = bytes.trim_ascii_start();
    let start = start.get(..start.len().min(64)).unwrap_or_default().to_ascii_lowercase();
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        return not_the_file("a web page");
    }
    if start.starts_with(b"version https://git-lfs") && file.path.ends_with(".safetensors") {
        return not_the_file("a Git LFS pointer");
    }
    Ok(())
}
