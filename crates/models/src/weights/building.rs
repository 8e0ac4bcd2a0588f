//! A stretch of a file's numbers in the making.

use candle_core::{Device, Tensor};
use half::{bf16, f16};
use vitrine_kernels::convert;

use super::Resident;
use crate::safetensors::Dtype;
use crate::{Error, Result};

/// Takes a stretch of a file: bytes to leave out, numbers to keep, bytes to leave out.
pub(crate) struct Building {
    before: u64,
    dtype: Dtype,
    numbers: Numbers,
    /// Bytes of numbers still to come.
    left: u64,
    /// The bytes of a number that arrived in part.
    rest: Vec<u8>,
    after: u64,
}

impl Building {
    /// Keeps `count` numbers of a format that is [`readable`]; the other lengths are in bytes.
    pub fn new(resident: Resident, dtype: Dtype, before: u64, count: u64, after: u64) -> Result<Self> {
        let numbers = match resident {
            Resident::F32 => Numbers::F32(reserve(count)?),
            Resident::F16 => Numbers::F16(reserve(count)?),
            Resident::Bf16 => Numbers::Bf16(reserve(count)?),
        };
        Ok(Self { before, dtype, numbers, left: count.saturating_mul(dtype.width()), rest: Vec::new(), after })
    }

    /// Keeps nothing of so many bytes.
    pub fn skipping(bytes: u64) -> Self {
        let numbers = Numbers::F32(Vec::new());
        Self { before: bytes, dtype: Dtype::U8, numbers, left: 0, rest: Vec::new(), after: 0 }
    }

    /// Takes from `bytes` what belongs to the stretch; true once nothing of it is missing.
    pub fn write(&mut self, bytes: &mut &[u8]) -> bool {
        take(&mut self.before, bytes);
        let mut taken = take(&mut self.left, bytes);
        let width = self.dtype.width() as usize;
        if !self.rest.is_empty() {
            fill(&mut self.rest, &mut taken, width);
            if self.rest.len() == width {
                self.numbers.append(self.dtype, &std::mem::take(&mut self.rest));
            }
        }
        let (whole, part) = taken.split_at(taken.len() - taken.len() % width);
        self.numbers.append(self.dtype, whole);
        self.rest.extend_from_slice(part);
        if self.before == 0 && self.left == 0 {
            take(&mut self.after, bytes);
        }
        self.before == 0 && self.left == 0 && self.after == 0
    }

    /// The numbers.
    pub fn finish(self) -> Numbers {
        self.numbers
    }
}

/// Numbers in their resident format.
pub(crate) enum Numbers {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

impl Numbers {
    /// Converts whole numbers.
    fn append(&mut self, dtype: Dtype, bytes: &[u8]) {
        match (self, dtype) {
            (Self::F16(out), Dtype::F16) => out.extend(convert::f16s(bytes)),
            (Self::Bf16(out), Dtype::BF16) => out.extend(convert::bf16s(bytes)),
            (all, Dtype::F32) => all.extend(convert::f32s(bytes)),
            (all, Dtype::F64) => all.extend(convert::f64s(bytes).map(|number| number as f32)),
            (all, Dtype::F16) => all.extend(convert::f16s(bytes).map(f16::to_f32)),
            (all, _) => all.extend(convert::bf16s(bytes).map(bf16::to_f32)),
        }
    }

    fn extend(&mut self, numbers: impl Iterator<Item = f32>) {
        match self {
            Self::F32(out) => out.extend(numbers),
            Self::F16(out) => out.extend(numbers.map(f16::from_f32)),
            Self::Bf16(out) => out.extend(numbers.map(bf16::from_f32)),
        }
    }

    /// A tensor of all numbers.
    pub fn into_tensor(self, shape: impl Into<candle_core::Shape>) -> Result<Tensor> {
        Ok(match self {
            Self::F32(numbers) => Tensor::from_vec(numbers, shape.into(), &Device::Cpu)?,
            Self::F16(numbers) => Tensor::from_vec(numbers, shape.into(), &Device::Cpu)?,
            Self::Bf16(numbers) => Tensor::from_vec(numbers, shape.into(), &Device::Cpu)?,
        })
    }

    /// A copy of the numbers at `start` and, from dimension to dimension, `strides` apart, in row-major order.
    pub fn gather(&self, start: usize, shape: &[usize], strides: &[usize]) -> Result<Self> {
        Ok(match self {
            Self::F32(numbers) => Self::F32(gather(numbers, start, shape, strides)?),
            Self::F16(numbers) => Self::F16(gather(numbers, start, shape, strides)?),
            Self::Bf16(numbers) => Self::Bf16(gather(numbers, start, shape, strides)?),
        })
    }
}

fn gather<T: Copy + Default>(numbers: &[T], start: usize, shape: &[usize], strides: &[usize]) -> Result<Vec<T>> {
    let count: usize = shape.iter().product();
    let mut gathered = reserve(count as u64)?;
    let mut place = vec![0; shape.len()];
    let mut at = start;
    for _ in 0..count {
        gathered.push(numbers.get(at).copied().unwrap_or_default());
        // The next place in row-major order: the last dimension that has not ended goes on, those after it begin again.
        for ((index, size), stride) in place.iter_mut().zip(shape).zip(strides).rev() {
            *index += 1;
            at += stride;
            if *index < *size {
                break;
            }
            at -= stride * *index;
            *index = 0;
        }
    }
    Ok(gathered)
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

fn reserve<T>(count: u64) -> Result<Vec<T>> {
    let no_room = || Error::OutOfMemory(count.saturating_mul(size_of::<T>() as u64));
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(usize::try_from(count).map_err(|_| no_room())?).map_err(|_| no_room())?;
    Ok(numbers)
}
