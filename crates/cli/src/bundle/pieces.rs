//! The files of a bundle as pieces of base64, small enough that a page can turn one after the other into bytes.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use vitrine_hub::{RepoFile, Sink, SinkError, Snapshot, Source};
use vitrine_pipelines::Converted;
use vitrine_tasks::ErrorCode;

use crate::Failure;

/// Bytes in a piece; a multiple of three, so that only a file's last piece is padded.
const PIECE: usize = 6 << 20;

/// The largest file that is compressed; weights hardly get smaller.
const SMALL: u64 = 16 << 20;

/// What a file of the bundle holds.
pub enum Content<'a> {
    /// Bytes, compressed with gzip.
    Compressed(Vec<u8>),
    /// A file of the repository, as it is.
    Repository(&'a RepoFile),
    /// A compact checkpoint that was made for the bundle.
    Converted(&'a Converted),
}

impl<'a> Content<'a> {
    /// Few bytes.
    pub fn small(bytes: &[u8]) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Memory takes all that is written.
        let _ = encoder.write_all(bytes);
        Self::Compressed(encoder.finish().unwrap_or_default())
    }

    /// A file of the repository; a small one is read now and compressed.
    pub async fn of_repository(source: &dyn Source, snapshot: &Snapshot, file: &'a RepoFile) -> Result<Self, Failure> {
        let is_weights = [".safetensors", ".bin"].iter().any(|end| file.path.ends_with(end));
        if is_weights || file.size > SMALL {
            return Ok(Self::Repository(file));
        }
        let mut bytes = Vec::new();
        source.read(snapshot, file, None, &mut bytes).await?;
        Ok(Self::small(&bytes))
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Compressed(bytes) => bytes.len() as u64,
            Self::Repository(file) => file.size,
            Self::Converted(converted) => converted.file.bytes(),
        }
    }
}

/// A file of the bundle.
pub struct Entry<'a> {
    path: String,
    kind: &'static str,
    content: Content<'a>,
    /// Whether the page alone needs it.
    is_page: bool,
}

impl<'a> Entry<'a> {
    /// A file at a path, with its media type.
    pub fn new(path: &str, kind: &'static str, content: Content<'a>, is_page: bool) -> Self {
        Self { path: path.to_owned(), kind, content, is_page }
    }

    fn pieces(&self) -> u64 {
        self.content.bytes().div_ceil(PIECE as u64)
    }
}

/// All files of a bundle.
pub struct Pieces<'a>(Vec<Entry<'a>>);

impl<'a> Pieces<'a> {
    /// The files, in the order in which their pieces are written.
    pub fn new(entries: Vec<Entry<'a>>) -> Self {
        Self(entries)
    }

    /// What the bundle's script knows of the files, as JSON that can stand in a page.
    pub fn table(&self) -> String {
        let mut first = 0;
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|entry| {
                let count = entry.pieces();
                let row = json!({
                    "path": entry.path,
                    "type": entry.kind,
                    "pieces": [first, count],
                    "compressed": matches!(entry.content, Content::Compressed(_)),
                    "page": entry.is_page,
                });
                first += count;
                row
            })
            .collect();
        json!(rows).to_string().replace('<', "\\u003c")
    }

    /// Bytes that the pieces will take as elements of a page, or as scripts of a folder.
    pub fn bytes(&self, is_folder: bool) -> u64 {
        let around = if is_folder {
            "vitrinePiece(,\"\")\n".len()
        } else {
            "<script type=\"text/plain\" data-piece=\"\"></script>\n".len()
        };
        let mut number = 0;
        let mut total = 0;
        for entry in &self.0 {
            let (size, count) = (entry.content.bytes(), entry.pieces());
            for _ in 0..count {
                total += around as u64 + digits(number);
                number += 1;
            }
            total += size.div_ceil(3) * 4;
        }
        total
    }

    /// Hands each piece's number and text to `write`.
    pub async fn write(
        &self,
        source: &dyn Source,
        snapshot: &Snapshot,
        write: impl FnMut(usize, &str) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut cutter = Cutter { write, number: 0, rest: Vec::new(), error: None };
        for entry in &self.0 {
            let written = match &entry.content {
                Content::Compressed(bytes) => cutter.take(bytes),
                Content::Converted(converted) => converted.file.write(&mut cutter),
                Content::Repository(file) => match source.read(snapshot, file, None, &mut cutter).await {
                    Err(error) if cutter.error.is_none() => return Err(error.into()),
                    _ => cutter.error.take().map_or(Ok(()), Err),
                },
            };
            let written = written.and_then(|()| cutter.end());
            written.map_err(|error| {
                Failure::coded(ErrorCode::Storage, format!("the bundle cannot be written: {error}"))
            })?;
        }
        Ok(())
    }
}

fn digits(number: u64) -> u64 {
    number.checked_ilog10().unwrap_or(0) as u64 + 1
}

/// Cuts files into pieces.
struct Cutter<W> {
    write: W,
    number: usize,
    rest: Vec<u8>,
    error: Option<io::Error>,
}

impl<W: FnMut(usize, &str) -> io::Result<()>> Cutter<W> {
    fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.rest.len()));
            self.rest.extend_from_slice(now);
            bytes = later;
            if self.rest.len() == PIECE {
                self.cut()?;
            }
        }
        Ok(())
    }

    /// A file is at its end.
    fn end(&mut self) -> io::Result<()> {
        if self.rest.is_empty() { Ok(()) } else { self.cut() }
    }

    fn cut(&mut self) -> io::Result<()> {
        let text = STANDARD.encode(&self.rest);
        self.rest.clear();
        self.number += 1;
        (self.write)(self.number - 1, &text)
    }
}

impl<W: FnMut(usize, &str) -> io::Result<()>> Write for Cutter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: FnMut(usize, &str) -> io::Result<()>> Sink for Cutter<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.take(bytes).map_err(|error| {
            self.error = Some(error);
            SinkError
        })
    }

    /// What was cut cannot be taken back; a source that begins again is one that failed.
    fn restart(&mut self) {
        self.error = Some(io::Error::other("the file changed while it was read"));
    }
}
