//! A file's bytes over HTTP: validators, one range, and a body that is read from disk as it is sent.

use std::fs::File;
use std::io::{self, SeekFrom};
use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::answer::set;
use super::call::Call;

/// Bytes read at a time.
const PIECE: u64 = 1 << 18;

/// A file to be sent.
pub struct Content {
    /// The open file.
    pub file: File,
    /// Its size.
    pub size: u64,
    /// Its strong entity tag, quoted.
    pub etag: String,
    /// Its media type.
    pub kind: &'static str,
}

impl Content {
    /// Answers with the file, the range of it that is asked for, or the news that the client's copy is current.
    pub fn response(self, call: &Call) -> Response {
        let mut response = if call.header(header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, &self.etag)) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let mut response = self.body(call);
            set(&mut response, "content-type", self.kind);
            response
        };
        set(&mut response, "etag", &self.etag);
        set(&mut response, "accept-ranges", "bytes");
        response
    }

    fn body(&self, call: &Call) -> Response {
        let current = call.header(header::IF_RANGE).is_none_or(|tag| tag.trim() == self.etag);
        // A range is defined for GET alone.
        let asked = call.header(header::RANGE).filter(|_| current && call.method == Method::GET);
        let (status, range) = match asked.map_or(Asked::Whole, |asked| parse_range(asked, self.size)) {
            Asked::Whole => (StatusCode::OK, 0..self.size),
            Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
            Asked::Beyond => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
        };
        let body = if call.method == Method::HEAD || range.is_empty() {
            Ok(Body::empty())
        } else {
            self.stream(range.clone())
        };
        let mut response =
            Response::new(body.unwrap_or_else(|error| Body::from_stream(stream::iter([Err::<Bytes, _>(error)]))));
        *response.status_mut() = status;
        set(&mut response, "content-length", &(range.end - range.start).to_string());
        match status {
            StatusCode::PARTIAL_CONTENT => {
                let last = range.end.saturating_sub(1);
                set(&mut response, "content-range", &format!("bytes {}-{last}/{}", range.start, self.size));
            }
            StatusCode::RANGE_NOT_SATISFIABLE => set(&mut response, "content-range", &format!("bytes */{}", self.size)),
            _ => {}
        }
        response
    }

    /// The bytes of a range, as they are sent. A file that has become shorter breaks the connection off.
    fn stream(&self, range: Range<u64>) -> io::Result<Body> {
        let file = tokio::fs::File::from_std(self.file.try_clone()?);
        Ok(Body::from_stream(stream::try_unfold((file, range, true), async |(mut file, mut range, first)| {
            if range.is_empty() {
                return Ok(None);
            }
            if first {
                file.seek(SeekFrom::Start(range.start)).await?;
            }
            let mut piece = vec![0; usize::try_from(PIECE.min(range.end - range.start)).unwrap_or_default()];
            let read = file.read(&mut piece).await?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            piece.truncate(read);
            range.start += read as u64;
            Ok(Some((Bytes::from(piece), (file, range, false))))
        })))
    }
}

/// Whether `If-None-Match` names this entity tag; weak tags compare like strong ones.
fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Beyond,
}

/// Reads a `Range` header. One that is malformed, of another unit or of several ranges is ignored, as RFC 9110 allows.
fn parse_range(header: &str, size: u64) -> Asked {
    let range = header.trim().split_once('=').filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"));
    let Some((first, last)) = range.and_then(|(_, range)| range.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.trim().is_empty() => first..size,
        (None, Some(length)) if first.trim().is_empty() => size.saturating_sub(length)..size,
        _ => return Asked::Whole,
    };
    if range.is_empty() { Asked::Beyond } else { Asked::Part(range) }
}

/// A number of digits only; one that is too large is as large as any file can be.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_by_rfc_9110() {
        for (header, expected) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=2-4", Asked::Part(2..5)),
            ("Bytes = 2-4", Asked::Part(2..5)),
            ("bytes=2-", Asked::Part(2..10)),
            ("bytes=2-99", Asked::Part(2..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-99", Asked::Part(0..10)),
            ("bytes=0-99999999999999999999999", Asked::Part(0..10)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=10-20", Asked::Beyond),
            ("bytes=99999999999999999999999-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=4-2", Asked::Whole),
            ("bytes=0-1,4-5", Asked::Whole),
            ("bytes=", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=--5", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("nonsense", Asked::Whole),
        ] {
            assert_eq!(parse_range(header, 10), expected, "{header}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Asked::Beyond);
        assert_eq!(parse_range("bytes=-5", 0), Asked::Beyond);
    }

    #[test]
    fn entity_tags_are_compared_weakly() {
        for tags in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(matches(tags, "\"a\""), "{tags}");
        }
        for tags in ["\"b\"", "a", "", "\"aa\""] {
            assert!(!matches(tags, "\"a\""), "{tags}");
        }
    }
}
