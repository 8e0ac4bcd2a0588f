//! A linear map: `y = x Wᵀ + b`.

use candle_core::Tensor;

use super::Scope;
use crate::weights::{as_f32, to_vec};
use crate::{Result, Weights};

/// A linear map with an optional bias.
pub struct Linear {
    /// `[out, in]`, in the resident format.
    weight: Tensor,
    /// `[out]`; empty for none.
    bias: Vec<f32>,
}

impl Linear {
    /// Takes `weight` and, where `bias` is true, `bias` of `scope`.
    pub(crate) fn load(scope: &Scope<'_>, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        let weight = scope.get(&["weight"], &[outputs, inputs])?;
        let bias = if bias { to_vec(&scope.get(&["bias"], &[outputs])?)? } else { Vec::new() };
        Ok(Self { weight, bias })
    }

    /// A linear map that stands alone in a file, as sentence-transformers' `Dense` does.
    pub fn alone(weights: &Weights, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        Self::load(&Scope::new(weights).at("linear"), inputs, outputs, bias)
    }

    /// `[rows * in]` → `[rows * out]`.
    pub fn apply(&self, rows: Vec<f32>) -> Result<Vec<f32>> {
        let inputs = self.weight.dim(1)?;
        self.forward(&Tensor::from_vec(rows, ((), inputs), self.weight.device())?)
    }

    /// `[rows, in]` → `[rows * out]`.
    pub(crate) fn forward(&self, rows: &Tensor) -> Result<Vec<f32>> {
        let mut product = to_vec(&rows.matmul(&as_f32(&self.weight)?.t()?)?)?;
        if !self.bias.is_empty() {
            for row in product.chunks_exact_mut(self.bias.len()) {
                row.iter_mut().zip(&self.bias).for_each(|(number, bias)| *number += bias);
            }
        }
        Ok(product)
    }
}
