//! A safetensors file read in parts: what a model needs at once, and tables whose rows come when a text needs them.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use vitrine_kernels::convert;

use super::filling::absent_table;
use super::safetensors::{Safetensors, begin, is_quantized, is_used, scales};
use super::{Building, CompactCopy, Format, Kept, Rows, Stretch, Tensors, WeightsReader};
use crate::safetensors::{Dtype, TensorInfo};
use crate::{Error, Result};

/// What of a file is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Bytes that the model cannot do without, in order.
    pub needed: Vec<Range<u64>>,
    /// Bytes of tables whose rows can come later.
    pub later: u64,
}

/// Bytes of rows that are converted at once.
const ROOM: usize = 1 << 16;

/// A table whose rows come later.
pub struct LateTable {
    name: String,
    rows: Rc<Rows>,
    dtype: Dtype,
    /// What its rows of whole numbers are to be multiplied by.
    scales: Vec<f32>,
    /// Where its first row begins in the file.
    start: u64,
}

/// A file of which parts come.
pub(super) struct Partial {
    /// Where the first tensor begins in the file.
    start: u64,
    least: u64,
    /// Its tables whose rows come later.
    late: Vec<LateTable>,
    building: HashMap<usize, Building>,
}

impl WeightsReader<'_> {
    /// What is needed of a safetensors file whose header has come, and nothing after it: a table that is read by rows
    /// comes later where it has at least `least` bytes. `None` for other formats, which are read as a whole.
    ///
    /// The memory of such tables is taken now: what is small fits into the holes that a load leaves, and they do not.
    pub fn parts(&mut self, least: u64) -> Result<Option<Parts>> {
        let Format::Safetensors(reader) = &mut self.format else { return Ok(None) };
        let start = reader.data_start();
        let begin = || Partial { start, least, late: Vec::new(), building: HashMap::new() };
        let Some((infos, partial)) = reader.partial(begin) else { return Ok(None) };
        let (mut parts, mut scaled) = (Parts { needed: Vec::new(), later: 0 }, false);
        for (info, range) in infos.iter().zip(ranges(infos, start)) {
            scaled |= is_quantized(info);
            if partial.is_late(info, &self.tensors) {
                parts.later += info.bytes;
                let rows = Rc::new(absent_table(&info.shape, self.tensors.resident)?);
                let (name, dtype, scales) = (info.name.clone(), info.dtype, Vec::new());
                partial.late.push(LateTable { name, rows, dtype, scales, start: range.start });
            } else if is_used(info, &self.tensors) && info.bytes > 0 {
                match parts.needed.last_mut() {
                    Some(last) if last.end == range.start => last.end = range.end,
                    _ => parts.needed.push(range),
                }
            }
        }
        // Scales come before the numbers that they are of, so all has to come in its order.
        if scaled && let (Some(first), Some(last)) = (parts.needed.first(), parts.needed.last()) {
            let all = first.start..last.end;
            if partial.late.iter().any(|table| all.contains(&table.start)) {
                return Ok(None);
            }
            parts.needed = vec![all];
        }
        Ok(Some(parts))
    }

    /// Takes bytes of the file from place `offset` on; those of one needed part come in their order.
    pub fn write_part(&mut self, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
        let (infos, partial) = partial(&mut self.format)?;
        let all: Vec<Range<u64>> = ranges(infos, partial.start).collect();
        let first = all.partition_point(|range| range.end <= offset);
        for (index, (info, range)) in infos.iter().zip(&all).enumerate().skip(first) {
            let count = range.end.saturating_sub(offset).min(bytes.len() as u64) as usize;
            let (mut own, rest) = bytes.split_at(count);
            if is_used(info, &self.tensors) && !partial.is_late(info, &self.tensors) && !own.is_empty() {
                if offset == range.start {
                    partial.building.insert(index, begin(info, &self.tensors)?);
                }
                let building = partial.building.get_mut(&index);
                if building.ok_or_else(|| out_of_order(info))?.write(&mut own) {
                    self.tensors.keep_built(&info.name, partial.building.remove(&index))?;
                }
            }
            offset += count as u64;
            bytes = rest;
            if bytes.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Ends the file; the tables whose rows are still to come.
    pub fn end_parts(&mut self) -> Result<Vec<LateTable>> {
        let (infos, partial) = partial(&mut self.format)?;
        for info in infos {
            if partial.is_late(info, &self.tensors) || !is_used(info, &self.tensors) {
                continue;
            }
            if info.bytes == 0 {
                self.tensors.keep_built(&info.name, Some(begin(info, &self.tensors)?))?;
            } else if !self.tensors.has(&info.name) {
                return Err(Error::Weights("the file of weights ends too soon".to_owned()));
            }
        }
        for table in &mut partial.late {
            if table.dtype == Dtype::I8 {
                table.scales = scales(&table.name, table.rows.dims2().0, &self.tensors)?;
            }
            self.tensors.keep(&table.name, Kept::Rows(table.rows.clone()))?;
        }
        Ok(std::mem::take(&mut partial.late))
    }
}

impl Partial {
    fn is_late(&self, info: &TensorInfo, tensors: &Tensors<'_>) -> bool {
        let by_row = matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::I8) && info.shape.len() == 2;
        by_row && info.bytes >= self.least && tensors.is_read_by_row(&info.name)
    }
}

impl LateTable {
    /// Rows that a text needed and that have not come, in order.
    pub fn wanted(&self) -> Vec<u64> {
        self.rows.wanted().into_iter().map(|row| row as u64).collect()
    }

    /// Where a row stands in the file.
    pub fn range_of(&self, row: u64) -> Range<u64> {
        let start = self.start + row * self.row_bytes();
        start..start + self.row_bytes()
    }

    /// Where the table stands in the file.
    pub fn range(&self) -> Range<u64> {
        self.start..self.start + self.row_bytes() * self.rows.dims2().0 as u64
    }

    /// Takes whole rows from place `offset` of the file on.
    pub fn fill(&self, offset: u64, bytes: &[u8]) {
        let first = (offset.saturating_sub(self.start) / self.row_bytes().max(1)) as usize;
        if self.dtype == Dtype::I8 {
            return self.rows.fill_scaled(first, bytes, &self.scales);
        }
        let row_bytes = (self.row_bytes() as usize).max(1);
        let at_once = (ROOM / row_bytes).max(1);
        let mut numbers = Vec::new();
        for (index, bytes) in bytes.chunks(row_bytes * at_once).enumerate() {
            numbers.resize(bytes.len() / (self.dtype.width() as usize).max(1), 0.0);
            match self.dtype {
                Dtype::F16 => convert::fill_f16s(&mut numbers, bytes),
                Dtype::BF16 => convert::fill_bf16s(&mut numbers, bytes),
                _ => convert::fill_f32s(&mut numbers, bytes),
            }
            self.rows.fill(first + index * at_once, &numbers);
        }
    }

    /// Copies its rows from `row` on, all of which have come; answers the row to go on with, `None` at the end.
    pub fn copy(&self, row: usize, copy: &mut CompactCopy) -> Option<(Stretch, usize)> {
        copy.copy(&self.name, row, &*self.rows)
    }

    /// Bytes of a row in the file.
    pub fn row_bytes(&self) -> u64 {
        self.rows.dims2().1 as u64 * self.dtype.width()
    }
}

/// Where the tensors stand in the file.
fn ranges(infos: &[TensorInfo], start: u64) -> impl Iterator<Item = Range<u64>> {
    infos.iter().scan(start, |at, info| {
        let range = *at..*at + info.bytes;
        *at = range.end;
        Some(range)
    })
}

fn partial(format: &mut Format) -> Result<(&[TensorInfo], &mut Partial)> {
    let not_begun = || Error::Internal("a file is read in parts that has no parts".to_owned());
    let Format::Safetensors(reader) = format else { return Err(not_begun()) };
    Safetensors::parts(reader).ok_or_else(not_begun)
}

fn out_of_order(info: &TensorInfo) -> Error {
    Error::Internal(format!("the bytes of tensor `{}` came out of their order", info.name))
}
