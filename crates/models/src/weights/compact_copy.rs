//! A file's tensors as they are quantized, on their way to this device's storage: a compact checkpoint of what one model
//! reads, so that the next visit reads a quarter of the bytes and quantizes nothing. Its layout is that of
//! [`crate::Converter`].

use std::collections::HashMap;

use super::layout::{Entry, layout};
use super::matrix::FEWEST_QUANTIZED;
use super::safetensors::is_used;
use super::{Form, SCALES, Tensors};
use crate::safetensors::{Dtype, TensorInfo};

/// Bytes of the copy, and where they stand in it.
pub type Stretch = (u64, Vec<u8>);

/// Bytes of a stretch, as far as whole rows allow.
const STRETCH: usize = 1 << 20;

/// The copy of one file.
pub struct CompactCopy {
    /// What stands before the tensors of whole numbers: the header, tensors in f32, scales.
    front: Vec<u8>,
    places: HashMap<String, Place>,
}

/// Where a tensor stands.
struct Place {
    rows: usize,
    row_bytes: usize,
    start: u64,
    /// Where its scales stand, if it is quantized.
    scales: Option<u64>,
}

/// A tensor whose rows can be copied.
pub(super) trait CopyRow {
    /// Appends the bytes of a row; answers its scale where it is quantized.
    fn copy_row(&self, row: usize, out: &mut Vec<u8>) -> f32;
}

impl CompactCopy {
    /// Of a file that holds `contents`; `None` where that cannot be kept in fewer bits, or already is.
    pub(super) fn new(contents: &[TensorInfo], tensors: &Tensors<'_>) -> Option<Self> {
        let mut entries = Vec::new();
        for info in contents.iter().filter(|info| is_used(info, tensors)) {
            let (name, shape) = (info.name.clone(), info.shape.clone());
            let large = shape.iter().product::<usize>() >= FEWEST_QUANTIZED;
            let quantized = match tensors.form(&name, &shape) {
                Form::Numbers => false,
                Form::Table => true,
                Form::Pieces(_) => large,
            };
            if info.dtype == Dtype::I8 || (quantized && shape.len() < 2) {
                return None;
            }
            if quantized {
                let rows = shape.iter().take(1).copied().collect();
                entries.push((0, Entry { name: format!("{name}{SCALES}"), dtype: Dtype::F32, shape: rows }));
            }
            let dtype = if quantized { Dtype::I8 } else { Dtype::F32 };
            entries.push((usize::from(quantized), Entry { name, dtype, shape }));
        }
        entries.sort_by_key(|(after, _)| *after);
        let entries: Vec<Entry> = entries.into_iter().map(|(_, entry)| entry).collect();
        let (mut front, starts) = layout(&entries, serde_json::Map::new());
        let starts: HashMap<&str, u64> = entries.iter().map(|entry| entry.name.as_str()).zip(starts).collect();
        let places = entries.iter().filter(|entry| !entry.name.ends_with(SCALES)).filter_map(|entry| {
            let rows = if entry.shape.len() < 2 { 1 } else { entry.shape.first().copied().unwrap_or(1) };
            let place = Place {
                rows,
                row_bytes: entry.bytes() as usize / rows.max(1),
                start: *starts.get(entry.name.as_str())?,
                scales: starts.get(format!("{}{SCALES}", entry.name).as_str()).copied(),
            };
            Some((entry.name.clone(), place))
        });
        let places: HashMap<String, Place> = places.collect();
        let first = places.values().filter(|place| place.scales.is_some()).map(|place| place.start).min()?;
        front.resize(usize::try_from(first).ok()?, 0);
        Some(Self { front, places })
    }

    /// The rows of a tensor from `row` on, as many as fit into a stretch, and the row after them; `None` after the last. A
    /// tensor that is not quantized is taken at once, and is no stretch.
    pub(super) fn copy(&mut self, name: &str, row: usize, from: &dyn CopyRow) -> Option<(Stretch, usize)> {
        let Place { rows, row_bytes, start, scales } = self.places.get(name)?;
        let Some(scales) = scales else {
            let mut bytes = Vec::with_capacity(rows * row_bytes);
            for row in 0..*rows {
                from.copy_row(row, &mut bytes);
            }
            put(&mut self.front, *start, &bytes);
            return None;
        };
        let end = (row + (STRETCH / (*row_bytes).max(1)).max(1)).min(*rows);
        // With room for a checksum.
        let mut bytes = Vec::with_capacity(row_bytes * end.saturating_sub(row) + 8);
        for row in row..end {
            let scale = from.copy_row(row, &mut bytes);
            put(&mut self.front, scales + 4 * row as u64, &scale.to_le_bytes());
        }
        (row < end).then_some(((start + (row * row_bytes) as u64, bytes), end))
    }

    /// What stands before all that was copied, once that is complete.
    pub fn front(&self) -> impl Iterator<Item = Stretch> {
        let parts = self.front.chunks(STRETCH).enumerate();
        parts.map(|(index, bytes)| ((index * STRETCH) as u64, bytes.to_vec()))
    }
}

fn put(front: &mut [u8], start: u64, bytes: &[u8]) {
    let place = front.get_mut(start as usize..).and_then(|front| front.get_mut(..bytes.len()));
    place.into_iter().for_each(|place| place.copy_from_slice(bytes));
}
