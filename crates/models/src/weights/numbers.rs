//! Numbers in their resident format and in row-major order: tables of embeddings, and whatever is used as it stands.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use half::{bf16, f16};
use vitrine_kernels::int8::quantize_weights;

use super::compact_copy::CopyRow;
use crate::{Error, Result};

/// A tensor whose rows can be read one by one.
pub(crate) struct Rows {
    numbers: RefCell<Numbers>,
    /// Rows that have not arrived; empty for none.
    absent: RefCell<Vec<bool>>,
    /// Absent rows that have been asked for.
    wanted: RefCell<BTreeSet<usize>>,
    /// Whether it is used as a matrix too, so that no row may be absent.
    whole: Cell<bool>,
    /// Its dimensions.
    pub(crate) shape: Vec<usize>,
}

/// Numbers of one format.
pub(crate) enum Numbers {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
    /// Rows of `width` whole numbers, each row to be multiplied by its scale.
    Q8 {
        numbers: Vec<i8>,
        scales: Vec<f32>,
        width: usize,
    },
    /// Nothing but zeros, for a model that is built before its weights are there.
    Zeros,
}

impl Rows {
    pub(crate) fn new(numbers: Numbers, shape: Vec<usize>) -> Self {
        Self {
            numbers: RefCell::new(numbers),
            absent: RefCell::default(),
            wanted: RefCell::default(),
            whole: Cell::new(false),
            shape,
        }
    }

    /// All rows as absent; [`Rows::fill`] brings them.
    pub(crate) fn absent(numbers: Numbers, shape: Vec<usize>) -> Self {
        let rows = shape.first().copied().unwrap_or(0);
        Self { absent: RefCell::new(vec![true; rows]), ..Self::new(numbers, shape) }
    }

    /// The numbers in their format.
    pub(crate) fn numbers(&self) -> Ref<'_, Numbers> {
        self.numbers.borrow()
    }

    /// Rows, and numbers in each.
    pub(crate) fn dims2(&self) -> (usize, usize) {
        let rows = self.shape.first().copied().unwrap_or(1);
        (rows, self.shape.iter().skip(1).product())
    }

    /// Numbers in all rows.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.numbers.borrow().bytes()
    }

    /// Copies the numbers from place `start` on.
    pub(crate) fn read(&self, start: usize, out: &mut [f32]) {
        self.numbers.borrow().read(start, out);
    }

    /// All numbers.
    pub(crate) fn to_vec(&self) -> Vec<f32> {
        let mut numbers = vec![0.0; self.count()];
        self.read(0, &mut numbers);
        numbers
    }

    /// Notes that it is used as a matrix.
    pub(crate) fn use_whole(&self) {
        self.whole.set(true);
    }

    /// Whether it is used as a matrix.
    pub(crate) fn is_used_whole(&self) -> bool {
        self.whole.get()
    }

    /// Whether another table holds the same numbers, or is not there to tell.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        if matches!(&*self.numbers.borrow(), Numbers::Zeros) || std::ptr::eq(self, other) {
            return true;
        }
        let (rows, width) = self.dims2();
        let (mut own, mut others) = (vec![0.0; width], vec![0.0; width]);
        (0..rows).all(|row| {
            self.read(row * width, &mut own);
            other.read(row * width, &mut others);
            own == others
        })
    }

    /// An error where one of these rows has not arrived; all of them are then noted as wanted.
    pub(crate) fn need(&self, rows: impl Iterator<Item = usize>) -> Result<()> {
        let absent = self.absent.borrow();
        let mut wanted = self.wanted.borrow_mut();
        wanted.extend(rows.filter(|row| absent.get(*row).copied().unwrap_or(false)));
        if wanted.is_empty() { Ok(()) } else { Err(Error::MissingRows) }
    }

    /// Rows that have been needed and have not arrived.
    pub(crate) fn wanted(&self) -> Vec<usize> {
        self.wanted.borrow().iter().copied().collect()
    }

    /// Brings whole rows from row `first` on.
    pub(crate) fn fill(&self, first: usize, numbers: &[f32]) {
        let (_, width) = self.dims2();
        let rows = first..first + numbers.len() / width.max(1);
        self.numbers.borrow_mut().write(rows.clone(), width, numbers);
        self.have_come(rows);
    }

    /// Brings rows of whole numbers from row `first` on, each of which is to be multiplied by its own of all `scales`.
    pub(crate) fn fill_scaled(&self, first: usize, bytes: &[u8], scales: &[f32]) {
        let (_, width) = self.dims2();
        let scales = scales.get(first..).unwrap_or_default();
        let mut rows = self.numbers.borrow_mut();
        for (row, (bytes, scale)) in (first..).zip(bytes.chunks_exact(width.max(1)).zip(scales)) {
            let whole = bytes.iter().map(|byte| byte.cast_signed());
            if let Numbers::Q8 { numbers, scales, .. } = &mut *rows {
                let numbers = numbers.get_mut(row * width..(row + 1) * width).unwrap_or_default();
                numbers.iter_mut().zip(whole).for_each(|(number, whole)| *number = whole);
                scales.get_mut(row).into_iter().for_each(|place| *place = *scale);
            } else {
                let numbers: Vec<f32> = whole.map(|whole| f32::from(whole) * scale).collect();
                rows.write(row..row + 1, width, &numbers);
            }
        }
        drop(rows);
        self.have_come(first..first + bytes.len() / width.max(1));
    }

    fn have_come(&self, rows: Range<usize>) {
        self.wanted.borrow_mut().retain(|row| !rows.contains(row));
        self.absent.borrow_mut().get_mut(rows).into_iter().flatten().for_each(|absent| *absent = false);
    }
}

impl CopyRow for Rows {
    fn copy_row(&self, row: usize, out: &mut Vec<u8>) -> f32 {
        self.numbers.borrow().copy_row(row, self.dims2().1, out)
    }
}

impl Numbers {
    /// Bytes in memory.
    fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::F32(numbers) => size_of_val(numbers.as_slice()),
            Self::F16(numbers) => size_of_val(numbers.as_slice()),
            Self::Bf16(numbers) => size_of_val(numbers.as_slice()),
            Self::Q8 { numbers, scales, .. } => numbers.len() + size_of_val(scales.as_slice()),
            Self::Zeros => 0,
        };
        bytes as u64
    }

    /// Copies the numbers from place `start` on.
    fn read(&self, start: usize, out: &mut [f32]) {
        fn copy<T: Copy>(numbers: &[T], start: usize, out: &mut [f32], convert: impl Fn(T) -> f32) {
            let found = numbers.get(start..).unwrap_or_default();
            out.iter_mut().zip(found).for_each(|(out, number)| *out = convert(*number));
        }
        match self {
            Self::F32(numbers) => copy(numbers, start, out, |number| number),
            Self::F16(numbers) => copy(numbers, start, out, f16::to_f32),
            Self::Bf16(numbers) => copy(numbers, start, out, bf16::to_f32),
            Self::Q8 { numbers, scales, width } => {
                copy(numbers, start, out, f32::from);
                let scale = |place: usize| scales.get((start + place) / (*width).max(1)).copied().unwrap_or(0.0);
                out.iter_mut().enumerate().for_each(|(place, number)| *number *= scale(place));
            }
            Self::Zeros => out.fill(0.0),
        }
    }

    /// Appends the bytes of a row of `width` numbers; answers its scale where it is quantized.
    pub(crate) fn copy_row(&self, row: usize, width: usize, out: &mut Vec<u8>) -> f32 {
        let places = row * width..(row + 1) * width;
        match self {
            Self::Q8 { numbers, scales, .. } => {
                out.extend(numbers.get(places).into_iter().flatten().map(|number| number.cast_unsigned()));
                scales.get(row).copied().unwrap_or(0.0)
            }
            Self::F32(numbers) => {
                out.extend(numbers.get(places).into_iter().flatten().flat_map(|number| number.to_le_bytes()));
                0.0
            }
            _ => 0.0,
        }
    }

    /// Replaces whole rows of `width` numbers.
    fn write(&mut self, rows: Range<usize>, width: usize, from: &[f32]) {
        fn copy<T>(numbers: &mut [T], places: Range<usize>, from: &[f32], convert: impl Fn(f32) -> T) {
            let numbers = numbers.get_mut(places).unwrap_or_default();
            numbers.iter_mut().zip(from).for_each(|(number, from)| *number = convert(*from));
        }
        let places = rows.start * width..rows.end * width;
        match self {
            Self::F32(numbers) => copy(numbers, places, from, |number| number),
            Self::F16(numbers) => copy(numbers, places, from, f16::from_f32),
            Self::Bf16(numbers) => copy(numbers, places, from, bf16::from_f32),
            Self::Q8 { numbers, scales, .. } => {
                for (row, from) in rows.zip(from.chunks_exact(width.max(1))) {
                    if let (Some(numbers), Some(scale)) =
                        (numbers.get_mut(row * width..(row + 1) * width), scales.get_mut(row))
                    {
                        *scale = quantize_weights(from, numbers);
                    }
                }
            }
            Self::Zeros => {}
        }
    }

    /// A copy of the numbers at `start` and, from dimension to dimension, `strides` apart, in row-major order.
    pub(crate) fn gather(&self, start: usize, shape: &[usize], strides: &[usize]) -> Result<Vec<f32>> {
        let count: usize = shape.iter().product();
        let mut gathered = reserve(count as u64)?;
        let mut place = vec![0; shape.len()];
        let mut at = start;
        for _ in 0..count {
            let mut number = [0.0];
            self.read(at, &mut number);
            gathered.extend(number);
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
}

/// A vector with room for so many numbers.
pub(crate) fn reserve<T>(count: u64) -> Result<Vec<T>> {
    let no_room = || Error::OutOfMemory(count.saturating_mul(size_of::<T>() as u64));
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(usize::try_from(count).map_err(|_| no_room())?).map_err(|_| no_room())?;
    Ok(numbers)
}

/// So many zeros.
pub(crate) fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>> {
    let mut numbers = reserve(count as u64)?;
    numbers.resize(count, T::default());
    Ok(numbers)
}
