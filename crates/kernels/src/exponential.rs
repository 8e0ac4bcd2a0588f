//! The functions that have no instruction of their own, eight numbers at once.

use std::hint::black_box;

use crate::lanes::Lanes;

/// `1.5 · 2²³`: adding it rounds to a whole number, which is then in the lowest bits.
pub(crate) const MAGIC: f32 = 12_582_912.0;

/// Numbers in all lanes, to be made before a loop. They are hidden from the compiler: wasm's would put them together
/// anew, by several instructions, at each use.
#[inline(always)]
pub(crate) fn constants<L: Lanes, const N: usize>(numbers: [f32; N]) -> [L; N] {
    black_box(numbers).map(L::splat)
}

/// The polynomial in `x`, its highest coefficient first.
#[inline(always)]
fn polynomial<L: Lanes, const N: usize>(x: L, coefficients: [L; N]) -> L {
    let mut terms = coefficients.into_iter();
    let highest = terms.next().unwrap_or(x);
    terms.fold(highest, |sum, coefficient| sum.mul_add(x, coefficient))
}

/// `eˣ` with a relative error below 2e-7: `2ⁿ eʳ` with `x = n ln 2 + r` and `eʳ` by XNNPACK's polynomial of degree 5
/// (`rr2-p5`). Below -87, 0.
#[derive(Clone, Copy)]
pub(crate) struct Exp<L> {
    reduction: [L; 4],
    power: [L; 6],
}

impl<L: Lanes> Exp<L> {
    #[inline(always)]
    pub fn new() -> Self {
        // With its summand of 126 the whole number is the exponent of 2ⁿ⁻¹; the polynomial is twice that of the source.
        let shift = MAGIC + 126.0;
        Self {
            reduction: constants([std::f32::consts::LOG2_E, shift, -0.693_145_75, -1.428_606_8e-6]),
            power: constants([0.016_578_581, 0.083_795_644, 0.333_353_04, 0.999_983, 1.999_999_4, 2.0]),
        }
    }

    /// `eˣ` of numbers of at most 89.
    #[inline(always)]
    pub fn of(&self, x: L) -> L {
        let [log2_e, shift, high, low] = self.reduction;
        let shifted = x.mul_add(log2_e, shift);
        let n = shifted.sub(shift);
        let r = n.mul_add(low, n.mul_add(high, x));
        x.zero_below(-87.0, polynomial(r, self.power).mul(shifted.into_exponent()))
    }
}

/// An odd function that is within -1 and 1, as a quotient of polynomials in `x²` times `x`.
#[derive(Clone, Copy)]
pub(crate) struct Quotient<L, const N: usize, const D: usize> {
    /// -1, 0, and the number below which the function is -1.
    bounds: [L; 3],
    numerator: [L; N],
    denominator: [L; D],
}

/// `tanh x` (Eigen's `ptanh`).
#[inline(always)]
pub(crate) fn tanh<L: Lanes>() -> Quotient<L, 7, 4> {
    Quotient {
        bounds: constants([-1.0, 0.0, -7.905_311]),
        numerator: constants([
            -2.760_768_4e-16,
            2.000_188e-13,
            -8.604_672e-11,
            5.122_297_3e-8,
            1.485_722_35e-5,
            6.372_619_5e-4,
            4.893_524_6e-3,
        ]),
        denominator: constants([1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_7e-3, 4.893_525e-3]),
    }
}

/// `erf x` (Eigen's `perf`).
#[inline(always)]
pub(crate) fn erf<L: Lanes>() -> Quotient<L, 7, 5> {
    Quotient {
        bounds: constants([-1.0, 0.0, -4.0]),
        numerator: constants([
            -2.726_142_4e-10,
            2.770_681_5e-8,
            -2.101_024e-6,
            -5.692_506_2e-5,
            -7.349_906_4e-4,
            -2.954_6e-3,
            -1.609_603_3e-2,
        ]),
        denominator: constants([-1.456_607_15e-5, -2.133_740_5e-4, -1.682_827e-3, -7.373_329_3e-3, -1.426_473_9e-2]),
    }
}

impl<L: Lanes, const N: usize, const D: usize> Quotient<L, N, D> {
    #[inline(always)]
    pub fn of(&self, x: L) -> L {
        let [minus_one, zero, lowest] = self.bounds;
        // Bounded from below, negated, and again: compilers for wasm make several instructions of a minimum.
        let negative = zero.sub(x.max(lowest)).max(lowest);
        let square = negative.mul(negative);
        let numerator = negative.mul(polynomial(square, self.numerator));
        zero.sub(numerator.div(polynomial(square, self.denominator)).max(minus_one)).max(minus_one)
    }
}
