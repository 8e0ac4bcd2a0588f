//! Softmax, in place.

use crate::exponential::exp;
use crate::lanes::{self, Kernel, Lanes};

/// `eˣ / Σ eˣ` over the first `length` numbers of a row; the others, which are padding, become 0. A row of nothing but
/// -∞ becomes 0.
pub fn softmax(row: &mut [f32], length: usize) {
    let (text, padding) = row.split_at_mut(length.min(row.len()));
    padding.fill(0.0);
    lanes::run(Softmax(text));
}

struct Softmax<'a>(&'a mut [f32]);

impl Kernel for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let factor = L::splat(1.0 / exponentials::<L>(self.0));
        lanes::map(self.0, |x: L| x.mul(factor));
    }
}

/// `eˣ⁻ᵐ` in place, where `m` is the largest number, and the sum of it; 0 and the sum 1 where all are -∞.
#[inline(always)]
pub(crate) fn exponentials<L: Lanes>(row: &mut [f32]) -> f32 {
    let largest =
        lanes::each(lanes::fold(row, f32::NEG_INFINITY, L::max)).into_iter().fold(f32::NEG_INFINITY, f32::max);
    if largest == f32::NEG_INFINITY && !row.iter().any(|x| x.is_nan()) {
        row.fill(0.0);
        return 1.0;
    }
    let largest = L::splat(largest);
    let mut sum = L::splat(0.0);
    let (chunks, rest) = row.as_chunks_mut();
    for chunk in chunks {
        let power = exp(L::load(chunk).sub(largest));
        sum = sum.add(power);
        power.store(chunk);
    }
    if !rest.is_empty() {
        let mut chunk = lanes::filled(rest, f32::NEG_INFINITY);
        let power = exp(L::load(&chunk).sub(largest));
        sum = sum.add(power);
        power.store(&mut chunk);
        rest.copy_from_slice(chunk.get(..rest.len()).unwrap_or_default());
    }
    lanes::total(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_the_definition() {
        for length in [1, 2, 5, 17, 128] {
            let mut row: Vec<f32> = (0..128).map(|index| ((index * 53 % 97) as f32 - 40.0) / 3.0).collect();
            let exponentials: Vec<f64> = row[..length].iter().map(|x| f64::from(*x).exp()).collect();
            let sum: f64 = exponentials.iter().sum();
            softmax(&mut row, length);
            for (found, expected) in row.iter().zip(exponentials.iter().chain(std::iter::repeat(&0.0))) {
                assert!((f64::from(*found) - expected / sum).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn what_is_masked_counts_nothing() {
        let mut row = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY, 5.0];
        softmax(&mut row, 3);
        assert_eq!(row, [0.0, 1.0, 0.0, 0.0]);
        let mut row = [f32::NEG_INFINITY; 3];
        softmax(&mut row, 3);
        assert_eq!(row, [0.0; 3]);
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        let mut row = [1e30, 1e30, -1e30];
        softmax(&mut row, 3);
        assert_eq!(row, [0.5, 0.5, 0.0]);
    }
}
