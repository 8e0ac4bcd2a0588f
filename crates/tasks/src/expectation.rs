//! What a load will take, told before it begins: memory, time, and whether the model fits at all.

use crate::device::dtype_for;
use crate::protocol::Failure;
use crate::{Device, ErrorCode, Link};

/// What a load has to bring together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadSize {
    /// Bytes that come over the network.
    pub fetched: u64,
    /// Bytes that are on this device already.
    pub stored: u64,
    /// Numbers of the checkpoint's tensors; 0 where unknown.
    pub numbers: u64,
}

/// What a load will take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    /// Bytes of memory; `None` where the size is unknown.
    pub memory: Option<u64>,
    /// Seconds from the click until the model can run; `None` where nothing is known of the connection.
    pub seconds: Option<f64>,
    /// Whether the connection's speed was measured, or is what the browser takes it for.
    pub measured: bool,
}

/// Memory beside the weights: the module itself, tokenizer, and what a load and a short run need.
const BESIDE: f64 = 12e6;
/// Memory for each byte of weights: what the allocator cannot use again.
const OVER: f64 = 1.05;
/// Seconds to start the worker, and to ask for the small files one after another.
const START: f64 = 0.4;
/// Bytes a second that one worker checks, converts and packs as they come from the network.
const ARRIVING: f64 = 150e6;
/// Bytes a second that one worker reads from the device and packs.
const READING: f64 = 400e6;
/// Bytes that a model may take in a browser's tab: the 4 GiB that 32 bits address, less what runs need.
const LARGEST: u64 = 4_000_000_000;

impl Expectation {
    /// What to expect of a load with this `dtype` (`auto f32 f16 bf16 q8`).
    pub fn of(size: &LoadSize, dtype: &str, device: &Device, link: Option<Link>) -> Self {
        let arriving = match link {
            // Conversion and packing go on while bytes come.
            Some(link) => Some(size.fetched as f64 / link.rate().min(ARRIVING)),
            None => (size.fetched == 0).then_some(0.0),
        };
        Self {
            memory: (size.numbers > 0).then(|| memory(size.numbers, resolved(dtype, size.numbers, device))),
            seconds: arriving.map(|arriving| START + arriving + size.stored as f64 / READING),
            measured: matches!(link, Some(Link::Measured(_))),
        }
    }
}

/// Why a model with this many numbers cannot be loaded here, and what would fit; `None` where it fits, or where its size is
/// unknown.
pub fn refusal(numbers: u64, dtype: &str, device: &Device) -> Option<Failure> {
    let room = device.memory.map_or(LARGEST, |memory| memory.min(LARGEST));
    // Where the choice is left open, the smallest form counts.
    let dtype = if is_open(dtype) { "q8" } else { dtype };
    let needed = memory(numbers, dtype);
    if numbers == 0 || needed <= room {
        return None;
    }
    let [needed, held] = [needed, room].map(gigabytes);
    let mut message =
        format!("the model needs about {needed} of memory with dtype {dtype}; this browser tab can hold {held}");
    if let Some(smaller) = ["f16", "q8"].into_iter().find(|smaller| memory(numbers, smaller) <= room) {
        message += &format!(". With dtype {smaller} it needs {}", gigabytes(memory(numbers, smaller)));
    }
    Some(Failure::new(ErrorCode::OutOfMemory, message))
}

/// Bytes of memory that this many numbers take when they are ready to run.
fn memory(numbers: u64, dtype: &str) -> u64 {
    (numbers as f64 * bytes_a_number(dtype) * OVER + BESIDE) as u64
}

/// Bytes of a number in memory, the scales of quantized rows included.
fn bytes_a_number(dtype: &str) -> f64 {
    match dtype {
        "f16" | "float16" | "bf16" | "bfloat16" => 2.0,
        "q8" | "int8" => 1.03,
        _ => 4.0,
    }
}

fn resolved<'a>(dtype: &'a str, numbers: u64, device: &Device) -> &'a str {
    if is_open(dtype) { dtype_for(numbers, device) } else { dtype }
}

fn is_open(dtype: &str) -> bool {
    matches!(dtype, "auto" | "")
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gibibytes(memory: u64) -> Device {
        Device { memory: Some(memory << 30), ..Device::default() }
    }

    #[test]
    fn a_download_takes_what_its_bytes_take_on_the_connection() {
        let size = LoadSize { fetched: 90_900_000, stored: 0, numbers: 22_713_216 };
        let seconds = |link| Expectation::of(&size, "auto", &Device::default(), link).seconds;
        let at = |megabits: f64| seconds(Some(Link::Measured(megabits * 125_000.0))).unwrap();
        // 36.4 s and 7.3 s for the bytes alone.
        assert!((36.4..37.0).contains(&at(20.0)) && (7.3..7.9).contains(&at(100.0)), "{} {}", at(20.0), at(100.0));
        // However fast the connection is, the bytes must be packed.
        assert!(at(1e9) > 0.5 && at(1e9) < 2.0);
        assert_eq!(seconds(None), None);
        assert_eq!(seconds(Some(Link::Told(2.5e6))), seconds(Some(Link::Measured(2.5e6))));
    }

    #[test]
    fn what_is_on_the_device_costs_no_download() {
        let stored = LoadSize { fetched: 0, stored: 90_900_000, numbers: 22_713_216 };
        let here = Expectation::of(&stored, "f32", &Device::default(), None).seconds.unwrap();
        assert!(here < 1.5, "{here}");
        let half = LoadSize { fetched: 45_450_000, stored: 45_450_000, ..stored };
        let slow = Some(Link::Measured(2.5e6));
        let half = Expectation::of(&half, "f32", &Device::default(), slow).seconds.unwrap();
        assert!((18.2..19.2).contains(&half), "{half}");
    }

    #[test]
    fn memory_is_that_of_the_form_that_is_asked_for_or_chosen() {
        let memory = |dtype: &str, device: &Device| {
            let size = LoadSize { numbers: 335_141_888, ..LoadSize::default() };
            Expectation::of(&size, dtype, device, None).memory.unwrap() as f64 / 335_141_888.0
        };
        for (dtype, least) in [("f32", 4.0), ("auto", 4.0), ("f16", 2.0), ("bf16", 2.0), ("q8", 1.0)] {
            let bytes = memory(dtype, &Device::default());
            assert!(bytes > least && bytes < least * 1.15, "{dtype}: {bytes}");
        }
        assert_eq!(memory("auto", &gibibytes(2)), memory("q8", &Device::default()));
        assert_eq!(Expectation::of(&LoadSize::default(), "f32", &Device::default(), None).memory, None);
    }

    #[test]
    fn what_cannot_fit_is_refused_and_told_what_would() {
        let message = |numbers, dtype, device: &Device| refusal(numbers, dtype, device).map(|failure| failure.message);
        let any = Device::default();
        // 2.25 · 10⁹ numbers are 9 GB in f32, 4.5 GB in f16, 2.3 GB in q8.
        let told = message(2_250_000_000, "f32", &any).unwrap();
        assert!(told.contains("can hold 4.0 GB") && told.ends_with(". With dtype q8 it needs 2.4 GB"), "{told}");
        assert_eq!(message(2_250_000_000, "auto", &any), None);
        assert_eq!(message(2_250_000_000, "q8", &any), None);
        // 1.2 · 10⁹: f16 fits, and is more precise than q8.
        let told = message(1_200_000_000, "f32", &any).unwrap();
        assert!(told.contains("needs about 5.1 GB") && told.ends_with(". With dtype f16 it needs 2.5 GB"), "{told}");
        // Nothing fits.
        let told = message(9_000_000_000, "auto", &any).unwrap();
        assert!(told.contains("with dtype q8") && told.ends_with("can hold 4.0 GB"), "{told}");
        assert!(refusal(u64::MAX, "auto", &any).is_some());
        // The device's own memory limits too.
        let told = message(1_000_000_000, "q8", &gibibytes(1)).unwrap();
        assert!(told.ends_with("can hold 1.1 GB"), "{told}");
        assert_eq!(message(1_000_000_000, "q8", &gibibytes(2)), None);
        // Of what is unknown nothing is said.
        assert_eq!(message(0, "f32", &gibibytes(1)), None);
        assert_eq!(refusal(9_000_000_000, "q8", &any).map(|failure| failure.code), Some(ErrorCode::OutOfMemory));
    }
}
