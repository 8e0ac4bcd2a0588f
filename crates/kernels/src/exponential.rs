//! The functions that have no instruction of their own, eight numbers at once.

use crate::lanes::Lanes;

/// `1.5 · 2²³`: adding it rounds to a whole number, which is then in the lowest bits.
pub(crate) const MAGIC: f32 = 12_582_912.0;

/// The polynomial in `x`, its highest coefficient first.
#[inline(always)]
fn polynomial<L: Lanes, const N: usize>(x: L, coefficients: [f32; N]) -> L {
    let mut terms = coefficients.into_iter();
    let highest = L::splat(terms.next().unwrap_or_default());
    terms.fold(highest, |sum, coefficient| sum.mul_add(x, L::splat(coefficient)))
}

/// `eˣ` with a relative error below 2e-7: `2ⁿ eʳ` with `x = n ln 2 + r` and `eʳ` by XNNPACK's polynomial of degree 5
/// (`rr2-p5`). Below -87, 0.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(x: L) -> L {
    // With its summand of 126 the whole number is the exponent of 2ⁿ⁻¹; the polynomial is twice that of the source.
    let shift = L::splat(MAGIC + 126.0);
    let x = x.min(L::splat(89.0));
    let shifted = x.mul_add(L::splat(std::f32::consts::LOG2_E), shift);
    let n = shifted.sub(shift);
    let r = n.mul_add(L::splat(-0.693_145_75), x);
    let r = n.mul_add(L::splat(-1.428_606_8e-6), r);
    let power = polynomial(r, [1.657_858_1e-2, 8.379_564_4e-2, 0.333_353_04, 0.999_983, 1.999_999_4, 2.0]);
    x.zero_below(-87.0, power.mul(shifted.into_exponent()))
}

/// `tanh x` as a quotient of polynomials (Eigen's `ptanh`).
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    let x = x.min(L::splat(7.905_311)).max(L::splat(-7.905_311));
    let square = x.mul(x);
    let odd = [
        -2.760_768_4e-16,
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297_3e-8,
        1.485_722_35e-5,
        6.372_619_5e-4,
        4.893_524_6e-3,
    ];
    let even = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_7e-3, 4.893_525e-3];
    x.mul(polynomial(square, odd)).div(polynomial(square, even))
}

/// `erf x` as a quotient of polynomials (Eigen's `perf`).
#[inline(always)]
pub(crate) fn erf<L: Lanes>(x: L) -> L {
    let x = x.min(L::splat(4.0)).max(L::splat(-4.0));
    let square = x.mul(x);
    let odd = [
        -2.726_142_4e-10,
        2.770_681_5e-8,
        -2.101_024e-6,
        -5.692_506_2e-5,
        -7.349_906_4e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    let even = [-1.456_607_15e-5, -2.133_740_5e-4, -1.682_827e-3, -7.373_329_3e-3, -1.426_473_9e-2];
    let quotient = x.mul(polynomial(square, odd)).div(polynomial(square, even));
    quotient.min(L::splat(1.0)).max(L::splat(-1.0))
}
