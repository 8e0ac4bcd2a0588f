//! Numeric kernels on slices. Knows no tensor and no model; the only crate that may hold `unsafe` code.

pub mod convert;
