//! Eight numbers as an array: the scalar twin, which compilers turn into vectors where they may.

use super::{Lanes, WIDTH};
use crate::int8::{Activation, dots};

/// Products and sums rounded one by one.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; WIDTH]);

/// The same with fused multiplication and addition, for processors that have it.
#[derive(Clone, Copy)]
pub(crate) struct Fused([f32; WIDTH]);

macro_rules! array_lanes {
    ($name:ident, $dots:ty, $paired_dots:ty, $mul_add:expr) => {
        impl $name {
            #[inline(always)]
            fn with(mut self, other: Self, operation: impl Fn(f32, f32) -> f32) -> Self {
                self.0.iter_mut().zip(other.0).for_each(|(number, other)| *number = operation(*number, other));
                self
            }
        }

        impl Lanes for $name {
            type Dots = $dots;
            type PairedDots = $paired_dots;

            #[inline(always)]
            fn load(from: &[f32; WIDTH]) -> Self {
                Self(*from)
            }

            #[inline(always)]
            fn store(self, to: &mut [f32; WIDTH]) {
                *to = self.0;
            }

            #[inline(always)]
            fn splat(number: f32) -> Self {
                Self([number; WIDTH])
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.with(other, |a, b| a + b)
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self.with(other, |a, b| a - b)
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.with(other, |a, b| a * b)
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                self.with(other, |a, b| a / b)
            }

            #[inline(always)]
            fn mul_add(mut self, factor: Self, summand: Self) -> Self {
                for ((number, factor), summand) in self.0.iter_mut().zip(factor.0).zip(summand.0) {
                    *number = $mul_add(*number, factor, summand);
                }
                self
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                self.with(other, |a, b| if a < b { b } else { a })
            }

            #[inline(always)]
            fn or_else(self, value: Self) -> Self {
                self.with(value, |a, b| if a.is_nan() { a } else { b })
            }

            #[inline(always)]
            fn zero_below(self, limit: f32, value: Self) -> Self {
                self.with(value, |a, b| if a < limit { 0.0 } else { b })
            }

            #[inline(always)]
            fn into_exponent(self) -> Self {
                Self(self.0.map(|number| f32::from_bits(number.to_bits() << 23)))
            }

            #[inline(always)]
            fn fours(self) -> Self {
                let [a, b, c, d, e, f, g, h] = self.0;
                let (first, second) = ((a + e) + (b + f), (c + g) + (d + h));
                Self([first, first, second, second, first, first, second, second])
            }

            #[inline(always)]
            fn store_bytes(self, to: &mut [i8; WIDTH]) {
                to.iter_mut().zip(self.0).for_each(|(to, number)| *to = number.to_bits() as i8);
            }

            #[inline(always)]
            fn store_low_bits(self, to: &mut [Activation; WIDTH]) {
                to.iter_mut().zip(self.0).for_each(|(to, number)| *to = (number.to_bits() & 127) as Activation);
            }
        }
    };
}

array_lanes!(Portable, dots::Portable, dots::Portable, |a: f32, b: f32, c: f32| a * b + c);

#[cfg(target_arch = "x86_64")]
array_lanes!(Fused, dots::Avx2, dots::PairedAvx2, f32::mul_add);
#[cfg(not(target_arch = "x86_64"))]
array_lanes!(Fused, dots::Portable, dots::Portable, f32::mul_add);
