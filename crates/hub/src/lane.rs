//! One connection of a download: a stretch of a file, piece by piece.

use std::ops::Range;

use crate::attempt::{Attempt, check, next, send};
use crate::http::Http;
use crate::transport::{Method, Response};
use crate::{Error, RepoFile, Snapshot};

/// The end of a stretch that goes on to the end of a file whose size is not known for certain.
pub(crate) const OPEN: u64 = u64::MAX;

/// What is read, and how.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) http: &'a Http,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) file: &'a RepoFile,
    /// Whether the whole file will be read, so that a host may send all of it where a part was asked for.
    pub(crate) whole: bool,
}

impl Target<'_> {
    /// Where the file ends, as far as that is known.
    pub(crate) fn end(&self) -> u64 {
        exact_size(self.snapshot, self.file).unwrap_or(OPEN)
    }

    pub(crate) fn integrity(&self, reason: &str) -> Error {
        Error::Integrity { path: self.file.path.clone(), reason: reason.to_owned() }
    }
}

/// The size of a file, where it is known for certain.
pub(crate) fn exact_size(snapshot: &Snapshot, file: &RepoFile) -> Option<u64> {
    (snapshot.commit.is_some() || file.sha256.is_some()).then_some(file.size)
}

/// One connection.
pub(crate) struct Lane {
    /// What is still to come. The end may be brought forward at any time.
    pub(crate) range: Range<u64>,
    /// Whether bytes before the stretch may be skipped, where the host sends them too.
    may_skip: bool,
    open: Option<Open>,
}

/// A request that was answered.
struct Open {
    response: Response,
    /// Bytes still to be skipped.
    skip: u64,
    /// Where the body has to end.
    end: u64,
}

impl Lane {
    pub(crate) fn new(range: Range<u64>, may_skip: bool) -> Self {
        Self { range, may_skip, open: None }
    }

    /// The next bytes of the stretch; `None` at its end. After an error the rest may be asked for anew.
    pub(crate) async fn next(&mut self, target: &Target<'_>) -> std::result::Result<Option<Vec<u8>>, Attempt> {
        loop {
            if self.open.is_none() {
                self.open = self.ask(target).await?;
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            // Whether more comes than there should be is seen at the end of the body only.
            if self.range.start >= self.range.end && self.range.end < open.end {
                return Ok(None);
            }
            let Some(mut piece) = next(target.http, &mut open.response).await? else {
                return self.ended(target);
            };
            let skipped = usize::try_from(open.skip).unwrap_or(usize::MAX).min(piece.len());
            open.skip -= skipped as u64;
            piece.drain(..skipped);
            let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
            if piece.len() > left {
                if self.range.end == open.end {
                    return Err(target.integrity(&format!("it is longer than {} bytes", self.range.end)).into());
                }
                piece.truncate(left);
            }
            if !piece.is_empty() {
                self.range.start += piece.len() as u64;
                return Ok(Some(piece));
            }
        }
    }

    /// The body has ended.
    fn ended(&self, target: &Target<'_>) -> std::result::Result<Option<Vec<u8>>, Attempt> {
        if self.range.end == OPEN || self.range.is_empty() {
            return Ok(None);
        }
        let (path, received, size) = (target.file.path.clone(), self.range.start, self.range.end);
        Err(Attempt::Again { error: Error::Truncated { path, received, size }, wait: None })
    }

    /// Asks for the stretch; `None` where the file has ended before it.
    async fn ask(&self, target: &Target<'_>) -> std::result::Result<Option<Open>, Attempt> {
        let Range { start, end } = self.range;
        let mut request = target.http.request(Method::Get, target.snapshot.url(&target.file.path)?);
        // What goes on to the end is asked for without an end, and the whole without a range.
        let to_end = target.whole && end == target.end();
        let is_part = start > 0 || !to_end;
        request.range = is_part.then_some((start, (!to_end).then_some(end.saturating_sub(1))));
        let response = send(target.http, request).await?;
        if response.status == 416 && is_part {
            if end == OPEN && start == target.file.size {
                return Ok(None);
            }
            let fewer = || target.integrity("the host has fewer bytes than were kept");
            return Err(if target.whole { fewer() } else { Error::NoRanges }.into());
        }
        check(target.snapshot, target.file, &response)?;
        if response.status != 206 {
            if is_part && !self.may_skip {
                return Err(Error::NoRanges.into());
            }
            return Ok(Some(Open { response, skip: start, end: target.end() }));
        }
        // Hosts may hide this header from a page.
        if let Some(value) = response.header("content-range") {
            let fits = content_range(value).is_some_and(|(part, size)| {
                part.start == start
                    && part.end <= end
                    && size.is_none_or(|size| target.end() == OPEN || size == target.end())
            });
            if !fits {
                let error = target.integrity("the host sent another part than it was asked for");
                return Err(if target.whole { error.into() } else { Attempt::Again { error, wait: None } });
            }
        }
        Ok(Some(Open { response, skip: 0, end }))
    }
}

/// The part and, where it is told, the size of the file of a `Content-Range: bytes a-b/n`.
fn content_range(value: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (part, size) = value.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    Some((first..last.checked_add(1)?, size.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_came_is_told() {
        assert_eq!(content_range("bytes 0-0/1"), Some((0..1, Some(1))));
        assert_eq!(content_range(" bytes 7-99/* "), Some((7..100, None)));
        for wrong in
            ["", "bytes", "bytes */10", "bytes 7-/10", "bytes 7-9", "items 0-1/2", "bytes 0-18446744073709551615/1"]
        {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }
}
