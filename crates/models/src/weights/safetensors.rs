//! The tensors of a safetensors file as they arrive.

use super::{Building, Filling, Tensors, fill, readable};
use crate::safetensors::{Dtype, Header, TensorInfo};
use crate::{Error, Result};

/// Reads a safetensors file from its ninth byte on.
pub(super) struct Safetensors {
    file_bytes: Option<u64>,
    state: State,
}

enum State {
    /// The JSON text, of this length.
    Header(Vec<u8>, usize),
    /// All tensors, the next one, and the one at hand.
    Data(Vec<TensorInfo>, usize, Option<Building>),
}

impl Safetensors {
    /// A file whose header takes so many bytes.
    pub fn new(header_bytes: u64, file_bytes: Option<u64>) -> Result<Self> {
        if file_bytes.is_some_and(|file| file < 8 + header_bytes) {
            return Err(Error::Weights("the safetensors file ends within its header".to_owned()));
        }
        Ok(Self { file_bytes, state: State::Header(Vec::new(), header_bytes as usize) })
    }

    /// Takes the next bytes.
    pub fn write(&mut self, mut bytes: &[u8], tensors: &mut Tensors<'_>) -> Result<()> {
        if let State::Header(buffer, length) = &mut self.state {
            fill(buffer, &mut bytes, *length);
            if buffer.len() < *length {
                return Ok(());
            }
            let infos = Header::parse(buffer, self.file_bytes)?.tensors;
            tensors.learn(&infos)?;
            self.state = State::Data(infos, 0, None);
        }
        let State::Data(infos, next, building) = &mut self.state else { return Ok(()) };
        loop {
            if let (Some(current), Some(info)) = (building.as_mut(), infos.get(*next)) {
                if !current.write(&mut bytes) {
                    return Ok(());
                }
                if let Some(filling) = building.take().and_then(Building::finish) {
                    tensors.keep(&info.name, filling.finish(tensors.peers.as_ref())?)?;
                }
                *next += 1;
            }
            match infos.get(*next) {
                Some(info) => *building = Some(begin(info, tensors)?),
                None if bytes.is_empty() => return Ok(()),
                None => return Err(Error::Weights("the safetensors file is longer than its tensors".to_owned())),
            }
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

fn begin(info: &TensorInfo, tensors: &Tensors<'_>) -> Result<Building> {
    let quantized = info.dtype == Dtype::I8 && info.shape.len() == 2;
    let scales = if quantized && tensors.uses(&info.name) { tensors.scales(&info.name) } else { None };
    if quantized && scales.is_none() && tensors.wants(&info.name) {
        return Err(Error::Weights(format!("tensor `{}` is in I8, and no scales come before it", info.name)));
    }
    if scales.is_none() && !(info.dtype.is_float() && tensors.uses(&info.name)) {
        return Ok(Building::skipping(info.bytes));
    }
    let scales = scales.unwrap_or_default();
    if quantized && Some(&scales.len()) != info.shape.first() {
        return Err(Error::Weights(format!("tensor `{}` has {} scales for its rows", info.name, scales.len())));
    }
    if !scales.iter().all(|scale| scale.is_finite()) {
        return Err(Error::Weights(format!("tensor `{}` has scales that are no numbers", info.name)));
    }
    if !quantized {
        readable(&info.name, info.dtype)?;
    }
    let form = tensors.form(&info.name, &info.shape);
    let filling = Filling::new(&info.shape, &form, tensors.resident, scales)?;
    Ok(Building::new(filling, info.dtype, 0, info.bytes / info.dtype.width(), 0))
}
