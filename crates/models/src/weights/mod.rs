//! Weights as they arrive: a reader that turns a checkpoint's bytes into resident tensors piece by piece, so that
//! nothing is ever held twice.

mod building;
mod resident;
mod safetensors;

use std::collections::{HashMap, HashSet};

use candle_core::Tensor;

use crate::safetensors::{Header, LARGEST_HEADER, TensorInfo};
use crate::torch::{Legacy, Zip};
use crate::{Error, Result};
use safetensors::Safetensors;

pub(crate) use building::{Building, fill, readable};
pub(crate) use resident::{as_f32, to_vec, with_rows};

/// The format in which weights stay in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resident {
    /// 4 bytes a number, the fastest to compute with.
    F32,
    /// 2 bytes a number, with 10 bits of fraction.
    F16,
    /// 2 bytes a number, with the range of f32.
    Bf16,
}

impl Resident {
    /// Reads the `dtype` that a page or a command asks for; `auto` is f32, in which models run fastest.
    pub fn parse(dtype: &str) -> Result<Self> {
        match dtype {
            "auto" | "" | "f32" | "float32" => Ok(Self::F32),
            "f16" | "float16" => Ok(Self::F16),
            "bf16" | "bfloat16" => Ok(Self::Bf16),
            other => Err(Error::UnsupportedDtype(format!("`{other}` is not one of auto, f32, f16, bf16"))),
        }
    }
}

/// A model's tensors by name.
pub struct Weights {
    tensors: HashMap<String, Tensor>,
    prefix: &'static str,
}

impl Weights {
    /// A tensor of exactly this shape, under the first of `names` that exists.
    pub(crate) fn get(&self, names: &[String], shape: &[usize]) -> Result<Tensor> {
        let found = names.iter().find_map(|name| Some((name, self.find(name)?)));
        let Some((name, tensor)) = found else {
            return Err(Error::MissingTensor(names.first().cloned().unwrap_or_default()));
        };
        if tensor.dims() != shape {
            return Err(Error::Shape { name: name.clone(), expected: shape.to_vec(), found: tensor.dims().to_vec() });
        }
        Ok(tensor.clone())
    }

    /// Whether a tensor exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Bytes that the tensors take; what several share counts once.
    pub fn bytes(&self) -> u64 {
        let mut counted = HashSet::new();
        let bytes = self.tensors.values().filter_map(|tensor| {
            let (storage, layout) = tensor.storage_and_layout();
            let place = (std::ptr::from_ref(&*storage).addr(), layout.start_offset());
            counted.insert(place).then(|| (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64)
        });
        bytes.sum()
    }

    fn find(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name).or_else(|| self.tensors.get(&format!("{}{name}", self.prefix)))
    }
}

/// Takes the bytes of one or several files of weights as they arrive; what format a file is of, its first bytes tell.
pub struct WeightsReader {
    tensors: Tensors,
    file_bytes: Option<u64>,
    format: Format,
}

/// The reader of a file's format.
enum Format {
    /// The first 8 bytes.
    Unknown(Vec<u8>),
    Safetensors(Safetensors),
    Zip(Box<Zip>),
    Legacy(Box<Legacy>),
}

impl WeightsReader {
    /// A reader that keeps the tensors that `uses` names.
    pub fn new(resident: Resident, uses: impl Fn(&str) -> bool + 'static) -> Self {
        let tensors = Tensors { resident, uses: Box::new(uses), kept: HashMap::new(), of_file: Vec::new() };
        Self { tensors, file_bytes: None, format: Format::Unknown(Vec::new()) }
    }

    /// Begins a file of `bytes` bytes, where that is known.
    pub fn begin_file(&mut self, bytes: Option<u64>) {
        self.file_bytes = bytes;
        self.tensors.of_file.clear();
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

    /// All tensors of all files. A tensor is found with `prefix` (`bert.`) before its name as well as without, as Python
    /// does for a body with or without a head.
    pub fn finish(self, prefix: &'static str) -> Weights {
        Weights { tensors: self.tensors.kept, prefix }
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
            Ok(Self::Safetensors(Safetensors::new(Header::json_length(first)?, file_bytes)?))
        }
    }
}

/// The tensors that have been built.
pub(crate) struct Tensors {
    pub resident: Resident,
    uses: Box<dyn Fn(&str) -> bool>,
    kept: HashMap<String, Tensor>,
    /// Names that the file at hand has brought.
    of_file: Vec<String>,
}

impl Tensors {
    /// Whether the model has a tensor of this name.
    pub fn uses(&self, name: &str) -> bool {
        (self.uses)(name)
    }

    /// Keeps a tensor.
    pub fn keep(&mut self, name: &str, tensor: Tensor) -> Result<()> {
        if self.kept.insert(name.to_owned(), tensor).is_some() {
            return Err(Error::Weights(format!("tensor `{name}` occurs in two files")));
        }
        self.of_file.push(name.to_owned());
        Ok(())
    }
}
