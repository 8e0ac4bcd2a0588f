//! A tensor in the making: numbers in row-major order, as they arrive, into the form that the model asked for.

use std::rc::Rc;

use half::{bf16, f16};
use vitrine_kernels::convert;
use vitrine_kernels::int8::quantize_weights;

use super::compact_copy::CopyRow;
use super::numbers::{Numbers, reserve, zeros};
use super::{Form, Held, Kept, Matrix, Piece, Resident, Rows};
use crate::peers::SharedPeers;
use crate::safetensors::Dtype;
use crate::{Error, Result};

/// A tensor that is filled from its first number on.
pub(crate) struct Filling {
    shape: Vec<usize>,
    target: Target,
    /// Numbers in a row.
    width: usize,
    /// Rows that are complete.
    row: usize,
    /// Numbers of the next row that have come.
    column: usize,
    pending: Pending,
}

/// The next row, where rows are only taken as a whole.
enum Pending {
    /// They are taken as they come.
    None,
    Numbers(Vec<f32>),
    /// Whole numbers, and what the numbers of each row are to be multiplied by.
    Scaled(Vec<i8>, Vec<f32>),
}

enum Target {
    Rows(Numbers),
    Pieces(Vec<(Piece, Matrix)>),
}

impl Filling {
    /// A tensor of this form and shape. Whole numbers come with `scales`, one a row.
    pub(crate) fn new(shape: &[usize], form: &Form, resident: Resident, scales: Vec<f32>) -> Result<Self> {
        let count: usize = shape.iter().product();
        let width = shape.iter().skip(1).product::<usize>().max(1);
        let rows = if shape.len() < 2 { 1 } else { count / width };
        let width = if shape.len() < 2 { count } else { width };
        let target = match form {
            Form::Pieces(pieces) => {
                let resident = resident.of_matrix(count);
                let matrix = |piece: &Piece| Matrix::zeros(resident, piece.outputs.len(), piece.inputs.len());
                let pieces = pieces.iter().map(|piece| Ok((piece.clone(), matrix(piece)?)));
                Target::Pieces(pieces.collect::<Result<_>>()?)
            }
            Form::Table => Target::Rows(match resident {
                Resident::F32 => Numbers::F32(reserve(count as u64)?),
                Resident::F16 => Numbers::F16(reserve(count as u64)?),
                Resident::Bf16 => Numbers::Bf16(reserve(count as u64)?),
                Resident::Q8 => Numbers::Q8 { numbers: reserve(count as u64)?, scales: reserve(rows as u64)?, width },
            }),
            Form::Numbers => Target::Rows(Numbers::F32(reserve(count as u64)?)),
        };
        let whole_rows = match &target {
            Target::Rows(Numbers::Q8 { .. }) => true,
            Target::Rows(_) => false,
            Target::Pieces(pieces) => pieces.iter().any(|(_, matrix)| matrix.takes_whole_rows()),
        };
        let pending = match (scales.is_empty(), whole_rows) {
            (false, _) => Pending::Scaled(reserve(width as u64)?, scales),
            (true, true) => Pending::Numbers(reserve(width as u64)?),
            (true, false) => Pending::None,
        };
        Ok(Self { shape: shape.to_vec(), target, width, row: 0, column: 0, pending })
    }

    /// Takes the bytes of complete numbers.
    pub(crate) fn append(&mut self, dtype: Dtype, bytes: &[u8]) {
        if dtype == Dtype::I8 {
            return self.append_whole(bytes);
        }
        match (&mut self.target, dtype, &self.pending) {
            (Target::Rows(Numbers::F32(out)), Dtype::F32, Pending::None) => return convert::append_f32s(out, bytes),
            (Target::Rows(Numbers::F16(out)), Dtype::F16, Pending::None) => return out.extend(convert::f16s(bytes)),
            (Target::Rows(Numbers::Bf16(out)), Dtype::BF16, Pending::None) => return out.extend(convert::bf16s(bytes)),
            _ => {}
        }
        let (width, fill): (usize, Fill) = match dtype {
            Dtype::F32 => (4, convert::fill_f32s),
            Dtype::F64 => (8, convert::fill_f64s),
            Dtype::F16 => (2, convert::fill_f16s),
            _ => (2, convert::fill_bf16s),
        };
        let mut stretch = [0.0; 512];
        for bytes in bytes.chunks(512 * width) {
            let numbers = stretch.get_mut(..bytes.len() / width).unwrap_or_default();
            fill(numbers, bytes);
            self.append_numbers(numbers);
        }
    }

    /// Takes numbers.
    pub(crate) fn append_numbers(&mut self, mut numbers: &[f32]) {
        while !numbers.is_empty() {
            let (taken, rest) = numbers.split_at(numbers.len().min((self.width - self.column).max(1)));
            numbers = rest;
            match &mut self.pending {
                Pending::Numbers(row) => row.extend_from_slice(taken),
                _ => set(&mut self.target, self.row, self.column, taken),
            }
            self.column += taken.len();
            if self.column >= self.width {
                self.end_row();
            }
        }
    }

    /// Takes whole numbers, whose rows have scales.
    fn append_whole(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (taken, rest) = bytes.split_at(bytes.len().min((self.width - self.column).max(1)));
            bytes = rest;
            if let Pending::Scaled(row, _) = &mut self.pending {
                convert::append_i8s(row, taken);
            }
            self.column += taken.len();
            if self.column >= self.width {
                self.end_row();
            }
        }
    }

    fn end_row(&mut self) {
        match &mut self.pending {
            Pending::None => {}
            Pending::Numbers(row) => {
                set(&mut self.target, self.row, 0, row);
                row.clear();
            }
            Pending::Scaled(row, scales) => {
                let scale = scales.get(self.row).copied().unwrap_or_default();
                set_scaled(&mut self.target, self.row, row, scale);
                row.clear();
            }
        }
        self.row += 1;
        self.column = 0;
    }

    /// The tensor. Pieces of other workers are handed to them.
    pub(crate) fn finish(self, peers: Option<&SharedPeers>) -> Result<Kept> {
        match self.target {
            Target::Rows(numbers) => Ok(Kept::Rows(Rc::new(Rows::new(numbers, self.shape)))),
            Target::Pieces(pieces) => {
                let held = |(piece, matrix): (Piece, Matrix)| Ok((piece.clone(), hold(piece.peer, matrix, peers)?));
                let pieces = pieces.into_iter().map(held).collect::<Result<_>>()?;
                Ok(Kept::Pieces { pieces, shape: self.shape })
            }
        }
    }

    /// The numbers in row-major order; none where the tensor is in pieces.
    pub(crate) fn into_numbers(self) -> Numbers {
        match self.target {
            Target::Rows(numbers) => numbers,
            Target::Pieces(_) => Numbers::Zeros,
        }
    }
}

impl CopyRow for Filling {
    fn copy_row(&self, row: usize, out: &mut Vec<u8>) -> f32 {
        let pieces = match &self.target {
            Target::Rows(numbers) => return numbers.copy_row(row, self.width, out),
            Target::Pieces(pieces) => pieces.iter().filter(|(piece, _)| piece.outputs.contains(&row)),
        };
        let (mut exact, mut quantized, mut row_scale) = (Vec::new(), vec![0; self.width], 0.0);
        for (piece, matrix) in pieces {
            let output = row - piece.outputs.start;
            match matrix.quantized_row(output, quantized.get_mut(piece.inputs.clone()).unwrap_or_default()) {
                Some(scale) => row_scale = scale,
                None => {
                    exact.resize(self.width, 0.0);
                    matrix.row(output, exact.get_mut(piece.inputs.clone()).unwrap_or_default());
                }
            }
        }
        match exact.is_empty() {
            true => out.extend(quantized.into_iter().map(i8::cast_unsigned)),
            false => out.extend(exact.into_iter().flat_map(f32::to_le_bytes)),
        }
        row_scale
    }
}

/// Makes numbers of bytes.
type Fill = fn(&mut [f32], &[u8]);

/// A table whose rows come later, one by one.
pub(crate) fn absent_table(shape: &[usize], resident: Resident) -> Result<Rows> {
    let count: usize = shape.iter().product();
    let numbers = match resident {
        Resident::F32 => Numbers::F32(zeros(count)?),
        Resident::F16 => Numbers::F16(zeros(count)?),
        Resident::Bf16 => Numbers::Bf16(zeros(count)?),
        Resident::Q8 => {
            let rows = shape.first().copied().unwrap_or(0);
            Numbers::Q8 { numbers: zeros(count)?, scales: zeros(rows)?, width: count / rows.max(1) }
        }
    };
    Ok(Rows::absent(numbers, shape.to_vec()))
}

/// Keeps a piece here, or hands it to the worker whose it is.
pub(crate) fn hold(peer: usize, matrix: Matrix, peers: Option<&SharedPeers>) -> Result<Held> {
    match (peer.checked_sub(1), peers) {
        (None, _) => Ok(Held::Here(Rc::new(matrix))),
        (Some(peer), Some(peers)) => Ok(Held::There(peers.give_matrix(peer, matrix)?)),
        (Some(_), None) => Err(Error::Internal("a matrix is shared, but there is no one to share it with".to_owned())),
    }
}

fn set(target: &mut Target, row: usize, column: usize, numbers: &[f32]) {
    match target {
        Target::Rows(Numbers::F32(out)) => out.extend_from_slice(numbers),
        Target::Rows(Numbers::F16(out)) => out.extend(numbers.iter().map(|number| f16::from_f32(*number))),
        Target::Rows(Numbers::Bf16(out)) => out.extend(numbers.iter().map(|number| bf16::from_f32(*number))),
        Target::Rows(Numbers::Q8 { numbers: out, scales, .. }) => {
            let start = out.len();
            out.resize(start + numbers.len(), 0);
            scales.push(quantize_weights(numbers, out.get_mut(start..).unwrap_or_default()));
        }
        Target::Rows(Numbers::Zeros) => {}
        Target::Pieces(pieces) if pieces.iter().any(|(_, matrix)| matrix.takes_whole_rows()) => {
            let mut quantized = vec![0; numbers.len()];
            let scale = quantize_weights(numbers, &mut quantized);
            set_quantized(pieces, row, &quantized, scale);
        }
        Target::Pieces(pieces) => {
            for (piece, matrix) in pieces.iter_mut().filter(|(piece, _)| piece.outputs.contains(&row)) {
                let first = column.max(piece.inputs.start);
                let last = (column + numbers.len()).min(piece.inputs.end);
                if let Some(numbers) = numbers.get(first - column..last.saturating_sub(column)) {
                    matrix.set(row - piece.outputs.start, first - piece.inputs.start, numbers);
                }
            }
        }
    }
}

/// Sets a row of whole numbers that are to be multiplied by `scale`.
fn set_scaled(target: &mut Target, row: usize, numbers: &[i8], scale: f32) {
    match target {
        Target::Rows(Numbers::Q8 { numbers: out, scales, .. }) => {
            out.extend_from_slice(numbers);
            scales.push(scale);
        }
        Target::Rows(_) => {
            let numbers: Vec<f32> = numbers.iter().map(|number| f32::from(*number) * scale).collect();
            set(target, row, 0, &numbers);
        }
        Target::Pieces(pieces) => set_quantized(pieces, row, numbers, scale),
    }
}

/// Sets the parts of a whole row of whole numbers that are to be multiplied by `scale`.
fn set_quantized(pieces: &mut [(Piece, Matrix)], row: usize, numbers: &[i8], scale: f32) {
    for (piece, matrix) in pieces.iter_mut().filter(|(piece, _)| piece.outputs.contains(&row)) {
        let numbers = numbers.get(piece.inputs.clone()).unwrap_or_default();
        matrix.set_quantized(row - piece.outputs.start, numbers, scale);
    }
}
