//! Other workers that hold parts of a model's layers and compute with them: a head or an inner number of a layer is with
//! exactly one worker, and what the workers make of the same rows is summed (Shoeybi et al., 2019, "Megatron-LM").
//!
//! Nothing is shared but messages, so a worker may be another thread, another process or another machine.

use std::collections::HashMap;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use vitrine_kernels::int8;

use crate::layers::{AttentionPart, FeedForwardPart};
use crate::weights::{Matrix, Panels};
use crate::{Error, Result};

/// What carries messages to other workers.
pub trait Peers {
    /// How many others there are.
    fn count(&self) -> usize;

    /// Sends what has no answer.
    fn send(&self, peer: usize, message: Message) -> Result<()>;

    /// Sends a call; the answer is the rows that the part made of it, or [`Error::PeerLost`].
    fn call(&self, peer: usize, call: Call<'_>) -> LocalBoxFuture<'static, Result<Vec<f32>>>;
}

/// What a worker has another compute, which takes it as a [`Message`] of these words and numbers.
#[derive(Debug, Clone, Default)]
pub struct Call<'a> {
    /// What it is, then sizes and ids.
    pub words: Vec<u32>,
    /// Rows, one stretch behind the other.
    pub rows: Vec<&'a [f32]>,
    /// Numbers after them.
    pub numbers: Vec<f32>,
}

impl Call<'_> {
    /// All numbers, in stretches.
    pub fn stretches(&self) -> impl Iterator<Item = &[f32]> {
        self.rows.iter().copied().chain([self.numbers.as_slice()])
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.stretches().map(<[f32]>::len).sum()
    }
}

/// What one worker says to another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// What it is, then sizes and ids.
    pub words: Vec<u32>,
    /// Numbers.
    pub numbers: Vec<f32>,
    /// Numbers of 16 bits.
    pub halves: Vec<u16>,
    /// Whole numbers of 8 bits.
    pub bytes: Vec<i8>,
}

/// The first word of a message.
pub(crate) mod kind {
    pub const MATRIX: u32 = 0;
    pub const ATTENTION: u32 = 1;
    pub const FEED_FORWARD: u32 = 2;
    pub const FORGET: u32 = 3;
    pub const CALL: u32 = 4;
}

/// Other workers, and the names of what they hold.
#[derive(Clone)]
pub struct SharedPeers(Rc<State>);

struct State {
    peers: Rc<dyn Peers>,
    next: std::cell::Cell<u32>,
}

impl SharedPeers {
    /// Peers that hold nothing yet.
    pub fn new(peers: Rc<dyn Peers>) -> Self {
        Self(Rc::new(State { peers, next: std::cell::Cell::new(0) }))
    }

    /// How many others there are.
    pub fn count(&self) -> usize {
        self.0.peers.count()
    }

    /// Hands a packed matrix to a peer.
    pub(crate) fn give_matrix(&self, peer: usize, matrix: Matrix) -> Result<Rc<GivenMatrix>> {
        let (bytes, outputs) = (matrix.bytes(), matrix.outputs);
        Ok(Rc::new(GivenMatrix { given: self.give(peer, |id| matrix_message(id, matrix))?, bytes, outputs }))
    }

    /// Makes a peer hold something under a new id.
    pub(crate) fn give(&self, peer: usize, message: impl FnOnce(u32) -> Message) -> Result<Given> {
        let id = self.0.next.get();
        self.0.next.set(id.wrapping_add(1));
        self.0.peers.send(peer, message(id))?;
        Ok(Given { peers: self.clone(), peer, id })
    }
}

/// A matrix that a peer holds.
pub(crate) struct GivenMatrix {
    pub given: Given,
    pub bytes: u64,
    pub outputs: usize,
}

/// Something that a peer holds until this is dropped.
pub(crate) struct Given {
    peers: SharedPeers,
    peer: usize,
    pub id: u32,
}

impl Given {
    /// Has the peer run the part that it holds.
    pub(crate) fn call(&self, call: &Call<'_>) -> LocalBoxFuture<'static, Result<Vec<f32>>> {
        let mut call = call.clone();
        call.words.splice(..0, [kind::CALL, self.id]);
        self.peers.0.peers.call(self.peer, call)
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        // A peer that is gone holds nothing.
        let forget = Message { words: vec![kind::FORGET, self.id], ..Message::default() };
        let _ = self.peers.0.peers.send(self.peer, forget);
    }
}

/// What a worker holds for another.
#[derive(Default)]
pub struct Share {
    matrices: HashMap<u32, Rc<Matrix>>,
    parts: HashMap<u32, Part>,
}

enum Part {
    Attention(AttentionPart),
    FeedForward(FeedForwardPart),
}

impl Share {
    /// Takes a message; the answer of a call.
    pub fn take(&mut self, message: Message) -> Result<Option<Vec<f32>>> {
        let Message { words, numbers, halves, bytes } = message;
        let mut words = Words::new(&words);
        match words.next()? {
            kind::MATRIX => {
                let id = words.next()?;
                self.matrices.insert(id, Rc::new(matrix(words, numbers, halves, bytes)?));
            }
            kind::ATTENTION => {
                let id = words.next()?;
                self.parts.insert(id, Part::Attention(AttentionPart::read(words, &numbers, &self.matrices)?));
            }
            kind::FEED_FORWARD => {
                let id = words.next()?;
                let part = FeedForwardPart::read(words, &numbers, &self.matrices)?;
                self.parts.insert(id, Part::FeedForward(part));
            }
            kind::FORGET => {
                let id = words.next()?;
                self.matrices.remove(&id);
                self.parts.remove(&id);
            }
            kind::CALL => {
                return match self.parts.get(&words.next()?) {
                    Some(Part::Attention(part)) => part.answer(words, numbers).map(Some),
                    Some(Part::FeedForward(part)) => Ok(Some(part.forward(&numbers))),
                    None => Err(Error::PeerLost),
                };
            }
            _ => return Err(malformed()),
        }
        Ok(None)
    }
}

/// The words of a message, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(&'a [u32]);

impl<'a> Words<'a> {
    pub(crate) fn new(words: &'a [u32]) -> Self {
        Self(words)
    }

    pub(crate) fn next(&mut self) -> Result<u32> {
        let (first, rest) = self.0.split_first().ok_or_else(malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn size(&mut self) -> Result<usize> {
        Ok(self.next()? as usize)
    }

    /// So many sizes.
    pub(crate) fn sizes(&mut self, count: usize) -> Result<Vec<usize>> {
        (0..count).map(|_| self.size()).collect()
    }
}

/// The matrix of an id that a message names.
pub(crate) fn held(matrices: &HashMap<u32, Rc<Matrix>>, id: u32) -> Result<Rc<Matrix>> {
    matrices.get(&id).cloned().ok_or_else(malformed)
}

/// The first `count` of some numbers, which are taken off.
pub(crate) fn take_numbers<'a>(numbers: &mut &'a [f32], count: usize) -> Result<&'a [f32]> {
    let (first, rest) = numbers.split_at_checked(count).ok_or_else(malformed)?;
    *numbers = rest;
    Ok(first)
}

pub(crate) fn malformed() -> Error {
    Error::Internal("a message between workers cannot be read".to_owned())
}

fn matrix_message(id: u32, matrix: Matrix) -> Message {
    let mut message = Message::default();
    let format = match matrix.panels {
        Panels::F32(panels) => {
            message.numbers = panels;
            0
        }
        Panels::F16(panels) => {
            message.halves = panels.into_iter().map(half::f16::to_bits).collect();
            1
        }
        Panels::Bf16(panels) => {
            message.halves = panels.into_iter().map(half::bf16::to_bits).collect();
            2
        }
        Panels::Q8(int8::Matrix { panels, scales, sums, fits, .. }) => {
            message.words = [u32::from(fits)].into_iter().chain(sums.into_iter().map(i32::cast_unsigned)).collect();
            (message.bytes, message.numbers) = (panels, scales);
            3
        }
        Panels::Absent => 4,
    };
    message.words.splice(..0, [kind::MATRIX, id, format, matrix.outputs as u32, matrix.inputs as u32]);
    message
}

fn matrix(mut words: Words<'_>, numbers: Vec<f32>, halves: Vec<u16>, bytes: Vec<i8>) -> Result<Matrix> {
    let (format, outputs, inputs) = (words.next()?, words.size()?, words.size()?);
    let panels = match format {
        0 => Panels::F32(numbers),
        1 => Panels::F16(halves.into_iter().map(half::f16::from_bits).collect()),
        2 => Panels::Bf16(halves.into_iter().map(half::bf16::from_bits).collect()),
        3 => Panels::Q8(int8::Matrix {
            outputs,
            inputs,
            fits: words.next()? == 1,
            panels: bytes,
            scales: numbers,
            sums: words.0.iter().copied().map(u32::cast_signed).collect(),
        }),
        4 => Panels::Absent,
        _ => return Err(malformed()),
    };
    Ok(Matrix { outputs, inputs, panels })
}
