//! How many parameters of which dtype a repository's safetensors files hold, read from their headers alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use serde_json::{Value, json};
use vitrine_hub::{Folder, RepoFile};

/// The longest header that is read; a longer one counts as malformed.
const LONGEST_HEADER: u64 = 25_000_000;

/// The Hub's `safetensors` field: parameters by dtype and in total; `None` where a header cannot be read.
pub fn parameters(folder: &Folder, files: &[RepoFile]) -> Option<Value> {
    let mut parameters: BTreeMap<String, u64> = BTreeMap::new();
    for file in files {
        let Value::Object(header) = header(folder, file)? else { return None };
        for (name, tensor) in &header {
            if name == "__metadata__" {
                continue;
            }
            let dtype = tensor.get("dtype")?.as_str()?;
            let shape = tensor.get("shape")?.as_array()?;
            let count = shape.iter().try_fold(1u64, |count, size| count.checked_mul(size.as_u64()?))?;
            let sum = parameters.entry(dtype.to_owned()).or_default();
            *sum = sum.checked_add(count)?;
        }
    }
    let total = parameters.values().try_fold(0u64, |total, count| total.checked_add(*count))?;
    (!parameters.is_empty()).then(|| json!({ "parameters": parameters, "total": total }))
}

fn header(folder: &Folder, file: &RepoFile) -> Option<Value> {
    let mut content = File::open(folder.locate(&file.path)?).ok()?;
    let mut length = [0; 8];
    content.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER.min(file.size) {
        return None;
    }
    let mut header = Vec::new();
    content.take(length).read_to_end(&mut header).ok()?;
    serde_json::from_slice(&header).ok()
}
