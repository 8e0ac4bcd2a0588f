//! Activation functions, in place.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

/// `x/2 · (1 + erf(x/√2))` (Hendrycks and Gimpel, 2016).
pub fn gelu(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = 0.5 * *x * (1.0 + libm::erff(*x * FRAC_1_SQRT_2)));
}

/// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`, the approximation of the same paper.
pub fn gelu_tanh(numbers: &mut [f32]) {
    let scale = (2.0 / PI).sqrt();
    numbers.iter_mut().for_each(|x| *x = 0.5 * *x * (1.0 + (scale * (*x + 0.044715 * *x * *x * *x)).tanh()));
}

/// `max(x, 0)`; not a number stays so.
pub fn relu(numbers: &mut [f32]) {
    numbers.iter_mut().filter(|x| **x < 0.0).for_each(|x| *x = 0.0);
}

/// `x / (1 + e⁻ˣ)`.
pub fn silu(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x /= 1.0 + (-*x).exp());
}

/// `tanh x`.
pub fn tanh(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = x.tanh());
}

/// `1 / (1 + e⁻ˣ)`.
pub fn sigmoid(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp()));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a kernel against its definition in f64, over a range and at its corners.
    fn check(kernel: fn(&mut [f32]), definition: fn(f64) -> f64) {
        let range = (-2000..=2000).map(|index| index as f32 / 100.0);
        let mut numbers: Vec<f32> = range.chain([0.0, -0.0, 1e-30, -1e-30, 1e30, -1e30, f32::INFINITY]).collect();
        let expected: Vec<f64> = numbers.iter().map(|x| definition(f64::from(*x))).collect();
        kernel(&mut numbers);
        for (found, expected) in numbers.iter().zip(expected) {
            let near = (f64::from(*found) - expected).abs() <= 1e-6 * expected.abs().max(1.0);
            assert!(near || f64::from(*found) == expected as f32 as f64, "{found}, not {expected}");
        }
        let mut nothing = [f32::NAN];
        kernel(&mut nothing);
        assert!(nothing[0].is_nan());
        kernel(&mut []);
    }

    #[test]
    fn kernels_follow_their_definitions() {
        check(gelu, |x| if x == f64::INFINITY { x } else { 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt())) });
        check(gelu_tanh, |x| {
            if x == f64::INFINITY {
                x
            } else {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
            }
        });
        check(relu, |x| x.max(0.0));
        check(silu, |x| x / (1.0 + (-x).exp()));
        check(tanh, f64::tanh);
        check(sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
    }
}
