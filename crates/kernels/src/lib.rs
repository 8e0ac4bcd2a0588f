//! Numeric kernels on slices. Knows no tensor and no model; the only crate that may hold `unsafe` code.

pub mod activation;
pub mod convert;
pub mod norm;
pub mod rows;
pub mod softmax;
