//! Rows times a matrix of weights, both quantized: weights to -127..=127 with a scale an output, rows to 0..=127 (what
//! relaxed dot products of WebAssembly are exact for) with a scale and a zero point each.
//!
//! Packed panels of eight outputs hold four inputs of the first output, the same four of the second, and so on. All
//! variants answer the same numbers, bit by bit, up to the activation.

pub(crate) mod dots;

use crate::lanes::{self, Kernel, Lanes};
use crate::tile::{GROUP, Place, Sums, group, rows_times_panels};
use crate::{Finish, PANEL};
pub(crate) use dots::{Activation, Weight};

/// Inputs that are packed together.
const INPUTS: usize = 4;

/// Bytes that a packed matrix `[outputs, inputs]` takes.
pub fn packed_len(outputs: usize, inputs: usize) -> usize {
    outputs.div_ceil(PANEL) * PANEL * padded(inputs)
}

/// Inputs with the zeros that are packed behind them.
fn padded(inputs: usize) -> usize {
    inputs.next_multiple_of(INPUTS)
}

/// A row quantized symmetrically: its scale, `largest / 127`, and its numbers from -127 to 127. What is no number becomes 0.
pub fn quantize_weights(row: &[f32]) -> (f32, impl Iterator<Item = i8>) {
    let largest = row.iter().fold(0f32, |largest, x| largest.max(x.abs())).min(f32::MAX);
    let factor = if largest > 1e-30 { 127.0 / largest } else { 0.0 };
    let numbers = row.iter().map(move |x| (x * factor).round_ties_even().clamp(-127.0, 127.0) as i8);
    (largest / 127.0, numbers)
}

/// Packs row `output` [quantized](quantize_weights); answers its scale and the sum of its quantized numbers.
pub fn pack(panels: &mut [i8], inputs: usize, output: usize, row: &[f32]) -> (f32, i32) {
    let (scale, numbers) = quantize_weights(row);
    (scale, pack_numbers(panels, inputs, output, numbers))
}

/// Packs row `output`, which is quantized already; answers the sum of its numbers.
pub fn pack_quantized(panels: &mut [i8], inputs: usize, output: usize, row: &[i8]) -> i32 {
    pack_numbers(panels, inputs, output, row.iter().copied())
}

fn pack_numbers(panels: &mut [i8], inputs: usize, output: usize, mut numbers: impl Iterator<Item = i8>) -> i32 {
    let mut sum = 0;
    let panel = panels.chunks_exact_mut((padded(inputs) * PANEL).max(1)).nth(output / PANEL).unwrap_or_default();
    for group in panel.chunks_exact_mut(INPUTS * PANEL) {
        let places = group.iter_mut().skip(output % PANEL * INPUTS).take(INPUTS);
        for (place, number) in places.zip(&mut numbers) {
            *place = number;
            sum += i32::from(number);
        }
    }
    sum
}

/// Row `output`, its numbers one behind another.
pub fn unpack(panels: &[i8], inputs: usize, output: usize, row: &mut [i8]) {
    let panel = panels.chunks_exact((padded(inputs) * PANEL).max(1)).nth(output / PANEL).unwrap_or_default();
    let numbers =
        panel.chunks_exact(INPUTS * PANEL).flat_map(|group| group.iter().skip(output % PANEL * INPUTS).take(INPUTS));
    row.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
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
    let (places, places_left) = numbers.as_chunks_mut();
    for (chunk, place) in chunks.iter().zip(&mut *places) {
        quantized(L::load(chunk)).store_low_bits(place);
    }
    let mut place = [0; PANEL];
    quantized(L::load(&last)).store_low_bits(&mut place);
    // Rows are padded to fours: the rest may be shorter than, or as long as, a place.
    let places_left = if rest.len() > INPUTS {
        places.last_mut().map_or(places_left, |place| place.as_mut_slice())
    } else {
        places_left
    };
    places_left.iter_mut().zip(place).for_each(|(to, from)| *to = from);
    (scale + lanes::total(flaw), zero_point as i32)
}

/// Rows times a packed matrix with its scales and sums, which [`pack`] answered, into `out` `[m * outputs]`.
///
/// # Panics
/// Where there are fewer rows, weights, scales or sums than `out` asks for.
pub fn product(
    rows: &Rows,
    panels: &[i8],
    scales: &[f32],
    sums: &[i32],
    outputs: usize,
    finish: Finish<'_>,
    out: &mut [f32],
) {
    assert!(panels.len() >= packed_len(outputs, rows.inputs), "weights are missing");
    assert!(scales.len() >= outputs && sums.len() >= outputs, "scales or sums are missing");
    assert!(rows.scales.len() * outputs >= out.len(), "rows are missing");
    lanes::run(Product { rows, panels, scales, sums, outputs, finish, out });
}

struct Product<'a> {
    rows: &'a Rows,
    panels: &'a [i8],
    scales: &'a [f32],
    sums: &'a [i32],
    outputs: usize,
    finish: Finish<'a>,
    out: &'a mut [f32],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { rows, panels, scales, sums, outputs, finish, out } = self;
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
                let place = Place::<L::Dots> {
                    rows: rows.numbers.as_ptr().wrapping_add(row * inputs),
                    row_stride: inputs,
                    panels: weights.as_ptr(),
                    panel_stride: inputs * PANEL,
                    out: results.as_mut_ptr(),
                    out_stride: GROUP * PANEL,
                };
                // SAFETY: `product` asserted that there are so many rows and weights; `results` has room for four
                // rows of a group.
                unsafe { rows_times_panels(place, four, group, inputs / L::Dots::STEP) };
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
