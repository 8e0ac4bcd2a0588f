//! Files of torch in parts, right and wrong: pickles of state dicts, zip archives and legacy streams.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its own data is wrong")]
#![allow(dead_code, reason = "each test uses some of it")]

use vitrine_models::{Resident, Weights, WeightsReader};

/// Reads a file in pieces of this size; the bytes that its tensors take.
pub fn read(bytes: &[u8], piece: usize) -> vitrine_models::Result<u64> {
    weights(bytes, piece).map(|weights| weights.bytes())
}

/// Reads a file in pieces of this size.
pub fn weights(bytes: &[u8], piece: usize) -> vitrine_models::Result<Weights> {
    let mut reader = WeightsReader::new(Resident::F32, |_| true);
    reader.begin_file(Some(bytes.len() as u64));
    for piece in bytes.chunks(piece) {
        reader.write(piece)?;
    }
    reader.end_file()?;
    Ok(reader.finish(""))
}

/// A state dict with one tensor `a` of 2 × 3 numbers.
pub fn one(start: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    state_dict(&[("a", tensor(storage("FloatStorage", "0", 6, false), start, shape, strides))])
}

/// Bytes of 6 numbers.
pub const SIX: &[u8] = &[0; 24];

/// A text.
pub fn text(text: &str) -> Vec<u8> {
    [b"X", (text.len() as u32).to_le_bytes().as_slice(), text.as_bytes()].concat()
}

/// A whole number.
pub fn int(number: i64) -> Vec<u8> {
    match i32::try_from(number) {
        Ok(number) => [b"J", number.to_le_bytes().as_slice()].concat(),
        Err(_) => [b"\x8a\x08", number.to_le_bytes().as_slice()].concat(),
    }
}

/// A name of a module.
pub fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

/// A tuple.
pub fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(".to_vec(), items.concat(), b"t".to_vec()].concat()
}

/// A call.
pub fn call(function: Vec<u8>, arguments: &[Vec<u8>]) -> Vec<u8> {
    [function, tuple(arguments), b"R".to_vec()].concat()
}

/// A storage's persistent id; legacy files have one part more.
pub fn storage(kind: &str, key: &str, numbers: i64, legacy: bool) -> Vec<u8> {
    let mut parts = vec![text("storage"), global("torch", kind), text(key), text("cpu"), int(numbers), b"N".to_vec()];
    parts.truncate(if legacy { 6 } else { 5 });
    [tuple(&parts), b"Q".to_vec()].concat()
}

/// A view of a storage.
pub fn tensor(storage: Vec<u8>, start: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let numbers = |numbers: &[i64]| tuple(&numbers.iter().map(|number| int(*number)).collect::<Vec<_>>());
    let hooks = call(global("collections", "OrderedDict"), &[]);
    call(
        global("torch._utils", "_rebuild_tensor_v2"),
        &[storage, int(start), numbers(shape), numbers(strides), b"\x89".to_vec(), hooks],
    )
}

/// The whole pickle of a value.
pub fn pickle(value: &[u8]) -> Vec<u8> {
    [b"\x80\x02", value, b"."].concat()
}

/// The pickle of a state dict.
pub fn state_dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    pickle(&[call(global("collections", "OrderedDict"), &[]), b"(".to_vec(), items, b"u".to_vec()].concat())
}

/// Numbers as bytes.
pub fn f32s(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A zip archive in the making.
#[derive(Default, Clone)]
pub struct Zip {
    pub bytes: Vec<u8>,
    pub central: Vec<u8>,
    pub entries: u16,
}

impl Zip {
    /// Adds a stored entry.
    pub fn entry(self, name: &str, content: &[u8]) -> Self {
        self.entry_with(name, content, &|_, _| {})
    }

    /// Adds an entry whose local and central headers are changed, name and all.
    pub fn entry_with(mut self, name: &str, content: &[u8], change: &dyn Fn(&mut Vec<u8>, &mut Vec<u8>)) -> Self {
        let size = (content.len() as u32).to_le_bytes();
        let name_size = (name.len() as u16).to_le_bytes();
        let fields = [[0; 12].as_slice(), &size, &size, &name_size, &[0; 2]].concat();
        let mut local = [b"PK\x03\x04", [0; 2].as_slice(), &fields, name.as_bytes()].concat();
        let offset = (self.bytes.len() as u32).to_le_bytes();
        let mut central = [b"PK\x01\x02", [0; 4].as_slice(), &fields, &[0; 10], &offset, name.as_bytes()].concat();
        change(&mut local, &mut central);
        self.bytes.extend([&local, content].concat());
        self.central.extend(central);
        self.entries += 1;
        self
    }

    /// Adds an entry as torch does: its size, or what is said to be it, stands after it.
    pub fn described(self, name: &str, content: &[u8], size: usize) -> Self {
        let fields = [(size as u32).to_le_bytes(); 2].concat();
        let mut zip = self.entry_with(name, content, &|local, _| {
            local[6] = 8;
            local[18..26].fill(0);
        });
        zip.bytes.extend([b"PK\x07\x08", [0; 4].as_slice(), &fields].concat());
        zip
    }

    /// The archive.
    pub fn finish(self) -> Vec<u8> {
        let start = self.bytes.len() as u32;
        self.finish_with(start)
    }

    /// The archive with a directory that is said to be elsewhere.
    pub fn finish_with(self, start: u32) -> Vec<u8> {
        let (entries, size) = (self.entries.to_le_bytes(), (self.central.len() as u32).to_le_bytes());
        let end = [b"PK\x05\x06", [0; 4].as_slice(), &entries, &entries, &size, &start.to_le_bytes(), &[0; 2]].concat();
        [self.bytes, self.central, end].concat()
    }
}

/// An archive of a state dict and its storages.
pub fn zip(pickle: &[u8], storages: &[(&str, &[u8])]) -> Zip {
    let zip = Zip::default().entry("m/data.pkl", pickle).entry("m/byteorder", b"little");
    storages.iter().fold(zip, |zip, (key, bytes)| zip.entry(&format!("m/data/{key}"), bytes))
}

/// The same with sizes after the entries, and two entries that nothing needs.
pub fn described_zip(pickle: &[u8], storages: &[(&str, &[u8])]) -> Zip {
    let add = |zip: Zip, name: &str, bytes: &[u8]| zip.described(name, bytes, bytes.len());
    let zip = add(add(Zip::default(), "m/data.pkl", pickle), "m/byteorder", b"little");
    let zip = storages.iter().fold(zip, |zip, (key, bytes)| add(zip, &format!("m/data/{key}"), bytes));
    add(add(zip, "m/version", b"3\n"), "m/.data/serialization_id", &[b'7'; 9000])
}

/// With what a legacy file begins.
pub const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// A legacy file of a state dict and its storages, each with its count of numbers.
pub fn legacy(pickle_of_dict: &[u8], storages: &[(&str, i64, &[u8])]) -> Vec<u8> {
    let keys = storages.iter().flat_map(|(key, ..)| text(key)).collect::<Vec<u8>>();
    let list = pickle(&[b"](".as_slice(), &keys, b"e"].concat());
    let content = storages.iter().flat_map(|(_, count, bytes)| [&count.to_le_bytes(), *bytes].concat());
    let machine = pickle(b"}");
    [MAGIC, &pickle(&int(1001)), &machine, pickle_of_dict, &list, &content.collect::<Vec<u8>>()].concat()
}
