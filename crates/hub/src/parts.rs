//! Reading parts of a file: long ones kept like the whole, rows of a table quickly.

use std::ops::Range;

use crate::cache::{CachedFile, Chunk, kept_bytes, stretches};
use crate::download::Download;
use crate::http::Http;
use crate::keeping::Keeping;
use crate::lane::Target;
use crate::pace::Pace;
use crate::read::{Take, hand_on, part};
use crate::{Error, Kept, PartSink, RepoFile, Result, Snapshot};

/// Bytes between two parts that are fetched along, where another request would take longer.
const GAP: u64 = 32 << 10;

/// Bytes from which on what is fetched in one go is kept, under the file's lock.
const LONG: u64 = 64 << 10;

/// Requests for rows at the same time.
const ROWS_AT_ONCE: usize = 6;

/// Reads parts of a file.
pub(crate) async fn read_parts(
    http: &Http,
    snapshot: &Snapshot,
    file: &RepoFile,
    parts: &[Range<u64>],
    sink: &mut dyn PartSink,
) -> Result<()> {
    let target = Target { http, snapshot, file, whole: false };
    if let Some(part) = parts.iter().find(|part| part.end > target.end()) {
        return Err(Error::Truncated { path: file.path.clone(), received: target.end(), size: part.end });
    }
    let (long, rows) = join(parts, GAP).into_iter().partition(|run| run.end - run.start >= LONG);
    let mut wanted = Wanted { parts: join(parts, 0), sink };
    read_runs(target, long, true, &mut wanted).await?;
    read_runs(target, rows, false, &mut wanted).await
}

async fn read_runs(target: Target<'_>, runs: Vec<Range<u64>>, long: bool, wanted: &mut Wanted<'_>) -> Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let storage = &*target.http.storage;
    let cached = CachedFile::new(storage, target.snapshot, target.file);
    let all = |chunks: &[Chunk]| runs.iter().flat_map(|run| stretches(chunks, run.clone())).collect::<Vec<_>>();
    let (_, chunks) = target.http.state(&cached).await;
    let mut found = all(&chunks);
    // What is here needs no lock.
    let _lock = if long && found.iter().any(|stretch| stretch.chunk.is_none()) {
        let lock = storage.lock(cached.name(), &mut || wanted.sink.waiting()).await;
        // Others may have brought some of it meanwhile.
        found = all(&cached.state().await.1);
        Some(lock)
    } else {
        None
    };
    let holes = found.iter().filter(|stretch| stretch.chunk.is_none()).map(|stretch| stretch.range.clone());
    let pace = if long { Pace::adaptive() } else { Pace::fixed(ROWS_AT_ONCE) };
    let (mut download, mut keeping) = (Download::new(target, holes, pace), Keeping::new(&cached, long));
    let result = hand_on(&cached, &found, Some((&mut download, &mut keeping)), wanted).await;
    download.keep_rest(&mut keeping);
    keeping.flush().await;
    result.map(|_| ())
}

/// What is kept of a file.
pub(crate) async fn kept(http: &Http, snapshot: &Snapshot, file: &RepoFile) -> Kept {
    let cached = CachedFile::new(&*http.storage, snapshot, file);
    let (verified, chunks) = http.look(&cached).await;
    Kept { bytes: kept_bytes(&chunks), complete: verified || cached.is_complete(&chunks), verified }
}

/// Ranges in order and without overlaps, those with at most `gap` bytes between them as one.
fn join(ranges: &[Range<u64>], gap: u64) -> Vec<Range<u64>> {
    let mut ranges: Vec<_> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let joined = next.start <= last.end.saturating_add(gap);
        last.end = if joined { last.end.max(next.end) } else { last.end };
        joined
    });
    ranges
}

/// Hands on of what comes what is wanted.
struct Wanted<'a> {
    /// In order, without overlaps.
    parts: Vec<Range<u64>>,
    sink: &'a mut dyn PartSink,
}

impl Take for Wanted<'_> {
    fn take(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset + bytes.len() as u64;
        let first = self.parts.partition_point(|part| part.end <= offset);
        for range in self.parts.get(first..).unwrap_or_default().iter().take_while(|part| part.start < end) {
            let start = range.start.max(offset);
            self.sink.write(start, part(bytes, offset, &(start..range.end))).map_err(|_| Error::Sink)?;
        }
        Ok(())
    }

    fn origin(&mut self, cached: bool) {
        self.sink.origin(cached);
    }

    fn waiting(&mut self) {
        self.sink.waiting();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_parts_are_joined() {
        let ranges = [20..30, 0..5, 5..5, 7..9, 25..27, 28..31, 40..41, 90..91];
        assert_eq!(join(&ranges, 0), [0..5, 7..9, 20..31, 40..41, 90..91]);
        assert_eq!(join(&ranges, 2), [0..9, 20..31, 40..41, 90..91]);
        assert_eq!(join(&ranges, 9), [0..9, 20..41, 90..91]);
        assert_eq!(join(&ranges, 11), [0..41, 90..91]);
    }
}
