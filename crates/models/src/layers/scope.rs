//! A place in a checkpoint's tree of names.

use crate::peers::SharedPeers;
use crate::weights::{Held, Matrix, Piece, Resident, Table};
use crate::{Error, Result, Weights};

/// The tensors below one name, for instance those of `encoder.layer.0`.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    weights: &'a Weights,
    name: String,
    /// Whether layers stay in one piece.
    whole: bool,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(weights: &'a Weights) -> Self {
        Self { weights, name: String::new(), whole: false }
    }

    /// The place below this one.
    pub(crate) fn at(&self, name: impl std::fmt::Display) -> Self {
        Self { name: self.full(&name.to_string()), ..*self }
    }

    /// The same place, whose layers are not shared with other workers: for what computes with their parts by itself.
    pub(crate) fn whole(&self) -> Self {
        Self { whole: true, ..self.clone() }
    }

    /// Workers that share the layers, this one included.
    pub(crate) fn workers(&self) -> usize {
        if self.whole { 1 } else { self.weights.workers() }
    }

    pub(crate) fn peers(&self) -> Option<&SharedPeers> {
        self.weights.peers()
    }

    /// Numbers of this shape in row-major order, under the first of `names` that exists.
    pub(crate) fn numbers(&self, names: &[&str], shape: &[usize]) -> Result<Vec<f32>> {
        self.weights.numbers(&self.all(names), shape)
    }

    /// A table of this shape, under the first of `names` that exists.
    pub(crate) fn table(&self, names: &[&str], shape: &[usize]) -> Result<Table> {
        self.weights.table(&self.all(names), shape)
    }

    /// Pieces of the matrix `name`, `[outputs, inputs]`.
    pub(crate) fn pieces(&self, name: &str, shape: [usize; 2], pieces: Vec<Piece>) -> Result<Vec<Held>> {
        self.weights.pieces(self.full(name), shape, pieces)
    }

    /// A matrix of numbers `[outputs * inputs]`, packed.
    pub(crate) fn pack(&self, numbers: &[f32], outputs: usize, inputs: usize) -> Result<Matrix> {
        if numbers.len() != outputs.saturating_mul(inputs) {
            return Err(Error::Internal(format!("{} numbers are no matrix {outputs} x {inputs}", numbers.len())));
        }
        Matrix::of(self.resident(), numbers, outputs, inputs)
    }

    pub(crate) fn resident(&self) -> Resident {
        self.weights.resident()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.weights.has(&self.full(name))
    }

    fn all(&self, names: &[&str]) -> Vec<String> {
        names.iter().map(|name| self.full(name)).collect()
    }

    fn full(&self, name: &str) -> String {
        if self.name.is_empty() { name.to_owned() } else { format!("{}.{name}", self.name) }
    }
}
