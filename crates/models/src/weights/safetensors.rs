//! The tensors of a safetensors file as they arrive.

use super::parts::Partial;
use super::{Building, Filling, SCALES, Tensors, fill, readable};
use crate::safetensors::{Dtype, Header, TensorInfo};
use crate::{Error, Result};

/// Reads a safetensors file from its ninth byte on.
pub(super) struct Safetensors {
    file_bytes: Option<u64>,
    header_bytes: u64,
    state: State,
    /// Where the file comes in parts.
    partial: Option<Partial>,
}

enum State {
    /// The JSON text, of this length.
    Header(Vec<u8>, usize),
    /// All tensors, the next one, and the one at hand.
    Data(Vec<TensorInfo>, usize, Option<Box<Building>>),
}

impl Safetensors {
    /// A file whose header takes so many bytes.
    pub fn new(header_bytes: u64, file_bytes: Option<u64>) -> Result<Self> {
        if file_bytes.is_some_and(|file| file < 8 + header_bytes) {
            return Err(Error::Weights("the safetensors file ends within its header".to_owned()));
        }
        let state = State::Header(Vec::new(), header_bytes as usize);
        Ok(Self { file_bytes, header_bytes, state, partial: None })
    }

    /// Takes the next bytes.
    pub fn write(&mut self, mut bytes: &[u8], tensors: &mut Tensors<'_>) -> Result<()> {
        if let State::Header(buffer, length) = &mut self.state {
            fill(buffer, &mut bytes, *length);
            if buffer.len() < *length {
                return Ok(());
            }
            let Header { tensors: infos, metadata, .. } = Header::parse(buffer, self.file_bytes)?;
            if tensors.trusts.as_ref().is_some_and(|trusts| !trusts(&metadata)) {
                return Err(Error::Stale);
            }
            tensors.learn(&infos)?;
            tensors.begin_copy(&infos);
            infos.iter().filter(|info| is_used(info, tensors)).try_for_each(|info| fits(info, tensors))?;
            self.state = State::Data(infos, 0, None);
        }
        let State::Data(infos, next, building) = &mut self.state else { return Ok(()) };
        loop {
            if let (Some(current), Some(info)) = (building.as_mut(), infos.get(*next)) {
                if !current.write(&mut bytes) {
                    return Ok(());
                }
                tensors.keep_built(&info.name, building.take().map(|building| *building))?;
                *next += 1;
            }
            match infos.get(*next) {
                // Room is made for a tensor when it comes.
                Some(info) if bytes.is_empty() && info.bytes > 0 => return Ok(()),
                Some(info) => *building = Some(Box::new(begin(info, tensors)?)),
                None if bytes.is_empty() => return Ok(()),
                None => return Err(Error::Weights("the safetensors file is longer than its tensors".to_owned())),
            }
        }
    }

    /// Where the first tensor begins in the file.
    pub fn data_start(&self) -> u64 {
        8 + self.header_bytes
    }

    /// Begins to take the file in parts; `None` where its header has not come, or its first tensor has begun.
    pub fn partial(&mut self, begin: impl FnOnce() -> Partial) -> Option<(&[TensorInfo], &mut Partial)> {
        match &self.state {
            State::Data(infos, 0, None) => Some((infos, self.partial.insert(begin()))),
            _ => None,
        }
    }

    /// The tensors of a file that comes in parts.
    pub fn parts(&mut self) -> Option<(&[TensorInfo], &mut Partial)> {
        match (&self.state, &mut self.partial) {
            (State::Data(infos, ..), Some(partial)) => Some((infos, partial)),
            _ => None,
        }
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        matches!(&self.state, State::Data(infos, next, None) if *next == infos.len())
    }

    /// What the header names.
    pub fn contents(&self) -> Option<Vec<TensorInfo>> {
        match &self.state {
            State::Header(..) => None,
            State::Data(infos, ..) => Some(infos.clone()),
        }
    }
}

/// No process addresses more bytes.
const MOST_BYTES: u64 = if usize::BITS < 64 { isize::MAX as u64 } else { 1 << 47 };

/// An error where no memory can hold a tensor.
fn fits(info: &TensorInfo, tensors: &Tensors<'_>) -> Result<()> {
    let bytes = (info.bytes / info.dtype.width().max(1)).saturating_mul(tensors.resident.width());
    if bytes > MOST_BYTES { Err(Error::OutOfMemory(bytes)) } else { Ok(()) }
}

/// Whether the model has a use for a tensor, and its numbers can be weights.
pub(super) fn is_used(info: &TensorInfo, tensors: &Tensors<'_>) -> bool {
    tensors.uses(&info.name) && (info.dtype.is_float() || is_quantized(info))
}

pub(super) fn is_quantized(info: &TensorInfo) -> bool {
    info.dtype == Dtype::I8 && info.shape.len() >= 2
}

pub(super) fn begin(info: &TensorInfo, tensors: &Tensors<'_>) -> Result<Building> {
    let asked = tensors.wants(&info.name) || tensors.has(&format!("{}{SCALES}", info.name));
    if !tensors.uses(&info.name) || !(info.dtype.is_float() || (is_quantized(info) && asked)) {
        return Ok(Building::skipping(info.bytes));
    }
    let scales = if is_quantized(info) {
        scales(&info.name, info.shape.first().copied().unwrap_or(0), tensors)?
    } else {
        readable(&info.name, info.dtype)?;
        Vec::new()
    };
    let form = tensors.form(&info.name, &info.shape);
    let filling = Filling::new(&info.shape, &form, tensors.resident, scales)?;
    Ok(Building::new(filling, info.dtype, 0, info.bytes / info.dtype.width(), 0))
}

/// The scales of a quantized tensor's rows, which have come before it.
pub(super) fn scales(name: &str, rows: usize, tensors: &Tensors<'_>) -> Result<Vec<f32>> {
    let wrong = |what: String| Error::Weights(format!("tensor `{name}` {what}"));
    let scales = tensors.scales(name).ok_or_else(|| wrong("is in I8, and no scales come before it".to_owned()))?;
    if scales.len() != rows {
        return Err(wrong(format!("has {} scales for its rows", scales.len())));
    }
    if !scales.iter().all(|scale| scale.is_finite()) {
        return Err(wrong("has scales that are no numbers".to_owned()));
    }
    Ok(scales)
}
