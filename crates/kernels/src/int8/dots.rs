//! Sums of products of small integers, one type a kind of processor.

/// A quantized number of a row, 0..=127, and a weight, -127..=127, as the inner loop reads them.
#[cfg(not(all(target_feature = "simd128", not(target_feature = "relaxed-simd"))))]
pub(crate) use bytes::{Activation, Weight, Weights};
#[cfg(all(target_feature = "simd128", not(target_feature = "relaxed-simd")))]
pub(crate) use words::{Activation, Weight, Weights};

#[cfg(not(target_feature = "simd128"))]
pub(crate) use bytes::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use bytes::{Avx2, PairedAvx2};
#[cfg(target_feature = "relaxed-simd")]
pub(crate) use bytes::{PairedRelaxed as PairedSimd128, Relaxed as Simd128};
#[cfg(all(target_feature = "simd128", not(target_feature = "relaxed-simd")))]
pub(crate) use words::{Simd128, Simd128 as PairedSimd128};

/// Whether sums that add two products in 16 bits are faster: where the processor has no instruction for a dot product of
/// bytes. What relaxed dot products answer outside of their range tells it.
#[cfg(target_feature = "relaxed-simd")]
pub(crate) fn pairs_are_faster() -> bool {
    use std::arch::wasm32::*;
    let [weights, numbers] = [127, 255].map(|byte| u8x16_splat(std::hint::black_box(byte)));
    let sums = i32x4_relaxed_dot_i8x16_i7x16_add(weights, numbers, i32x4_splat(0));
    // Two sums of two products, each kept at the largest number of 16 bits.
    i32x4_extract_lane::<0>(sums) == 2 * i32::from(i16::MAX)
}

/// Whether sums that add two products in 16 bits are faster.
#[cfg(not(target_feature = "relaxed-simd"))]
pub(crate) fn pairs_are_faster() -> bool {
    cfg!(target_arch = "x86_64")
}

/// Four inputs at once, as they are packed.
#[cfg(not(all(target_feature = "simd128", not(target_feature = "relaxed-simd"))))]
mod bytes {
    #[cfg(not(target_feature = "simd128"))]
    use crate::lanes::WIDTH;
    use crate::tile::Sums;

    pub(crate) type Activation = u8;
    pub(crate) type Weight = i8;

    /// Panels as they are.
    #[derive(Default)]
    pub(crate) struct Weights(());

    impl Weights {
        pub fn of<'a>(&'a mut self, panels: &'a [i8], length: usize) -> &'a [i8] {
            panels.get(..length).unwrap_or_default()
        }
    }

    /// The scalar twin.
    #[cfg(not(target_feature = "simd128"))]
    #[derive(Clone, Copy)]
    pub(crate) struct Portable([i32; WIDTH]);

    #[cfg(not(target_feature = "simd128"))]
    impl Sums for Portable {
        type Number = u8;
        type Weight = i8;
        type Sum = i32;
        type Numbers = [u8; 4];
        type Weights = [[i8; 4]; WIDTH];
        const STEP: usize = 4;

        #[inline(always)]
        fn zero() -> Self {
            Self([0; WIDTH])
        }

        // SAFETY: as the trait says.
        #[inline(always)]
        unsafe fn numbers(from: *const u8) -> [u8; 4] {
            // SAFETY: the caller vouches for four numbers.
            unsafe { *from.cast() }
        }

        // SAFETY: as the trait says.
        #[inline(always)]
        unsafe fn weights(from: *const i8) -> [[i8; 4]; WIDTH] {
            // SAFETY: the caller vouches for four weights of eight outputs.
            unsafe { *from.cast() }
        }

        #[inline(always)]
        fn accumulate(mut self, [a, b, c, d]: [u8; 4], weights: [[i8; 4]; WIDTH]) -> Self {
            let product = |number: u8, weight: i8| i32::from(number) * i32::from(weight);
            for (sum, [e, f, g, h]) in self.0.iter_mut().zip(weights) {
                *sum += product(a, e) + product(b, f) + product(c, g) + product(d, h);
            }
            self
        }

        // SAFETY: as the trait says.
        #[inline(always)]
        unsafe fn store(self, to: *mut i32) {
            // SAFETY: the caller vouches for the room.
            unsafe { *to.cast() = self.0 };
        }
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) use avx2::{Avx2, PairedAvx2};

    #[cfg(target_arch = "x86_64")]
    mod avx2 {
        use std::arch::x86_64::*;

        use super::Sums;

        /// With AVX2, which the choice of the variant has found.
        #[derive(Clone, Copy)]
        pub(crate) struct Avx2(__m256i);

        impl Sums for Avx2 {
            type Number = u8;
            type Weight = i8;
            type Sum = i32;
            type Numbers = __m256i;
            type Weights = __m256i;
            const STEP: usize = 4;

            #[inline(always)]
            fn zero() -> Self {
                // SAFETY: there is AVX2.
                Self(unsafe { _mm256_setzero_si256() })
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn numbers(from: *const u8) -> __m256i {
                // SAFETY: there is AVX2, and the caller vouches for four numbers.
                unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn weights(from: *const i8) -> __m256i {
                // SAFETY: there is AVX2, and the caller vouches for four weights of eight outputs.
                unsafe { _mm256_loadu_si256(from.cast()) }
            }

            #[inline(always)]
            fn accumulate(self, numbers: __m256i, weights: __m256i) -> Self {
                // Sums of two products stay within 16 bits, because the numbers have 7.
                // SAFETY: there is AVX2.
                Self(unsafe {
                    let pairs = _mm256_maddubs_epi16(numbers, weights);
                    _mm256_add_epi32(self.0, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
                })
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn store(self, to: *mut i32) {
                // SAFETY: there is AVX2, and the caller vouches for the room.
                unsafe { _mm256_storeu_si256(to.cast(), self.0) };
            }
        }

        /// The same, two products added in 16 bits.
        #[derive(Clone, Copy)]
        pub(crate) struct PairedAvx2(Avx2);

        impl Sums for PairedAvx2 {
            type Number = u8;
            type Weight = i8;
            type Sum = i32;
            type Numbers = [__m256i; 2];
            type Weights = [__m256i; 2];
            const STEP: usize = 8;

            #[inline(always)]
            fn zero() -> Self {
                Self(Avx2::zero())
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn numbers(from: *const u8) -> [__m256i; 2] {
                // SAFETY: the caller vouches for eight numbers.
                unsafe { [Avx2::numbers(from), Avx2::numbers(from.add(4))] }
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn weights(from: *const i8) -> [__m256i; 2] {
                // SAFETY: the caller vouches for eight weights of eight outputs.
                unsafe { [Avx2::weights(from), Avx2::weights(from.add(32))] }
            }

            #[inline(always)]
            fn accumulate(self, numbers: [__m256i; 2], weights: [__m256i; 2]) -> Self {
                let ([first, second], [left, right]) = (numbers, weights);
                // SAFETY: there is AVX2.
                Self(Avx2(unsafe {
                    let pairs =
                        _mm256_add_epi16(_mm256_maddubs_epi16(first, left), _mm256_maddubs_epi16(second, right));
                    _mm256_add_epi32(self.0.0, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
                }))
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn store(self, to: *mut i32) {
                // SAFETY: the caller vouches for the room.
                unsafe { self.0.store(to) };
            }
        }
    }

    #[cfg(target_feature = "relaxed-simd")]
    pub(crate) use relaxed::{PairedRelaxed, Relaxed};

    #[cfg(target_feature = "relaxed-simd")]
    mod relaxed {
        use std::arch::wasm32::*;

        use super::Sums;

        /// With relaxed dot products, which are exact because the numbers have 7 bits.
        #[derive(Clone, Copy)]
        pub(crate) struct Relaxed(v128, v128);

        impl Sums for Relaxed {
            type Number = u8;
            type Weight = i8;
            type Sum = i32;
            type Numbers = v128;
            type Weights = (v128, v128);
            const STEP: usize = 4;

            #[inline(always)]
            fn zero() -> Self {
                Self(i32x4_splat(0), i32x4_splat(0))
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn numbers(from: *const u8) -> v128 {
                // SAFETY: the caller vouches for four numbers.
                unsafe { v128_load32_splat(from.cast()) }
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn weights(from: *const i8) -> (v128, v128) {
                let from = from.cast::<v128>();
                // SAFETY: the caller vouches for four weights of eight outputs.
                unsafe { (v128_load(from), v128_load(from.add(1))) }
            }

            #[inline(always)]
            fn accumulate(self, numbers: v128, weights: (v128, v128)) -> Self {
                Self(
                    i32x4_relaxed_dot_i8x16_i7x16_add(weights.0, numbers, self.0),
                    i32x4_relaxed_dot_i8x16_i7x16_add(weights.1, numbers, self.1),
                )
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn store(self, to: *mut i32) {
                let to = to.cast::<v128>();
                // SAFETY: the caller vouches for the room.
                unsafe {
                    v128_store(to, self.0);
                    v128_store(to.add(1), self.1);
                }
            }
        }

        /// The same, two products added in 16 bits: three instructions for each product become two and a half.
        #[derive(Clone, Copy)]
        pub(crate) struct PairedRelaxed(Relaxed);

        impl Sums for PairedRelaxed {
            type Number = u8;
            type Weight = i8;
            type Sum = i32;
            type Numbers = (v128, v128);
            type Weights = ((v128, v128), (v128, v128));
            const STEP: usize = 8;

            #[inline(always)]
            fn zero() -> Self {
                Self(Relaxed::zero())
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn numbers(from: *const u8) -> (v128, v128) {
                // SAFETY: the caller vouches for eight numbers.
                unsafe { (Relaxed::numbers(from), Relaxed::numbers(from.add(4))) }
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn weights(from: *const i8) -> Self::Weights {
                // SAFETY: the caller vouches for eight weights of eight outputs.
                unsafe { (Relaxed::weights(from), Relaxed::weights(from.add(32))) }
            }

            #[inline(always)]
            fn accumulate(self, (first, second): (v128, v128), (left, right): Self::Weights) -> Self {
                let pairs = |left, right| {
                    let products = i16x8_relaxed_dot_i8x16_i7x16(right, second);
                    i32x4_extadd_pairwise_i16x8(i16x8_add(i16x8_relaxed_dot_i8x16_i7x16(left, first), products))
                };
                let Relaxed(low, high) = self.0;
                Self(Relaxed(i32x4_add(low, pairs(left.0, right.0)), i32x4_add(high, pairs(left.1, right.1))))
            }

            // SAFETY: as the trait says.
            #[inline(always)]
            unsafe fn store(self, to: *mut i32) {
                // SAFETY: the caller vouches for the room.
                unsafe { self.0.store(to) };
            }
        }
    }
}

/// Two inputs at once, of panels that are widened to 16 bits before a product.
#[cfg(all(target_feature = "simd128", not(target_feature = "relaxed-simd")))]
mod words {
    use std::arch::wasm32::*;

    use crate::tile::Sums;

    pub(crate) type Activation = i16;
    pub(crate) type Weight = i16;

    /// Room for widened panels.
    #[derive(Default)]
    pub(crate) struct Weights(Vec<i16>);

    impl Weights {
        /// The panels with two inputs of each of their outputs one behind another.
        pub fn of(&mut self, panels: &[i8], length: usize) -> &[i16] {
            self.0.resize(length, 0);
            let (wide, narrow) = (self.0.as_chunks_mut::<32>().0, panels.as_chunks::<32>().0);
            for (wide, narrow) in wide.iter_mut().zip(narrow) {
                let (wide, narrow) = (wide.as_mut_ptr().cast::<v128>(), narrow.as_ptr().cast::<v128>());
                // SAFETY: 32 bytes are two vectors, and 32 words are four.
                unsafe {
                    let (left, right) = (v128_load(narrow), v128_load(narrow.add(1)));
                    let first = i16x8_shuffle::<0, 2, 4, 6, 8, 10, 12, 14>(left, right);
                    let second = i16x8_shuffle::<1, 3, 5, 7, 9, 11, 13, 15>(left, right);
                    v128_store(wide, i16x8_extend_low_i8x16(first));
                    v128_store(wide.add(1), i16x8_extend_high_i8x16(first));
                    v128_store(wide.add(2), i16x8_extend_low_i8x16(second));
                    v128_store(wide.add(3), i16x8_extend_high_i8x16(second));
                }
            }
            &self.0
        }
    }

    /// With dot products of 16 bits.
    #[derive(Clone, Copy)]
    pub(crate) struct Simd128(v128, v128);

    impl Sums for Simd128 {
        type Number = i16;
        type Weight = i16;
        type Sum = i32;
        type Numbers = v128;
        type Weights = (v128, v128);
        const STEP: usize = 2;

        #[inline(always)]
        fn zero() -> Self {
            Self(i32x4_splat(0), i32x4_splat(0))
        }

        // SAFETY: as the trait says.
        #[inline(always)]
        unsafe fn numbers(from: *const i16) -> v128 {
            // SAFETY: the caller vouches for two numbers.
            unsafe { v128_load32_splat(from.cast()) }
        }

        // SAFETY: as the trait says.
        #[inline(always)]
        unsafe fn weights(from: *const i16) -> (v128, v128) {
            let from = from.cast::<v128>();
            // SAFETY: the caller vouches for two weights of eight outputs.
            unsafe { (v128_load(from), v128_load(from.add(1))) }
        }

        #[inline(always)]
        fn accumulate(self, numbers: v128, weights: (v128, v128)) -> Self {
            Self(
                i32x4_add(self.0, i32x4_dot_i16x8(weights.0, numbers)),
                i32x4_add(self.1, i32x4_dot_i16x8(weights.1, numbers)),
            )
        }

        // SAFETY: as the trait says.
        #[inline(always)]
        unsafe fn store(self, to: *mut i32) {
            let to = to.cast::<v128>();
            // SAFETY: the caller vouches for the room.
            unsafe {
                v128_store(to, self.0);
                v128_store(to.add(1), self.1);
            }
        }
    }
}
