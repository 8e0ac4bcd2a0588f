//! The names that a state dict's pickle may use, what they build, and the tensors that come of it.

use std::collections::{HashMap, HashSet};

use super::malformed;
use super::pickle::{Pickle, Place, Value};
use crate::safetensors::{Dtype, TensorInfo};
use crate::weights::{Building, Filling, Form, Kept, Numbers, Tensors, readable};
use crate::{Error, Result};

/// A storage: numbers in a row, of which tensors are views.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    pub key: String,
    pub dtype: Dtype,
    pub numbers: u64,
}

impl Storage {
    /// Bytes of all numbers.
    pub fn bytes(&self) -> u64 {
        self.numbers * self.dtype.width()
    }
}

/// A name that a pickle may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Size,
    Storage(Dtype),
}

impl Global {
    /// The only names that are known: nothing is ever looked up or run.
    pub fn find(module: &str, name: &str) -> Result<Self> {
        Ok(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Self::RebuildParameter,
            ("torch", "Size") => Self::Size,
            ("torch" | "torch.cuda", _) if let Some(dtype) = storage_dtype(name) => Self::Storage(dtype),
            _ => {
                let name = format!("{module}.{name}");
                return Err(Error::Weights(format!(
                    "the torch file asks for `{}`, which no weights need; nothing of it was run",
                    name.escape_debug()
                )));
            }
        })
    }
}

fn storage_dtype(name: &str) -> Option<Dtype> {
    Some(match name {
        "DoubleStorage" => Dtype::F64,
        "FloatStorage" => Dtype::F32,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::BF16,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" => Dtype::U8,
        "BoolStorage" => Dtype::BOOL,
        "ComplexFloatStorage" => Dtype::C64,
        _ => return None,
    })
}

impl Pickle {
    /// What a function that the pickle names makes of its arguments.
    pub(super) fn reduce(&mut self, function: Place, arguments: Place) -> Result<Value> {
        let (&Value::Global(function), Value::Tuple(arguments)) = (self.value(function), self.value(arguments)) else {
            return Err(malformed("its pickle calls what is no function"));
        };
        let wrong = || malformed(format!("its pickle calls {function:?} with other arguments than torch does"));
        match (function, arguments.as_slice()) {
            (Global::OrderedDict, []) => Ok(Value::Dict(Vec::new())),
            (Global::OrderedDict, [items]) => {
                let Value::List(items) = self.value(*items) else { return Err(wrong()) };
                let pair = |item: &Place| match self.value(*item) {
                    Value::List(pair) | Value::Tuple(pair) => <[Place; 2]>::try_from(pair.as_slice()).ok(),
                    _ => None,
                };
                let pairs: Option<Vec<_>> =
                    items.iter().map(|item| pair(item).map(|[key, value]| (key, value))).collect();
                pairs.map(Value::Dict).ok_or_else(wrong)
            }
            (Global::Size, [sizes]) => Ok(self.value(*sizes).clone()),
            (Global::RebuildParameter, [data, ..]) => Ok(self.value(*data).clone()),
            (Global::RebuildTensor, [storage, start, shape, strides, ..]) => {
                let numbers = |place: &Place| self.numbers(*place).ok_or_else(wrong);
                let start = u64::try_from(self.int(*start).ok_or_else(wrong)?).map_err(|_| wrong())?;
                match self.value(*storage) {
                    Value::Storage { storage, start: first, numbers: held } => {
                        let (shape, strides) = (numbers(shape)?, numbers(strides)?);
                        let end = end_of_view(start, &shape, &strides)
                            .ok_or_else(|| malformed("a tensor's shape and strides do not fit each other"))?;
                        if end > *held {
                            return Err(malformed(format!("a tensor takes {end} numbers of a storage of {held}")));
                        }
                        Ok(Value::Tensor { storage: *storage, start: first + start, shape, strides })
                    }
                    _ => Err(wrong()),
                }
            }
            _ => Err(wrong()),
        }
    }

    /// The storage that a persistent id names: `("storage", type, key, location, numbers)` and, in old files, a view.
    pub(super) fn persistent(&mut self, id: Place) -> Result<Value> {
        let wrong = || malformed("its pickle names a storage in another way than torch does");
        let Value::Tuple(parts) = self.value(id) else { return Err(wrong()) };
        let [kind, dtype, key, _location, numbers, view @ ..] = parts.as_slice() else { return Err(wrong()) };
        let (Value::Text(kind), Value::Global(Global::Storage(dtype)), Value::Text(key)) =
            (self.value(*kind), self.value(*dtype), self.value(*key))
        else {
            return Err(wrong());
        };
        let size = |place: &Place| self.int(*place).and_then(|number| u64::try_from(number).ok());
        let numbers = size(numbers).filter(|_| kind == "storage").ok_or_else(wrong)?;
        if numbers.checked_mul(8).is_none() {
            return Err(malformed(format!("a storage of {numbers} numbers is beyond all bounds")));
        }
        let view = match view {
            [] => None,
            [view] => match self.value(*view) {
                Value::Tuple(parts) => match parts.as_slice() {
                    [_key, start, numbers] => Some((size(start).ok_or_else(wrong)?, size(numbers).ok_or_else(wrong)?)),
                    _ => return Err(wrong()),
                },
                _ => None,
            },
            _ => return Err(wrong()),
        };
        let (start, length) = view.unwrap_or((0, numbers));
        if start.checked_add(length).is_none_or(|end| end > numbers) {
            return Err(malformed("a view of a storage ends beyond it"));
        }
        let found = Storage { key: key.clone(), dtype: *dtype, numbers };
        let storage = *self.keys.entry(found.key.clone()).or_insert(self.storages.len());
        match self.storages.get(storage) {
            None => self.storages.push(found),
            Some(known) if known.dtype == found.dtype && known.numbers == numbers => {}
            Some(_) => return Err(malformed(format!("storage `{}` is of two sizes or formats", found.key))),
        }
        Ok(Value::Storage { storage, start, numbers: length })
    }

    /// A whole number.
    pub(super) fn int(&self, place: Place) -> Option<i64> {
        if let Value::Int(number) = self.value(place) { Some(*number) } else { None }
    }

    fn numbers(&self, place: Place) -> Option<Vec<usize>> {
        let (Value::Tuple(places) | Value::List(places)) = self.value(place) else { return None };
        places.iter().map(|place| self.int(*place).and_then(|number| usize::try_from(number).ok())).collect()
    }
}

/// Where a view ends in its storage, in numbers; an empty one ends where it begins.
fn end_of_view(start: u64, shape: &[usize], strides: &[usize]) -> Option<u64> {
    shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
    if shape.len() != strides.len() {
        return None;
    }
    if shape.contains(&0) {
        return Some(0);
    }
    let steps = shape.iter().zip(strides).map(|(size, stride)| (*size as u64 - 1).checked_mul(*stride as u64));
    steps.chain([Some(1)]).try_fold(start, |end, step| end.checked_add(step?))
}

/// A named view of a storage.
struct View {
    name: String,
    storage: usize,
    start: u64,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl View {
    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it shows the same numbers of the same storage.
    fn is_same(&self, other: &Self) -> bool {
        (self.start, &self.shape, &self.strides) == (other.start, &other.shape, &other.strides)
    }

    /// Where it ends in its storage.
    fn end(&self) -> u64 {
        end_of_view(self.start, &self.shape, &self.strides).unwrap_or(0)
    }

    /// Whether its numbers lie in row-major order without holes. The stride of a dimension of 1 means nothing.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        let dimensions = self.shape.iter().zip(&self.strides).rev();
        let mut fits = dimensions.map(|(size, stride)| {
            let fits = *size == 1 || *stride == expected;
            expected *= size;
            fits
        });
        self.count() == 0 || fits.all(|fits| fits)
    }
}

/// The tensors of a file, and the storages that hold their numbers.
pub(super) struct StateDict {
    pub storages: Vec<Storage>,
    keys: HashMap<String, usize>,
    /// In the order of their storages.
    views: Vec<View>,
}

impl StateDict {
    /// What a pickle stands for: the tensors of the dict itself, as `from_pretrained` takes them; not those of dicts in it.
    pub fn new(pickle: Pickle, root: Place, file_bytes: Option<u64>) -> Result<Self> {
        let Value::Dict(items) = pickle.value(root) else {
            return Err(malformed("its pickle is no state dict"));
        };
        let (mut views, mut names) = (Vec::new(), HashSet::new());
        for (key, value) in items {
            let (Value::Text(name), Value::Tensor { storage, start, shape, strides }) =
                (pickle.value(*key), pickle.value(*value))
            else {
                continue;
            };
            if !names.insert(name) {
                return Err(malformed(format!("tensor `{name}` occurs twice")));
            }
            let (shape, strides) = (shape.clone(), strides.clone());
            views.push(View { name: name.clone(), storage: *storage, start: *start, shape, strides });
        }
        views.sort_by_key(|view| view.storage);
        let bytes = pickle.storages.iter().try_fold(0_u64, |bytes, storage| bytes.checked_add(storage.bytes()));
        if bytes.is_none_or(|bytes| file_bytes.is_some_and(|file| bytes > file)) {
            return Err(malformed("its storages take more bytes than it has"));
        }
        Ok(Self { storages: pickle.storages, keys: pickle.keys, views })
    }

    /// The index of the storage with this key.
    pub fn storage(&self, key: &str) -> Option<usize> {
        self.keys.get(key).copied()
    }

    /// All tensors by name.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        self.views.iter().filter_map(|view| self.info(view)).collect()
    }

    /// What the file says that it holds; several names of the same numbers count once.
    pub fn contents(&self) -> Vec<TensorInfo> {
        let mut seen = HashSet::new();
        let distinct =
            self.views.iter().filter(|view| seen.insert((view.storage, view.start, &view.shape, &view.strides)));
        distinct.filter_map(|view| self.info(view)).collect()
    }

    fn info(&self, view: &View) -> Option<TensorInfo> {
        let dtype = self.storages.get(view.storage)?.dtype;
        let bytes = view.count() as u64 * dtype.width();
        Some(TensorInfo { name: view.name.clone(), dtype, shape: view.shape.clone(), bytes })
    }

    /// The views of a storage that become tensors.
    fn used(&self, storage: usize, tensors: &Tensors<'_>) -> Vec<&View> {
        let start = self.views.partition_point(|view| view.storage < storage);
        let views = self.views.get(start..).unwrap_or_default().iter();
        let is_float = self.storages.get(storage).is_some_and(|storage| storage.dtype.is_float());
        let views = views.take_while(|view| view.storage == storage);
        views.filter(|view| is_float && tensors.uses(&view.name)).collect()
    }

    /// Begins to read a storage. Where it is one tensor, its numbers go straight into the form that the model wants.
    pub fn begin(&self, storage: usize, tensors: &Tensors<'_>) -> Result<Building> {
        let Some(info) = self.storages.get(storage) else { return Ok(Building::skipping(0)) };
        let used = self.used(storage, tensors);
        if let Some(view) = used.first() {
            readable(&view.name, info.dtype)?;
        }
        let Some((start, end)) = stretch(&used) else { return Ok(Building::skipping(info.bytes())) };
        let filling = match used.as_slice() {
            [view] if view.is_contiguous() => {
                Filling::new(&view.shape, &tensors.form(&view.name, &view.shape), tensors.resident, Vec::new())?
            }
            _ => Filling::new(&[(end - start) as usize], &Form::Table, tensors.flat(), Vec::new())?,
        };
        let width = info.dtype.width();
        Ok(Building::new(filling, info.dtype, start * width, end - start, (info.numbers - end) * width))
    }

    /// Makes the tensors of a storage that has been read: views of the same numbers share them.
    pub fn finish(&self, storage: usize, building: Building, tensors: &mut Tensors<'_>) -> Result<()> {
        let used = self.used(storage, tensors);
        let (first, end) = stretch(&used).unwrap_or((0, 0));
        let filled = match (building.finish(), used.as_slice()) {
            (Some(filling), [view]) if view.is_contiguous() => {
                return tensors.keep(&view.name, filling.finish(tensors.peers.as_ref())?);
            }
            (Some(filling), _) => filling.into_numbers(),
            (None, _) => Numbers::Zeros,
        };
        let mut made: Vec<(&View, Form, Kept)> = Vec::new();
        for view in used {
            if view.count() as u64 > end - first {
                return Err(malformed(format!("tensor `{}` has more numbers than its storage", view.name)));
            }
            let form = tensors.form(&view.name, &view.shape);
            let same = made.iter().find(|(other, known, _)| *known == form && other.is_same(view));
            let kept = match same {
                Some((.., kept)) => kept.clone(),
                None => {
                    // An empty view may begin anywhere.
                    let start = if view.count() == 0 { 0 } else { view.start - first };
                    let numbers = filled.gather(start as usize, &view.shape, &view.strides)?;
                    let mut filling = Filling::new(&view.shape, &form, tensors.resident, Vec::new())?;
                    filling.append_numbers(&numbers);
                    filling.finish(tensors.peers.as_ref())?
                }
            };
            made.push((view, form, kept));
        }
        made.into_iter().try_for_each(|(view, _, kept)| tensors.keep(&view.name, kept))
    }
}

/// The stretch of a storage that its used views are made of.
fn stretch(used: &[&View]) -> Option<(u64, u64)> {
    let extents = || used.iter().filter(|view| view.count() > 0);
    Some((extents().map(|view| view.start).min()?, extents().map(|view| view.end()).max()?))
}
