//! Activation functions, in place.

use std::f32::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use crate::exponential;
use crate::lanes::{self, Kernel, Lanes};

/// An activation function that is computed eight numbers at once, and that a product may end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// [`gelu`]
    Gelu,
    /// [`gelu_tanh`]
    GeluTanh,
    /// [`quick_gelu`]
    QuickGelu,
    /// [`relu`]
    Relu,
    /// [`sigmoid`]
    Sigmoid,
    /// [`silu`]
    Silu,
    /// [`tanh`]
    Tanh,
}

impl Function {
    /// Applies it, in place.
    pub fn apply(self, numbers: &mut [f32]) {
        lanes::run(Apply { function: self, numbers });
    }

    /// The same inside a kernel.
    #[inline(always)]
    pub(crate) fn apply_on<L: Lanes>(self, numbers: &mut [f32]) {
        let sigmoid = |x: L| L::splat(1.0).div(L::splat(1.0).add(exponential::exp(L::splat(0.0).sub(x))));
        match self {
            Self::Gelu => lanes::map(numbers, |x: L| {
                let half = x.mul(L::splat(0.5));
                let gelu = half.mul_add(exponential::erf(x.mul(L::splat(FRAC_1_SQRT_2))), half);
                x.zero_below(-4.0 * SQRT_2, gelu)
            }),
            Self::GeluTanh => lanes::map(numbers, |x: L| {
                let half = x.mul(L::splat(0.5));
                let cube = x.mul(x).mul(x);
                let inner = cube.mul_add(L::splat(0.044_715), x).mul(L::splat((2.0 / PI).sqrt()));
                inner.zero_below(-7.9, half.mul_add(exponential::tanh(inner), half))
            }),
            Self::QuickGelu => lanes::map(numbers, |x: L| x.mul(sigmoid(x.mul(L::splat(1.702))))),
            Self::Relu => lanes::map(numbers, |x: L| x.max(L::splat(0.0))),
            Self::Sigmoid => lanes::map(numbers, sigmoid),
            Self::Silu => lanes::map(numbers, |x: L| x.mul(sigmoid(x))),
            Self::Tanh => lanes::map(numbers, exponential::tanh::<L>),
        }
    }
}

struct Apply<'a> {
    function: Function,
    numbers: &'a mut [f32],
}

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        self.function.apply_on::<L>(self.numbers);
    }
}

/// `x/2 · (1 + erf(x/√2))` (Hendrycks and Gimpel, 2016).
pub fn gelu(numbers: &mut [f32]) {
    Function::Gelu.apply(numbers);
}

/// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`, the approximation of the same paper.
pub fn gelu_tanh(numbers: &mut [f32]) {
    Function::GeluTanh.apply(numbers);
}

/// `max(x, 0)`; not a number stays so.
pub fn relu(numbers: &mut [f32]) {
    Function::Relu.apply(numbers);
}

/// `x / (1 + e⁻ˣ)`.
pub fn silu(numbers: &mut [f32]) {
    Function::Silu.apply(numbers);
}

/// `x · sigmoid(1.702 x)`.
pub fn quick_gelu(numbers: &mut [f32]) {
    Function::QuickGelu.apply(numbers);
}

/// `tanh x`.
pub fn tanh(numbers: &mut [f32]) {
    Function::Tanh.apply(numbers);
}

/// `1 / (1 + e⁻ˣ)`.
pub fn sigmoid(numbers: &mut [f32]) {
    Function::Sigmoid.apply(numbers);
}

/// `gelu(x)` between -10 and 10 (`gelu_10` of transformers).
pub fn gelu_clipped(numbers: &mut [f32]) {
    gelu(numbers);
    numbers.iter_mut().for_each(|x| *x = x.clamp(-10.0, 10.0));
}

/// `x`, or `x/100` below 0.
pub fn leaky_relu(numbers: &mut [f32]) {
    numbers.iter_mut().filter(|x| **x < 0.0).for_each(|x| *x *= 0.01);
}

/// `max(x, 0)²`.
pub fn relu_squared(numbers: &mut [f32]) {
    relu(numbers);
    numbers.iter_mut().for_each(|x| *x *= *x);
}

/// `x` between 0 and 6.
pub fn relu6(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = x.clamp(0.0, 6.0));
}

/// `x · relu6(x + 3) / 6`.
pub fn hardswish(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x *= (*x + 3.0).clamp(0.0, 6.0) / 6.0);
}

/// `x · tanh(softplus(x))` (Misra, 2019).
pub fn mish(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x *= softplus(*x).tanh());
}

/// `√softplus(x)`.
pub fn sqrt_softplus(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = softplus(*x).sqrt());
}

/// `(1 + erf((x - √½) / (0.282095 √2))) / 2` (Ma et al., 2022).
pub fn laplace(numbers: &mut [f32]) {
    let scale = FRAC_1_SQRT_2 / 0.282_095;
    numbers.iter_mut().for_each(|x| *x = 0.5 * (1.0 + libm::erff((*x - FRAC_1_SQRT_2) * scale)));
}

/// `ln(1 + eˣ)`.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a kernel against its definition in f64, over a range and at its corners.
    fn check(kernel: fn(&mut [f32]), definition: impl Fn(f64) -> f64) {
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
        let gelu_10 = |x: f64| (0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt()))).clamp(-10.0, 10.0);
        check(gelu_clipped, gelu_10);
        check(quick_gelu, |x| x / (1.0 + (-1.702 * x).exp()));
        check(leaky_relu, |x| if x < 0.0 { 0.01 * x } else { x });
        check(relu_squared, |x| x.max(0.0).powi(2));
        check(relu6, |x| x.clamp(0.0, 6.0));
        check(hardswish, |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0);
        let softplus = |x: f64| if x > 40.0 { x } else { x.exp().ln_1p() };
        check(mish, |x| x * softplus(x).tanh());
        check(sqrt_softplus, |x| softplus(x).sqrt());
        check(laplace, |x| 0.5 * (1.0 + libm::erf((x - 0.5f64.sqrt()) / (0.282095 * 2f64.sqrt()))));
        check(tanh, f64::tanh);
        check(sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
    }
}
