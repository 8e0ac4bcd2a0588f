//! Activation functions by the names that configs use (`activations.py` of transformers).

use vitrine_kernels::activation;

use crate::{Error, Result};

/// A function applied to each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x`.
    Identity,
    /// `x/2 · (1 + erf(x/√2))`.
    Gelu,
    /// The tanh approximation of GELU.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
    /// `x · sigmoid(x)`.
    Silu,
    /// `tanh x`.
    Tanh,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
}

impl Activation {
    /// The function of a name in `config.json`, or of a class name of PyTorch.
    pub fn parse(name: &str) -> Result<Self> {
        match name.rsplit('.').next().unwrap_or(name) {
            "gelu" | "GELU" | "gelu_python" => Ok(Self::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(Self::GeluTanh),
            "relu" | "ReLU" => Ok(Self::Relu),
            "silu" | "swish" | "SiLU" => Ok(Self::Silu),
            "tanh" | "Tanh" => Ok(Self::Tanh),
            "sigmoid" | "Sigmoid" => Ok(Self::Sigmoid),
            "linear" | "Identity" => Ok(Self::Identity),
            _ => Err(Error::Config(format!("the activation function `{name}` is unknown"))),
        }
    }

    /// The function of each number, in place.
    pub fn forward(self, numbers: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Gelu => activation::gelu(numbers),
            Self::GeluTanh => activation::gelu_tanh(numbers),
            Self::Relu => activation::relu(numbers),
            Self::Silu => activation::silu(numbers),
            Self::Tanh => activation::tanh(numbers),
            Self::Sigmoid => activation::sigmoid(numbers),
        }
    }
}
