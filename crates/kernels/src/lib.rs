//! Numeric kernels on slices, and the memory for them. Knows no tensor and no model; the only crate that may hold `unsafe`
//! code.
#![allow(unsafe_code)]

pub mod activation;
pub mod attention;
pub mod convert;
mod exponential;
pub mod int8;
mod lanes;
pub mod memory;
pub mod norm;
pub mod product;
pub mod rows;
pub mod softmax;
mod tile;

pub use activation::Function;
#[doc(hidden)]
pub use lanes::portably;

/// Outputs of one panel of a packed matrix.
pub const PANEL: usize = lanes::WIDTH;

/// What is done to a product's numbers on their way out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finish<'a> {
    /// Added to each row, a number an output; empty for none.
    pub bias: &'a [f32],
    /// Applied after the bias.
    pub activation: Option<Function>,
    /// Whether the result is added to what is there instead of replacing it.
    pub add: bool,
}

impl Finish<'_> {
    /// Adds the bias from output `first` on to numbers of one row, and applies the activation.
    #[inline(always)]
    pub(crate) fn apply<L: lanes::Lanes>(&self, numbers: &mut [f32], first: usize) {
        if let Some(bias) = self.bias.get(first..) {
            lanes::map_with(numbers, bias, |number: L, bias| number.add(bias));
        }
        if let Some(function) = self.activation {
            function.apply_on::<L>(numbers);
        }
    }
}
