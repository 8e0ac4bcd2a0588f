//! Rows times a matrix of weights, in f32.
//!
//! A matrix `[outputs, inputs]` is packed once: panel `p` holds, for each input, the weights of the outputs `8p` to
//! `8p + 8` (0 where there is none), which is the order in which the inner loop reads them.

use crate::lanes::{self, Kernel, Lanes, WIDTH};
use crate::tile::{Floats, GROUP, Place, group, rows_times_panels};
use crate::{Finish, PANEL};

/// Numbers of rows, and of panels, that may lie in the second cache at once.
const CACHED: usize = 1 << 16;

/// Numbers that a packed matrix `[outputs, inputs]` takes.
pub fn packed_len(outputs: usize, inputs: usize) -> usize {
    outputs.div_ceil(PANEL) * PANEL * inputs
}

/// Puts numbers into row `output`, from input `start` on. What lies outside of the matrix is left out.
pub fn pack(panels: &mut [f32], inputs: usize, output: usize, start: usize, numbers: &[f32]) {
    let panel = panels.chunks_exact_mut((inputs * PANEL).max(1)).nth(output / PANEL).unwrap_or_default();
    let places = panel.iter_mut().skip(start * PANEL + output % PANEL).step_by(PANEL);
    places.zip(numbers).for_each(|(place, number)| *place = *number);
}

/// Row `output`, its numbers one behind another.
pub fn unpack(panels: &[f32], inputs: usize, output: usize, row: &mut [f32]) {
    let panel = panels.chunks_exact((inputs * PANEL).max(1)).nth(output / PANEL).unwrap_or_default();
    row.iter_mut().zip(panel.iter().skip(output % PANEL).step_by(PANEL)).for_each(|(to, from)| *to = *from);
}

/// Rows `[m * inputs]` times a packed matrix, into `out` `[m * outputs]`.
///
/// # Panics
/// Where there are fewer rows or weights than `out` asks for.
pub fn product(rows: &[f32], panels: &[f32], inputs: usize, outputs: usize, finish: Finish<'_>, out: &mut [f32]) {
    assert!(panels.len() >= packed_len(outputs, inputs), "weights are missing");
    lanes::run(Product { rows, panels: Panels::Packed(panels), inputs, outputs, finish, out });
}

/// The same where the matrix is kept in another form: `panel(p, numbers)` writes panel `p`, all `inputs * 8` numbers of
/// it. Each panel is asked for once.
///
/// # Panics
/// Where there are fewer rows than `out` asks for.
pub fn product_of(
    rows: &[f32],
    panel: &mut dyn FnMut(usize, &mut [f32]),
    inputs: usize,
    outputs: usize,
    finish: Finish<'_>,
    out: &mut [f32],
) {
    lanes::run(Product { rows, panels: Panels::Of(panel), inputs, outputs, finish, out });
}

enum Panels<'a> {
    Packed(&'a [f32]),
    Of(&'a mut dyn FnMut(usize, &mut [f32])),
}

struct Product<'a> {
    rows: &'a [f32],
    panels: Panels<'a>,
    inputs: usize,
    outputs: usize,
    finish: Finish<'a>,
    out: &'a mut [f32],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { rows, panels, inputs, outputs, finish, out } = self;
        if outputs == 0 {
            return;
        }
        assert!(rows.len() >= out.len() / outputs * inputs, "rows are missing");
        let (count, panel_len) = (outputs.div_ceil(PANEL), inputs * PANEL);
        match panels {
            Panels::Packed(panels) => several::<L>(rows, panels, 0..count, inputs, outputs, &finish, out),
            Panels::Of(panel) => {
                let at_once = (CACHED / panel_len.max(1)).max(1).next_multiple_of(4).min(count);
                let mut panels = vec![0.0; at_once * panel_len];
                for first in (0..count).step_by(at_once) {
                    let range = first..count.min(first + at_once);
                    for (index, numbers) in range.clone().zip(panels.chunks_exact_mut(panel_len.max(1))) {
                        panel(index, numbers);
                    }
                    several::<L>(rows, &panels, range, inputs, outputs, &finish, out);
                }
            }
        }
    }
}

/// All rows times the panels of a range, which lie in `panels`.
#[inline(always)]
fn several<L: Lanes>(
    rows: &[f32],
    panels: &[f32],
    range: std::ops::Range<usize>,
    inputs: usize,
    outputs: usize,
    finish: &Finish<'_>,
    out: &mut [f32],
) {
    let row_count = out.len() / outputs;
    assert!(rows.len() >= row_count * inputs && panels.len() >= range.len() * inputs * PANEL);
    let at_once = (CACHED / inputs.max(1)).max(1).next_multiple_of(4);
    let group = group(inputs * PANEL * size_of::<f32>());
    for first_row in (0..row_count).step_by(at_once) {
        let count = at_once.min(row_count - first_row);
        for first in range.clone().step_by(group) {
            let last = range.end.min(first + group);
            let place = Place::<Floats<L>> {
                rows: rows.as_ptr().wrapping_add(first_row * inputs),
                row_stride: inputs,
                panels: panels.as_ptr().wrapping_add((first - range.start) * inputs * WIDTH),
                panel_stride: inputs * WIDTH,
                out: out.as_mut_ptr().wrapping_add(first_row * outputs + first * WIDTH),
                out_stride: outputs,
            };
            let place_of = |row: usize| {
                let row = (first_row + row) * outputs;
                row + first * WIDTH..row + outputs.min(last * WIDTH)
            };
            let next = panels.get((last - range.start) * inputs * PANEL..).unwrap_or_default();
            let next = next.get(..group * inputs * PANEL).unwrap_or(next);
            if !finish.add && last * WIDTH <= outputs {
                // SAFETY: rows and panels are as many as asserted above, and the panels' outputs are all in `out`.
                unsafe { rows_times_panels(place, count, last - first, inputs, next) };
                for row in 0..count {
                    finish.apply::<L>(out.get_mut(place_of(row)).unwrap_or_default(), first * WIDTH);
                }
                continue;
            }
            let mut results = [0.0; 4 * GROUP * WIDTH];
            for row in (0..count).step_by(4) {
                let four = 4.min(count - row);
                let place = Place { out: results.as_mut_ptr(), out_stride: GROUP * WIDTH, ..place.at(row, 0) };
                // SAFETY: as above, and `results` has room for four rows of a group.
                unsafe { rows_times_panels(place, four, last - first, inputs, &[]) };
                for (row, results) in (row..row + four).zip(results.chunks_exact_mut(GROUP * WIDTH)) {
                    let out = out.get_mut(place_of(row)).unwrap_or_default();
                    let results = results.get_mut(..out.len()).unwrap_or_default();
                    finish.apply::<L>(results, first * WIDTH);
                    if finish.add {
                        out.iter_mut().zip(results).for_each(|(out, result)| *out += *result);
                    } else {
                        out.copy_from_slice(results);
                    }
                }
            }
        }
    }
}
