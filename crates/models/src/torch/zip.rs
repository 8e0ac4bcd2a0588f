//! Files of torch since 1.6: a zip archive of stored entries, a pickle and one for each storage, read from its beginning
//! to its end.
//!
//! Format: PKWARE's APPNOTE.TXT (sections 4.3 and 4.5.3).

use super::directory::{Directory, ELSEWHERE, is_descriptor, number, record_length, zip64_extra};
use super::malformed;
use super::pickle::Pickle;
use super::state_dict::StateDict;
use crate::safetensors::TensorInfo;
use crate::weights::{Building, Tensors, fill};
use crate::{Error, Result};

/// The most bytes of an entry of unknown length that are looked back on.
const WINDOW: usize = 4096;

/// Reads an archive.
pub(crate) struct Zip {
    file_bytes: Option<u64>,
    /// Bytes read so far.
    at: u64,
    state: State,
    directory: Directory,
    /// The folder that all entries are in; its name is the author's choice.
    folder: Option<String>,
    entry: Entry,
    dict: Option<StateDict>,
    /// Which storages have come; those that came before the state dict, by key.
    come: Vec<bool>,
    early: Vec<(String, Vec<u8>)>,
}

/// The entry at hand.
#[derive(Default)]
struct Entry {
    /// Its name in the folder.
    name: String,
    /// Known before its end only where its header tells.
    bytes: Option<u64>,
    /// Bytes of it that came.
    read: u64,
    /// Bytes of the record after it that says its size.
    descriptor: Option<usize>,
}

enum State {
    /// A header or a part of the directory.
    Record(Vec<u8>),
    Content(Content),
    /// The size after an entry.
    Descriptor(Vec<u8>),
    Complete,
}

/// What becomes of an entry's bytes.
enum Content {
    Pickle(Box<Pickle>),
    Storage(usize, Building),
    /// Kept whole: the byte order, or a storage that comes before the state dict.
    Kept(Vec<u8>),
    Skipped,
    /// Of unknown length: the entry ends where its own descriptor begins. The last bytes of both.
    Searched(Vec<u8>),
}

impl Zip {
    /// With what a file begins.
    pub const FIRST: &[u8] = b"PK\x03\x04";

    /// An archive that begins with these bytes.
    pub fn new(first: [u8; 8], file_bytes: Option<u64>) -> Self {
        Self {
            file_bytes,
            at: 8,
            state: State::Record(first.to_vec()),
            directory: Directory::default(),
            folder: None,
            entry: Entry::default(),
            dict: None,
            come: Vec::new(),
            early: Vec::new(),
        }
    }

    /// Takes the next bytes.
    pub fn write(&mut self, mut bytes: &[u8], tensors: &mut Tensors<'_>) -> Result<()> {
        // An entry without bytes ends without any.
        while !bytes.is_empty() || matches!(self.state, State::Content(_)) {
            self.state = match std::mem::replace(&mut self.state, State::Record(Vec::new())) {
                State::Record(mut record) => {
                    let length = record_length(&record)?;
                    self.fill(&mut record, &mut bytes, length);
                    match record.len() < record_length(&record)? {
                        true => State::Record(record),
                        false if record.starts_with(Self::FIRST) => State::Content(self.begin_entry(&record, tensors)?),
                        false => self.directory_record(&record)?,
                    }
                }
                State::Content(mut content) => {
                    if !self.take(&mut content, &mut bytes)? {
                        self.state = State::Content(content);
                        return Ok(());
                    }
                    self.end_entry(content, tensors)?
                }
                State::Descriptor(mut record) => {
                    let length = self.entry.descriptor.unwrap_or_default();
                    self.fill(&mut record, &mut bytes, length);
                    match record.len() < length {
                        true => State::Descriptor(record),
                        false if is_descriptor(&record, self.entry.read) => State::Record(Vec::new()),
                        false => return Err(self.wrong("is of another size than is said after it")),
                    }
                }
                State::Complete => return Err(malformed("it is longer than its zip archive")),
            };
        }
        Ok(())
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// What the state dict names.
    pub fn contents(&self) -> Option<Vec<TensorInfo>> {
        self.dict.as_ref().map(StateDict::contents)
    }

    fn fill(&mut self, record: &mut Vec<u8>, bytes: &mut &[u8], length: usize) {
        let before = record.len();
        fill(record, bytes, length);
        self.at += (record.len() - before) as u64;
    }

    /// What is wrong with the entry at hand.
    fn wrong(&self, what: &str) -> Error {
        malformed(format!("the entry `{}` of its zip archive {what}", self.entry.name.escape_debug()))
    }

    /// Reads a local header.
    fn begin_entry(&mut self, record: &[u8], tensors: &Tensors<'_>) -> Result<Content> {
        let (name, extra) = record.split_at_checked(30 + number(record, 26, 2) as usize).unwrap_or_default();
        let name = std::str::from_utf8(name.get(30..).unwrap_or_default());
        let name = name.map_err(|_| malformed("a name in its zip archive is not UTF-8"))?;
        self.directory.add(name, self.at - record.len() as u64)?;
        let folder = self.folder.get_or_insert_with(|| name.split_once('/').unwrap_or_default().0.to_owned());
        let inner = name.strip_prefix(folder.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
        let (flags, extra) = (number(record, 6, 2), zip64_extra(extra));
        let (mut stored, mut bytes) = (number(record, 18, 4), number(record, 22, 4));
        if let (Some(extra), ELSEWHERE, ELSEWHERE) = (extra, stored, bytes) {
            (bytes, stored) = (number(extra, 0, 8), number(extra, 8, 8));
        }
        let described = flags & 8 != 0;
        self.entry = Entry {
            name: inner.to_owned(),
            bytes: Some(bytes).filter(|bytes| !described || *bytes != 0),
            read: 0,
            descriptor: described.then_some(if extra.is_some() { 24 } else { 16 }),
        };
        // Of the flags: encrypted, strongly encrypted, and with a masked directory.
        if flags & 0x2041 != 0 {
            return Err(self.wrong("is encrypted"));
        }
        if number(record, 8, 2) != 0 {
            return Err(self.wrong("is compressed"));
        }
        if stored != bytes || self.file_bytes.is_some_and(|file| bytes > file.saturating_sub(self.at)) {
            return Err(self.wrong("claims a size that does not fit the file"));
        }
        let bytes = self.entry.bytes;
        let unused = || if bytes.is_some() { Content::Skipped } else { Content::Searched(Vec::new()) };
        Ok(match (inner, inner.strip_prefix("data/"), &self.dict) {
            ("data.pkl", ..) => Content::Pickle(Box::default()),
            ("byteorder", ..) if bytes.is_some() => Content::Kept(Vec::new()),
            (_, Some(key), Some(dict)) => match dict.storage(key) {
                Some(storage) => Content::Storage(storage, dict.begin(storage, tensors)?),
                None => unused(),
            },
            (_, Some(_), None) if bytes.is_some() => Content::Kept(Vec::new()),
            (_, Some(_), None) => return Err(self.wrong("comes before the pickle that tells its size")),
            _ => unused(),
        })
    }

    /// Takes bytes of the entry at hand; true at its end.
    fn take(&mut self, content: &mut Content, bytes: &mut &[u8]) -> Result<bool> {
        let entry = &mut self.entry;
        if let Content::Searched(window) = content {
            let length = entry.descriptor.unwrap_or_default();
            while let Some((first, rest)) = bytes.split_first() {
                *bytes = rest;
                self.at += 1;
                entry.read += 1;
                window.push(*first);
                let record = window.len().checked_sub(length).and_then(|start| window.get(start..));
                if record.is_some_and(|record| is_descriptor(record, entry.read - length as u64)) {
                    entry.read -= length as u64;
                    return Ok(true);
                }
                if window.len() == WINDOW {
                    window.drain(..WINDOW / 2);
                }
            }
            return Ok(false);
        }
        let left = entry.bytes.map_or(u64::MAX, |all| all - entry.read);
        let (own, _) = bytes.split_at(bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        let mut rest = own;
        let done = match content {
            Content::Pickle(pickle) => match pickle.write(&mut rest)? {
                Some(root) => {
                    self.dict = Some(StateDict::new(std::mem::take(pickle), root, self.file_bytes)?);
                    true
                }
                None => false,
            },
            Content::Storage(_, building) => building.write(&mut rest),
            Content::Kept(kept) => {
                kept.extend_from_slice(own);
                rest = &[];
                own.len() as u64 == left
            }
            Content::Skipped | Content::Searched(_) => {
                rest = &[];
                own.len() as u64 == left
            }
        };
        let taken = own.len() - rest.len();
        *bytes = bytes.get(taken..).unwrap_or_default();
        self.at += taken as u64;
        entry.read += taken as u64;
        if entry.bytes.is_some_and(|all| done != (all == entry.read)) {
            return Err(self.wrong("is of another size than its content"));
        }
        Ok(done)
    }

    /// Acts on an entry that has come.
    fn end_entry(&mut self, content: Content, tensors: &mut Tensors<'_>) -> Result<State> {
        self.directory.ended(self.entry.read);
        let after =
            if self.entry.descriptor.is_some() { State::Descriptor(Vec::new()) } else { State::Record(Vec::new()) };
        match (content, &self.dict) {
            (Content::Pickle(_), Some(dict)) => {
                tensors.learn(&dict.tensors())?;
                self.come = vec![false; dict.storages.len()];
                for (key, bytes) in std::mem::take(&mut self.early) {
                    let Some(storage) = dict.storage(&key) else { continue };
                    let mut building = dict.begin(storage, tensors)?;
                    let mut rest = bytes.as_slice();
                    if !building.write(&mut rest) || !rest.is_empty() {
                        return Err(malformed(format!("storage `{key}` is of another size than its state dict says")));
                    }
                    dict.finish(storage, building, tensors)?;
                    self.come.get_mut(storage).into_iter().for_each(|come| *come = true);
                }
            }
            (Content::Storage(storage, building), Some(dict)) => {
                dict.finish(storage, building, tensors)?;
                self.come.get_mut(storage).into_iter().for_each(|come| *come = true);
            }
            (Content::Kept(bytes), _) => match self.entry.name.strip_prefix("data/") {
                Some(key) => self.early.push((key.to_owned(), bytes)),
                None => check_byte_order(&bytes)?,
            },
            (Content::Searched(window), _) => {
                if self.entry.name == "byteorder" {
                    check_byte_order(window.get(..self.entry.read as usize).unwrap_or_default())?;
                }
                return Ok(State::Record(Vec::new()));
            }
            _ => {}
        }
        Ok(after)
    }

    /// Takes a record after the entries.
    fn directory_record(&mut self, record: &[u8]) -> Result<State> {
        let Some(dict) = &self.dict else { return Err(malformed("its zip archive has no data.pkl")) };
        let absent = self.come.iter().position(|come| !come).and_then(|index| dict.storages.get(index));
        if let Some(storage) = absent {
            return Err(malformed(format!("storage `{}` is absent", storage.key.escape_debug())));
        }
        let complete = self.directory.take(record, self.at - record.len() as u64)?;
        Ok(if complete { State::Complete } else { State::Record(Vec::new()) })
    }
}

fn check_byte_order(content: &[u8]) -> Result<()> {
    match content {
        b"little" => Ok(()),
        _ => Err(malformed(format!("its byte order is {:?}, not little", String::from_utf8_lossy(content)))),
    }
}
