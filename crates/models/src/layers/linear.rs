//! A linear map: `y = x Wᵀ + b`.

use std::ops::Range;

use candle_core::{Device, Tensor};
use vitrine_kernels::rows::{add_to_each, swap};

use super::{Embedding, Scope};
use crate::weights::{as_f32, to_vec};
use crate::{Result, Weights};

/// A linear map with an optional bias.
#[derive(Clone)]
pub struct Linear {
    /// `[out, in]`, or `[groups, out / groups, in / groups]`, in the resident format.
    weight: Tensor,
    /// `[out]`; empty for none.
    bias: Vec<f32>,
}

impl Linear {
    /// Of a weight `[out, in]` or `[groups, out / groups, in / groups]`, and a bias `[out]` or none.
    pub(crate) fn new(weight: Tensor, bias: Vec<f32>) -> Self {
        Self { weight, bias }
    }

    /// Takes `weight` and, where `bias` is true, `bias` of `scope`.
    pub(crate) fn load(scope: &Scope<'_>, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        let weight = scope.get(&["weight"], &[outputs, inputs])?;
        let bias = if bias { to_vec(&scope.get(&["bias"], &[outputs])?)? } else { Vec::new() };
        Ok(Self { weight, bias })
    }

    /// Takes the outputs `part` of a map `[outputs, inputs]`, whose weight stays where it is.
    pub(crate) fn part(
        scope: &Scope<'_>,
        inputs: usize,
        outputs: usize,
        part: Range<usize>,
        bias: bool,
    ) -> Result<Self> {
        let whole = Self::load(scope, inputs, outputs, bias)?;
        let bias = whole.bias.get(part.clone()).unwrap_or_default().to_vec();
        Ok(Self { weight: whole.weight.narrow(0, part.start, part.len())?, bias })
    }

    /// A linear map back to the vocabulary: its weight is the embeddings' table, unless the checkpoint has a weight of
    /// its own under `name` that differs (`tie_weights` of transformers 5); its bias is the first of `biases` there is.
    pub(crate) fn tied(scope: &Scope<'_>, name: &str, embedding: &Embedding, biases: &[&str]) -> Result<Self> {
        let table = embedding.table();
        let own = scope.at(name);
        let mut weight = table.clone();
        if own.has("weight") {
            let other = own.get(&["weight"], table.dims())?;
            if to_vec(&other)? != to_vec(table)? {
                weight = other;
            }
        }
        let bias = if biases.is_empty() { Vec::new() } else { to_vec(&scope.get(biases, &[table.dim(0)?])?)? };
        Ok(Self { weight, bias })
    }

    /// The same map with the bias `name`, `[1, out]`.
    pub(crate) fn with_row_bias(self, scope: &Scope<'_>, name: &str) -> Result<Self> {
        let bias = to_vec(&scope.get(&[name], &[1, self.weight.dim(0)?])?)?;
        Ok(Self { bias, ..self })
    }

    /// A linear map that stands alone in a file, as sentence-transformers' `Dense` does.
    pub fn alone(weights: &Weights, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        Self::load(&Scope::new(weights).at("linear"), inputs, outputs, bias)
    }

    /// `[rows * in]` → `[rows * out]`.
    pub fn forward(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let mut product = match self.weight.dims() {
            [groups, _, inputs] => grouped(&self.weight, rows, *groups, *inputs)?,
            _ => {
                let inputs = self.weight.dim(1)?;
                let rows = Tensor::from_slice(rows, (rows.len() / inputs.max(1), inputs), &Device::Cpu)?;
                to_vec(&rows.matmul(&as_f32(&self.weight)?.t()?)?)?
            }
        };
        add_to_each(&mut product, &self.bias);
        Ok(product)
    }
}

/// Each group of outputs from its own group of `inputs`.
fn grouped(weight: &Tensor, rows: &[f32], groups: usize, inputs: usize) -> Result<Vec<f32>> {
    let count = rows.len() / (groups * inputs).max(1);
    let rows = Tensor::from_vec(swap(rows, count, groups, inputs), (groups, count, inputs), &Device::Cpu)?;
    let product = rows.matmul(&as_f32(weight)?.t()?)?;
    Ok(swap(&to_vec(&product)?, groups, count, product.dim(2)?))
}
