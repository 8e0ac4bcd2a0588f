//! `pytorch_model.bin` as torch writes it, and odd ones that it reads.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its own data is wrong")]

mod torch_files;

use torch_files::*;
use vitrine_models::{Dtype, Linear, Resident, WeightsReader};

/// A file that torch itself wrote.
fn by_torch(folder: &str, name: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/checkpoints");
    std::fs::read(format!("{root}/{folder}/{name}")).unwrap()
}

#[test]
fn a_file_that_ends_anywhere_too_soon_is_refused() {
    for (folder, name) in [
        ("bert-bin-zip", "pytorch_model.bin"),
        ("bert-bin-legacy", "pytorch_model.bin"),
        ("bert-bin-sharded", "pytorch_model-00001-of-00002.bin"),
    ] {
        let bytes = by_torch(folder, name);
        let mut reader = WeightsReader::new(Resident::F16, |_| true);
        reader.begin_file(None);
        for (end, byte) in bytes.iter().enumerate() {
            assert!(reader.end_file().is_err(), "{folder} is taken at byte {end}");
            reader.write(&[*byte]).unwrap_or_else(|error| panic!("{folder} at byte {end}: {error}"));
        }
        reader.end_file().unwrap();
    }
}

#[test]
fn both_forms_hold_the_same() {
    let [zip, legacy] = ["bert-bin-zip", "bert-bin-legacy"].map(|folder| {
        let bytes = by_torch(folder, "pytorch_model.bin");
        let mut reader = WeightsReader::new(Resident::F32, |_| false);
        reader.begin_file(Some(bytes.len() as u64));
        assert_eq!(reader.contents(), None);
        reader.write(&bytes[..16_384]).unwrap();
        (reader.contents().unwrap(), read(&bytes, 1000).unwrap())
    });
    assert_eq!(zip, legacy);
    // The tied decoder counts once, and is resident once.
    let (tensors, resident) = zip;
    assert!(!tensors.iter().any(|tensor| tensor.name == "cls.predictions.decoder.weight"));
    let floats = tensors.iter().filter(|tensor| tensor.dtype != Dtype::I64);
    let numbers: usize = floats.map(|tensor| tensor.shape.iter().product::<usize>()).sum();
    assert_eq!(resident, numbers as u64 * 4);
}

#[test]
fn views_take_their_own_numbers() {
    let numbers: Vec<f32> = (0..12).map(|number| number as f32).collect();
    let view =
        |start, shape: &[i64], strides: &[i64]| tensor(storage("FloatStorage", "0", 12, false), start, shape, strides);
    let file = |weight, bias| {
        let dict = state_dict(&[("linear.weight", weight), ("linear.bias", bias)]);
        zip(&dict, &[("0", &f32s(&numbers))]).finish()
    };
    // `[3 out, 2 in]`, applied to the two unit vectors: the columns, each with the bias.
    let columns = |bytes: &[u8]| {
        let linear = Linear::alone(&weights(bytes, 5)?, 2, 3, true)?;
        linear.forward(&[1.0, 0.0, 0.0, 1.0])
    };
    let cases = [
        ("in a row", file(view(2, &[3, 2], &[2, 1]), view(8, &[3], &[1])), [10.0, 13.0, 16.0, 11.0, 14.0, 17.0]),
        ("transposed", file(view(2, &[3, 2], &[1, 3]), view(8, &[3], &[1])), [10.0, 12.0, 14.0, 13.0, 15.0, 17.0]),
        ("every third", file(view(0, &[3, 2], &[4, 2]), view(1, &[3], &[3])), [1.0, 8.0, 15.0, 3.0, 10.0, 17.0]),
        ("repeated", file(view(5, &[3, 2], &[0, 1]), view(0, &[3], &[0])), [5.0, 5.0, 5.0, 6.0, 6.0, 6.0]),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(columns(&bytes).unwrap_or_else(|error| panic!("{what}: {error}")), expected, "{what}");
    }
}

#[test]
fn every_format_of_numbers_is_converted() {
    let formats: [(&str, &[u8]); 4] = [
        ("DoubleStorage", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0]),
        ("FloatStorage", &[0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]),
        ("HalfStorage", &[0, 0x3e, 0, 0xc0]),
        ("BFloat16Storage", &[0xc0, 0x3f, 0, 0xc0]),
    ];
    for (kind, bytes) in formats {
        let dict = state_dict(&[("linear.weight", tensor(storage(kind, "0", 2, false), 0, &[1, 2], &[2, 1]))]);
        let linear = Linear::alone(&weights(&zip(&dict, &[("0", bytes)]).finish(), 3).unwrap(), 2, 1, false).unwrap();
        assert_eq!(linear.forward(&[1.0, 0.0, 0.0, 1.0]).unwrap(), [1.5, -2.0], "{kind}");
    }
}

#[test]
fn odd_but_right_files_are_read() {
    let dict = one(0, &[2, 3], &[3, 1]);
    let of = |items: &[(&str, Vec<u8>)], bytes: &[u8]| zip(&state_dict(items), &[("0", bytes)]).finish();
    let floats = |numbers| storage("FloatStorage", "0", numbers, false);
    let parameter = call(
        global("torch._utils", "_rebuild_parameter"),
        &[tensor(floats(6), 0, &[6], &[1]), b"\x88".to_vec(), call(global("collections", "OrderedDict"), &[])],
    );
    let of_python_2 = {
        let pair = [b"]".to_vec(), b"(U\x01a".to_vec(), tensor(floats(6), 0, &[6], &[1]), b"e".to_vec()].concat();
        pickle(&call(global("collections", "OrderedDict"), &[[b"](".to_vec(), pair, b"e".to_vec()].concat()]))
    };
    let contains_itself = pickle(&[b"}q\0".to_vec(), text("a"), b"h\0s".to_vec()].concat());
    let nested = [b"}".to_vec(), text("a"), tensor(floats(6), 0, &[6], &[1]), b"s".to_vec()].concat();
    let cases: Vec<(&str, Vec<u8>, u64)> = vec![
        ("a storage before its pickle", Zip::default().entry("m/data/0", SIX).entry("m/data.pkl", &dict).finish(), 24),
        ("sizes after the entries", described_zip(&dict, &[("0", SIX)]).finish(), 24),
        (
            "sizes after the entries, and a storage that nothing names",
            described_zip(&dict, &[("0", SIX), ("1", SIX)]).finish(),
            24,
        ),
        ("another folder's name", Zip::default().entry("ä b/data.pkl", &dict).entry("ä b/data/0", SIX).finish(), 24),
        ("an unused storage", zip(&dict, &[("0", SIX), ("1", SIX)]).finish(), 24),
        (
            "integers, which no model needs",
            of(&[("a", tensor(storage("LongStorage", "0", 3, false), 0, &[3], &[1]))], SIX),
            0,
        ),
        (
            "complex numbers, which no model needs",
            of(&[("a", tensor(storage("ComplexFloatStorage", "0", 3, false), 0, &[3], &[1]))], SIX),
            0,
        ),
        ("a single number", of(&[("a", tensor(floats(6), 5, &[], &[]))], SIX), 4),
        ("an empty tensor", of(&[("a", tensor(floats(0), 0, &[0, 4], &[4, 1]))], b""), 0),
        ("an empty tensor from anywhere", of(&[("a", tensor(floats(6), i64::MAX, &[0], &[1]))], SIX), 0),
        (
            "two names of a tensor",
            of(&[("a", tensor(floats(6), 0, &[2, 3], &[3, 1])), ("b", tensor(floats(6), 0, &[2, 3], &[3, 1]))], SIX),
            24,
        ),
        (
            "two shapes of the same numbers, each in a form of its own",
            of(&[("a", tensor(floats(6), 0, &[6], &[1])), ("b", tensor(floats(6), 0, &[2, 3], &[3, 1]))], SIX),
            48,
        ),
        ("a parameter", of(&[("a", parameter)], SIX), 24),
        (
            "values that are no tensors",
            of(&[("a", tensor(floats(6), 0, &[6], &[1])), ("epoch", int(3)), ("x", b"N".to_vec())], SIX),
            24,
        ),
        ("a dict of Python 2", zip(&of_python_2, &[("0", SIX)]).finish(), 24),
        ("a dict that contains itself", zip(&contains_itself, &[]).finish(), 0),
        // As in Python: `from_pretrained` finds no tensor in it.
        ("a state dict in a dict", of(&[("state_dict", nested)], SIX), 0),
    ];
    for (what, bytes, resident) in cases {
        for piece in [1, 3, 64, usize::MAX] {
            assert_eq!(read(&bytes, piece).unwrap_or_else(|error| panic!("{what}: {error}")), resident, "{what}");
        }
    }
}
