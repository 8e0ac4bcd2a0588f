//! Weights as they arrive: a reader that turns a checkpoint's bytes into resident tensors piece by piece, so that
//! nothing is ever held twice.

use std::collections::HashMap;
use std::ops::Range;

use candle_core::{CpuStorage, DType, Device, Storage, Tensor};
use half::{bf16, f16};
use vitrine_kernels::convert;

use crate::safetensors::{Dtype, Header, TensorInfo};
use crate::{Error, Result};

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

    /// Bytes that the tensors take.
    pub fn bytes(&self) -> u64 {
        self.tensors.values().map(|tensor| (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64).sum()
    }

    fn find(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name).or_else(|| self.tensors.get(&format!("{}{name}", self.prefix)))
    }
}

/// Takes the bytes of one or several safetensors files as they arrive.
pub struct WeightsReader {
    resident: Resident,
    uses: Box<dyn Fn(&str) -> bool>,
    weights: HashMap<String, Tensor>,
    /// Names that the file at hand has brought.
    of_file: Vec<String>,
    file_bytes: Option<u64>,
    state: State,
}

enum State {
    /// The first 8 bytes.
    Length(Vec<u8>),
    /// The JSON text, of this length.
    Header(Vec<u8>, usize),
    /// The tensors to come, the next one last, and the one at hand.
    Data(Vec<TensorInfo>, Option<Building>),
}

impl WeightsReader {
    /// A reader that keeps the tensors that `uses` names.
    pub fn new(resident: Resident, uses: impl Fn(&str) -> bool + 'static) -> Self {
        Self {
            resident,
            uses: Box::new(uses),
            weights: HashMap::new(),
            of_file: Vec::new(),
            file_bytes: None,
            state: State::Length(Vec::new()),
        }
    }

    /// Begins a file of `bytes` bytes, where that is known.
    pub fn begin_file(&mut self, bytes: Option<u64>) {
        self.file_bytes = bytes;
        self.of_file.clear();
        self.state = State::Length(Vec::new());
    }

    /// Forgets what the file at hand has brought: it begins again.
    pub fn restart_file(&mut self) {
        for name in self.of_file.drain(..) {
            self.weights.remove(&name);
        }
        self.state = State::Length(Vec::new());
    }

    /// Takes the next bytes of the file.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        loop {
            match &mut self.state {
                State::Length(buffer) => {
                    fill(buffer, &mut bytes, 8);
                    let Ok(first) = <[u8; 8]>::try_from(buffer.as_slice()) else { return Ok(()) };
                    let length = Header::json_length(first)?;
                    if self.file_bytes.is_some_and(|file| file < 8 + length) {
                        return Err(Error::Weights("the safetensors file ends within its header".to_owned()));
                    }
                    self.state = State::Header(Vec::new(), length as usize);
                }
                State::Header(buffer, length) => {
                    fill(buffer, &mut bytes, *length);
                    if buffer.len() < *length {
                        return Ok(());
                    }
                    let mut tensors = Header::parse(buffer, self.file_bytes)?.tensors;
                    tensors.reverse();
                    self.state = State::Data(tensors, None);
                }
                State::Data(tensors, building) => {
                    if let Some(current) = building {
                        current.write(&mut bytes);
                        if current.left > 0 {
                            return Ok(());
                        }
                        if let Some((name, tensor)) = building.take().map(Building::finish).transpose()?.flatten() {
                            if self.weights.insert(name.clone(), tensor).is_some() {
                                return Err(Error::Weights(format!("tensor `{name}` occurs in two files")));
                            }
                            self.of_file.push(name);
                        }
                    }
                    match tensors.pop() {
                        Some(info) => *building = Some(Building::new(info, self.resident, &*self.uses)?),
                        None if bytes.is_empty() => return Ok(()),
                        None => {
                            return Err(Error::Weights("the safetensors file is longer than its tensors".to_owned()));
                        }
                    }
                }
            }
        }
    }

    /// Ends the file at hand; an error where bytes are missing.
    pub fn end_file(&mut self) -> Result<()> {
        match &self.state {
            State::Data(tensors, None) if tensors.is_empty() => Ok(()),
            _ => Err(Error::Weights("the safetensors file ends too soon".to_owned())),
        }
    }

    /// All tensors of all files. A tensor is found with `prefix` (`bert.`) before its name as well as without, as Python
    /// does for a body with or without a head.
    pub fn finish(self, prefix: &'static str) -> Weights {
        Weights { tensors: self.weights, prefix }
    }
}

/// Moves bytes from `from` into `buffer` until it holds `length`.
fn fill(buffer: &mut Vec<u8>, from: &mut &[u8], length: usize) {
    let (taken, rest) = from.split_at(from.len().min(length - buffer.len()));
    buffer.extend_from_slice(taken);
    *from = rest;
}

/// The tensor at hand.
struct Building {
    info: TensorInfo,
    numbers: Numbers,
    /// Bytes still to come.
    left: u64,
    /// The bytes of a number that arrived in part.
    rest: Vec<u8>,
}

/// Numbers in their resident format.
enum Numbers {
    /// The model does not use the tensor.
    Skipped,
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

impl Building {
    fn new(info: TensorInfo, resident: Resident, uses: &dyn Fn(&str) -> bool) -> Result<Self> {
        let width = if info.dtype == Dtype::F32 { 4 } else { 2 };
        let count = info.bytes / width;
        let skipped = !info.dtype.is_float() || !uses(&info.name);
        let numbers = match resident {
            _ if skipped => Numbers::Skipped,
            _ if !matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) => {
                let (name, dtype) = (&info.name, info.dtype);
                return Err(Error::UnsupportedDtype(format!(
                    "tensor `{name}` is in {dtype:?}; f32, f16 and bf16 can be read"
                )));
            }
            Resident::F32 => Numbers::F32(reserve(count)?),
            Resident::F16 => Numbers::F16(reserve(count)?),
            Resident::Bf16 => Numbers::Bf16(reserve(count)?),
        };
        Ok(Self { left: info.bytes, info, numbers, rest: Vec::new() })
    }

    fn write(&mut self, bytes: &mut &[u8]) {
        let (mut taken, rest) = bytes.split_at(bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX)));
        *bytes = rest;
        self.left -= taken.len() as u64;
        let width = if self.info.dtype == Dtype::F32 { 4 } else { 2 };
        if !self.rest.is_empty() {
            let mut number = std::mem::take(&mut self.rest);
            fill(&mut number, &mut taken, width);
            if number.len() < width {
                self.rest = number;
                return;
            }
            self.append(&number);
        }
        let (whole, part) = taken.split_at(taken.len() - taken.len() % width);
        self.append(whole);
        self.rest.extend_from_slice(part);
    }

    /// Converts whole numbers.
    fn append(&mut self, bytes: &[u8]) {
        match (&mut self.numbers, self.info.dtype) {
            (Numbers::Skipped, _) => self.rest.clear(),
            (Numbers::F32(out), Dtype::F32) => out.extend(convert::f32s(bytes)),
            (Numbers::F32(out), Dtype::F16) => out.extend(convert::f16s(bytes).map(f16::to_f32)),
            (Numbers::F32(out), _) => out.extend(convert::bf16s(bytes).map(bf16::to_f32)),
            (Numbers::F16(out), Dtype::F16) => out.extend(convert::f16s(bytes)),
            (Numbers::F16(out), Dtype::F32) => out.extend(convert::f32s(bytes).map(f16::from_f32)),
            (Numbers::F16(out), _) => out.extend(convert::bf16s(bytes).map(|number| f16::from_f32(number.to_f32()))),
            (Numbers::Bf16(out), Dtype::BF16) => out.extend(convert::bf16s(bytes)),
            (Numbers::Bf16(out), Dtype::F32) => out.extend(convert::f32s(bytes).map(bf16::from_f32)),
            (Numbers::Bf16(out), _) => out.extend(convert::f16s(bytes).map(|number| bf16::from_f32(number.to_f32()))),
        }
    }

    fn finish(self) -> Result<Option<(String, Tensor)>> {
        let shape = self.info.shape;
        let tensor = match self.numbers {
            Numbers::Skipped => return Ok(None),
            Numbers::F32(numbers) => Tensor::from_vec(numbers, shape, &Device::Cpu)?,
            Numbers::F16(numbers) => Tensor::from_vec(numbers, shape, &Device::Cpu)?,
            Numbers::Bf16(numbers) => Tensor::from_vec(numbers, shape, &Device::Cpu)?,
        };
        Ok(Some((self.info.name, tensor)))
    }
}

fn reserve<T>(count: u64) -> Result<Vec<T>> {
    let no_room = || Error::OutOfMemory(count.saturating_mul(size_of::<T>() as u64));
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(usize::try_from(count).map_err(|_| no_room())?).map_err(|_| no_room())?;
    Ok(numbers)
}

/// A tensor's numbers as f32, whatever they are resident in; a matrix may be transposed.
pub(crate) fn as_f32(tensor: &Tensor) -> Result<Tensor> {
    match tensor.dtype() {
        DType::F32 => Ok(tensor.clone()),
        _ if tensor.is_contiguous() => Ok(Tensor::from_vec(to_vec(tensor)?, tensor.shape(), &Device::Cpu)?),
        _ => {
            let stored = tensor.t()?;
            Ok(Tensor::from_vec(to_vec(&stored)?, stored.shape(), &Device::Cpu)?.t()?)
        }
    }
}

/// A tensor's numbers in row-major order.
pub(crate) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>> {
    let mut numbers = Vec::with_capacity(tensor.elem_count());
    with_rows(tensor, 0..tensor.elem_count(), |_, number| numbers.push(number))?;
    Ok(numbers)
}

/// Calls `take` with the numbers of a stretch of a contiguous tensor, each with its place in the stretch.
pub(crate) fn with_rows(tensor: &Tensor, stretch: Range<usize>, mut take: impl FnMut(usize, f32)) -> Result<()> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, _)) = layout.contiguous_offsets() else {
        return Err(candle_core::Error::msg("a tensor is not contiguous").into());
    };
    let stretch = start + stretch.start..start + stretch.end;
    match &*storage {
        Storage::Cpu(CpuStorage::F32(all)) => {
            all.get(stretch).unwrap_or_default().iter().enumerate().for_each(|(index, number)| take(index, *number));
        }
        Storage::Cpu(CpuStorage::F16(all)) => {
            all.get(stretch)
                .unwrap_or_default()
                .iter()
                .enumerate()
                .for_each(|(index, number)| take(index, number.to_f32()));
        }
        Storage::Cpu(CpuStorage::BF16(all)) => {
            all.get(stretch)
                .unwrap_or_default()
                .iter()
                .enumerate()
                .for_each(|(index, number)| take(index, number.to_f32()));
        }
        _ => return Err(candle_core::Error::msg("weights are f32, f16 or bf16 on the CPU").into()),
    }
    Ok(())
}
