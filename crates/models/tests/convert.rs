//! Compact checkpoints: models give the same numbers with them as with the originals, and Python's library reads them.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the files are the tests' own")]

mod peers;
mod tiny;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_executor::block_on;
use peers::InThread;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Map, Value, json};
use tiny::{GoOn, folder, root};
use vitrine_models::{
    ARCHITECTURES, Architecture, Asked, Batch, Config, Converter, Encoder, Error, Head, Resident, Result, SCALES,
    Stretch, TensorInfo, WeightsReader,
};

/// A model of random numbers, large enough to be quantized.
struct Model {
    architecture: &'static Architecture,
    head: Head,
    config: Config,
    file: Vec<u8>,
}

/// What of a config makes tensors large.
const SIZES: &[&str] = &[
    "d_ff",
    "d_head",
    "d_inner",
    "d_kv",
    "d_model",
    "dim",
    "embedding_size",
    "encoder_ffn_dim",
    "decoder_ffn_dim",
    "emb_dim",
    "hidden_dim",
    "hidden_size",
    "intermediate_size",
    "n_embd",
    "n_inner",
    "pooler_hidden_size",
    "true_hidden_size",
    "intra_bottleneck_size",
    "vocab_size",
];

impl Model {
    /// Of the config of a tiny checkpoint, with larger layers.
    fn grown(model_type: &str, head: Head) -> Self {
        let architecture = ARCHITECTURES.iter().find(|known| known.model_type == model_type).unwrap();
        let read = |file: &str| std::fs::read(folder(architecture, head).join(file)).unwrap();
        let mut config: Value = serde_json::from_slice(&read("config.json")).unwrap();
        for (key, value) in config.as_object_mut().unwrap() {
            if let (true, Some(size)) = (SIZES.contains(&key.as_str()), value.as_u64()) {
                *value = json!(size * 16);
            }
        }
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        let tiny = read("model.safetensors");
        let tiny = SafeTensors::deserialize(&tiny).unwrap();
        // The architecture tells the shape that it expects instead of a wrong one.
        let mut shapes: Vec<(String, Option<Vec<usize>>)> =
            tiny.names().iter().map(|name| ((*name).to_owned(), Some(vec![usize::MAX]))).collect();
        shapes.sort();
        loop {
            match architecture.ask(&config, head, shapes.iter().cloned(), 1) {
                Ok(_) => break,
                Err(Error::Shape { name, expected, .. }) => {
                    let names = [name.clone(), format!("{}{name}", architecture.prefix)];
                    shapes.iter_mut().find(|(name, _)| names.contains(name)).unwrap().1 = Some(expected);
                }
                Err(error) => panic!("{model_type}: {error}"),
            }
        }
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32 * 0.3
        };
        let used = shapes.into_iter().filter(|(_, shape)| *shape != Some(vec![usize::MAX]));
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = used
            .map(|(name, shape)| {
                let count = shape.as_ref().unwrap().iter().product();
                (name, shape.unwrap(), (0..count).flat_map(|_| random().to_le_bytes()).collect())
            })
            .collect();
        let views = tensors
            .iter()
            .map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        Self { architecture, head, config, file: safetensors::serialize(views, None).unwrap() }
    }

    fn ask(&self, tensors: &[TensorInfo], workers: usize) -> Result<Asked> {
        let shaped = tensors.iter().map(|tensor| (tensor.name.clone(), Some(tensor.shape.clone())));
        self.architecture.ask(&self.config, self.head, shaped, workers)
    }

    /// The logits, or the hidden states, that it gives with the weights of `file`.
    fn run(&self, file: &[u8], resident: Resident) -> Result<Vec<f32>> {
        self.run_on(file, resident, 1).map(|(numbers, _)| numbers)
    }

    /// As [`Model::run`], on so many workers, with the copy of the file that a device would keep.
    fn run_on(&self, file: &[u8], resident: Resident, workers: usize) -> Result<(Vec<f32>, Option<Vec<u8>>)> {
        let mut reader = WeightsReader::new(resident, |_| true);
        let stretches: Rc<RefCell<Vec<Stretch>>> = Rc::default();
        let kept = stretches.clone();
        reader.copy(move |stretch| kept.borrow_mut().push(stretch));
        if workers > 1 {
            reader.share(InThread::beside(workers - 1));
        }
        reader.ask(|tensors| self.ask(tensors, workers));
        reader.begin_file(Some(file.len() as u64));
        for piece in file.chunks(4_001) {
            reader.write(piece)?;
        }
        reader.end_file()?;
        let copy = reader.take_copy().map(|copy| together(stretches.take().into_iter().chain(copy.front()).collect()));
        let encoder = self.architecture.load(&self.config, self.head, &reader.finish(self.architecture.prefix))?;
        Ok((self.numbers(&encoder)?, copy))
    }

    fn numbers(&self, encoder: &Encoder) -> Result<Vec<f32>> {
        let batch = Batch::new(&[(&[5, 2, 9, 1], &[0, 0, 0, 0]), (&[2, 1], &[0, 0])], 1);
        match self.head {
            Head::None => block_on(encoder.hidden_states(&batch, &GoOn)),
            _ => block_on(encoder.logits(&batch, &GoOn)),
        }
    }

    /// As [`Model::run`], with rows of tables that come when they are missed; `None` where the file is read as a whole.
    fn run_in_parts(&self, file: &[u8], resident: Resident) -> Result<Option<Vec<f32>>> {
        let mut reader = WeightsReader::new(resident, |_| true);
        reader.ask(|tensors| self.ask(tensors, 1));
        reader.begin_file(Some(file.len() as u64));
        reader.write(&file[..8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize])?;
        let Some(parts) = reader.parts(1 << 14)?.filter(|parts| parts.later > 0) else { return Ok(None) };
        // The last part comes first.
        for part in parts.needed.iter().rev() {
            for start in part.clone().step_by(4_001) {
                reader.write_part(start, &file[start as usize..part.end.min(start + 4_001) as usize])?;
            }
        }
        let late = reader.end_parts()?;
        let encoder = self.architecture.load(&self.config, self.head, &reader.finish(self.architecture.prefix))?;
        loop {
            match self.numbers(&encoder) {
                Err(Error::MissingRows) => {}
                result => return result.map(Some),
            }
            for (table, row) in late.iter().flat_map(|table| table.wanted().into_iter().map(move |row| (table, row))) {
                let range = table.range_of(row);
                table.fill(range.start, &file[range.start as usize..range.end as usize]);
            }
        }
    }

    fn convert(&self, resident: Resident) -> Result<Vec<u8>> {
        convert(resident, |tensors| Ok(vec![self.ask(tensors, 1)?]), &self.file)
    }
}

/// The file that stretches make up; each byte of it is in one of them.
fn together(mut stretches: Vec<Stretch>) -> Vec<u8> {
    stretches.sort();
    stretches.into_iter().fold(Vec::new(), |mut file, (offset, bytes)| {
        assert_eq!(offset, file.len() as u64);
        file.extend(bytes);
        file
    })
}

/// The compact file of a file that comes in pieces.
fn convert(resident: Resident, asks: impl Fn(&[TensorInfo]) -> Result<Vec<Asked>>, file: &[u8]) -> Result<Vec<u8>> {
    let mut converter = Converter::new(resident, asks)?;
    converter.begin_file(Some(file.len() as u64));
    for piece in file.chunks(3_333) {
        converter.write(piece)?;
    }
    converter.end_file()?;
    let compact = converter.finish(Map::from_iter([("format".to_owned(), json!("pt"))]))?;
    let mut bytes = Vec::new();
    compact.write(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, compact.bytes());
    Ok(bytes)
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    assert!(numbers.iter().all(|number| number.is_finite()));
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn models_give_the_same_numbers_as_with_the_original() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for architecture in ARCHITECTURES {
        // A head that uses the table of words as a matrix, and one that has a matrix of its own across it.
        let with_head = ["bert", "mobilebert"].contains(&architecture.model_type);
        let heads = [Head::None, Head::MaskedLm].into_iter().take(1 + usize::from(with_head));
        for head in heads {
            let model = Model::grown(architecture.model_type, head);
            let exact = bits(&model.run(&model.file, Resident::F32).unwrap());
            for resident in [Resident::Q8, Resident::F16] {
                let compact = model.convert(resident).unwrap();
                let expected = bits(&model.run(&model.file, resident).unwrap());
                let found = bits(&model.run(&compact, resident).unwrap());
                let again = convert(resident, |tensors| Ok(vec![model.ask(tensors, 1)?]), &compact).unwrap();
                let share = compact.len() as f64 / model.file.len() as f64;
                let faults = [
                    ("the numbers are those of f32", expected == exact),
                    ("the numbers differ", found != expected),
                    ("a compact file becomes another", sorted(&again) != sorted(&compact)),
                    // SqueezeBERT's matrices are convolutions, of three dimensions.
                    ("the file is hardly smaller", share > 0.75 && architecture.model_type != "squeezebert"),
                ];
                let faults = faults.iter().filter(|(_, is_wrong)| *is_wrong).map(|(fault, _)| *fault);
                wrong.extend(faults.map(|fault| format!("{} {head:?} {resident:?}: {fault}", architecture.model_type)));
            }
            tried += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 30, "only {tried}");
}

#[test]
fn the_copy_that_a_device_keeps_gives_the_same_numbers() {
    let mut wrong = Vec::new();
    let mut check = |what: &str, model: &Model, fault: &str, is_wrong: bool| {
        if is_wrong {
            wrong.push(format!("{} {what}: {fault}", model.architecture.model_type));
        }
    };
    for architecture in ARCHITECTURES {
        let head = if architecture.model_type == "bert" { Head::MaskedLm } else { Head::None };
        let model = Model::grown(architecture.model_type, head);
        let compact = model.convert(Resident::Q8).unwrap();
        for workers in [1, 2] {
            let what = format!("on {workers} workers");
            let (expected, copy) = model.run_on(&model.file, Resident::Q8, workers).unwrap();
            let copy = copy.unwrap();
            let (found, again) = model.run_on(&copy, Resident::Q8, workers).unwrap();
            check(&what, &model, "the numbers differ", bits(&found) != bits(&expected));
            check(&what, &model, "a copy is copied", again.is_some());
            // SqueezeBERT computes with its matrices as they are.
            let large = copy.len() as f64 / model.file.len() as f64 > 0.75 && architecture.model_type != "squeezebert";
            check(&what, &model, "the copy is hardly smaller", large);
            let (of_compact, _) = model.run_on(&compact, Resident::Q8, workers).unwrap();
            check(&what, &model, "the compact file gives others", bits(&of_compact) != bits(&expected));
            let (_, other) = model.run_on(&model.file, Resident::F32, workers).unwrap();
            check(&what, &model, "f32 is copied", other.is_some());
            let of_converter = sorted(&compact);
            for (name, tensor) in sorted(&copy) {
                let known = of_converter.get(&name);
                let differs = known.is_some_and(|known| known.1.len() == tensor.1.len() && *known != tensor);
                check(&what, &model, &format!("`{name}` differs from the converter's"), differs);
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn rows_of_a_compact_file_come_as_texts_need_them() {
    let mut in_parts = 0;
    for architecture in ARCHITECTURES {
        let model = Model::grown(architecture.model_type, Head::None);
        for (compact, resident) in
            [(Resident::Q8, Resident::Q8), (Resident::Q8, Resident::F32), (Resident::F16, Resident::F16)]
        {
            let file = model.convert(compact).unwrap();
            let Some(found) = model.run_in_parts(&file, resident).unwrap() else { continue };
            let expected = model.run(&file, resident).unwrap();
            assert_eq!(bits(&found), bits(&expected), "{} {compact:?} as {resident:?}", architecture.model_type);
            in_parts += 1;
        }
    }
    assert!(in_parts > 60, "only {in_parts}");
}

/// The tensors of a file by name.
fn sorted(file: &[u8]) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let tensors = SafeTensors::deserialize(file).unwrap();
    tensors.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), view.data().to_vec()))).collect()
}

/// Name, dtype, shape, start and end of each tensor, in the order of their bytes.
fn layout(file: &[u8]) -> Vec<(String, String, Vec<usize>, usize, usize)> {
    let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    assert_eq!(header % 8, 0);
    let json: Value = serde_json::from_slice(&file[8..8 + header]).unwrap();
    let mut tensors: Vec<_> = json
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "__metadata__")
        .map(|(name, entry)| {
            let numbers = |key: &str| -> Vec<usize> { serde_json::from_value(entry[key].clone()).unwrap() };
            let (dtype, offsets) = (entry["dtype"].as_str().unwrap().to_owned(), numbers("data_offsets"));
            (name.clone(), dtype, numbers("shape"), offsets[0], offsets[1])
        })
        .collect();
    tensors.sort_by_key(|tensor| (tensor.3, tensor.4));
    tensors
}

#[test]
fn the_layout_is_the_one_that_is_documented() {
    let model = Model::grown("bert", Head::None);
    let compact = model.convert(Resident::Q8).unwrap();
    let tensors = layout(&compact);
    let mut end = 0;
    for (name, dtype, _, start, stop) in &tensors {
        assert_eq!(*start, end, "{name}");
        assert_eq!(start % if dtype == "F32" { 4 } else { 1 }, 0, "{name}");
        end = *stop;
    }
    let names: Vec<&str> = tensors.iter().map(|tensor| tensor.0.as_str()).collect();
    assert_eq!(names.last(), Some(&"embeddings.word_embeddings.weight"));
    let (original, compact) = (SafeTensors::deserialize(&model.file), SafeTensors::deserialize(&compact));
    let (original, compact) = (original.unwrap(), compact.unwrap());
    let numbers = |view: &TensorView<'_>| -> Vec<f32> {
        view.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let mut quantized = 0;
    for (name, view) in original.iter() {
        let (found, expected) = (compact.tensor(name).unwrap(), numbers(&view));
        assert_eq!(found.shape(), view.shape(), "{name}");
        if view.shape().len() != 2 || expected.len() < 1 << 14 {
            assert_eq!((found.dtype(), found.data()), (Dtype::F32, view.data()), "{name}");
            assert!(compact.tensor(&format!("{name}{SCALES}")).is_err(), "{name}");
            continue;
        }
        quantized += 1;
        let scales = format!("{name}{SCALES}");
        let place = |name: &str| names.iter().position(|known| *known == name).unwrap();
        assert!(found.dtype() == Dtype::I8 && place(&scales) < place(name), "{name}");
        let scales = compact.tensor(&scales).unwrap();
        assert_eq!((scales.dtype(), scales.shape()), (Dtype::F32, &view.shape()[..1]));
        let width = view.shape()[1];
        for (row, scale) in numbers(&scales).iter().enumerate() {
            let (row, bytes) = (&expected[row * width..][..width], &found.data()[row * width..][..width]);
            let largest = row.iter().fold(0.0, |largest: f64, number| largest.max(f64::from(*number).abs()));
            let four = |places: [usize; 4]| {
                let sum = |eight: &[f32], sign| {
                    places.map(|place| f64::max(0.0, sign * f64::from(eight[place]))).iter().sum()
                };
                row.chunks(8).map(|eight| f64::max(sum(eight, 1.0), sum(eight, -1.0))).fold(0.0, f64::max)
            };
            let expected = f64::max(largest / 127.0, four([0, 1, 4, 5]).max(four([2, 3, 6, 7])) / 256.0);
            assert!((f64::from(*scale) - expected).abs() <= expected * 1e-6, "{name}: {scale}, not {expected}");
            for (number, byte) in row.iter().zip(bytes) {
                let distance = f64::from(*number) - f64::from(byte.cast_signed()) * expected;
                assert!(distance.abs() <= 0.501 * expected, "{name}");
            }
        }
    }
    assert!(quantized >= 12 && compact.names().len() == original.names().len() + quantized, "{quantized}");
}

#[test]
fn torch_files_are_converted_without_what_is_in_them_twice() {
    for name in ["bert-bin-zip", "bert-bin-legacy"] {
        let file = std::fs::read(root().join("tests/checkpoints").join(name).join("pytorch_model.bin")).unwrap();
        let mut reader = WeightsReader::new(Resident::F32, |_| false);
        reader.begin_file(None);
        reader.write(&file).unwrap();
        let floats = reader.contents().unwrap().into_iter().filter(|tensor| !tensor.name.ends_with("position_ids"));
        let mut expected: Vec<(String, Vec<usize>)> = floats.map(|tensor| (tensor.name, tensor.shape)).collect();
        expected.sort();
        let compact = convert(Resident::F16, |_| Ok(Vec::new()), &file).unwrap();
        let mut found: Vec<(String, Vec<usize>)> =
            layout(&compact).into_iter().map(|(name, _, shape, ..)| (name, shape)).collect();
        found.sort();
        assert_eq!(found, expected);
        assert!(found.len() > 30);
    }
}

/// A file of one tensor `[128, 128]`, all of it this number.
fn one(number: f32) -> Vec<u8> {
    let bytes: Vec<u8> = std::iter::repeat_n(number.to_le_bytes(), 1 << 14).flatten().collect();
    safetensors::serialize([("a", TensorView::new(Dtype::F32, vec![128, 128], &bytes).unwrap())], None).unwrap()
}

#[test]
fn what_f16_cannot_hold_is_refused() {
    for (number, fits) in [(65_504.0, true), (65_519.0, true), (65_520.0, false), (-1e6, false)] {
        let converted = convert(Resident::F16, |_| Ok(Vec::new()), &one(number));
        match converted {
            Ok(_) => assert!(fits, "{number}"),
            Err(error) => assert!(!fits && error.to_string().contains("`a`"), "{number}: {error}"),
        }
        assert!(convert(Resident::Q8, |_| Ok(Vec::new()), &one(number)).is_ok());
    }
    for resident in [Resident::F32, Resident::Bf16] {
        let error = convert(resident, |_| Ok(Vec::new()), &one(1.0)).expect_err("an error");
        assert_eq!(error.code(), "unsupported-dtype");
    }
}

#[test]
fn compact_files_that_were_tampered_with_are_refused() {
    let model = Model::grown("distilbert", Head::None);
    let compact = model.convert(Resident::Q8).unwrap();
    let whole = SafeTensors::deserialize(&compact).unwrap();
    let names: Vec<String> = layout(&compact).into_iter().map(|tensor| tensor.0).collect();
    let scales = format!("transformer.layer.0.ffn.lin1.weight{SCALES}");
    // Written by hand, as the library has an order of its own.
    let written = |order: &[String], changed: &dyn Fn(&str, Vec<u8>) -> Vec<u8>| {
        let (mut header, mut data) = (Map::new(), Vec::new());
        for name in order {
            let view = whole.tensor(name).unwrap();
            let (start, bytes) = (data.len(), changed(name, view.data().to_vec()));
            data.extend_from_slice(&bytes);
            let shape = if bytes.len() == view.data().len() { view.shape().to_vec() } else { vec![bytes.len() / 4] };
            let entry =
                json!({"dtype": format!("{:?}", view.dtype()), "shape": shape, "data_offsets": [start, data.len()]});
            header.insert(name.clone(), entry);
        }
        let header = Value::Object(header).to_string();
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
    };
    let same = |_: &str, bytes: Vec<u8>| bytes;
    let of_scales = |change: &'static dyn Fn(Vec<u8>) -> Vec<u8>| {
        let scales = scales.clone();
        move |name: &str, bytes: Vec<u8>| if name == scales { change(bytes) } else { bytes }
    };
    let without: Vec<String> = names.iter().filter(|name| **name != scales).cloned().collect();
    let last = [without.as_slice(), std::slice::from_ref(&scales)].concat();
    let first_is = |number: f32| move |bytes: Vec<u8>| [&number.to_le_bytes()[..], &bytes[4..]].concat();
    assert!(model.run(&written(&names, &same), Resident::Q8).is_ok());
    let cases = [
        ("no scales", written(&without, &same)),
        ("scales after their tensor", written(&last, &same)),
        ("too few scales", written(&names, &of_scales(&|bytes| bytes[4..].to_vec()))),
        ("too many scales", written(&names, &of_scales(&|bytes| [bytes.as_slice(), &[0; 4]].concat()))),
        ("a scale that is no number", written(&names, &of_scales(Box::leak(Box::new(first_is(f32::NAN)))))),
        ("an infinite scale", written(&names, &of_scales(Box::leak(Box::new(first_is(f32::INFINITY)))))),
    ];
    for (what, file) in cases {
        for resident in [Resident::Q8, Resident::F32] {
            let error = model.run(&file, resident).expect_err(what);
            assert_eq!(error.code(), "malformed-checkpoint", "{what}: {error}");
            assert!(error.to_string().contains("`transformer.layer.0.ffn.lin1.weight`"), "{what}: {error}");
            match model.run_in_parts(&file, resident) {
                Ok(whole) => assert_eq!(whole, None, "{what}"),
                Err(in_parts) => assert_eq!(in_parts.to_string(), error.to_string(), "{what}"),
            }
        }
    }
}
