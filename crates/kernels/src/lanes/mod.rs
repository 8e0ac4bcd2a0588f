//! Eight f32 numbers at once: one type a kind of processor, and the choice between them.

#[cfg(not(target_feature = "simd128"))]
mod portable;
#[cfg(target_feature = "simd128")]
mod simd128;

use std::cell::Cell;

use crate::int8::{Activation, Weight};
use crate::tile::Sums;

/// Numbers of one [`Lanes`].
pub const WIDTH: usize = 8;

/// Eight f32 numbers. All methods are inlined, so that they are compiled for the features of their caller.
pub(crate) trait Lanes: Copy {
    /// Sums of integer products on the same processors.
    type Dots: Sums<Number = Activation, Weight = Weight, Sum = i32>;
    /// The same for matrices that [fit](crate::int8::Matrix::fits).
    type PairedDots: Sums<Number = Activation, Weight = Weight, Sum = i32>;

    /// Reads eight numbers.
    fn load(from: &[f32; WIDTH]) -> Self;
    /// Writes the numbers.
    fn store(self, to: &mut [f32; WIDTH]);
    /// The same number in all lanes.
    fn splat(number: f32) -> Self;
    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    fn sub(self, other: Self) -> Self;
    /// `self * other`, rounded.
    fn mul(self, other: Self) -> Self;
    /// `self / other`.
    fn div(self, other: Self) -> Self;
    /// `self * factor + summand`, rounded once or twice.
    fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// The larger one; either, where one is not a number.
    fn max(self, other: Self) -> Self;
    /// `self` where it is not a number, else `value`.
    fn or_else(self, value: Self) -> Self;
    /// 0 where `self < limit`, else `value`.
    fn zero_below(self, limit: f32, value: Self) -> Self;
    /// The numbers' bits moved to the left by 23, where the exponent is.
    fn into_exponent(self) -> Self;
    /// The sum of lanes 0, 4, 1 and 5 in each of these, and that of lanes 2, 6, 3 and 7 in each of those.
    fn fours(self) -> Self;
    /// The lowest 8 bits of each number.
    fn store_bytes(self, to: &mut [i8; WIDTH]);
    /// The lowest 7 bits of each number.
    fn store_low_bits(self, to: &mut [Activation; WIDTH]);
}

/// A computation that is compiled once for each kind of processor.
pub(crate) trait Kernel {
    /// What it answers.
    type Output;
    /// Computes. To be inlined with all that it calls.
    fn run<L: Lanes>(self) -> Self::Output;
}

thread_local! {
    static PORTABLE: Cell<bool> = const { Cell::new(false) };
}

/// Runs everything inside on the scalar twins instead of what this processor has; for tests. Changes nothing on wasm,
/// where each build has one variant.
pub fn portably<T>(inside: impl FnOnce() -> T) -> T {
    PORTABLE.set(true);
    let answer = inside();
    PORTABLE.set(false);
    answer
}

/// Runs a kernel in the best variant that there is.
#[cfg(target_feature = "simd128")]
#[inline(always)]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<simd128::Simd128>()
}

/// Runs a kernel in the best variant that there is.
#[cfg(not(target_feature = "simd128"))]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if !PORTABLE.get() && std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the features.
        return unsafe { run_avx2(kernel) };
    }
    if cfg!(target_arch = "aarch64") && !PORTABLE.get() {
        return kernel.run::<portable::Fused>();
    }
    kernel.run::<portable::Portable>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<portable::Fused>()
}

/// Changes numbers eight at once.
#[inline(always)]
pub(crate) fn map<L: Lanes>(numbers: &mut [f32], change: impl Fn(L) -> L) {
    let (chunks, rest) = numbers.as_chunks_mut();
    chunks.iter_mut().for_each(|chunk| change(L::load(chunk)).store(chunk));
    if !rest.is_empty() {
        let mut chunk = filled(rest, 0.0);
        change(L::load(&chunk)).store(&mut chunk);
        rest.copy_from_slice(chunk.get(..rest.len()).unwrap_or_default());
    }
}

/// Changes numbers eight at once, each by the one of the others at its place; the shorter of the two decides.
#[inline(always)]
pub(crate) fn map_with<L: Lanes>(numbers: &mut [f32], others: &[f32], change: impl Fn(L, L) -> L) {
    let length = numbers.len().min(others.len());
    let (chunks, rest) = numbers.get_mut(..length).unwrap_or_default().as_chunks_mut();
    let (other_chunks, other_rest) = others.get(..length).unwrap_or_default().as_chunks();
    for (chunk, other) in chunks.iter_mut().zip(other_chunks) {
        change(L::load(chunk), L::load(other)).store(chunk);
    }
    if !rest.is_empty() {
        let mut chunk = filled(rest, 0.0);
        change(L::load(&chunk), L::load(&filled(other_rest, 0.0))).store(&mut chunk);
        rest.copy_from_slice(chunk.get(..rest.len()).unwrap_or_default());
    }
}

/// Fewer than eight numbers, and `padding` behind them.
#[inline(always)]
pub(crate) fn filled(rest: &[f32], padding: f32) -> [f32; WIDTH] {
    let mut chunk = [padding; WIDTH];
    chunk.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    chunk
}

/// All numbers put together by a function that takes them eight at once, from `start`, which changes nothing.
#[inline(always)]
pub(crate) fn fold<L: Lanes>(numbers: &[f32], start: f32, step: impl Fn(L, L) -> L) -> L {
    let (chunks, rest) = numbers.as_chunks();
    let mut state = L::splat(start);
    for chunk in chunks {
        state = step(state, L::load(chunk));
    }
    if !rest.is_empty() {
        state = step(state, L::load(&filled(rest, start)));
    }
    state
}

/// Eight numbers one by one.
#[inline(always)]
pub(crate) fn each<L: Lanes>(numbers: L) -> [f32; WIDTH] {
    let mut each = [0.0; WIDTH];
    numbers.store(&mut each);
    each
}

/// The sum of eight numbers.
#[inline(always)]
pub(crate) fn total<L: Lanes>(numbers: L) -> f32 {
    let [a, b, c, d, e, f, g, h] = each(numbers);
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twins_are_chosen_inside_only() {
        struct IsPortable;
        impl Kernel for IsPortable {
            type Output = bool;
            fn run<L: Lanes>(self) -> bool {
                std::any::type_name::<L>().ends_with("Portable")
            }
        }
        assert!(portably(|| run(IsPortable)));
        assert!(!PORTABLE.get());
    }
}
