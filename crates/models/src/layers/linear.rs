//! A linear map: `y = x Wᵀ + b`.

use std::rc::Rc;

use vitrine_kernels::rows::{add_to_each, swap};
use vitrine_kernels::{Finish, Function};

use super::{Embedding, Scope};
use crate::weights::{Held, Input, Matrix, Piece, Table};
use crate::{Error, Result, Weights};

/// A linear map with an optional bias.
#[derive(Clone)]
pub struct Linear {
    weight: Weight,
    /// `[out]`; empty for none.
    pub(crate) bias: Vec<f32>,
}

#[derive(Clone)]
enum Weight {
    Packed(Rc<Matrix>),
    /// A table of embeddings that is used as a matrix too.
    Table(Table),
    /// Each group of outputs from its own group of inputs.
    Groups(Vec<Rc<Matrix>>),
}

impl Linear {
    /// Of a packed weight `[out, in]`, and a bias `[out]` or none.
    pub(crate) fn new(weight: Rc<Matrix>, bias: Vec<f32>) -> Self {
        Self { weight: Weight::Packed(weight), bias }
    }

    /// Of a packed weight `[out / groups, in / groups]` for each group, and a bias `[out]` or none.
    pub(crate) fn of_groups(weights: Vec<Matrix>, bias: Vec<f32>) -> Self {
        Self { weight: Weight::Groups(weights.into_iter().map(Rc::new).collect()), bias }
    }

    /// Takes `weight` and, where `bias` is true, `bias` of `scope`.
    pub(crate) fn load(scope: &Scope<'_>, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        let bias = if bias { scope.numbers(&["bias"], &[outputs])? } else { Vec::new() };
        let piece = Piece { peer: 0, outputs: 0..outputs, inputs: 0..inputs };
        let held = scope.pieces("weight", [outputs, inputs], vec![piece])?;
        Ok(Self::new(only(held)?, bias))
    }

    /// A linear map back to the vocabulary: its weight is the embeddings' table, unless the checkpoint has a weight of
    /// its own under `name` that differs (`tie_weights` of transformers 5); its bias is the first of `biases` there is.
    pub(crate) fn tied(scope: &Scope<'_>, name: &str, embedding: &Embedding, biases: &[&str]) -> Result<Self> {
        let own = Embedding::tied(scope, name, embedding)?;
        let bias = if biases.is_empty() { Vec::new() } else { scope.numbers(biases, &[embedding.ids()])? };
        own.table().use_whole();
        Ok(Self { weight: Weight::Table(own.table().clone()), bias })
    }

    /// The same map with the bias `name`, `[1, out]`.
    pub(crate) fn with_row_bias(self, scope: &Scope<'_>, name: &str) -> Result<Self> {
        let bias = scope.numbers(&[name], &[1, self.outputs()])?;
        Ok(Self { bias, ..self })
    }

    /// A linear map that stands alone in a file, as sentence-transformers' `Dense` does.
    pub fn alone(weights: &Weights, inputs: usize, outputs: usize, bias: bool) -> Result<Self> {
        Self::load(&Scope::new(weights).at("linear"), inputs, outputs, bias)
    }

    pub(crate) fn outputs(&self) -> usize {
        match &self.weight {
            Weight::Packed(matrix) => matrix.outputs,
            Weight::Table(table) => table.dims2().0,
            Weight::Groups(groups) => groups.iter().map(|group| group.outputs).sum(),
        }
    }

    pub(crate) fn inputs(&self) -> usize {
        match &self.weight {
            Weight::Packed(matrix) => matrix.inputs,
            Weight::Table(table) => table.dims2().1,
            Weight::Groups(groups) => groups.iter().map(|group| group.inputs).sum(),
        }
    }

    /// `[rows * in]` → `[rows * out]`.
    pub fn forward(&self, rows: &[f32]) -> Result<Vec<f32>> {
        Ok(self.forward_input(&Input::new(rows, self.inputs()), None))
    }

    /// The same of rows that other maps take too, with a function of each number.
    pub(crate) fn forward_input(&self, input: &Input<'_>, activation: Option<Function>) -> Vec<f32> {
        let mut out = vec![0.0; input.count() * self.outputs()];
        let finish = Finish { bias: &self.bias, activation, add: false };
        match &self.weight {
            Weight::Packed(matrix) => matrix.product(input, finish, &mut out),
            Weight::Table(table) => table.product(input, finish, &mut out),
            Weight::Groups(groups) => {
                out = grouped(groups, input);
                add_to_each(&mut out, &self.bias);
                if let Some(activation) = activation {
                    activation.apply(&mut out);
                }
            }
        }
        out
    }
}

/// The one piece that is here.
fn only(held: Vec<Held>) -> Result<Rc<Matrix>> {
    match held.into_iter().next() {
        Some(Held::Here(matrix)) => Ok(matrix),
        _ => Err(Error::Internal("a matrix is not where it was asked for".to_owned())),
    }
}

/// Each group of outputs from its own group of inputs.
fn grouped(groups: &[Rc<Matrix>], input: &Input<'_>) -> Vec<f32> {
    let Some(first) = groups.first() else { return Vec::new() };
    let count = input.count();
    let by_group = swap(input.rows(), count, groups.len(), first.inputs);
    let mut out = vec![0.0; count * first.outputs * groups.len()];
    let parts =
        out.chunks_exact_mut((count * first.outputs).max(1)).zip(by_group.chunks((count * first.inputs).max(1)));
    for (group, (out, rows)) in groups.iter().zip(parts) {
        group.product(&Input::new(rows, first.inputs), Finish::default(), out);
    }
    swap(&out, groups.len(), count, first.outputs)
}
