//! How many numbers of which dtype safetensors files hold, read from their headers alone.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{RepoFile, Snapshot, Source};

/// The longest header that is read; a longer one counts as malformed.
const LONGEST_HEADER: u64 = 25_000_000;

/// Numbers by dtype (`F32`) of the tensors in these files together; `None` where a header cannot be read. The scales of a
/// compact checkpoint are no parameters.
pub async fn parameters(source: &dyn Source, snapshot: &Snapshot, files: &[RepoFile]) -> Option<BTreeMap<String, u64>> {
    let mut parameters: BTreeMap<String, u64> = BTreeMap::new();
    for file in files {
        for (name, tensor) in header(source, snapshot, file).await?.as_object()? {
            if name == "__metadata__" || name.ends_with(".q8_scales") {
                continue;
            }
            let dtype = tensor.get("dtype")?.as_str()?;
            let shape = tensor.get("shape")?.as_array()?;
            let count = shape.iter().try_fold(1u64, |count, size| count.checked_mul(size.as_u64()?))?;
            let sum = parameters.entry(dtype.to_owned()).or_default();
            *sum = sum.checked_add(count)?;
        }
    }
    parameters.values().try_fold(0u64, |total, count| total.checked_add(*count))?;
    (!parameters.is_empty()).then_some(parameters)
}

async fn header(source: &dyn Source, snapshot: &Snapshot, file: &RepoFile) -> Option<Value> {
    let mut length = Vec::new();
    source.read(snapshot, file, Some(0..8.min(file.size)), &mut length).await.ok()?;
    let length = u64::from_le_bytes(length.try_into().ok()?);
    let end = length.checked_add(8).filter(|end| *end <= file.size && length <= LONGEST_HEADER)?;
    let mut header = Vec::new();
    source.read(snapshot, file, Some(8..end), &mut header).await.ok()?;
    serde_json::from_slice(&header).ok()
}
