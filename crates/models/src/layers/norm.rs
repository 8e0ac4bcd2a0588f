//! Normalization of hidden states, each row by itself.

use vitrine_kernels::norm::{layer_norm, rms_norm};

use super::Scope;
use crate::Result;

/// A norm of either kind, or none.
pub(crate) enum Norm {
    Layer(LayerNorm),
    Rms(RmsNorm),
    None,
}

impl Norm {
    /// `[rows * hidden]`, in place.
    pub(crate) fn forward(&self, rows: &mut [f32]) {
        match self {
            Self::Layer(norm) => norm.forward(rows),
            Self::Rms(norm) => norm.forward(rows),
            Self::None => {}
        }
    }
}

/// `y = (x - mean) / √(variance + epsilon) · weight + bias` over each row (Ba, Kiros and Hinton, 2016).
pub(crate) struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    /// `None` where rows are only multiplied by the weight and moved by the bias (`NoNorm` of MobileBERT).
    epsilon: Option<f32>,
}

impl LayerNorm {
    /// Old checkpoints say `gamma` and `beta` for `weight` and `bias`.
    pub(crate) fn load(scope: &Scope<'_>, hidden: usize, epsilon: f64) -> Result<Self> {
        let bias = scope.numbers(&["bias", "beta"], &[hidden])?;
        Ok(Self { bias, ..Self::without_bias(scope, hidden, epsilon)? })
    }

    /// A norm that has no bias.
    pub(crate) fn without_bias(scope: &Scope<'_>, hidden: usize, epsilon: f64) -> Result<Self> {
        let weight = scope.numbers(&["weight", "gamma"], &[hidden])?;
        Ok(Self { weight, bias: vec![0.0; hidden], epsilon: Some(epsilon as f32) })
    }

    /// The same weight and bias without normalization.
    pub(crate) fn without_norm(self) -> Self {
        Self { epsilon: None, ..self }
    }

    /// `[rows * hidden]`, in place.
    pub(crate) fn forward(&self, rows: &mut [f32]) {
        match self.epsilon {
            Some(epsilon) => layer_norm(rows, &self.weight, &self.bias, epsilon),
            None => {
                let row = |row: &mut [f32]| {
                    row.iter_mut()
                        .zip(&self.weight)
                        .zip(&self.bias)
                        .for_each(|((x, weight), bias)| *x = *x * weight + bias);
                };
                rows.chunks_exact_mut(self.weight.len().max(1)).for_each(row);
            }
        }
    }
}

/// `y = x / √(mean of squares + epsilon) · weight` over each row (Zhang and Sennrich, 2019).
pub(crate) struct RmsNorm {
    weight: Vec<f32>,
    epsilon: f32,
}

impl RmsNorm {
    pub(crate) fn load(scope: &Scope<'_>, hidden: usize, epsilon: f64) -> Result<Self> {
        Ok(Self { weight: scope.numbers(&["weight"], &[hidden])?, epsilon: epsilon as f32 })
    }

    /// `[rows * hidden]`, in place.
    pub(crate) fn forward(&self, rows: &mut [f32]) {
        rms_norm(rows, &self.weight, self.epsilon);
    }
}
