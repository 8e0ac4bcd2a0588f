//! The layout of a safetensors file that is written.

use serde_json::{Map, Value, json};

use crate::safetensors::Dtype;

/// A tensor of the file.
pub(crate) struct Entry {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
}

impl Entry {
    /// Bytes of its numbers.
    pub(crate) fn bytes(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64 * self.dtype.width()
    }
}

/// What stands before the first tensor, with these metadata, and where each tensor begins in the file.
pub(crate) fn layout(entries: &[Entry], metadata: Map<String, Value>) -> (Vec<u8>, Vec<u64>) {
    let mut header = Map::from_iter([("__metadata__".to_owned(), Value::Object(metadata))]);
    let mut starts = Vec::new();
    let mut end = 0;
    for entry in entries {
        let start = end;
        end += entry.bytes();
        starts.push(start);
        let Entry { name, dtype, shape } = entry;
        header.insert(name.clone(), json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}));
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut front = (header.len() as u64).to_le_bytes().to_vec();
    front.append(&mut header);
    starts.iter_mut().for_each(|start| *start += front.len() as u64);
    (front, starts)
}
