//! A pickle machine with the opcodes of `torch._weights_only_unpickler`: values of its own in, no call of anything.

use std::collections::HashMap;

use super::malformed;
use super::state_dict::{Global, Storage};
use crate::Result;
use crate::weights::fill;

/// The most opcodes of a pickle; a tensor takes about 30. It bounds the stack, the memo and the values too.
const MOST_OPCODES: u32 = 1 << 21;

/// The most bytes of a pickle.
const MOST_BYTES: u64 = 1 << 26;

/// A value's place in [`Pickle::values`]: values name each other by it, so that depth is no recursion.
pub(super) type Place = usize;

/// What a pickle can build.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A value of which no tensor is made: none, a truth value, a fraction, a set.
    Other,
    Int(i64),
    Text(String),
    Tuple(Vec<Place>),
    List(Vec<Place>),
    Dict(Vec<(Place, Place)>),
    Global(Global),
    /// Some of the numbers of a storage, which is named by its index.
    Storage {
        storage: usize,
        start: u64,
        numbers: u64,
    },
    /// A view of a storage, in numbers; [`super::state_dict`] has checked that it lies within.
    Tensor {
        storage: usize,
        start: u64,
        shape: Vec<usize>,
        strides: Vec<usize>,
    },
}

/// One pickle, byte by byte.
#[derive(Default)]
pub(super) struct Pickle {
    pub values: Vec<Value>,
    /// The storages that it names, in order, and their indices by key.
    pub storages: Vec<Storage>,
    pub keys: HashMap<String, usize>,
    stack: Vec<Place>,
    marks: Vec<usize>,
    memo: HashMap<u32, Place>,
    /// The opcode at hand with as much of its argument as has come.
    partial: Vec<u8>,
    opcodes: u32,
    bytes: u64,
}

impl Pickle {
    /// Takes bytes up to the end of the pickle; the value that it stands for once that has come.
    pub fn write(&mut self, bytes: &mut &[u8]) -> Result<Option<Place>> {
        loop {
            let length = opcode_length(&self.partial)?;
            let before = bytes.len();
            fill(&mut self.partial, bytes, length);
            self.bytes += (before - bytes.len()) as u64;
            if self.bytes > MOST_BYTES {
                return Err(malformed("its pickle is longer than any of a state dict"));
            }
            if self.partial.len() < length {
                return Ok(None);
            }
            if opcode_length(&self.partial)? > length {
                continue;
            }
            self.opcodes += 1;
            if self.opcodes > MOST_OPCODES {
                return Err(malformed("its pickle has more opcodes than any of a state dict"));
            }
            let opcode = std::mem::take(&mut self.partial);
            if opcode == b"." {
                return self.pop().map(Some);
            }
            self.execute(&opcode)?;
        }
    }

    /// The value at a place.
    pub fn value(&self, place: Place) -> &Value {
        self.values.get(place).unwrap_or(&Value::Other)
    }

    fn execute(&mut self, opcode: &[u8]) -> Result<()> {
        let (code, argument) = opcode.split_first().unwrap_or((&b'.', &[]));
        let value = match code {
            0x80 => return Ok(()),
            b'(' => {
                self.marks.push(self.stack.len());
                return Ok(());
            }
            b'N' | 0x88 | 0x89 | b'G' | 0x8f => Value::Other,
            b'K' | b'M' => Value::Int(unsigned(argument) as i64),
            b'J' => Value::Int(i64::from(unsigned(argument) as u32 as i32)),
            0x8a => long(argument.get(1..).unwrap_or_default())?,
            b'X' | b'T' => text(argument.get(4..).unwrap_or_default())?,
            b'U' => text(argument.get(1..).unwrap_or_default())?,
            b'c' => {
                let name = std::str::from_utf8(argument).map_err(|_| malformed("a name in its pickle is not UTF-8"))?;
                let (module, name) = name.trim_end_matches('\n').split_once('\n').unwrap_or_default();
                Value::Global(Global::find(module, name)?)
            }
            b')' => Value::Tuple(Vec::new()),
            0x85 => Value::Tuple(self.pop_many(1)?),
            0x86 => Value::Tuple(self.pop_many(2)?),
            0x87 => Value::Tuple(self.pop_many(3)?),
            b't' => Value::Tuple(self.pop_to_mark()?),
            b']' => Value::List(Vec::new()),
            b'}' => Value::Dict(Vec::new()),
            b'a' => {
                let item = self.pop()?;
                return self.append(vec![item]);
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                return self.append(items);
            }
            b's' => {
                let item = self.pop_many(2)?;
                return self.set(&item);
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                return self.set(&items);
            }
            b'b' => {
                // The state of an ordered dict is its attributes, such as `_metadata`.
                self.pop()?;
                return match self.values.get(self.top()?) {
                    Some(Value::Dict(_)) => Ok(()),
                    _ => Err(malformed("its pickle gives a state to what is no dict")),
                };
            }
            b'q' | b'r' => {
                let top = self.top()?;
                self.memo.insert(unsigned(argument) as u32, top);
                return Ok(());
            }
            b'h' | b'j' => {
                let known = self.memo.get(&(unsigned(argument) as u32)).copied();
                self.stack.push(known.ok_or_else(|| malformed("its pickle asks for a value that it never kept"))?);
                return Ok(());
            }
            b'Q' => {
                let id = self.pop()?;
                self.persistent(id)?
            }
            b'R' => {
                let arguments = self.pop()?;
                let function = self.pop()?;
                self.reduce(function, arguments)?
            }
            _ => return Err(malformed(format!("its pickle has the opcode {code:#04x}, which no state dict needs"))),
        };
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    fn append(&mut self, items: Vec<Place>) -> Result<()> {
        let top = self.top()?;
        match self.values.get_mut(top) {
            Some(Value::List(list)) => list.extend(items),
            _ => return Err(malformed("its pickle appends to what is no list")),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Place]) -> Result<()> {
        let top = self.top()?;
        let (pairs, rest) = items.as_chunks::<2>();
        match self.values.get_mut(top) {
            Some(Value::Dict(dict)) if rest.is_empty() => dict.extend(pairs.iter().map(|[key, value]| (*key, *value))),
            _ => return Err(malformed("its pickle sets an item of what is no dict")),
        }
        Ok(())
    }

    fn top(&self) -> Result<Place> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        self.stack.get(bottom..).and_then(<[Place]>::last).copied().ok_or_else(empty)
    }

    fn pop(&mut self) -> Result<Place> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Place>> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        let start = self.stack.len().checked_sub(count).filter(|start| *start >= bottom).ok_or_else(empty)?;
        Ok(self.stack.split_off(start))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Place>> {
        let mark = self.marks.pop().ok_or_else(|| malformed("its pickle asks for a mark that it never set"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }
}

/// Bytes of the opcode that begins with `partial`, as far as they can be told from it.
fn opcode_length(partial: &[u8]) -> Result<usize> {
    let Some((code, argument)) = partial.split_first() else { return Ok(1) };
    Ok(match code {
        0x80 | b'K' | b'q' | b'h' => 2,
        b'M' => 3,
        b'J' | b'j' | b'r' => 5,
        b'G' => 9,
        b'U' | 0x8a => 2 + argument.first().map_or(0, |length| usize::from(*length)),
        b'X' | b'T' if argument.len() < 4 => 5,
        b'X' | b'T' => {
            let length = unsigned(argument.get(..4).unwrap_or_default());
            if length > MOST_BYTES {
                return Err(malformed("a text in its pickle is longer than any of a state dict"));
            }
            5 + length as usize
        }
        // Two lines.
        b'c' if argument.iter().filter(|byte| **byte == b'\n').count() < 2 => {
            if argument.len() > 512 {
                return Err(malformed("a name in its pickle is longer than any of a state dict"));
            }
            partial.len() + 1
        }
        _ => partial.len(),
    })
}

/// A little-endian number.
fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A little-endian number of any length in two's complement.
fn long(bytes: &[u8]) -> Result<Value> {
    let sign = bytes.last().map_or(0, |last| if last >> 7 == 1 { 0xff } else { 0 });
    let mut whole = [sign; 8];
    let places =
        whole.get_mut(..bytes.len()).ok_or_else(|| malformed("a number in its pickle is beyond all bounds"))?;
    places.copy_from_slice(bytes);
    Ok(Value::Int(i64::from_le_bytes(whole)))
}

fn text(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("a text in its pickle is not UTF-8"))?;
    Ok(Value::Text(text.to_owned()))
}

fn empty() -> crate::Error {
    malformed("its pickle takes a value from an empty stack")
}
