//! The inner loop of every product: a few rows times a few panels, the sums held in registers.

use crate::lanes::{Lanes, WIDTH};

/// Panels that rows are multiplied by at once, at most.
pub(crate) const GROUP: usize = 32;

/// Bytes of panels that lie in the second cache beside the rows.
const CACHED: usize = 3 << 16;

/// How many panels of so many bytes rows are multiplied by at once.
pub(crate) fn group(panel_bytes: usize) -> usize {
    (CACHED / panel_bytes.max(1)).clamp(4, GROUP) / 4 * 4
}

/// Sums of products of eight outputs.
pub(crate) trait Sums: Copy {
    /// A number of a row, and of a panel.
    type Number;
    type Weight;
    /// A sum as it is stored.
    type Sum;
    /// What is read at once: of a row, the same for all outputs, and of a panel.
    type Numbers: Copy;
    type Weights: Copy;
    /// Inputs that are read at once.
    const STEP: usize;

    fn zero() -> Self;

    /// # Safety
    /// There are `STEP` numbers.
    unsafe fn numbers(from: *const Self::Number) -> Self::Numbers;

    /// # Safety
    /// There are `STEP * 8` weights.
    unsafe fn weights(from: *const Self::Weight) -> Self::Weights;

    fn accumulate(self, numbers: Self::Numbers, weights: Self::Weights) -> Self;

    /// # Safety
    /// There is room for eight sums.
    unsafe fn store(self, to: *mut Self::Sum);
}

/// Sums in f32.
#[derive(Clone, Copy)]
pub(crate) struct Floats<L>(L);

impl<L: Lanes> Sums for Floats<L> {
    type Number = f32;
    type Weight = f32;
    type Sum = f32;
    type Numbers = L;
    type Weights = L;
    const STEP: usize = 1;

    #[inline(always)]
    fn zero() -> Self {
        Self(L::splat(0.0))
    }

    // SAFETY: as the trait says.
    #[inline(always)]
    unsafe fn numbers(from: *const f32) -> L {
        // SAFETY: the caller vouches for the number.
        L::splat(unsafe { *from })
    }

    // SAFETY: as the trait says.
    #[inline(always)]
    unsafe fn weights(from: *const f32) -> L {
        // SAFETY: the caller vouches for the weights.
        L::load(unsafe { &*from.cast::<[f32; WIDTH]>() })
    }

    #[inline(always)]
    fn accumulate(self, numbers: L, weights: L) -> Self {
        Self(numbers.mul_add(weights, self.0))
    }

    // SAFETY: as the trait says.
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for the room.
        self.0.store(unsafe { &mut *to.cast::<[f32; WIDTH]>() });
    }
}

/// Where the numbers of a tile come from and go to.
pub(crate) struct Place<S: Sums> {
    /// The first row, and the numbers from one row to the next.
    pub rows: *const S::Number,
    pub row_stride: usize,
    /// The first panel, and the weights from one panel to the next.
    pub panels: *const S::Weight,
    pub panel_stride: usize,
    /// The first sum, and the sums from one row to the next; panels are side by side.
    pub out: *mut S::Sum,
    pub out_stride: usize,
}

/// Whether this build looks ahead.
const LOOKS_AHEAD: bool = cfg!(not(all(target_feature = "simd128", not(target_feature = "relaxed-simd"))));

/// Steps between two looks ahead.
const STEPS: usize = 16;

/// Panels that are fetched into the second cache while others are multiplied: WebAssembly has no instruction for it, and
/// processors, which fetch ahead by themselves, begin anew at each page of memory. Reading at four places in turn has them begin
/// at four pages at once.
#[derive(Clone, Copy)]
struct Ahead {
    next: *const u8,
    /// Bytes from one of the four places to the next.
    quarter: usize,
    /// Bytes that a place goes on between two looks; 0 for nothing to look at.
    step: usize,
}

impl Ahead {
    /// Reads at the four places.
    ///
    /// # Safety
    /// The places are there.
    #[inline(always)]
    unsafe fn look(&mut self) {
        for part in 0..4 {
            // SAFETY: the caller vouches for the places. A volatile read is not left out.
            unsafe { self.next.add(part * self.quarter).read_volatile() };
        }
        self.next = self.next.wrapping_add(self.step);
    }
}

impl<S: Sums> Place<S> {
    /// The place of the tile that begins with this row and this panel.
    #[inline(always)]
    pub fn at(&self, row: usize, panel: usize) -> Self {
        Self {
            rows: self.rows.wrapping_add(row * self.row_stride),
            panels: self.panels.wrapping_add(panel * self.panel_stride),
            out: self.out.wrapping_add(row * self.out_stride + panel * WIDTH),
            ..*self
        }
    }
}

/// `count` times `ROWS` rows times `PANELS` panels of `steps` times `STEP` inputs. At most eight sums keep to wasm's
/// registers, and the loop has one statement an operand: compilers for wasm spill what is unrolled.
///
/// # Safety
/// `place` holds that many numbers and weights, and room for `count * ROWS` rows of `PANELS * 8` sums; `ahead` has a place for
/// every look.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn tiles<S: Sums, const ROWS: usize, const PANELS: usize>(
    mut place: Place<S>,
    steps: usize,
    count: usize,
    ahead: &mut Ahead,
) {
    for _ in 0..count {
        let mut sums = [[S::zero(); PANELS]; ROWS];
        let rows: [*const S::Number; ROWS] = std::array::from_fn(|row| place.at(row, 0).rows);
        let mut panels: [*const S::Weight; PANELS] = std::array::from_fn(|panel| place.at(0, panel).panels);
        let (mut step, mut input) = (0, 0);
        while step < steps {
            let looks = LOOKS_AHEAD && ahead.step > 0;
            let end = if looks { steps.min(step + STEPS) } else { steps };
            let ends = panels.map(|panel| panel.wrapping_add((end - step) * S::STEP * WIDTH));
            if looks {
                // SAFETY: the caller vouches for what is read.
                unsafe { ahead.look() };
            }
            while panels.first() != ends.first() {
                // SAFETY: the caller vouches for what is read.
                unsafe {
                    let weights = panels.map(|panel| S::weights(panel));
                    for (sums, row) in sums.iter_mut().zip(rows) {
                        let numbers = S::numbers(row.add(input));
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = sum.accumulate(numbers, weights);
                        }
                        // It is no instruction, but keeps the compiler from reading all rows first, for which there are
                        // too few registers.
                        #[cfg(target_arch = "wasm32")]
                        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
                    }
                    panels = panels.map(|panel| panel.add(S::STEP * WIDTH));
                    input += S::STEP;
                }
            }
            step = end;
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (panel, sum) in sums.into_iter().enumerate() {
                // SAFETY: the caller vouches for the room.
                unsafe { sum.store(place.at(row, panel).out) }
            }
        }
        place = place.at(ROWS, 0);
    }
}

/// Any number of rows times any number of panels that lie behind one another. The first rows meet all panels, which then
/// come from memory in one stream, before the others find them in the cache: processors do not fetch ahead well what is
/// read in pieces. While the others are multiplied, the panels that come `next` are fetched.
///
/// # Safety
/// As for [`tiles`], with `rows` rows and `panels` panels.
#[inline(always)]
pub(crate) unsafe fn rows_times_panels<S: Sums>(
    place: Place<S>,
    rows: usize,
    panels: usize,
    steps: usize,
    next: &[S::Weight],
) {
    let whole = rows / 4 * 4;
    let rest = place.at(whole, 0);
    // SAFETY: every tile lies within the rows and the panels.
    unsafe {
        let first = whole.min(4);
        let others = (whole - first) / 4;
        let nothing = &mut Ahead { next: next.as_ptr().cast(), quarter: 0, step: 0 };
        for panel in 0..panels {
            tiles::<S, 4, 1>(place.at(0, panel), steps, first / 4, nothing);
        }
        // With few rows there is no time for it. Without fused instructions there is no register left for it.
        let quarter = if others < 2 || !LOOKS_AHEAD { 0 } else { size_of_val(next) / 4 };
        let step = quarter.checked_div(others * panels * steps.div_ceil(STEPS)).unwrap_or_default();
        let ahead = &mut Ahead { quarter, step, ..*nothing };
        for panel in 0..panels {
            tiles::<S, 4, 1>(place.at(first, panel), steps, others, ahead);
        }
        let mut panel = 0;
        while panel < panels && whole < rows {
            let place = rest.at(0, panel);
            panel += match (rows - whole, panels - panel) {
                (1, 4..) => (tiles::<S, 1, 4>(place, steps, 1, nothing), 4).1,
                (1, _) => (tiles::<S, 1, 1>(place, steps, 1, nothing), 1).1,
                (2, 2..) => (tiles::<S, 2, 2>(place, steps, 1, nothing), 2).1,
                (2, _) => (tiles::<S, 2, 1>(place, steps, 1, nothing), 1).1,
                _ => (tiles::<S, 3, 1>(place, steps, 1, nothing), 1).1,
            };
        }
    }
}
