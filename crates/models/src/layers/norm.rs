//! Layer normalization (Ba, Kiros and Hinton, 2016).

use candle_core::Tensor;
use candle_nn::ops::layer_norm;

use super::Scope;
use crate::Result;
use crate::weights::as_f32;

/// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias` over the last dimension.
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl LayerNorm {
    /// Old checkpoints say `gamma` and `beta` for `weight` and `bias`.
    pub(crate) fn load(scope: &Scope<'_>, hidden: usize, epsilon: f64) -> Result<Self> {
        let weight = as_f32(&scope.get(&["weight", "gamma"], &[hidden])?)?;
        let bias = as_f32(&scope.get(&["bias", "beta"], &[hidden])?)?;
        Ok(Self { weight, bias, epsilon: epsilon as f32 })
    }

    /// `[rows, hidden]` → `[rows, hidden]`.
    pub(crate) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        Ok(layer_norm(rows, &self.weight, &self.bias, self.epsilon)?)
    }
}
