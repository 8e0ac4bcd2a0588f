//! Compact checkpoints: one safetensors file, made of a checkpoint's bytes as they arrive, with large tensors in fewer bits.
//!
//! Layout: a tensor keeps its name and its shape. Those of two dimensions and at least 2^14 numbers are in I8 (`q8`), each row
//! multiplied by its scale, as [`vitrine_kernels::int8::quantize_weights`] chooses it, in the F32 tensor `NAME.q8_scales` `[rows]`; or those of two and more dimensions
//! are in F16 (`f16`). All other tensors of floats are in F32, also those of two dimensions whose numbers the architecture
//! computes with unrounded; what holds no floats is left out. Tensors in F32, scales among them, come first, so that every
//! tensor is aligned; then matrices; then the tables of which only some rows are read, the largest last. The metadata name
//! the dtype and the files that it was made of. A model gives the same numbers as with the original at the same `dtype`.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Write};
use std::rc::Rc;

use half::f16;
use serde_json::{Map, Value};

use crate::safetensors::{Dtype, TensorInfo};
use crate::weights::{
    Asked, Entry, FEWEST_QUANTIZED, Form, Kept, Numbers, Resident, Rows, SCALES, WeightsReader, layout,
};
use crate::{Error, Result};

/// Takes the bytes of one or several files of weights as they arrive, as [`WeightsReader`] does, and holds no more of them
/// than it will write.
pub struct Converter<'a> {
    reader: WeightsReader<'a>,
    asks: Rc<Asks<'a>>,
    learned: Rc<RefCell<Learned>>,
    /// Names of tensors, in the order of their files.
    names: Vec<String>,
}

/// Answers what the models that a checkpoint can become ask for, one for each head, by what a file holds.
type Asks<'a> = dyn Fn(&[TensorInfo]) -> Result<Vec<Asked>> + 'a;

/// What the beginnings of files told.
#[derive(Default)]
struct Learned {
    /// Tensors of the file at hand.
    contents: Vec<TensorInfo>,
    /// Names of tables of which rows are read.
    tables: HashSet<String>,
}

impl<'a> Converter<'a> {
    /// Converts to `q8` or `f16`. `asks` answers what models ask for, one for each head that the checkpoint has.
    pub fn new(resident: Resident, asks: impl Fn(&[TensorInfo]) -> Result<Vec<Asked>> + 'a) -> Result<Self> {
        if !matches!(resident, Resident::Q8 | Resident::F16) {
            let message = format!("compact checkpoints are in q8 or f16, not in {}", resident.name());
            return Err(Error::UnsupportedDtype(message));
        }
        let (asks, learned): (Rc<Asks<'a>>, Rc<RefCell<Learned>>) = (Rc::new(asks), Rc::default());
        let mut reader = WeightsReader::new(resident, |_| true);
        let (asking, learning) = (asks.clone(), learned.clone());
        reader.ask(move |contents| {
            let models = asking(contents)?;
            let mut learned = learning.borrow_mut();
            learned.contents = contents.to_vec();
            let mut asked = Asked::default();
            for TensorInfo { name, shape, .. } in contents {
                if models.iter().any(|model| model.is_read_by_row(name)) {
                    learned.tables.insert(name.clone());
                }
                let exact = shape.len() == 2 && models.iter().any(|model| model.is_exact(name));
                let compact = is_compact(resident, shape) && !exact;
                asked.forms.insert(name.clone(), if compact { Form::Table } else { Form::Numbers });
            }
            Ok(asked)
        });
        Ok(Self { reader, asks, learned, names: Vec::new() })
    }

    /// Begins a file of `bytes` bytes, where that is known.
    pub fn begin_file(&mut self, bytes: Option<u64>) {
        self.reader.begin_file(bytes);
    }

    /// Forgets what the file at hand has brought: it begins again.
    pub fn restart_file(&mut self) {
        self.reader.restart_file();
    }

    /// Takes the next bytes of the file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.reader.write(bytes)
    }

    /// Ends the file at hand; an error where bytes are missing.
    pub fn end_file(&mut self) -> Result<()> {
        self.reader.end_file()?;
        let learned = self.learned.borrow();
        // Of several names for the same numbers one is enough, unless a model asks for them by the others.
        let distinct = self.reader.contents().unwrap_or_default();
        let enough = (self.asks)(&distinct)
            .is_ok_and(|models| (self.asks)(&learned.contents).is_ok_and(|of_all| models.len() == of_all.len()));
        let contents = if enough { &distinct } else { &learned.contents };
        self.names.extend(contents.iter().map(|tensor| tensor.name.clone()));
        Ok(())
    }

    /// The compact file, with these entries in its metadata.
    pub fn finish(self, metadata: Map<String, Value>) -> Result<CompactFile> {
        let kept = self.reader.into_kept();
        let learned = self.learned.borrow();
        let mut tensors: Vec<(Place, Tensor)> = Vec::new();
        for name in self.names.iter().filter(|name| !name.ends_with(SCALES)) {
            let Some(Kept::Rows(rows)) = kept.get(name) else { continue };
            let place = match &*rows.numbers() {
                Numbers::F32(_) => Place::Front,
                Numbers::F16(numbers) if numbers.iter().any(|number| number.is_infinite()) => {
                    return Err(Error::Weights(format!("tensor `{name}` has numbers beyond ±65504, the most of f16")));
                }
                _ if learned.tables.contains(name) => Place::Tables(rows.count()),
                _ => Place::Matrices,
            };
            if let Numbers::Q8 { .. } = &*rows.numbers() {
                let name = format!("{name}{SCALES}");
                tensors.push((Place::Front, Tensor { name, rows: rows.clone(), part: Part::Scales }));
            }
            tensors.push((place, Tensor { name: name.clone(), rows: rows.clone(), part: Part::Numbers }));
        }
        tensors.sort_by_key(|(place, _)| *place);
        let tensors: Vec<Tensor> = tensors.into_iter().map(|(_, tensor)| tensor).collect();
        let entries: Vec<Entry> = tensors.iter().map(Tensor::entry).collect();
        let (header, _) = layout(&entries, metadata);
        Ok(CompactFile { header, tensors, data_bytes: entries.iter().map(Entry::bytes).sum() })
    }
}

/// Whether tensors of this shape are in fewer bits. Below so many numbers nothing is gained.
fn is_compact(resident: Resident, shape: &[usize]) -> bool {
    let dimensions = if resident == Resident::Q8 { shape.len() == 2 } else { shape.len() >= 2 };
    dimensions && shape.iter().product::<usize>() >= FEWEST_QUANTIZED
}

/// Where in the file a tensor is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Front,
    Matrices,
    /// By their counts of numbers.
    Tables(usize),
}

/// A compact checkpoint that is ready to be written.
pub struct CompactFile {
    /// What stands before the tensors.
    header: Vec<u8>,
    tensors: Vec<Tensor>,
    data_bytes: u64,
}

/// A tensor of the file.
struct Tensor {
    name: String,
    rows: Rc<Rows>,
    part: Part,
}

/// What of the numbers a tensor of the file is.
enum Part {
    Numbers,
    Scales,
}

impl CompactFile {
    /// Bytes of the whole file.
    pub fn bytes(&self) -> u64 {
        self.header.len() as u64 + self.data_bytes
    }

    /// Writes the file.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.header)?;
        self.tensors.iter().try_for_each(|tensor| tensor.write(out))
    }
}

impl Tensor {
    fn entry(&self) -> Entry {
        let shape = self.rows.shape.as_slice();
        let (dtype, shape) = match (&self.part, &*self.rows.numbers()) {
            (Part::Scales, _) => (Dtype::F32, shape.get(..1).unwrap_or_default()),
            (Part::Numbers, Numbers::Q8 { .. }) => (Dtype::I8, shape),
            (Part::Numbers, Numbers::F16(_)) => (Dtype::F16, shape),
            (Part::Numbers, _) => (Dtype::F32, shape),
        };
        Entry { name: self.name.clone(), dtype, shape: shape.to_vec() }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match (&self.part, &*self.rows.numbers()) {
            (Part::Scales, Numbers::Q8 { scales: numbers, .. }) | (Part::Numbers, Numbers::F32(numbers)) => {
                write(out, numbers, f32::to_le_bytes)
            }
            (Part::Numbers, Numbers::Q8 { numbers, .. }) => write(out, numbers, i8::to_le_bytes),
            (Part::Numbers, Numbers::F16(numbers)) => write(out, numbers, f16::to_le_bytes),
            _ => Ok(()),
        }
    }
}

/// Writes numbers, some thousands at a time.
fn write<T: Copy, const WIDTH: usize>(
    out: &mut dyn Write,
    numbers: &[T],
    bytes: impl Fn(T) -> [u8; WIDTH],
) -> io::Result<()> {
    numbers.chunks(1 << 14).try_for_each(|chunk| {
        let bytes: Vec<u8> = chunk.iter().flat_map(|number| bytes(*number)).collect();
        out.write_all(&bytes)
    })
}
