//! Activation functions by the names that configs use (`activations.py` of transformers).

use vitrine_kernels::{Function, activation};

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
    /// GELU between -10 and 10.
    GeluClipped,
    /// `x · sigmoid(1.702 x)`.
    QuickGelu,
    /// `x`, or `x/100` below 0.
    LeakyRelu,
    /// `max(x, 0)²`.
    ReluSquared,
    /// `x` between 0 and 6.
    Relu6,
    /// `x · relu6(x + 3) / 6`.
    Hardswish,
    /// `x · tanh(softplus(x))`.
    Mish,
    /// `√softplus(x)`.
    SqrtSoftplus,
    /// `(1 + erf((x - √½) / (0.282095 √2))) / 2`.
    Laplace,
}

impl Activation {
    const ALL: [Self; 16] = [
        Self::Identity,
        Self::Gelu,
        Self::GeluTanh,
        Self::Relu,
        Self::Silu,
        Self::Tanh,
        Self::Sigmoid,
        Self::GeluClipped,
        Self::QuickGelu,
        Self::LeakyRelu,
        Self::ReluSquared,
        Self::Relu6,
        Self::Hardswish,
        Self::Mish,
        Self::SqrtSoftplus,
        Self::Laplace,
    ];

    /// The function of a name in `config.json`, or of a class name of PyTorch.
    pub fn parse(name: &str) -> Result<Self> {
        match name.rsplit('.').next().unwrap_or(name) {
            "gelu" | "GELU" | "gelu_python" => Ok(Self::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" | "gelu_python_tanh" | "gelu_accurate" => Ok(Self::GeluTanh),
            "relu" | "ReLU" => Ok(Self::Relu),
            "silu" | "swish" | "SiLU" => Ok(Self::Silu),
            "tanh" | "Tanh" => Ok(Self::Tanh),
            "sigmoid" | "Sigmoid" => Ok(Self::Sigmoid),
            "linear" | "Identity" => Ok(Self::Identity),
            "gelu_10" => Ok(Self::GeluClipped),
            "quick_gelu" => Ok(Self::QuickGelu),
            "leaky_relu" | "LeakyReLU" => Ok(Self::LeakyRelu),
            "relu2" => Ok(Self::ReluSquared),
            "relu6" | "ReLU6" => Ok(Self::Relu6),
            "hardswish" | "Hardswish" => Ok(Self::Hardswish),
            "mish" | "Mish" => Ok(Self::Mish),
            "sqrtsoftplus" => Ok(Self::SqrtSoftplus),
            "laplace" => Ok(Self::Laplace),
            _ => Err(Error::Config(format!("the activation function `{name}` is unknown"))),
        }
    }

    /// The function as products can apply it on their way out.
    pub(crate) fn fused(self) -> Option<Function> {
        match self {
            Self::Gelu => Some(Function::Gelu),
            Self::GeluTanh => Some(Function::GeluTanh),
            Self::Relu => Some(Function::Relu),
            Self::Silu => Some(Function::Silu),
            _ => None,
        }
    }

    /// Its place among all functions.
    pub(crate) fn index(self) -> u32 {
        Self::ALL.iter().position(|known| *known == self).unwrap_or(0) as u32
    }

    /// The function at a place.
    pub(crate) fn of_index(index: u32) -> Option<Self> {
        Self::ALL.get(index as usize).copied()
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
            Self::GeluClipped => activation::gelu_clipped(numbers),
            Self::QuickGelu => activation::quick_gelu(numbers),
            Self::LeakyRelu => activation::leaky_relu(numbers),
            Self::ReluSquared => activation::relu_squared(numbers),
            Self::Relu6 => activation::relu6(numbers),
            Self::Hardswish => activation::hardswish(numbers),
            Self::Mish => activation::mish(numbers),
            Self::SqrtSoftplus => activation::sqrt_softplus(numbers),
            Self::Laplace => activation::laplace(numbers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_transformers() {
        // `ACT2FN[name](torch.tensor([-2.0, 0.5, 12.0]))` of transformers 5.23, which knows two more, `prelu` and
        // `xielu`, that have weights.
        let names: &[(&str, [f32; 3])] = &[
            ("gelu", [-0.0455, 0.345731, 12.0]),
            ("gelu_10", [-0.0455, 0.345731, 10.0]),
            ("gelu_fast", [-0.045402, 0.345714, 12.0]),
            ("gelu_new", [-0.045402, 0.345714, 12.0]),
            ("gelu_python", [-0.0455, 0.345731, 12.0]),
            ("gelu_pytorch_tanh", [-0.045402, 0.345714, 12.0]),
            ("gelu_python_tanh", [-0.045402, 0.345714, 12.0]),
            ("gelu_accurate", [-0.045402, 0.345714, 12.0]),
            ("hardswish", [-0.333333, 0.291667, 12.0]),
            ("laplace", [0.0, 0.231421, 1.0]),
            ("leaky_relu", [-0.02, 0.5, 12.0]),
            ("linear", [-2.0, 0.5, 12.0]),
            ("mish", [-0.252501, 0.375245, 12.0]),
            ("quick_gelu", [-0.064341, 0.350388, 12.0]),
            ("relu", [0.0, 0.5, 12.0]),
            ("relu2", [0.0, 0.25, 144.0]),
            ("relu6", [0.0, 0.5, 6.0]),
            ("sigmoid", [0.119203, 0.622459, 0.999994]),
            ("silu", [-0.238406, 0.31123, 11.999926]),
            ("sqrtsoftplus", [0.35627, 0.986953, 3.464103]),
            ("swish", [-0.238406, 0.31123, 11.999926]),
            ("tanh", [-0.964028, 0.462117, 1.0]),
        ];
        for (name, expected) in names {
            let mut numbers = [-2.0, 0.5, 12.0];
            Activation::parse(name).unwrap().forward(&mut numbers);
            for (found, expected) in numbers.iter().zip(expected) {
                assert!((found - expected).abs() <= 1e-5, "{name}: {found}, not {expected}");
            }
        }
        assert!(Activation::parse("prelu").is_err());
    }
}
