//! Rows times a matrix of weights, both quantized: weights to -127..=127 with a scale an output, rows to 0..=127 (what
//! relaxed dot products of WebAssembly are exact for) with a scale and a zero point each.
//!
//! Packed panels of eight outputs hold four inputs of the first output, the same four of the second, and so on. Of eight
//! inputs, the first, second, fifth and sixth are summed in 16 bits, and the other four, where processors are faster at that and the
//! weights of each four are so small that it is exact ([`quantize_weights`] makes them so). All variants answer the same
//! numbers, bit by bit, up to the activation.

pub(crate) mod dots;

use std::collections::TryReserveError;

use crate::lanes::{self, Kernel, Lanes};
use crate::tile::{GROUP, Place, Sums, group, rows_times_panels};
use crate::{Finish, PANEL};
pub(crate) use dots::{Activation, Weight};

/// Inputs that are packed together.
const INPUTS: usize = 4;

/// Inputs with the zeros that are packed behind them.
fn padded(inputs: usize) -> usize {
    inputs.next_multiple_of(2 * INPUTS)
}

/// The four of eight inputs that are summed in 16 bits, and the other four.
fn fours<T>([a, b, c, d, e, f, g, h]: [T; 2 * INPUTS]) -> [[T; 4]; 2] {
    [[a, b, e, f], [c, d, g, h]]
}

/// The largest sum that four weights of one sign may have: times 127 it is within 16 bits.
const HEAVIEST: i32 = i16::MAX as i32 / 127;

/// Quantizes a row symmetrically, to numbers from -127 to 127; answers their scale. That is `largest / 127`, or more where the
/// weights of one sign in a [four](fours) would else be more than [`HEAVIEST`] in sum; what rounding may add, half a
/// number each, is left out of it. What is no number becomes 0.
pub fn quantize_weights(row: &[f32], numbers: &mut [i8]) -> f32 {
    lanes::run(QuantizeWeights { row, numbers })
}

struct QuantizeWeights<'a> {
    row: &'a [f32],
    numbers: &'a mut [i8],
}

impl Kernel for QuantizeWeights<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<L: Lanes>(self) -> f32 {
        let (eights, rest) = self.row.as_chunks();
        let last = lanes::filled(rest, 0.0);
        let zero = L::splat(0.0);
        let (mut largest, mut heaviest, mut flaw) = (zero, zero, zero);
        for eight in eights.iter().chain([&last]) {
            let x = L::load(eight);
            let (positive, negative) = (x.max(zero), zero.sub(x).max(zero));
            largest = largest.max(positive.max(negative));
            heaviest = heaviest.max(positive.fours().max(negative.fours()));
            // 0 · x is 0 for all numbers that are finite.
            flaw = flaw.add(x.mul(zero));
        }
        if lanes::total(flaw) != 0.0 {
            return flawed(self.row, self.numbers);
        }
        let [largest, heaviest] = [largest, heaviest].map(|all| lanes::each(all).into_iter().fold(0.0, f32::max));
        let (scale, factor) = scale(largest, heaviest);
        let [factor, shift] = crate::exponential::constants([factor, crate::exponential::MAGIC]);
        let (places, rest) = self.numbers.as_chunks_mut();
        let quantized = |eight| L::load(eight).mul(factor).add(shift);
        for (eight, place) in eights.iter().zip(places) {
            quantized(eight).store_bytes(place);
        }
        let mut place = [0; 2 * INPUTS];
        quantized(&last).store_bytes(&mut place);
        rest.iter_mut().zip(place).for_each(|(to, from)| *to = from);
        scale
    }
}

/// What quantized weights are to be multiplied by, and weights to be quantized.
fn scale(largest: f32, heaviest: f32) -> (f32, f32) {
    let scale = (largest / 127.0).max(heaviest.min(f32::MAX) / (HEAVIEST - 2) as f32);
    (scale, if largest > 1e-30 { 1.0 / scale } else { 0.0 })
}

/// Quantizes a row of which some numbers are not finite.
#[cold]
fn flawed(row: &[f32], numbers: &mut [i8]) -> f32 {
    let largest = row.iter().fold(0f32, |largest, x| largest.max(x.abs())).min(f32::MAX);
    // Four times the largest: no four is heavier.
    let (scale, factor) = scale(largest, 4.0 * largest);
    for (number, x) in numbers.iter_mut().zip(row) {
        *number = (x * factor).round_ties_even().clamp(-127.0, 127.0) as i8;
    }
    scale
}

/// A packed matrix `[outputs, inputs]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Numbers that come out.
    pub outputs: usize,
    /// Numbers that go in.
    pub inputs: usize,
    /// Quantized weights.
    pub panels: Vec<i8>,
    /// What the weights of each output are to be multiplied by.
    pub scales: Vec<f32>,
    /// The sum of each output's quantized weights.
    pub sums: Vec<i32>,
    /// Whether each [four](fours) of products can be summed in 16 bits.
    pub fits: bool,
}

impl Matrix {
    /// A matrix of zeros.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub fn zeros(outputs: usize, inputs: usize) -> Result<Self, TryReserveError> {
        let panels = zeros(outputs.div_ceil(PANEL) * PANEL * padded(inputs))?;
        Ok(Self { outputs, inputs, panels, scales: zeros(outputs)?, sums: zeros(outputs)?, fits: true })
    }

    /// [Quantizes](quantize_weights) a row and sets it.
    pub fn set(&mut self, output: usize, row: &[f32]) {
        let mut numbers = vec![0; row.len()];
        let scale = quantize_weights(row, &mut numbers);
        self.set_quantized(output, &numbers, scale);
    }

    /// Sets a row that is quantized already.
    pub fn set_quantized(&mut self, output: usize, row: &[i8], scale: f32) {
        let mut numbers = row.iter().copied();
        let panel_len = (padded(self.inputs) * PANEL).max(1);
        let panel = self.panels.chunks_exact_mut(panel_len).nth(output / PANEL).unwrap_or_default();
        let mut total = 0;
        for group in panel.chunks_exact_mut(2 * INPUTS * PANEL) {
            let eight: [i8; 2 * INPUTS] = std::array::from_fn(|_| numbers.next().unwrap_or_default());
            for (places, numbers) in group.chunks_exact_mut(INPUTS * PANEL).zip(eight.chunks_exact(INPUTS)) {
                let places = places.iter_mut().skip(output % PANEL * INPUTS);
                places.zip(numbers).for_each(|(place, number)| *place = *number);
            }
            for four in fours(eight.map(i32::from)) {
                let sum = |sign: i32| four.into_iter().map(|x| (x * sign).max(0)).sum::<i32>();
                let (positive, negative) = (sum(1), sum(-1));
                self.fits &= positive.max(negative) <= HEAVIEST;
                total += positive - negative;
            }
        }
        if let (Some(kept_scale), Some(kept_sum)) = (self.scales.get_mut(output), self.sums.get_mut(output)) {
            (*kept_scale, *kept_sum) = (scale, total);
        }
    }

    /// Copies the quantized row `output`; answers its scale.
    pub fn row(&self, output: usize, row: &mut [i8]) -> f32 {
        let panel_len = (padded(self.inputs) * PANEL).max(1);
        let panel = self.panels.chunks_exact(panel_len).nth(output / PANEL).unwrap_or_default();
        let groups = panel.chunks_exact(INPUTS * PANEL);
        let numbers = groups.flat_map(|group| group.iter().skip(output % PANEL * INPUTS).take(INPUTS));
        row.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
        self.scales.get(output).copied().unwrap_or_default()
    }

    /// Rows times the matrix, into `out` `[m * outputs]`.
    ///
    /// # Panics
    /// Where there are fewer rows or weights than `out` asks for.
    pub fn product(&self, rows: &Rows, finish: Finish<'_>, out: &mut [f32]) {
        assert!(self.panels.len() >= self.outputs.div_ceil(PANEL) * PANEL * padded(rows.inputs), "weights are missing");
        assert!(self.scales.len().min(self.sums.len()) >= self.outputs, "scales or sums are missing");
        assert!(rows.scales.len() * self.outputs >= out.len(), "rows are missing");
        lanes::run(Product { rows, matrix: self, finish, out });
    }
}

fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>, TryReserveError> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(count)?;
    numbers.resize(count, T::default());
    Ok(numbers)
}

/// Rows quantized one by one; good for several products.
#[derive(Clone, Debug)]
pub struct Rows {
    numbers: Vec<Activation>,
    inputs: usize,
    /// Of each row: its scale and its zero point.
    scales: Vec<(f32, i32)>,
}

impl Rows {
    /// Quantizes rows `[m * inputs]`: 0 stays exact, and a row with a number that is not finite gives no numbers.
    pub fn quantize(rows: &[f32], inputs: usize) -> Self {
        let count = rows.len().checked_div(inputs).unwrap_or_default();
        let numbers = vec![0; count * padded(inputs)];
        let quantized = Self { numbers, inputs, scales: Vec::with_capacity(count) };
        lanes::run(Quantize { rows, quantized })
    }
}

struct Quantize<'a> {
    rows: &'a [f32],
    quantized: Rows,
}

impl Kernel for Quantize<'_> {
    type Output = Rows;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Rows {
        let Self { rows, mut quantized } = self;
        let inputs = quantized.inputs.max(1);
        let places = quantized.numbers.chunks_exact_mut(padded(inputs));
        for (row, numbers) in rows.chunks_exact(inputs).zip(places) {
            quantized.scales.push(quantize::<L>(row, numbers));
        }
        quantized
    }
}

/// Quantizes a row; answers its scale and zero point.
#[inline(always)]
fn quantize<L: Lanes>(row: &[f32], numbers: &mut [Activation]) -> (f32, i32) {
    use crate::exponential::{MAGIC, constants};
    let (chunks, rest) = row.as_chunks();
    let last = lanes::filled(rest, 0.0);
    let zero = L::splat(0.0);
    let (mut negative, mut highest, mut flaw) = (zero, zero, zero);
    for chunk in chunks.iter().chain([&last]) {
        let x = L::load(chunk);
        (negative, highest) = (negative.max(zero.sub(x)), highest.max(x));
        // 0 · x is 0 for all numbers that are finite.
        flaw = flaw.add(x.mul(zero));
    }
    let negative = lanes::each(negative).into_iter().fold(0.0, f32::max);
    let highest = lanes::each(highest).into_iter().fold(0.0, f32::max);
    // A little less than 127, so that no number becomes 128 when it and the zero point are rounded.
    let scale = (highest + negative) / 126.99;
    let factor = if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 };
    let zero_point = (negative * factor).round_ties_even();
    let [factor, shift] = constants([factor, MAGIC + zero_point]);
    let quantized = |x: L| x.mul(factor).add(shift);
    for (chunk, place) in chunks.iter().chain([&last]).zip(numbers.as_chunks_mut().0) {
        quantized(L::load(chunk)).store_low_bits(place);
    }
    (scale + lanes::total(flaw), zero_point as i32)
}

struct Product<'a> {
    rows: &'a Rows,
    matrix: &'a Matrix,
    finish: Finish<'a>,
    out: &'a mut [f32],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        if self.matrix.fits && dots::pairs_are_faster() {
            self.by::<L, L::PairedDots>();
        } else {
            self.by::<L, L::Dots>();
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn by<L: Lanes, D: Sums<Number = Activation, Weight = Weight, Sum = i32>>(self) {
        let Self { rows, matrix, finish, out } = self;
        let Matrix { outputs, panels, scales, sums, .. } = matrix;
        let outputs = *outputs;
        let inputs = padded(rows.inputs);
        let count = out.len().checked_div(outputs).unwrap_or_default();
        let mut weights = dots::Weights::default();
        let mut results = [0; 4 * GROUP * PANEL];
        let at_once = group(inputs * PANEL * size_of::<Weight>()) * PANEL;
        for first in (0..outputs).step_by(at_once) {
            let width = (outputs - first).min(at_once);
            let group = width.div_ceil(PANEL);
            let weights = weights.of(panels.get(first * inputs..).unwrap_or_default(), group * PANEL * inputs);
            let of_weights = scales.get(first..first + width).unwrap_or_default();
            let sums = sums.get(first..first + width).unwrap_or_default();
            for row in (0..count).step_by(4) {
                let four = 4.min(count - row);
                let place = Place::<D> {
                    rows: rows.numbers.as_ptr().wrapping_add(row * inputs),
                    row_stride: inputs,
                    panels: weights.as_ptr(),
                    panel_stride: inputs * PANEL,
                    out: results.as_mut_ptr(),
                    out_stride: GROUP * PANEL,
                };
                // SAFETY: `Matrix::product` asserted that there are so many rows and weights; `results` has room for four
                // rows of a group.
                unsafe { rows_times_panels(place, four, group, inputs / D::STEP, &[]) };
                for (row, results) in (row..row + four).zip(results.chunks_exact(GROUP * PANEL)) {
                    let quantized = rows.scales.get(row).copied().unwrap_or_default();
                    let out = out.get_mut(row * outputs + first..).unwrap_or_default();
                    let out = out.get_mut(..width).unwrap_or_default();
                    if !finish.add {
                        scaled(results, sums, of_weights, quantized, out);
                        finish.apply::<L>(out, first);
                        continue;
                    }
                    let mut numbers = [0.0; GROUP * PANEL];
                    let numbers = numbers.get_mut(..width).unwrap_or_default();
                    scaled(results, sums, of_weights, quantized, numbers);
                    finish.apply::<L>(numbers, first);
                    out.iter_mut().zip(numbers).for_each(|(out, number)| *out += *number);
                }
            }
        }
    }
}

/// Sums of one row as numbers: without what the zero point adds, times both scales.
#[inline(always)]
fn scaled(results: &[i32], sums: &[i32], of_weights: &[f32], (scale, zero): (f32, i32), out: &mut [f32]) {
    for (((number, result), sum), of_weight) in out.iter_mut().zip(results).zip(sums).zip(of_weights) {
        *number = (result - zero * sum) as f32 * (scale * of_weight);
    }
}
