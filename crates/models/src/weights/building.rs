//! A stretch of a file's bytes on its way into a tensor.

use super::Filling;
use crate::safetensors::Dtype;
use crate::{Error, Result};

/// Takes a stretch of a file: bytes to leave out, numbers to keep, bytes to leave out.
pub(crate) struct Building {
    before: u64,
    dtype: Dtype,
    /// What the numbers fill; nothing where all is left out.
    filling: Option<Filling>,
    /// Bytes of numbers still to come.
    left: u64,
    /// The bytes of a number that arrived in part.
    rest: Vec<u8>,
    after: u64,
}

impl Building {
    /// Keeps `count` numbers of a format that is [`readable`]; the other lengths are in bytes.
    pub fn new(filling: Filling, dtype: Dtype, before: u64, count: u64, after: u64) -> Self {
        let left = count.saturating_mul(dtype.width());
        Self { before, dtype, filling: Some(filling), left, rest: Vec::new(), after }
    }

    /// Keeps nothing of so many bytes.
    pub fn skipping(bytes: u64) -> Self {
        Self { before: bytes, dtype: Dtype::U8, filling: None, left: 0, rest: Vec::new(), after: 0 }
    }

    /// Takes from `bytes` what belongs to the stretch; true once nothing of it is missing.
    pub fn write(&mut self, bytes: &mut &[u8]) -> bool {
        take(&mut self.before, bytes);
        let mut taken = take(&mut self.left, bytes);
        if let Some(filling) = &mut self.filling {
            let width = self.dtype.width() as usize;
            if !self.rest.is_empty() {
                fill(&mut self.rest, &mut taken, width);
                if self.rest.len() == width {
                    filling.append(self.dtype, &std::mem::take(&mut self.rest));
                }
            }
            let (whole, part) = taken.split_at(taken.len() - taken.len() % width);
            filling.append(self.dtype, whole);
            self.rest.extend_from_slice(part);
        }
        if self.before == 0 && self.left == 0 {
            take(&mut self.after, bytes);
        }
        self.before == 0 && self.left == 0 && self.after == 0
    }

    /// What the numbers have filled.
    pub fn finish(self) -> Option<Filling> {
        self.filling
    }
}

/// An error where numbers of this format cannot be converted.
pub(crate) fn readable(name: &str, dtype: Dtype) -> Result<()> {
    match dtype {
        Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16 => Ok(()),
        _ => {
            Err(Error::UnsupportedDtype(format!("tensor `{name}` is in {dtype:?}; f64, f32, f16 and bf16 can be read")))
        }
    }
}

/// Moves bytes from `from` into `buffer` until it holds `length`.
pub(crate) fn fill(buffer: &mut Vec<u8>, from: &mut &[u8], length: usize) {
    let (taken, rest) = from.split_at(from.len().min(length.saturating_sub(buffer.len())));
    buffer.extend_from_slice(taken);
    *from = rest;
}

/// Takes up to `left` bytes from the beginning of `from`.
fn take<'a>(left: &mut u64, from: &mut &'a [u8]) -> &'a [u8] {
    let (taken, rest) = from.split_at(from.len().min(usize::try_from(*left).unwrap_or(usize::MAX)));
    *left -= taken.len() as u64;
    *from = rest;
    taken
}
