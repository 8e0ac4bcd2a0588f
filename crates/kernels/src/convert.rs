//! Little-endian bytes of a checkpoint as numbers, and numbers between formats.

use half::{bf16, f16};

/// The f32 numbers in `bytes` (4 bytes each; a rest is left out).
pub fn f32s(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes)
}

/// The f64 numbers in `bytes` (8 bytes each; a rest is left out).
pub fn f64s(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.as_chunks().0.iter().copied().map(f64::from_le_bytes)
}

/// The f16 numbers in `bytes` (2 bytes each; a rest is left out).
pub fn f16s(bytes: &[u8]) -> impl Iterator<Item = f16> {
    bytes.as_chunks().0.iter().copied().map(f16::from_le_bytes)
}

/// The bf16 numbers in `bytes` (2 bytes each; a rest is left out).
pub fn bf16s(bytes: &[u8]) -> impl Iterator<Item = bf16> {
    bytes.as_chunks().0.iter().copied().map(bf16::from_le_bytes)
}

/// Adds the f32 numbers in `bytes` to `numbers`.
pub fn append_f32s(numbers: &mut Vec<f32>, bytes: &[u8]) {
    numbers.extend(f32s(bytes));
}

/// Adds the whole numbers in `bytes` to `numbers`.
pub fn append_i8s(numbers: &mut Vec<i8>, bytes: &[u8]) {
    numbers.extend(bytes.iter().map(|byte| byte.cast_signed()));
}

/// The f32 numbers in `bytes`, as many as `numbers` has room for.
pub fn fill_f32s(numbers: &mut [f32], bytes: &[u8]) {
    numbers.iter_mut().zip(f32s(bytes)).for_each(|(place, number)| *place = number);
}

/// The f16 numbers in `bytes`, as many as `numbers` has room for.
pub fn fill_f16s(numbers: &mut [f32], bytes: &[u8]) {
    numbers.iter_mut().zip(f16s(bytes)).for_each(|(place, number)| *place = number.to_f32());
}

/// The bf16 numbers in `bytes`, as many as `numbers` has room for.
pub fn fill_bf16s(numbers: &mut [f32], bytes: &[u8]) {
    numbers.iter_mut().zip(bf16s(bytes)).for_each(|(place, number)| *place = number.to_f32());
}

/// The f64 numbers in `bytes`, as many as `numbers` has room for.
pub fn fill_f64s(numbers: &mut [f32], bytes: &[u8]) {
    numbers.iter_mut().zip(f64s(bytes)).for_each(|(place, number)| *place = number as f32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IEEE 754: sign, exponent and fraction, computed in f64.
    fn decode(bits: u16, exponent_bits: u32) -> f64 {
        let fraction_bits = 15 - exponent_bits;
        let bias = (1 << (exponent_bits - 1)) - 1;
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        let exponent = i32::from((bits >> fraction_bits) & ((1 << exponent_bits) - 1));
        let fraction = f64::from(bits & ((1 << fraction_bits) - 1)) / f64::from(1 << fraction_bits);
        if exponent == (1 << exponent_bits) - 1 {
            return if fraction == 0.0 { sign * f64::INFINITY } else { f64::NAN };
        }
        let (whole, power) = if exponent == 0 { (0.0, 1 - bias) } else { (1.0, exponent - bias) };
        sign * (whole + fraction) * 2f64.powi(power)
    }

    #[test]
    fn every_half_number_keeps_its_value() {
        let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let (mut from_f16, mut from_bf16) = (vec![0.0; 1 << 16], vec![0.0; 1 << 16]);
        fill_f16s(&mut from_f16, &bytes);
        fill_bf16s(&mut from_bf16, &bytes);
        let same = |found: f32, expected: f64| f64::from(found) == expected || (found.is_nan() && expected.is_nan());
        for bits in 0..=u16::MAX {
            assert!(same(from_f16[usize::from(bits)], decode(bits, 5)), "f16 {bits:04x}");
            assert!(same(from_bf16[usize::from(bits)], decode(bits, 8)), "bf16 {bits:04x}");
        }
    }

    #[test]
    fn a_rest_is_left_out() {
        assert_eq!(f32s(&[0, 0, 128, 63, 1, 2]).collect::<Vec<f32>>(), [1.0]);
        assert_eq!(f64s(&[0, 0, 0, 0, 0, 0, 240, 191, 1]).collect::<Vec<f64>>(), [-1.0]);
        let mut numbers = vec![2.0];
        append_f32s(&mut numbers, &[0, 0, 128, 63, 1, 2]);
        assert_eq!(numbers, [2.0, 1.0]);
        fill_f64s(&mut numbers, &[0, 0, 0, 0, 0, 0, 240, 191, 1]);
        assert_eq!(numbers, [-1.0, 1.0]);
        fill_f32s(&mut numbers[..1], &[0, 0, 128, 63, 0, 0, 0, 0]);
        assert_eq!(numbers, [1.0, 1.0]);
        let mut whole = vec![5];
        append_i8s(&mut whole, &[255, 128, 3]);
        assert_eq!(whole, [5, -1, -128, 3]);
    }
}
