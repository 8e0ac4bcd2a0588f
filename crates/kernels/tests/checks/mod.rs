//! What every variant of the kernels must answer, against definitions in f64; shared by native tests and browsers.
#![allow(clippy::indexing_slicing)]

mod attention;
mod functions;
pub mod int8;
mod product;

/// A name, and what is checked.
pub type Check = (&'static str, fn() -> u64);

/// All checks; each answers a digest of its bits that all variants must share, or 0 where they may round as they
/// like.
pub const CHECKS: &[Check] = &[
    ("attention follows its definition", attention::follows_its_definition),
    ("attention reaches no farther than its window", attention::reaches_no_farther_than_its_window),
    ("attention biased to nothing is 0", attention::biased_to_nothing_is_0),
    ("attention of long texts follows its definition", attention::of_long_texts_follows_its_definition),
    (
        "attention keeps what is no number with whom it concerns",
        attention::keeps_what_is_no_number_with_whom_it_concerns,
    ),
    ("functions follow their definitions", functions::follow_their_definitions),
    ("functions keep their limits", functions::keep_their_limits),
    ("softmax follows its definition", functions::softmax_follows_its_definition),
    ("norms follow their definitions", functions::norms_follow_their_definitions),
    ("norms keep their limits", functions::norms_keep_their_limits),
    ("products follow their definition", product::follow_their_definition),
    ("products of wide rows follow their definition", product::of_wide_rows_follow_their_definition),
    ("products finish as told", product::finish_as_told),
    ("products keep what is no number in its row", product::keep_what_is_no_number_in_its_row),
    ("products keep what is no number in a weight", product::keep_what_is_no_number_in_a_weight),
    ("packed rows come back", product::packed_rows_come_back),
    ("int8 weights come back", int8::weights_come_back),
    ("int8 weights fit as they are quantized", int8::weights_fit_as_they_are_quantized),
    ("int8 products are exact", int8::products_are_exact),
    ("int8 products of the heaviest weights are exact", int8::products_of_the_heaviest_weights_are_exact),
    ("int8 products are near those of f32", int8::products_are_near_those_of_f32),
    ("int8 products finish as told", int8::products_finish_as_told),
    ("int8 products keep what is no number in its row", int8::products_keep_what_is_no_number_in_its_row),
];

/// The numbers of a fixed pseudo-random sequence (Knuth's MMIX), within -1 and 1.
pub struct Random(u64);

impl Random {
    pub fn new(seed: usize) -> Self {
        Self(seed as u64 + 1)
    }

    pub fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.number()).collect()
    }
}

/// Checks numbers one by one, to within `tolerance` times the expected size, at least 1.
#[track_caller]
pub fn assert_near(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let near = (f64::from(*found) - expected).abs() <= tolerance * expected.abs().max(1.0);
        let same = f64::from(*found) == f64::from(*expected as f32) || (found.is_nan() && expected.is_nan());
        assert!(near || same, "{what}: {found}, not {expected}, at {index}");
    }
}

/// A digest of bits (FNV-1a).
pub fn digest(digest: u64, numbers: &[f32]) -> u64 {
    numbers.iter().fold(digest, |digest, number| (digest ^ u64::from(number.to_bits())).wrapping_mul(0x0100_0000_01b3))
}
