//! Files of torch before 1.6: five pickles (a magic number, the version of the format, the machine that wrote it, the state
//! dict, the keys of its storages), then each storage's count of numbers and the numbers, little-endian on every machine.

use super::malformed;
use super::pickle::{Pickle, Value};
use super::state_dict::StateDict;
use crate::Result;
use crate::safetensors::TensorInfo;
use crate::weights::{Building, Tensors, fill};

/// Reads a file from its ninth byte on.
pub(crate) struct Legacy {
    file_bytes: Option<u64>,
    state: State,
    dict: Option<StateDict>,
    /// The storages to come, the next one last.
    keys: Vec<usize>,
}

enum State {
    Magic(Vec<u8>),
    Version(Pickle),
    Machine(Pickle),
    Dict(Pickle),
    Keys(Pickle),
    /// The count of numbers of a storage.
    Count(Vec<u8>),
    Storage(usize, Building),
}

impl Legacy {
    /// The pickled magic number with which a file begins.
    pub const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

    /// A file that begins with these bytes.
    pub fn new(first: [u8; 8], file_bytes: Option<u64>) -> Self {
        Self { file_bytes, state: State::Magic(first.to_vec()), dict: None, keys: Vec::new() }
    }

    /// Takes the next bytes.
    pub fn write(&mut self, mut bytes: &[u8], tensors: &mut Tensors<'_>) -> Result<()> {
        loop {
            self.state = match &mut self.state {
                State::Magic(buffer) => {
                    fill(buffer, &mut bytes, Self::MAGIC.len());
                    match buffer.as_slice() {
                        Self::MAGIC => State::Version(Pickle::default()),
                        part if Self::MAGIC.starts_with(part) => return Ok(()),
                        _ => return Err(malformed("its magic number is wrong")),
                    }
                }
                State::Version(pickle) => {
                    let Some(root) = pickle.write(&mut bytes)? else { return Ok(()) };
                    match pickle.value(root) {
                        Value::Int(1001) => State::Machine(Pickle::default()),
                        _ => return Err(malformed("it is of an unknown version of the format")),
                    }
                }
                State::Machine(pickle) => {
                    if pickle.write(&mut bytes)?.is_none() {
                        return Ok(());
                    }
                    State::Dict(Pickle::default())
                }
                State::Dict(pickle) => {
                    let Some(root) = pickle.write(&mut bytes)? else { return Ok(()) };
                    let dict = StateDict::new(std::mem::take(pickle), root, self.file_bytes)?;
                    tensors.learn(&dict.tensors())?;
                    self.dict = Some(dict);
                    State::Keys(Pickle::default())
                }
                State::Keys(pickle) => {
                    let Some(root) = pickle.write(&mut bytes)? else { return Ok(()) };
                    self.keys = self
                        .dict
                        .as_ref()
                        .and_then(|dict| keys(dict, pickle, root))
                        .ok_or_else(|| malformed("its list of storages is not that of its state dict"))?;
                    State::Count(Vec::new())
                }
                State::Count(buffer) => {
                    let (Some(storage), Some(dict)) = (self.keys.last(), &self.dict) else {
                        return if bytes.is_empty() {
                            Ok(())
                        } else {
                            Err(malformed("it is longer than its storages"))
                        };
                    };
                    fill(buffer, &mut bytes, 8);
                    let Ok(count) = <[u8; 8]>::try_from(buffer.as_slice()) else { return Ok(()) };
                    if dict.storages.get(*storage).map(|storage| storage.numbers) != Some(u64::from_le_bytes(count)) {
                        return Err(malformed("a storage is of another size than its state dict says"));
                    }
                    let building = dict.begin(*storage, tensors)?;
                    State::Storage(*storage, building)
                }
                State::Storage(storage, building) => {
                    if !building.write(&mut bytes) {
                        return Ok(());
                    }
                    if let Some(dict) = &self.dict {
                        let building = std::mem::replace(building, Building::skipping(0));
                        dict.finish(*storage, building, tensors)?;
                    }
                    self.keys.pop();
                    State::Count(Vec::new())
                }
            };
        }
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.keys.is_empty() && matches!(&self.state, State::Count(buffer) if buffer.is_empty())
    }

    /// What the state dict names.
    pub fn contents(&self) -> Option<Vec<TensorInfo>> {
        self.dict.as_ref().map(StateDict::contents)
    }
}

/// The indices of the storages in the file's order, reversed; `None` unless they are all storages, each once.
fn keys(dict: &StateDict, pickle: &Pickle, root: usize) -> Option<Vec<usize>> {
    let Value::List(places) = pickle.value(root) else { return None };
    let index = |place: &usize| match pickle.value(*place) {
        Value::Text(key) => dict.storage(key),
        _ => None,
    };
    let mut found: Vec<usize> = places.iter().map(index).collect::<Option<_>>()?;
    found.reverse();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    sorted.into_iter().eq(0..dict.storages.len()).then_some(found)
}
