//! The header of a safetensors file, read with 64-bit arithmetic and the format's rules: every byte of the file belongs
//! to exactly one tensor, and no name occurs twice.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The largest header that the format allows.
pub(crate) const LARGEST_HEADER: u64 = 100_000_000;

/// What a safetensors file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The tensors in the order of their bytes.
    pub tensors: Vec<TensorInfo>,
    /// Bytes of all tensors together.
    pub data_bytes: u64,
    /// What its writer says of it (`__metadata__`).
    pub metadata: HashMap<String, String>,
}

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// The format of its numbers.
    pub dtype: Dtype,
    /// Its dimensions; none for a single number.
    pub shape: Vec<usize>,
    /// Its number of bytes.
    pub bytes: u64,
}

/// The formats of numbers that the format names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the names say it all")]
#[allow(non_camel_case_types, reason = "the names of the format")]
pub enum Dtype {
    BOOL,
    F4,
    F6_E2M3,
    F6_E3M2,
    U8,
    I8,
    F8_E5M2,
    F8_E4M3,
    F8_E8M0,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
}

impl Dtype {
    /// Bits of one number.
    fn bits(self) -> u64 {
        match self {
            Self::F4 => 4,
            Self::F6_E2M3 | Self::F6_E3M2 => 6,
            Self::BOOL | Self::U8 | Self::I8 | Self::F8_E5M2 | Self::F8_E4M3 | Self::F8_E8M0 => 8,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 16,
            Self::I32 | Self::U32 | Self::F32 => 32,
            Self::C64 | Self::F64 | Self::I64 | Self::U64 => 64,
        }
    }

    /// Bytes of one number, where it has whole ones.
    pub(crate) fn width(self) -> u64 {
        self.bits() / 8
    }

    /// Whether it can hold weights that a model computes with.
    pub(crate) fn is_float(self) -> bool {
        matches!(
            self,
            Self::F4
                | Self::F6_E2M3
                | Self::F6_E3M2
                | Self::F8_E5M2
                | Self::F8_E4M3
                | Self::F8_E8M0
                | Self::F16
                | Self::BF16
                | Self::F32
                | Self::F64
        )
    }
}

impl Header {
    /// The length of the JSON text, from the first 8 bytes of a file.
    pub fn json_length(first: [u8; 8]) -> Result<u64> {
        match u64::from_le_bytes(first) {
            length @ 2..=LARGEST_HEADER => Ok(length),
            length => Err(malformed(format!("its header claims {length} bytes"))),
        }
    }

    /// Parses the JSON text after the first 8 bytes. `file_bytes` is the size of the whole file, where it is known.
    pub fn parse(json: &[u8], file_bytes: Option<u64>) -> Result<Self> {
        if json.first() != Some(&b'{') {
            return Err(malformed("its header is not JSON".to_owned()));
        }
        let Entries { entries, metadata } =
            serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
        let mut tensors = Vec::with_capacity(entries.len());
        for (name, entry) in entries {
            tensors.push((entry.data_offsets, entry.check(name)?));
        }
        tensors.sort_by_key(|((start, end), _)| (*start, *end));
        let mut end = 0;
        for ((start, tensor_end), info) in &tensors {
            if *start != end {
                return Err(malformed(format!("tensor `{}` begins at byte {start}, not {end}", info.name)));
            }
            end = *tensor_end;
        }
        let expected = end.checked_add(8 + json.len() as u64);
        if expected.is_none() || file_bytes.is_some_and(|bytes| Some(bytes) != expected) {
            return Err(malformed(format!("its tensors take {end} bytes, which does not fit the file")));
        }
        Ok(Self { tensors: tensors.into_iter().map(|(_, info)| info).collect(), data_bytes: end, metadata })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: Dtype,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl Entry {
    fn check(&self, name: String) -> Result<TensorInfo> {
        let wrong = |what: &str| malformed(format!("tensor `{name}` {what}"));
        let numbers = self.shape.iter().try_fold(1_u64, |product, dimension| product.checked_mul(*dimension));
        let bits = numbers.and_then(|numbers| numbers.checked_mul(self.dtype.bits()));
        let bits = bits.ok_or_else(|| wrong("has a shape beyond all bounds"))?;
        let (start, end) = self.data_offsets;
        let bytes = end.checked_sub(start).ok_or_else(|| wrong("ends before it begins"))?;
        if bits % 8 != 0 || bits / 8 != bytes {
            return Err(wrong(&format!("has {bytes} bytes, which does not fit its shape {:?}", self.shape)));
        }
        let shape: Option<Vec<usize>> = self.shape.iter().map(|dimension| usize::try_from(*dimension).ok()).collect();
        let shape = shape.ok_or_else(|| wrong("has a shape beyond all bounds"))?;
        Ok(TensorInfo { name, dtype: self.dtype, shape, bytes })
    }
}

/// The header's object, with names that occur twice refused.
struct Entries {
    entries: Vec<(String, Entry)>,
    metadata: HashMap<String, String>,
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Entries, A::Error> {
                let (mut entries, mut metadata, mut names) = (Vec::new(), HashMap::new(), HashSet::new());
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format!("`{name}` occurs twice")));
                    }
                    if name == "__metadata__" {
                        metadata = map.next_value()?;
                    } else {
                        entries.push((name, map.next_value()?));
                    }
                }
                Ok(Entries { entries, metadata })
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

fn malformed(reason: String) -> Error {
    Error::Weights(format!("the safetensors file is malformed: {reason}"))
}
