//! Weights as they arrive: a reader that turns a checkpoint's bytes into resident tensors piece by piece, so that
//! nothing is ever held twice.

mod building;
mod compact_copy;
mod filling;
mod form;
mod layout;
mod matrix;
mod model_weights;
mod numbers;
mod parts;
mod safetensors;

use std::collections::HashMap;
use std::rc::Rc;

use crate::peers::SharedPeers;
use crate::safetensors::{Header, LARGEST_HEADER, TensorInfo};
use crate::torch::{Legacy, Zip};
use crate::{Error, Result};
use safetensors::Safetensors;

pub(crate) use building::{Building, fill, readable};
pub use compact_copy::{CompactCopy, Stretch};
pub(crate) use filling::{Filling, hold};
pub use form::Asked;
pub(crate) use form::{Asking, Form, Held, Kept, Piece};
pub(crate) use layout::{Entry, layout};
pub(crate) use matrix::{FEWEST_QUANTIZED, Input, Matrix, Panels};
pub use model_weights::Weights;
pub(crate) use numbers::{Numbers, Rows};
pub use parts::{LateTable, Parts};

/// What stands after the name of a quantized tensor in that of its scales, one a row (`vitrine convert`).
pub const SCALES: &str = ".q8_scales";

/// The format in which weights stay in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resident {
    /// 4 bytes a number.
    F32,
    /// 2 bytes a number, with 10 bits of fraction.
    F16,
    /// 2 bytes a number, with the range of f32.
    Bf16,
    /// 1 byte a number and a scale for each row; large matrices and tables only.
    Q8,
}

impl Resident {
    /// Reads the `dtype` that a page or a command asks for; `None` where it leaves the choice.
    pub fn parse(dtype: &str) -> Result<Option<Self>> {
        match dtype {
            "auto" | "" => Ok(None),
            "f32" | "float32" => Ok(Some(Self::F32)),
            "f16" | "float16" => Ok(Some(Self::F16)),
            "bf16" | "bfloat16" => Ok(Some(Self::Bf16)),
            "q8" | "int8" => Ok(Some(Self::Q8)),
            other => Err(Error::UnsupportedDtype(format!("`{other}` is not one of auto, f32, f16, bf16, q8"))),
        }
    }

    /// Its name, which [`Resident::parse`] reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q8 => "q8",
        }
    }

    /// The format of a matrix of so many numbers.
    pub(crate) fn of_matrix(self, numbers: usize) -> Self {
        if self == Self::Q8 && numbers < FEWEST_QUANTIZED { Self::F32 } else { self }
    }

    /// Bytes that a number of a large tensor takes.
    pub fn width(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Q8 => 1,
        }
    }
}

/// Takes the bytes of one or several files of weights as they arrive; what format a file is of, its first bytes tell.
pub struct WeightsReader<'a> {
    tensors: Tensors<'a>,
    file_bytes: Option<u64>,
    format: Format,
}

/// The reader of a file's format.
enum Format {
    /// The first 8 bytes.
    Unknown(Vec<u8>),
    Safetensors(Box<Safetensors>),
    Zip(Box<Zip>),
    Legacy(Box<Legacy>),
}

impl<'a> WeightsReader<'a> {
    /// A reader that keeps the tensors that `uses` names.
    pub fn new(resident: Resident, uses: impl Fn(&str) -> bool + 'a) -> Self {
        let tensors = Tensors {
            resident,
            uses: Box::new(uses),
            trusts: None,
            asks: None,
            asked: None,
            peers: None,
            keep_copy: None,
            copy: None,
            kept: HashMap::new(),
            of_file: Vec::new(),
        };
        Self { tensors, file_bytes: None, format: Format::Unknown(Vec::new()) }
    }

    /// Has other workers hold parts of the layers, as [`crate::Architecture::ask`] was told.
    pub fn share(&mut self, peers: SharedPeers) {
        self.tensors.peers = Some(peers);
    }

    /// Has `trusts` tell by a safetensors file's metadata whether it is to be read; where not, that is [`Error::Stale`].
    pub fn trust(&mut self, trusts: impl Fn(&HashMap<String, String>) -> bool + 'a) {
        self.tensors.trusts = Some(Box::new(trusts));
    }

    /// Has `asks` tell in which forms the model wants its tensors, by what a file says that it holds, before the first of
    /// them comes; all others are left out. An error ends the reading.
    pub fn ask(&mut self, asks: impl Fn(&[TensorInfo]) -> Result<Asked> + 'a) {
        self.tensors.asks = Some(Box::new(asks));
    }

    /// Has the tensors of each file of which a compact copy can be made handed to `keep`, quantized, as they are complete.
    pub fn copy(&mut self, keep: impl Fn(Stretch) + 'static) {
        self.tensors.keep_copy = Some(Box::new(keep));
    }

    /// Ends the copying; the copy of the file at hand, which lacks its [front](CompactCopy::front) and the tables that come
    /// later.
    pub fn take_copy(&mut self) -> Option<CompactCopy> {
        self.tensors.keep_copy = None;
        self.tensors.copy.take()
    }

    /// Begins a file of `bytes` bytes, where that is known.
    pub fn begin_file(&mut self, bytes: Option<u64>) {
        self.file_bytes = bytes;
        self.tensors.of_file.clear();
        self.tensors.copy = None;
        self.format = Format::Unknown(Vec::new());
    }

    /// Forgets what the file at hand has brought: it begins again.
    pub fn restart_file(&mut self) {
        for name in self.tensors.of_file.drain(..) {
            self.tensors.kept.remove(&name);
        }
        self.format = Format::Unknown(Vec::new());
    }

    /// Takes the next bytes of the file.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        if let Format::Unknown(first) = &mut self.format {
            fill(first, &mut bytes, 8);
            let Ok(first) = <[u8; 8]>::try_from(first.as_slice()) else { return Ok(()) };
            self.format = Format::of(first, self.file_bytes)?;
        }
        match &mut self.format {
            Format::Unknown(_) => Ok(()),
            Format::Safetensors(reader) => reader.write(bytes, &mut self.tensors),
            Format::Zip(reader) => reader.write(bytes, &mut self.tensors),
            Format::Legacy(reader) => reader.write(bytes, &mut self.tensors),
        }
    }

    /// What the file at hand says that it holds; `None` as long as too little of it has come.
    pub fn contents(&self) -> Option<Vec<TensorInfo>> {
        match &self.format {
            Format::Unknown(_) => None,
            Format::Safetensors(reader) => reader.contents(),
            Format::Zip(reader) => reader.contents(),
            Format::Legacy(reader) => reader.contents(),
        }
    }

    /// Ends the file at hand; an error where bytes are missing.
    pub fn end_file(&mut self) -> Result<()> {
        let complete = match &self.format {
            Format::Unknown(_) => false,
            Format::Safetensors(reader) => reader.is_complete(),
            Format::Zip(reader) => reader.is_complete(),
            Format::Legacy(reader) => reader.is_complete(),
        };
        if complete { Ok(()) } else { Err(Error::Weights("the file of weights ends too soon".to_owned())) }
    }

    /// All tensors of all files by name.
    pub(crate) fn into_kept(self) -> HashMap<String, Kept> {
        self.tensors.kept
    }

    /// All tensors of all files. A tensor is found with `prefix` (`bert.`) before its name as well as without, as Python
    /// does for a body with or without a head.
    pub fn finish(self, prefix: &'static str) -> Weights {
        Weights::held(self.tensors.kept, prefix, self.tensors.resident, self.tensors.peers)
    }
}

impl Format {
    fn of(first: [u8; 8], file_bytes: Option<u64>) -> Result<Self> {
        if first.starts_with(Zip::FIRST) {
            Ok(Self::Zip(Box::new(Zip::new(first, file_bytes))))
        } else if Legacy::MAGIC.starts_with(&first) {
            Ok(Self::Legacy(Box::new(Legacy::new(first, file_bytes))))
        } else if u64::from_le_bytes(first) > LARGEST_HEADER {
            Err(Error::Weights("the file of weights is in no known format: neither safetensors nor torch's".to_owned()))
        } else {
            Ok(Self::Safetensors(Box::new(Safetensors::new(Header::json_length(first)?, file_bytes)?)))
        }
    }
}

/// Whether a file is to be read, by its metadata.
type Trusts<'a> = Box<dyn Fn(&HashMap<String, String>) -> bool + 'a>;

/// Answers what a model asks for, by what a file holds.
type Asks<'a> = Box<dyn Fn(&[TensorInfo]) -> Result<Asked> + 'a>;

/// The tensors that have been built.
pub(crate) struct Tensors<'a> {
    pub resident: Resident,
    uses: Box<dyn Fn(&str) -> bool + 'a>,
    trusts: Option<Trusts<'a>>,
    asks: Option<Asks<'a>>,
    asked: Option<Asked>,
    pub peers: Option<SharedPeers>,
    /// What keeps stretches of copies.
    keep_copy: Option<Box<dyn Fn(Stretch)>>,
    copy: Option<CompactCopy>,
    kept: HashMap<String, Kept>,
    /// Names that the file at hand has brought.
    of_file: Vec<String>,
}

impl Tensors<'_> {
    /// Takes note of what the file at hand holds.
    pub fn learn(&mut self, contents: &[TensorInfo]) -> Result<()> {
        if let Some(asks) = &self.asks {
            self.asked = Some(asks(contents)?);
        }
        Ok(())
    }

    /// Whether the model has a tensor of this name.
    pub fn uses(&self, name: &str) -> bool {
        self.asked.as_ref().map_or_else(|| (self.uses)(name), |asked| asked.uses(name))
    }

    /// Whether a tensor's rows are read one by one and it has no other use.
    fn is_read_by_row(&self, name: &str) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.is_read_by_row(name))
    }

    /// Whether a tensor has come.
    fn has(&self, name: &str) -> bool {
        self.kept.contains_key(name)
    }

    /// Whether the model is known to have asked for a tensor of this name.
    pub fn wants(&self, name: &str) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.forms.contains_key(name))
    }

    /// The form in which the model wants a tensor; where it has not asked, one from which any can be made.
    pub fn form(&self, name: &str, shape: &[usize]) -> Form {
        let asked = self.asked.as_ref().and_then(|asked| asked.forms.get(name)).cloned();
        asked.unwrap_or(if shape.len() < 2 { Form::Numbers } else { Form::Table })
    }

    /// The format of numbers of which tensors are made only later.
    pub fn flat(&self) -> Resident {
        if self.resident == Resident::Q8 { Resident::F32 } else { self.resident }
    }

    /// The scales of a quantized tensor, which come before it.
    pub fn scales(&self, name: &str) -> Option<Vec<f32>> {
        match self.kept.get(&format!("{name}{SCALES}"))? {
            Kept::Rows(rows) => Some(rows.to_vec()),
            Kept::Pieces { .. } => None,
        }
    }

    /// Begins a compact copy of a file that holds `contents`, where one is wanted.
    pub fn begin_copy(&mut self, contents: &[TensorInfo]) {
        if self.keep_copy.is_some() && self.resident == Resident::Q8 {
            self.copy = CompactCopy::new(contents, self);
        }
    }

    /// Keeps the tensor that `building` has made, if any.
    pub fn keep_built(&mut self, name: &str, building: Option<Building>) -> Result<()> {
        let Some(filling) = building.and_then(Building::finish) else { return Ok(()) };
        if let (Some(keep), Some(copy)) = (&self.keep_copy, &mut self.copy) {
            let mut row = 0;
            while let Some((stretch, next)) = copy.copy(name, row, &filling) {
                keep(stretch);
                row = next;
            }
        }
        let tensor = filling.finish(self.peers.as_ref())?;
        self.keep(name, tensor)
    }

    /// Keeps a tensor.
    pub fn keep(&mut self, name: &str, tensor: Kept) -> Result<()> {
        if self.kept.insert(name.to_owned(), tensor).is_some() {
            return Err(Error::Weights(format!("tensor `{name}` occurs in two files")));
        }
        self.of_file.push(name.to_owned());
        Ok(())
    }
}

/// What several names share counts once.
fn bytes_of(kept: &HashMap<String, Kept>) -> u64 {
    let places: HashMap<usize, u64> = kept.values().flat_map(Kept::bytes).collect();
    places.values().sum()
}

/// A table's rows as the model holds them.
pub(crate) type Table = Rc<Rows>;
