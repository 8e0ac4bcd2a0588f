//! Layer normalization (Ba, Kiros and Hinton, 2016).

use vitrine_kernels::norm::layer_norm;

use super::Scope;
use crate::Result;
use crate::weights::to_vec;

/// `y = (x - mean) / √(variance + epsilon) · weight + bias` over each row.
pub(crate) struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl LayerNorm {
    /// Old checkpoints say `gamma` and `beta` for `weight` and `bias`.
    pub(crate) fn load(scope: &Scope<'_>, hidden: usize, epsilon: f64) -> Result<Self> {
        let weight = to_vec(&scope.get(&["weight", "gamma"], &[hidden])?)?;
        let bias = to_vec(&scope.get(&["bias", "beta"], &[hidden])?)?;
        Ok(Self { weight, bias, epsilon: epsilon as f32 })
    }

    /// `[rows * hidden]`, in place.
    pub(crate) fn forward(&self, rows: &mut [f32]) {
        layer_norm(rows, &self.weight, &self.bias, self.epsilon);
    }
}
