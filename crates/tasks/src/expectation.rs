//! What a load will take, told before it begins: memory, time, and whether the model fits at all.

use crate::device::{MOBILE_MEMORY, dtype_for};
use crate::protocol::Failure;
use crate::{Device, ErrorCode, Link};

/// What a load has to bring together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadSize {
    /// Bytes that come over the network.
    pub fetched: u64,
    /// Bytes that are on this device already.
    pub stored: u64,
    /// Bytes of the tokenizer and the configs among them.
    pub small: u64,
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

// Measured with five checkpoints of 18 to 91 MB in f32, f16 and q8: memory was 0.97 to 1.11 of what these tell.
/// Memory of the module itself, and of a load.
const MODULE_MEMORY: f64 = 3.5e6;
/// Memory for each byte of the tokenizer's files.
const TOKENIZER: f64 = 8.0;
/// Memory for each byte of weights.
const OVER: f64 = 1.02;

/// Bytes of the worker's module as hosts compress it.
const MODULE: u64 = 640_000;
/// Seconds to start the worker, and to ask for the small files one after another.
const START: f64 = 0.36;
/// Bytes a second that one worker checks, converts and packs as they come from the network.
const ARRIVING: f64 = 100e6;
/// Bytes a second that one worker reads from the device and packs, tables counted that come later.
const READING: f64 = 1e9;
/// Bytes that a model may take in a browser's tab: the 4 GiB that 32 bits address, less what runs need.
const LARGEST: u64 = 4_000_000_000;

impl Expectation {
    /// What to expect of a load with this `dtype` (`auto f32 f16 bf16 q8`).
    pub fn of(size: &LoadSize, dtype: &str, device: &Device, link: Option<Link>) -> Self {
        let fetched = if size.fetched > 0 { size.fetched.saturating_add(MODULE) } else { 0 };
        let arriving = match link {
            // Conversion and packing go on while bytes come.
            Some(link) => Some(fetched as f64 / link.rate().min(ARRIVING)),
            None => (fetched == 0).then_some(0.0),
        };
        Self {
            memory: (size.numbers > 0).then(|| memory(size.numbers, size.small, resolved(dtype, size.numbers, device))),
            seconds: arriving.map(|arriving| START + arriving + size.stored as f64 / READING),
            measured: matches!(link, Some(Link::Measured(_))),
        }
    }
}

/// Why a model with this many numbers cannot be loaded here, and what would fit; `None` where it fits, or where its size is
/// unknown.
pub fn refusal(numbers: u64, dtype: &str, device: &Device) -> Option<Failure> {
    let memory_here = device.memory.or(device.mobile.then_some(MOBILE_MEMORY));
    // A phone ends a tab that takes most of its memory; a computer moves what others hold out of the way.
    let share = if device.mobile { 2 } else { 1 };
    let room = memory_here.map_or(LARGEST, |memory| (memory / share).min(LARGEST));
    // Where the choice is left open, the smallest form counts.
    let dtype = if is_open(dtype) { "q8" } else { dtype };
    let needed = memory(numbers, 0, dtype);
    if numbers == 0 || needed <= room {
        return None;
    }
    let [needed, held] = [needed, room].map(gigabytes);
    let mut message =
        format!("the model needs about {needed} of memory with dtype {dtype}; this browser tab can hold {held}");
    if let Some(smaller) = ["f16", "q8"].into_iter().find(|smaller| memory(numbers, 0, smaller) <= room) {
        message += &format!(". With dtype {smaller} it needs {}", gigabytes(memory(numbers, 0, smaller)));
    }
    Some(Failure::new(ErrorCode::OutOfMemory, message))
}

/// Bytes of memory that this many numbers, and so many bytes of small files, take when they are ready to run.
fn memory(numbers: u64, small: u64, dtype: &str) -> u64 {
    (numbers as f64 * bytes_a_number(dtype) * OVER + small as f64 * TOKENIZER + MODULE_MEMORY) as u64
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
        let size = LoadSize { fetched: 90_900_000, numbers: 22_713_216, ..LoadSize::default() };
        let seconds = |link| Expectation::of(&size, "auto", &Device::default(), link).seconds;
        let at = |megabits: f64| seconds(Some(Link::Measured(megabits * 125_000.0))).unwrap();
        // 36.8 s and 7.4 s for the bytes alone.
        assert!((36.7..37.5).contains(&at(20.0)) && (7.3..8.1).contains(&at(100.0)), "{} {}", at(20.0), at(100.0));
        // However fast the connection is, the bytes must be packed.
        assert!(at(1e9) > 0.5 && at(1e9) < 2.0);
        assert_eq!(seconds(None), None);
        assert_eq!(seconds(Some(Link::Told(2.5e6))), seconds(Some(Link::Measured(2.5e6))));
    }

    #[test]
    fn what_is_on_the_device_costs_no_download() {
        let stored = LoadSize { stored: 90_900_000, numbers: 22_713_216, ..LoadSize::default() };
        let here = Expectation::of(&stored, "f32", &Device::default(), None).seconds.unwrap();
        assert!(here < 1.5, "{here}");
        let half = LoadSize { fetched: 45_450_000, stored: 45_450_000, ..stored };
        let slow = Some(Link::Measured(2.5e6));
        let half = Expectation::of(&half, "f32", &Device::default(), slow).seconds.unwrap();
        assert!((18.5..19.5).contains(&half), "{half}");
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
    fn a_tokenizer_takes_memory_too() {
        let memory = |small| {
            let size = LoadSize { small, numbers: 22_713_216, ..LoadSize::default() };
            Expectation::of(&size, "f32", &Device::default(), None).memory.unwrap()
        };
        // all-MiniLM-L6-v2 took 98.0 to 101.6 MB.
        assert!((97_000_000..103_000_000).contains(&memory(468_000)), "{}", memory(468_000));
        assert_eq!(memory(17_000_000) - memory(0), 136_000_000);
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
        assert!(told.contains("needs about 4.9 GB") && told.ends_with(". With dtype f16 it needs 2.5 GB"), "{told}");
        // Nothing fits.
        let told = message(9_000_000_000, "auto", &any).unwrap();
        assert!(told.contains("with dtype q8") && told.ends_with("can hold 4.0 GB"), "{told}");
        assert!(refusal(u64::MAX, "auto", &any).is_some());
        // The device's own memory limits too.
        let told = message(1_100_000_000, "q8", &gibibytes(1)).unwrap();
        assert!(told.ends_with("can hold 1.1 GB"), "{told}");
        assert_eq!(message(1_100_000_000, "q8", &gibibytes(2)), None);
        // A phone gives half of its memory, and 4 GiB are assumed where it tells none.
        let phone = |memory: Option<u64>| Device { memory, mobile: true, ..any };
        let told = message(600_000_000, "f32", &phone(None)).unwrap();
        assert!(told.contains("can hold 2.1 GB") && told.ends_with(". With dtype f16 it needs 1.2 GB"), "{told}");
        assert_eq!(message(500_000_000, "f32", &phone(None)), None);
        assert!(message(500_000_000, "f32", &phone(Some(2 << 30))).is_some());
        assert_eq!(message(600_000_000, "f32", &any), None);
        // Of what is unknown nothing is said.
        assert_eq!(message(0, "f32", &gibibytes(1)), None);
        assert_eq!(refusal(9_000_000_000, "q8", &any).map(|failure| failure.code), Some(ErrorCode::OutOfMemory));
    }
}
