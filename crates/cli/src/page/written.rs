//! The files of a site as they are written: whole or not at all, and nothing of an earlier time left over.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use vitrine_hub::{Sink, SinkError};
use vitrine_tasks::ErrorCode;

use crate::Failure;

/// The list of what was written, by which the next time tells its own files from others.
const LIST: &str = "assets/written.txt";

/// A folder that a site is written to.
pub struct Written {
    out: PathBuf,
    /// Paths that an earlier time wrote.
    before: BTreeSet<String>,
    now: BTreeSet<String>,
    bytes: u64,
    /// Where content of a SHA-256 lies already.
    by_hash: HashMap<[u8; 32], String>,
}

impl Written {
    /// Opens a folder that is new, empty, or of an earlier time; files of others are not written over.
    pub fn open(out: &Path) -> Result<Self, Failure> {
        let list = fs::read_to_string(out.join(LIST)).ok();
        let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
        if list.is_none() && !is_empty {
            let message =
                format!("`{}` holds files that `vitrine page` has not written; name an empty folder", out.display());
            return Err(Failure::error(message));
        }
        let before = list.iter().flat_map(|list| list.lines()).map(str::to_owned).collect();
        let mut written = Self { out: out.to_owned(), before, now: BTreeSet::new(), bytes: 0, by_hash: HashMap::new() };
        // Were this to stop half way, the next time still knows its own.
        let list: String = written.before.iter().map(|path| format!("{path}\n")).collect();
        written.write(LIST, list.as_bytes())?;
        Ok(written)
    }

    /// Writes a file.
    pub fn write(&mut self, path: &str, content: &[u8]) -> Result<(), Failure> {
        let place = self.place(path)?;
        fs::write(&place, content).map_err(|error| failed(path, &error))?;
        self.note(path, content.len() as u64);
        Ok(())
    }

    /// Copies a file of this machine.
    pub fn copy(&mut self, path: &str, from: &Path) -> Result<(), Failure> {
        let place = self.place(path)?;
        let bytes = fs::copy(from, &place).map_err(|error| failed(path, &error))?;
        self.note(path, bytes);
        Ok(())
    }

    /// Writes a file that says what another one of the site says.
    pub fn repeat(&mut self, path: &str, same: &str) -> Result<(), Failure> {
        let from = self.out.join(same);
        self.copy(path, &from)
    }

    /// Whether content of this hash was written, which the file then shares.
    pub fn share(&mut self, path: &str, sha256: Option<[u8; 32]>) -> Result<bool, Failure> {
        let Some(earlier) = sha256.and_then(|hash| self.by_hash.get(&hash)).map(|path| self.out.join(path)) else {
            return Ok(false);
        };
        let place = self.place(path)?;
        if fs::hard_link(&earlier, &place).is_err() {
            self.bytes += fs::copy(&earlier, &place).map_err(|error| failed(path, &error))?;
        }
        self.now.insert(path.to_owned());
        Ok(true)
    }

    /// A file that is written as it is read; it is there once [`Writing::finish`] has been called.
    pub fn start(&mut self, path: &str) -> Result<Writing, Failure> {
        let place = self.place(path)?;
        let file = File::create(&place).map_err(|error| failed(path, &error))?;
        Ok(Writing { path: path.to_owned(), file: BufWriter::new(file), hasher: Sha256::new(), bytes: 0, error: None })
    }

    /// Takes a file that was written; answers its SHA-256.
    pub fn finish_file(&mut self, writing: Writing) -> Result<[u8; 32], Failure> {
        let Writing { path, mut file, hasher, bytes, error } = writing;
        let flushed = error.map_or_else(|| file.flush(), Err);
        flushed.map_err(|error| failed(&path, &error))?;
        let hash = hasher.finalize().into();
        // The same content of another version is kept once, where the file system can.
        if !self.share(&path, Some(hash))? {
            self.note(&path, bytes);
            self.by_hash.insert(hash, path);
        }
        Ok(hash)
    }

    /// Removes what an earlier time wrote and this one did not, and answers how many files and bytes there are.
    pub fn finish(mut self) -> Result<(usize, u64), Failure> {
        for path in self.before.difference(&self.now).filter(|path| is_inside(path)) {
            // What is gone needs no removal, and a folder that holds other files stays.
            let place = self.out.join(path);
            let _ = fs::remove_file(&place);
            for folder in place.ancestors().skip(1).take_while(|folder| *folder != self.out) {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        let list: String = self.now.iter().map(|path| format!("{path}\n")).collect();
        self.write(LIST, list.as_bytes())?;
        Ok((self.now.len(), self.bytes))
    }

    fn note(&mut self, path: &str, bytes: u64) {
        if self.now.insert(path.to_owned()) {
            self.bytes += bytes;
        }
    }

    /// Where a file goes; what an earlier time wrote there goes first, for it may share its content with others.
    fn place(&self, path: &str) -> Result<PathBuf, Failure> {
        if !is_inside(path) {
            return Err(Failure::error(format!("`{path}` is no path within a site")));
        }
        let place = self.out.join(path);
        fs::create_dir_all(place.parent().unwrap_or(&self.out)).map_err(|error| failed(path, &error))?;
        match fs::remove_file(&place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
            _ => Ok(place),
        }
    }
}

/// A file of a repository on its way to the site.
pub struct Writing {
    path: String,
    file: BufWriter<File>,
    hasher: Sha256,
    bytes: u64,
    error: Option<io::Error>,
}

impl Sink for Writing {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| {
            self.error = Some(error);
            SinkError
        })
    }

    /// Files of this machine are read once.
    fn restart(&mut self) {}
}

/// Whether a path stays within the site.
fn is_inside(path: &str) -> bool {
    !path.contains('\\') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn failed(path: &str, error: &io::Error) -> Failure {
    Failure::coded(ErrorCode::Storage, format!("`{path}` cannot be written: {error}"))
}
