//! The records of a zip archive, and its directory, which has to say the same as the entries before it did.

use std::collections::HashSet;

use super::malformed;
use crate::Result;

pub(super) const LOCAL: u64 = 0x0403_4b50;
const DESCRIPTOR: u64 = 0x0807_4b50;
const CENTRAL: u64 = 0x0201_4b50;
const END_64: u64 = 0x0606_4b50;
const LOCATOR_64: u64 = 0x0706_4b50;
const END: u64 = 0x0605_4b50;

/// What stands in a field of 32 bits for a number in the 64-bit extra field.
pub(super) const ELSEWHERE: u64 = 0xffff_ffff;

/// The most entries of an archive.
const MOST_ENTRIES: usize = 1 << 17;

/// What has been read of an archive's structure.
#[derive(Default)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    names: HashSet<String>,
    /// How many of the entries the directory has named.
    listed: usize,
    /// The kind of the last record after the entries.
    last: Option<u64>,
    /// Where the directory begins and ends, and where its 64-bit end begins.
    start: u64,
    end: u64,
    end_64: Option<u64>,
}

struct Entry {
    name: String,
    offset: u64,
    bytes: u64,
}

impl Directory {
    /// Adds an entry whose header begins at `offset`.
    pub fn add(&mut self, name: &str, offset: u64) -> Result<()> {
        if self.last.is_some() {
            return Err(malformed("an entry of its zip archive comes after the directory"));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(malformed(format!("the entry `{}` of its zip archive occurs twice", name.escape_debug())));
        }
        if self.entries.len() == MOST_ENTRIES {
            return Err(malformed("its zip archive has more entries than any of torch"));
        }
        self.entries.push(Entry { name: name.to_owned(), offset, bytes: 0 });
        Ok(())
    }

    /// Says how many bytes the last entry turned out to have.
    pub fn ended(&mut self, bytes: u64) {
        if let Some(entry) = self.entries.last_mut() {
            entry.bytes = bytes;
        }
    }

    /// Takes a record after the entries, which begins at `start`; true once the archive is complete.
    pub fn take(&mut self, record: &[u8], start: u64) -> Result<bool> {
        let kind = number(record, 0, 4);
        let follows = match kind {
            CENTRAL | END_64 => matches!(self.last, None | Some(CENTRAL)),
            LOCATOR_64 => self.last == Some(END_64),
            _ => self.last != Some(END_64),
        };
        if !follows {
            return Err(malformed("the parts of its zip archive are in no order that torch writes"));
        }
        if self.last.replace(kind).is_none() {
            self.start = start;
        }
        match kind {
            CENTRAL => {
                self.list(record)?;
                self.end = start + record.len() as u64;
            }
            END_64 => {
                self.end_64 = Some(start);
                self.check_end([number(record, 32, 8), number(record, 40, 8), number(record, 48, 8)], [None; 3])?;
            }
            LOCATOR_64 => {
                if Some(number(record, 8, 8)) != self.end_64 {
                    return Err(malformed("the 64-bit end of its zip archive is not where it is said to be"));
                }
            }
            _ => {
                let ends = [number(record, 10, 2), number(record, 12, 4), number(record, 16, 4)];
                let elsewhere = self.end_64.map(|_| [0xffff, ELSEWHERE, ELSEWHERE].map(Some));
                self.check_end(ends, elsewhere.unwrap_or_default())?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Compares the directory's next entry with the archive's.
    fn list(&mut self, record: &[u8]) -> Result<()> {
        let name_bytes = number(record, 28, 2) as usize;
        let name = record.get(46..46 + name_bytes).unwrap_or_default();
        let extra = zip64_extra(record.get(46 + name_bytes..).unwrap_or_default()).unwrap_or_default();
        let mut at = 0;
        let mut wide = |number_32: u64| {
            let elsewhere = number_32 == ELSEWHERE && extra.len() >= at + 8;
            at += if elsewhere { 8 } else { 0 };
            if elsewhere { number(extra, at - 8, 8) } else { number_32 }
        };
        let (bytes, stored) = (wide(number(record, 24, 4)), wide(number(record, 20, 4)));
        let offset = wide(number(record, 42, 4));
        let entry = self.entries.get(self.listed);
        let same = entry.is_some_and(|entry| {
            entry.name.as_bytes() == name && (entry.bytes, entry.bytes, entry.offset) == (bytes, stored, offset)
        });
        if !same || number(record, 10, 2) != 0 {
            let name = String::from_utf8_lossy(name);
            let name = name.escape_debug();
            return Err(malformed(format!("the directory of its zip archive says of `{name}` what is not so")));
        }
        self.listed += 1;
        Ok(())
    }

    /// Checks the count of entries, the directory's bytes and its place, or what stands in for each.
    fn check_end(&self, found: [u64; 3], stand_ins: [Option<u64>; 3]) -> Result<()> {
        let expected = [self.entries.len() as u64, self.end.saturating_sub(self.start), self.start];
        let fits = |((found, expected), stand_in)| found == expected || Some(found) == stand_in;
        if self.listed != self.entries.len() || !found.into_iter().zip(expected).zip(stand_ins).all(fits) {
            return Err(malformed("the directory of its zip archive does not fit its entries"));
        }
        Ok(())
    }
}

/// Bytes of the record that begins with `record`, as far as they can be told from it.
pub(super) fn record_length(record: &[u8]) -> Result<usize> {
    let field = |at: usize| number(record, at, 2) as usize;
    let (fixed, rest) = match (record.len(), number(record, 0, 4)) {
        (0..4, _) => (4, 0),
        (_, LOCAL) => (30, field(26) + field(28)),
        (_, CENTRAL) => (46, field(28) + field(30) + field(32)),
        (_, END_64) => (56, 0),
        (_, LOCATOR_64) => (20, 0),
        (_, END) => (22, field(20)),
        _ => return Err(malformed("a part of its zip archive is of an unknown kind")),
    };
    Ok(if record.len() < fixed { fixed } else { fixed + rest })
}

/// Whether a record says of the entry before it that it has so many bytes.
pub(super) fn is_descriptor(record: &[u8], bytes: u64) -> bool {
    let sizes = match record.len() {
        16 => [number(record, 8, 4), number(record, 12, 4)],
        _ => [number(record, 8, 8), number(record, 16, 8)],
    };
    number(record, 0, 4) == DESCRIPTOR && sizes == [bytes; 2]
}

/// The 64-bit numbers among the extra fields of an entry.
pub(super) fn zip64_extra(mut extra: &[u8]) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let end = 4 + number(extra, 2, 2) as usize;
        if number(extra, 0, 2) == 1 {
            return extra.get(4..end);
        }
        extra = extra.get(end..)?;
    }
    None
}

/// A little-endian number of so many bytes; those beyond the record are 0.
pub(super) fn number(record: &[u8], at: usize, bytes: usize) -> u64 {
    let field = record.get(at..).unwrap_or_default().iter().take(bytes);
    field.rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
