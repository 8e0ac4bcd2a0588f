//! A place in a checkpoint's tree of names.

use candle_core::Tensor;

use crate::{Result, Weights};

/// The tensors below one name, for instance those of `encoder.layer.0`.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    weights: &'a Weights,
    name: String,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(weights: &'a Weights) -> Self {
        Self { weights, name: String::new() }
    }

    /// The place below this one.
    pub(crate) fn at(&self, name: impl std::fmt::Display) -> Self {
        Self { weights: self.weights, name: self.full(&name.to_string()) }
    }

    /// A tensor of this shape, under the first of `names` that exists.
    pub(crate) fn get(&self, names: &[&str], shape: &[usize]) -> Result<Tensor> {
        let names: Vec<String> = names.iter().map(|name| self.full(name)).collect();
        self.weights.get(&names, shape)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.weights.has(&self.full(name))
    }

    fn full(&self, name: &str) -> String {
        if self.name.is_empty() { name.to_owned() } else { format!("{}.{name}", self.name) }
    }
}
