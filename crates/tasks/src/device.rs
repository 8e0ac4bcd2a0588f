//! The device that a model is to run on, and what is chosen for it where a page says `auto`.

use serde::{Deserialize, Serialize};

/// What a browser tells of the machine that it runs on; what it does not tell is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Bytes of memory (`navigator.deviceMemory`, which browsers round to a power of two and cap).
    pub memory: Option<u64>,
    /// Processor cores (`navigator.hardwareConcurrency`).
    pub cores: Option<u32>,
    /// Whether it is a phone or a tablet.
    pub mobile: bool,
}

/// How large a model is, as far as a choice depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSize {
    /// Numbers of all tensors.
    pub numbers: u64,
    /// Numbers of the matrices that every token is multiplied by, which are all but the embedding tables.
    pub multiplied: u64,
    /// Attention heads of a layer.
    pub heads: u32,
}

/// How a model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The form of the weights in memory: `f32` or `q8`.
    pub dtype: &'static str,
    /// Workers that share the layers; 1 or more.
    pub workers: u32,
}

/// Workers that a model is shared by at most: a meeting of more takes longer than what they save.
const MOST_WORKERS: u32 = 4;

/// Matrices with fewer numbers are multiplied by sooner than a second worker is heard.
const WORTH_SHARING: u64 = 2_000_000;

/// Weights that may take more bytes than this in f32 are quantized on any device.
const LARGEST_F32: u64 = 1_500_000_000;

/// Seconds that a text of [`TOKENS`] tokens may take in f32.
const LONGEST_RUN: f64 = 1.0;
const TOKENS: f64 = 128.0;

/// What a phone that does not tell its memory is taken to have.
pub(crate) const MOBILE_MEMORY: u64 = 4 << 30;

/// Chooses what `dtype="auto"` and `cores="auto"` stand for. `gflops` is what one core of the device does in f32, in
/// 10⁹ operations a second, where it has been measured.
pub fn choose(model: &ModelSize, device: &Device, gflops: Option<f64>) -> Choice {
    let shares = MOST_WORKERS.min(model.heads).min(device.cores.unwrap_or(1));
    let workers = if model.multiplied < WORTH_SHARING { 1 } else { shares.max(1) };
    let operations = 2.0 * model.multiplied as f64 * TOKENS;
    let seconds = gflops.filter(|gflops| *gflops > 0.0).map(|gflops| operations / (gflops * 1e9 * f64::from(workers)));
    let slow = seconds.is_some_and(|seconds| seconds > LONGEST_RUN);
    Choice { dtype: if slow { "q8" } else { dtype_for(model.numbers, device) }, workers }
}

/// The form of the weights for this many numbers, as far as memory decides it: `f32` where that fits well, else `q8`.
pub(crate) fn dtype_for(numbers: u64, device: &Device) -> &'static str {
    let bytes = numbers.saturating_mul(4);
    let memory = device.memory.or(device.mobile.then_some(MOBILE_MEMORY));
    if bytes > LARGEST_F32 || memory.is_some_and(|memory| bytes > memory / 4) { "q8" } else { "f32" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// all-MiniLM-L6-v2.
    const MINILM: ModelSize = ModelSize { numbers: 22_713_216, multiplied: 10_645_632, heads: 12 };
    /// bert-large.
    const LARGE: ModelSize = ModelSize { numbers: 335_141_888, multiplied: 302_309_376, heads: 16 };

    fn device(gibibytes: f64, cores: u32) -> Device {
        Device { memory: Some((gibibytes * f64::from(1 << 30)) as u64), cores: Some(cores), mobile: false }
    }

    #[test]
    fn weights_are_quantized_only_where_memory_or_time_is_short() {
        let mobile = Device { mobile: true, ..Device::default() };
        for (model, device, gflops, expected) in [
            (MINILM, Device::default(), None, "f32"),
            (MINILM, device(8.0, 8), Some(40.0), "f32"),
            // 90.9 MB is more than a quarter of 256 MiB, and less than one of 512 MiB.
            (MINILM, device(0.25, 8), None, "q8"),
            (MINILM, device(0.5, 8), None, "f32"),
            // 1.34 GB: fits into a quarter of 8 GiB, not of 4 GiB, which a silent phone is taken to have.
            (LARGE, device(8.0, 1), None, "f32"),
            (LARGE, device(4.0, 1), None, "q8"),
            (LARGE, Device::default(), None, "f32"),
            (LARGE, mobile, None, "q8"),
            // 77.4 · 10⁹ operations for 128 tokens.
            (LARGE, device(8.0, 1), Some(77.0), "q8"),
            (LARGE, device(8.0, 1), Some(78.0), "f32"),
            (LARGE, device(8.0, 2), Some(39.0), "f32"),
            (LARGE, device(8.0, 2), Some(38.0), "q8"),
            // A probe that measured nothing says nothing.
            (LARGE, device(8.0, 1), Some(0.0), "f32"),
            (LARGE, device(8.0, 1), Some(f64::NAN), "f32"),
            (ModelSize { numbers: 375_000_000, ..MINILM }, device(32.0, 8), None, "f32"),
            (ModelSize { numbers: 375_000_001, ..MINILM }, device(32.0, 8), None, "q8"),
            (ModelSize { numbers: u64::MAX, ..MINILM }, Device::default(), None, "q8"),
        ] {
            assert_eq!(choose(&model, &device, gflops).dtype, expected, "{model:?} {device:?} {gflops:?}");
        }
    }

    #[test]
    fn workers_are_as_many_as_the_device_and_the_heads_allow() {
        let tiny = ModelSize { numbers: 4_000_000, multiplied: 1_999_999, heads: 12 };
        let one_head = ModelSize { heads: 1, ..MINILM };
        let three_heads = ModelSize { heads: 3, ..MINILM };
        for (model, cores, expected) in [
            (MINILM, None, 1),
            (MINILM, Some(0), 1),
            (MINILM, Some(1), 1),
            (MINILM, Some(2), 2),
            (MINILM, Some(16), 4),
            (tiny, Some(16), 1),
            (ModelSize { multiplied: 2_000_000, ..tiny }, Some(16), 4),
            (one_head, Some(16), 1),
            (three_heads, Some(16), 3),
            (ModelSize { heads: 0, ..MINILM }, Some(16), 1),
        ] {
            let device = Device { cores, ..Device::default() };
            assert_eq!(choose(&model, &device, None).workers, expected, "{model:?} {cores:?}");
        }
    }
}
