//! Reading one file over HTTP: what is kept of it from the storage, the rest from the host, up to its SHA-256.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::attempt::{Attempt, check, check_beginning, next, send, with_retries};
use crate::cache::{CachedFile, Chunk, Stretch, end, stretches};
use crate::download::Download;
use crate::http::Http;
use crate::keeping::Keeping;
use crate::lane::{OPEN, Target};
use crate::pace::Pace;
use crate::transport::Method;
use crate::{Error, RepoFile, Result, Sink, Snapshot};

/// Reads the whole of a file.
pub(crate) async fn read_whole(http: &Http, snapshot: &Snapshot, file: &RepoFile, sink: &mut dyn Sink) -> Result<()> {
    let cached = CachedFile::new(&*http.storage, snapshot, file);
    let target = Target { http, snapshot, file, whole: true };
    let mut whole = Whole { sink, hasher: None };
    let (verified, chunks) = http.state(&cached).await;
    // What is here and right needs no lock.
    if verified {
        if whole.read_kept(&target, &cached, &chunks).await? {
            return Ok(());
        }
        http.found.take();
        whole.sink.restart();
    }
    let _lock = http.storage.lock(cached.name(), &mut || whole.sink.waiting()).await;
    let result = whole.read(target, &cached).await;
    let damaged = match &result {
        Err(Error::Integrity { .. }) => true,
        // A sink that cannot make sense of bytes that were never checked may have been given wrong ones.
        Err(Error::Sink) => whole.hasher.is_some(),
        _ => false,
    };
    if !damaged {
        return result;
    }
    // What is kept may stem from a host or a disk that erred once: begin again, without it.
    cached.clear().await;
    whole.sink.restart();
    let result = whole.read(target, &cached).await;
    if let Err(Error::Integrity { .. } | Error::Sink) = result {
        cached.clear().await;
    }
    result
}

/// Reads a stretch of a file, or all of it, keeping nothing.
pub(crate) async fn read_range(
    http: &Http,
    snapshot: &Snapshot,
    file: &RepoFile,
    range: Option<Range<u64>>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let url = snapshot.url(&file.path)?;
    let (start, mut left) = match &range {
        Some(range) => (range.start, range.end.saturating_sub(range.start)),
        None => (0, u64::MAX),
    };
    let mut response = with_retries(http, http.options.attempts, || async {
        let mut request = http.request(Method::Get, url.clone());
        request.range = range.as_ref().map(|range| (range.start, Some(range.end.saturating_sub(1))));
        let response = send(http, request).await?;
        check(snapshot, file, &response)?;
        Ok(response)
    })
    .await?;
    let mut skip = if response.status == 206 { 0 } else { start };
    while left > 0 {
        let Some(piece) = next(http, &mut response).await.map_err(Attempt::into_error)? else { break };
        let wanted = without_first(&piece, &mut skip);
        let wanted = wanted.get(..wanted.len().min(usize::try_from(left).unwrap_or(usize::MAX))).unwrap_or_default();
        left -= wanted.len() as u64;
        sink.write(wanted).map_err(|_| Error::Sink)?;
    }
    Ok(())
}

/// A piece without the bytes that are still to be skipped.
fn without_first<'a>(piece: &'a [u8], skip: &mut u64) -> &'a [u8] {
    let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(piece.len());
    *skip -= skipped as u64;
    piece.get(skipped..).unwrap_or_default()
}

/// What takes a file's bytes, with their offsets.
pub(crate) trait Take {
    fn take(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

    fn origin(&mut self, cached: bool);

    fn waiting(&mut self);
}

/// Hands stretches of a file on, in order: chunks from the storage, holes from the download. False where a chunk cannot be
/// read and there is no download.
pub(crate) async fn hand_on(
    cached: &CachedFile<'_>,
    stretches: &[Stretch],
    mut fetching: Option<(&mut Download<'_>, &mut Keeping<'_>)>,
    to: &mut dyn Take,
) -> Result<bool> {
    let mut last: Option<(&Chunk, Option<Vec<u8>>)> = None;
    let mut origin = None;
    for Stretch { range, chunk } in stretches {
        if let Some(chunk) = chunk {
            if last.as_ref().is_none_or(|(read, _)| *read != chunk) {
                // What was handed on makes room for what is read next.
                let room = last.take().and_then(|(_, bytes)| bytes).unwrap_or_default();
                last = Some((chunk, cached.get(chunk, room).await));
            }
            if origin.replace(true) != Some(true) {
                to.origin(true);
            }
            if let Some((_, Some(bytes))) = &last {
                to.take(range.start, part(bytes, chunk.offset, range))?;
                continue;
            }
        }
        let Some((download, keeping)) = &mut fetching else { return Ok(false) };
        if chunk.is_some() {
            download.first(range.clone());
        }
        if origin.replace(false) != Some(false) {
            to.origin(false);
        }
        while let Some((offset, piece)) = download.next(keeping, &mut || to.waiting()).await? {
            if offset == 0 {
                check_beginning(download.file(), &piece)?;
            }
            to.take(offset, &piece)?;
            keeping.keep(offset, &piece);
        }
    }
    Ok(true)
}

/// The bytes in `range` of those that begin at `offset`.
pub(crate) fn part<'a>(bytes: &'a [u8], offset: u64, range: &Range<u64>) -> &'a [u8] {
    let at = |position: u64| usize::try_from(position.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(at(range.start)..at(range.end)).unwrap_or_default()
}

/// The whole of a file on its way to a sink.
pub(crate) struct Whole<'a> {
    pub(crate) sink: &'a mut dyn Sink,
    /// Absent where the file needs no check: it has no known SHA-256, or had the right one before.
    pub(crate) hasher: Option<Sha256>,
}

impl Whole<'_> {
    /// Reads a file that is kept and was found right; false where some of it turns out to be gone or damaged.
    async fn read_kept(&mut self, target: &Target<'_>, cached: &CachedFile<'_>, chunks: &[Chunk]) -> Result<bool> {
        self.hasher = None;
        let all = stretches(chunks, 0..target.end().min(end(chunks)));
        hand_on(cached, &all, None, self).await
    }

    async fn read(&mut self, target: Target<'_>, cached: &CachedFile<'_>) -> Result<()> {
        let (verified, mut chunks) = cached.state().await;
        if verified {
            if self.read_kept(&target, cached, &chunks).await? {
                return Ok(());
            }
            // The rest is not covered by the earlier check.
            self.sink.restart();
            (_, chunks) = cached.state().await;
        }
        self.hasher = target.file.sha256.map(|_| Sha256::new());
        let all = stretches(&chunks, 0..target.end());
        let holes = all.iter().filter(|stretch| stretch.chunk.is_none()).map(|stretch| stretch.range.clone());
        let pace = if target.end() == OPEN { Pace::fixed(1) } else { Pace::adaptive() };
        let (mut download, mut keeping) = (Download::new(target, holes, pace), Keeping::new(cached, true));
        let result = hand_on(cached, &all, Some((&mut download, &mut keeping)), self).await;
        download.keep_rest(&mut keeping);
        keeping.flush().await;
        result?;
        if let (Some(hasher), Some(expected)) = (self.hasher.take(), target.file.sha256)
            && hasher.finalize().as_slice() != expected
        {
            return Err(target.integrity("its SHA-256 differs"));
        }
        if keeping.active {
            // Without it the next visit checks again.
            let _ = cached.set_verified().await;
        }
        Ok(())
    }
}

impl Take for Whole<'_> {
    fn take(&mut self, _: u64, bytes: &[u8]) -> Result<()> {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.sink.write(bytes).map_err(|_| Error::Sink)
    }

    fn origin(&mut self, cached: bool) {
        self.sink.origin(cached);
    }

    fn waiting(&mut self) {
        self.sink.waiting();
    }
}
