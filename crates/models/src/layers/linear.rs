//! A linear map: `y = x Wᵀ + b`.

use candle_core::Tensor;

use super::Scope;
use crate::weights::as_f32;
use crate::{Result, Weights};

/// A linear map with an optional bias.
pub struct Linear {
    /// `[out, in]`, in the resident format.
    weight: Tensor,
    /// `[out]`, f32.
    bias: Option<Tensor>,
}

impl Linear {
    /// Takes `weight` and, where `bias` is true, `bias` of `scope`.
    pub(crate) fn load(scope: &Scope<'_>, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        let weight = scope.get(&["weight"], &[outputs, inputs])?;
        let bias = if bias { Some(as_f32(&scope.get(&["bias"], &[outputs])?)?) } else { None };
        Ok(Self { weight, bias })
    }

    /// A linear map that stands alone in a file, as sentence-transformers' `Dense` does.
    pub fn alone(weights: &Weights, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        Self::load(&Scope::new(weights).at("linear"), inputs, outputs, bias)
    }

    /// Maps rows of `[rows * in]` numbers to `[rows * out]`.
    pub fn apply(&self, rows: Vec<f32>) -> Result<Vec<f32>> {
        let inputs = self.weight.dim(1)?;
        let rows = Tensor::from_vec(rows, ((), inputs), self.weight.device())?;
        Ok(self.forward(&rows)?.flatten_all()?.to_vec1()?)
    }

    /// `[rows, in]` → `[rows, out]`.
    pub(crate) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let product = rows.matmul(&as_f32(&self.weight)?.t()?)?;
        Ok(match &self.bias {
            Some(bias) => product.broadcast_add(bias)?,
            None => product,
        })
    }
}
