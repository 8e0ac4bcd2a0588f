//! Normalization of rows, in place.

use crate::lanes::{self, Kernel, Lanes};

/// `(x - mean) / √(variance + epsilon) · weight + bias` for each row as long as `weight` (Ba, Kiros and Hinton, 2016).
pub fn layer_norm(rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    lanes::run(LayerNorm { rows, weight, bias, epsilon });
}

struct LayerNorm<'a> {
    rows: &'a mut [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    epsilon: f32,
}

impl Kernel for LayerNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for row in self.rows.chunks_exact_mut(self.weight.len().max(1)) {
            let count = row.len() as f32;
            let mean = sum(row, |x: L| x) / count;
            let middle = L::splat(mean);
            lanes::map(row, |x: L| x.sub(middle));
            let variance = sum(row, |x: L| x.mul(x)) / count;
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            for ((x, weight), bias) in row.iter_mut().zip(self.weight).zip(self.bias) {
                *x = *x * scale * weight + bias;
            }
        }
    }
}

/// `x / √(mean of squares + epsilon) · weight` for each row as long as `weight` (Zhang and Sennrich, 2019).
pub fn rms_norm(rows: &mut [f32], weight: &[f32], epsilon: f32) {
    lanes::run(RmsNorm { rows, weight, epsilon });
}

struct RmsNorm<'a> {
    rows: &'a mut [f32],
    weight: &'a [f32],
    epsilon: f32,
}

impl Kernel for RmsNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for row in self.rows.chunks_exact_mut(self.weight.len().max(1)) {
            let mean = sum(row, |x: L| x.mul(x)) / row.len() as f32;
            let scale = 1.0 / (mean + self.epsilon).sqrt();
            row.iter_mut().zip(self.weight).for_each(|(x, weight)| *x *= scale * weight);
        }
    }
}

/// The sum of a function of each number, which is 0 of 0.
#[inline(always)]
fn sum<L: Lanes>(row: &[f32], of: impl Fn(L) -> L) -> f32 {
    let (chunks, rest) = row.as_chunks();
    let total = chunks.iter().fold(L::splat(0.0), |sum, chunk| sum.add(of(L::load(chunk))));
    lanes::total(total.add(of(L::load(&lanes::filled(rest, 0.0)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_the_definition() {
        for width in [1, 2, 7, 64, 385] {
            let number = |index: usize| ((index * 37 % 101) as f32 - 50.0) / 7.0;
            let (weight, bias): (Vec<f32>, Vec<f32>) =
                (0..width).map(|index| (number(index + 3), number(index + 5))).unzip();
            let mut rows: Vec<f32> = (0..3 * width).map(number).collect();
            let before = rows.clone();
            layer_norm(&mut rows, &weight, &bias, 1e-12);
            for (row, before) in rows.chunks(width).zip(before.chunks(width)) {
                let mean = before.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
                let variance = before.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width as f64;
                for (index, (found, x)) in row.iter().zip(before).enumerate() {
                    let normal = (f64::from(*x) - mean) / (variance + 1e-12).sqrt();
                    let expected = normal * f64::from(weight[index]) + f64::from(bias[index]);
                    assert!((f64::from(*found) - expected).abs() < 1e-4, "{found}, not {expected}, of width {width}");
                }
            }
        }
    }

    #[test]
    fn rows_have_a_mean_of_squares_of_1() {
        let mut rows = [3.0, -4.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5];
        rms_norm(&mut rows, &[1.0, 2.0, 3.0, 4.0], 1e-12);
        let expected = [1.2, -3.2, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0];
        assert!(rows.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{rows:?}");
        let mut zeros = [0.0; 2];
        rms_norm(&mut zeros, &[1.0; 2], 1e-6);
        assert_eq!(zeros, [0.0; 2]);
    }

    #[test]
    fn a_constant_row_becomes_the_bias() {
        let mut row = [3.0; 4];
        layer_norm(&mut row, &[1.0; 4], &[0.5; 4], 1e-12);
        assert_eq!(row, [0.5; 4]);
    }
}
