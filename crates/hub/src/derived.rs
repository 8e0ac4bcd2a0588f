//! Files that this device has made of a repository's, kept beside them: no host has them.

use futures_util::future::LocalBoxFuture;

use crate::cache::{CachedFile, end, stretches};
use crate::http::Http;
use crate::read::{Whole, hand_on};
use crate::{RepoFile, Sink, Snapshot};

fn unsized_file(path: &str) -> RepoFile {
    RepoFile { path: path.to_owned(), size: 0, sha256: None }
}

/// The file, where all of it is kept.
pub(crate) async fn derived(http: &Http, snapshot: &Snapshot, path: &str) -> Option<RepoFile> {
    let file = unsized_file(path);
    let (complete, chunks) = http.look(&CachedFile::derived(&*http.storage, snapshot, &file)).await;
    complete.then(|| RepoFile { size: end(&chunks), ..file })
}

/// Hands the file to `sink`; false where some of it is gone or damaged, and it is forgotten then.
pub(crate) async fn read_derived(http: &Http, snapshot: &Snapshot, file: &RepoFile, sink: &mut dyn Sink) -> bool {
    let cached = CachedFile::derived(&*http.storage, snapshot, file);
    let (complete, chunks) = http.state(&cached).await;
    let all = stretches(&chunks, 0..end(&chunks));
    let mut whole = Whole { sink, hasher: None };
    if complete && matches!(hand_on(&cached, &all, None, &mut whole).await, Ok(true)) {
        return true;
    }
    cached.clear().await;
    false
}

/// Keeps bytes of the file, or notes that it is complete; false where they could not be kept.
pub(crate) fn keep_derived(
    http: &Http,
    snapshot: &Snapshot,
    path: &str,
    bytes: Option<(u64, Vec<u8>)>,
) -> LocalBoxFuture<'static, bool> {
    let file = unsized_file(path);
    let cached = CachedFile::derived(&*http.storage, snapshot, &file);
    let put = match bytes {
        Some((offset, mut bytes)) => cached.put(offset, &mut bytes),
        None => cached.set_verified(),
    };
    Box::pin(async { put.await.is_ok() })
}
