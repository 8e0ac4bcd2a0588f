//! Eight numbers as two vectors of WebAssembly's `simd128`, with its relaxed instructions where the build has them.

use std::arch::wasm32::*;

use super::{Lanes, WIDTH};
use crate::int8::Activation;
use crate::int8::dots::{PairedSimd128, Simd128 as Dots};

/// Lanes 0 to 3, and 4 to 7.
#[derive(Clone, Copy)]
pub(crate) struct Simd128(v128, v128);

impl Simd128 {
    #[inline(always)]
    fn with(self, other: Self, operation: impl Fn(v128, v128) -> v128) -> Self {
        Self(operation(self.0, other.0), operation(self.1, other.1))
    }
}

#[cfg(target_feature = "relaxed-simd")]
#[inline(always)]
fn mul_add(a: v128, b: v128, c: v128) -> v128 {
    f32x4_relaxed_madd(a, b, c)
}

#[cfg(not(target_feature = "relaxed-simd"))]
#[inline(always)]
fn mul_add(a: v128, b: v128, c: v128) -> v128 {
    f32x4_add(f32x4_mul(a, b), c)
}

impl Lanes for Simd128 {
    type Dots = Dots;
    type PairedDots = PairedSimd128;

    #[inline(always)]
    fn load(from: &[f32; WIDTH]) -> Self {
        let from = from.as_ptr().cast::<v128>();
        // SAFETY: eight numbers are two vectors.
        unsafe { Self(v128_load(from), v128_load(from.add(1))) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; WIDTH]) {
        let to = to.as_mut_ptr().cast::<v128>();
        // SAFETY: eight numbers are two vectors.
        unsafe {
            v128_store(to, self.0);
            v128_store(to.add(1), self.1);
        }
    }

    #[inline(always)]
    fn splat(number: f32) -> Self {
        let all = f32x4_splat(number);
        Self(all, all)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| f32x4_add(a, b))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| f32x4_sub(a, b))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| f32x4_mul(a, b))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, |a, b| f32x4_div(a, b))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        Self(mul_add(self.0, factor.0, summand.0), mul_add(self.1, factor.1, summand.1))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // With relaxed instructions the compiler makes `relaxed_max` of it.
        self.with(other, |a, b| f32x4_pmax(a, b))
    }

    #[inline(always)]
    fn or_else(self, value: Self) -> Self {
        self.with(value, |number, value| v128_bitselect(value, number, f32x4_eq(number, number)))
    }

    #[inline(always)]
    fn zero_below(self, limit: f32, value: Self) -> Self {
        let limit = f32x4_splat(limit);
        self.with(value, |number, value| v128_andnot(value, f32x4_lt(number, limit)))
    }

    #[inline(always)]
    fn into_exponent(self) -> Self {
        Self(i32x4_shl(self.0, 23), i32x4_shl(self.1, 23))
    }

    #[inline(always)]
    fn fours(self) -> Self {
        let sums = f32x4_add(self.0, self.1);
        let fours = f32x4_add(sums, i32x4_shuffle::<1, 0, 3, 2>(sums, sums));
        Self(fours, fours)
    }

    #[inline(always)]
    fn store_bytes(self, to: &mut [i8; WIDTH]) {
        let mask = i32x4_splat(255);
        let words = i16x8_narrow_i32x4(v128_and(self.0, mask), v128_and(self.1, mask));
        // SAFETY: eight bytes are 64 bits.
        unsafe { v128_store64_lane::<0>(u8x16_narrow_i16x8(words, words), to.as_mut_ptr().cast()) }
    }

    #[inline(always)]
    fn store_low_bits(self, to: &mut [Activation; WIDTH]) {
        let mask = i32x4_splat(127);
        let words = i16x8_narrow_i32x4(v128_and(self.0, mask), v128_and(self.1, mask));
        #[cfg(target_feature = "relaxed-simd")]
        // SAFETY: eight bytes are 64 bits.
        unsafe {
            v128_store64_lane::<0>(u8x16_narrow_i16x8(words, words), to.as_mut_ptr().cast());
        }
        #[cfg(not(target_feature = "relaxed-simd"))]
        // SAFETY: eight words are one vector.
        unsafe {
            v128_store(to.as_mut_ptr().cast(), words);
        }
    }
}
