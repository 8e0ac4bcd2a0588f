//! A matrix packed for products: panels of eight outputs, in any resident format.

use half::{bf16, f16};
use vitrine_kernels::{Finish, PANEL, int8, product};

use super::numbers::zeros;
use super::{Resident, Rows};
use crate::{Error, Result};

/// Below so many numbers a matrix is not quantized: it costs nothing to keep it exact.
pub(crate) const FEWEST_QUANTIZED: usize = 1 << 14;

/// A packed matrix `[outputs, inputs]`.
pub(crate) struct Matrix {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    pub(crate) panels: Panels,
}

/// The numbers of a packed matrix.
pub(crate) enum Panels {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
    /// Whole numbers.
    Q8(int8::Matrix),
    /// For a model that is built before its weights are there.
    Absent,
}

/// Rows that are multiplied by several matrices.
pub(crate) struct Input<'a> {
    rows: &'a [f32],
    inputs: usize,
    quantized: std::cell::OnceCell<int8::Rows>,
}

impl<'a> Input<'a> {
    /// Of rows of `inputs` numbers.
    pub(crate) fn new(rows: &'a [f32], inputs: usize) -> Self {
        Self { rows, inputs, quantized: std::cell::OnceCell::new() }
    }

    pub(crate) fn rows(&self) -> &'a [f32] {
        self.rows
    }

    /// Number of rows.
    pub(crate) fn count(&self) -> usize {
        self.rows.len() / self.inputs.max(1)
    }
}

impl Matrix {
    /// A matrix that is to be filled, in the format that is resident.
    pub(crate) fn zeros(resident: Resident, outputs: usize, inputs: usize) -> Result<Self> {
        let packed = product::packed_len(outputs, inputs);
        let panels = match resident {
            Resident::Q8 => {
                let no_room = |_| Error::OutOfMemory(packed as u64);
                Panels::Q8(int8::Matrix::zeros(outputs, inputs).map_err(no_room)?)
            }
            Resident::F32 => Panels::F32(zeros(packed)?),
            Resident::F16 => Panels::F16(zeros(packed)?),
            Resident::Bf16 => Panels::Bf16(zeros(packed)?),
        };
        Ok(Self { outputs, inputs, panels })
    }

    /// A matrix without numbers, whose products are zero.
    pub(crate) fn absent(outputs: usize, inputs: usize) -> Self {
        Self { outputs, inputs, panels: Panels::Absent }
    }

    /// Of numbers `[outputs * inputs]` in row-major order.
    pub(crate) fn of(resident: Resident, numbers: &[f32], outputs: usize, inputs: usize) -> Result<Self> {
        let mut matrix = Self::zeros(resident.of_matrix(numbers.len()), outputs, inputs)?;
        for (output, row) in numbers.chunks_exact(inputs.max(1)).take(outputs).enumerate() {
            matrix.set(output, 0, row);
        }
        Ok(matrix)
    }

    /// Of some columns of some rows.
    pub(crate) fn of_rows(
        resident: Resident,
        rows: &Rows,
        outputs: std::ops::Range<usize>,
        inputs: std::ops::Range<usize>,
    ) -> Result<Self> {
        let (_, width) = rows.dims2();
        let mut matrix = Self::zeros(resident.of_matrix(rows.count()), outputs.len(), inputs.len())?;
        let (mut row, mut quantized) = (vec![0.0; width], vec![0; width]);
        for (output, from) in outputs.enumerate() {
            rows.read(from * width, &mut row);
            let part = row.get(inputs.clone()).unwrap_or_default();
            if matrix.takes_whole_rows() && part.len() < width {
                let scale = int8::quantize_weights(&row, &mut quantized);
                matrix.set_quantized(output, quantized.get(inputs.clone()).unwrap_or_default(), scale);
            } else {
                matrix.set(output, 0, part);
            }
        }
        Ok(matrix)
    }

    /// Whether a row can only be set as a whole.
    pub(crate) fn takes_whole_rows(&self) -> bool {
        matches!(self.panels, Panels::Q8(_))
    }

    /// Sets numbers of the row `output`, from column `start` on; all of them where it [takes whole rows](Self::takes_whole_rows).
    pub(crate) fn set(&mut self, output: usize, start: usize, numbers: &[f32]) {
        let inputs = self.inputs;
        match &mut self.panels {
            Panels::F32(panels) => product::pack(panels, inputs, output, start, numbers),
            Panels::F16(panels) => set_half(panels, inputs, output, start, numbers, f16::from_f32),
            Panels::Bf16(panels) => set_half(panels, inputs, output, start, numbers, bf16::from_f32),
            Panels::Q8(matrix) => matrix.set(output, numbers),
            Panels::Absent => {}
        }
    }

    /// Sets the row `output` of whole numbers that are to be multiplied by `scale`.
    pub(crate) fn set_quantized(&mut self, output: usize, row: &[i8], scale: f32) {
        match &mut self.panels {
            Panels::Q8(matrix) => matrix.set_quantized(output, row, scale),
            _ => {
                let row: Vec<f32> = row.iter().map(|number| f32::from(*number) * scale).collect();
                self.set(output, 0, &row);
            }
        }
    }

    /// Copies the whole numbers of the row `output`; answers their scale, or `None` where it is not quantized.
    pub(crate) fn quantized_row(&self, output: usize, row: &mut [i8]) -> Option<f32> {
        let Panels::Q8(matrix) = &self.panels else { return None };
        Some(matrix.row(output, row))
    }

    /// Copies the numbers of the row `output` where they are f32.
    pub(crate) fn row(&self, output: usize, row: &mut [f32]) {
        let Panels::F32(panels) = &self.panels else { return };
        let places = panels.iter().skip(output / PANEL * self.inputs * PANEL + output % PANEL).step_by(PANEL);
        row.iter_mut().zip(places).for_each(|(number, found)| *number = *found);
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = match &self.panels {
            Panels::F32(panels) => size_of_val(panels.as_slice()),
            Panels::F16(panels) => size_of_val(panels.as_slice()),
            Panels::Bf16(panels) => size_of_val(panels.as_slice()),
            Panels::Q8(int8::Matrix { panels, scales, sums, .. }) => {
                panels.len() + size_of_val(scales.as_slice()) + size_of_val(sums.as_slice())
            }
            Panels::Absent => 0,
        };
        bytes as u64
    }

    /// `out = finish(rows Wᵀ)`: `[rows * inputs]` → `[rows * outputs]`.
    pub(crate) fn product(&self, input: &Input<'_>, finish: Finish<'_>, out: &mut [f32]) {
        let (outputs, inputs) = (self.outputs, self.inputs);
        match &self.panels {
            Panels::F32(panels) => product::product(input.rows, panels, inputs, outputs, finish, out),
            Panels::F16(panels) => {
                let mut panel = |index: usize, panel: &mut [f32]| get_half(panels, index, panel, f16::to_f32);
                product::product_of(input.rows, &mut panel, inputs, outputs, finish, out);
            }
            Panels::Bf16(panels) => {
                let mut panel = |index: usize, panel: &mut [f32]| get_half(panels, index, panel, bf16::to_f32);
                product::product_of(input.rows, &mut panel, inputs, outputs, finish, out);
            }
            Panels::Q8(matrix) => {
                let rows = input.quantized.get_or_init(|| int8::Rows::quantize(input.rows, inputs));
                matrix.product(rows, finish, out);
            }
            Panels::Absent => out.fill(0.0),
        }
    }
}

impl Rows {
    /// The product with a matrix that is not packed, for instance a table of embeddings.
    pub(crate) fn product(&self, input: &Input<'_>, finish: Finish<'_>, out: &mut [f32]) {
        let (outputs, inputs) = self.dims2();
        let mut row = vec![0.0; inputs];
        let mut panel = |index: usize, panel: &mut [f32]| {
            panel.fill(0.0);
            for lane in 0..PANEL.min(outputs.saturating_sub(index * PANEL)) {
                self.read((index * PANEL + lane) * inputs, &mut row);
                product::pack(panel, inputs, lane, 0, &row);
            }
        };
        product::product_of(input.rows, &mut panel, inputs, outputs, finish, out);
    }
}

fn set_half<T>(
    panels: &mut [T],
    inputs: usize,
    output: usize,
    start: usize,
    numbers: &[f32],
    convert: impl Fn(f32) -> T,
) {
    let first = (output / PANEL * inputs + start) * PANEL + output % PANEL;
    let places = panels.get_mut(first..).unwrap_or_default().iter_mut().step_by(PANEL);
    places.zip(numbers).for_each(|(place, number)| *place = convert(*number));
}

fn get_half<T: Copy>(panels: &[T], index: usize, panel: &mut [f32], convert: impl Fn(T) -> f32) {
    let found = panels.get(index * panel.len()..).unwrap_or_default();
    panel.iter_mut().zip(found).for_each(|(number, found)| *number = convert(*found));
}
