//! Matrices in parts, one for each worker that shares a layer.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::{Linear, Scope, add};
use crate::peers::{Call, Given, Message, Words, held, malformed, take_numbers};
use crate::weights::{Held, Matrix, Piece};
use crate::{Error, Result};

/// A worker's part of a linear map.
pub(crate) struct Split {
    pub held: Held,
    pub bias: Vec<f32>,
}

/// Parts of one range, as even as multiples of `unit` allow, the first the largest; those that are empty are left out.
fn shares(range: &Range<usize>, unit: usize, workers: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let unit = unit.max(1);
    let units = range.len().div_ceil(unit);
    let bound = move |worker: usize| ((units * worker).div_ceil(workers.max(1)) * unit).min(range.len());
    let start = range.start;
    let share = move |worker: usize| (worker, start + bound(worker)..start + bound(worker + 1));
    (0..workers).map(share).filter(|(_, range)| !range.is_empty())
}

/// The outputs `ranges` of the map `name`, `[total, inputs]` in all: for each range the parts of all workers. Multiples of
/// `unit` outputs, one unit for each range, stay together.
pub(crate) fn split_outputs(
    scope: &Scope<'_>,
    [total, inputs]: [usize; 2],
    ranges: &[(Range<usize>, usize)],
    bias: bool,
) -> Result<Vec<Vec<Split>>> {
    let bias = if bias { scope.numbers(&["bias"], &[total])? } else { Vec::new() };
    let workers = scope.workers();
    let piece = |(peer, outputs)| Piece { peer, outputs, inputs: 0..inputs };
    let pieces: Vec<Vec<Piece>> =
        ranges.iter().map(|(range, unit)| shares(range, *unit, workers).map(piece).collect()).collect();
    let mut held = scope.pieces("weight", [total, inputs], pieces.iter().flatten().cloned().collect())?.into_iter();
    let mut of_piece = |piece: Piece| {
        let bias = bias.get(piece.outputs).unwrap_or_default().to_vec();
        held.next().map(|held| Split { held, bias })
    };
    Ok(pieces.into_iter().map(|pieces| pieces.into_iter().filter_map(&mut of_piece).collect()).collect())
}

/// The map `weight`, `[outputs, inputs]`, by its inputs; its bias is with the first worker, which is this one.
pub(crate) fn split_inputs(
    scope: &Scope<'_>,
    [outputs, inputs]: [usize; 2],
    unit: usize,
    bias: bool,
) -> Result<Vec<Split>> {
    let mut bias = if bias { scope.numbers(&["bias"], &[outputs])? } else { Vec::new() };
    let piece = |(peer, inputs)| Piece { peer, outputs: 0..outputs, inputs };
    let pieces = shares(&(0..inputs), unit, scope.workers()).map(piece).collect();
    let held = scope.pieces("weight", [outputs, inputs], pieces)?;
    Ok(held.into_iter().map(|held| Split { held, bias: std::mem::take(&mut bias) }).collect())
}

impl Split {
    /// The part that is here.
    pub(crate) fn linear(self) -> Result<Linear> {
        match self.held {
            Held::Here(matrix) => Ok(Linear::new(matrix, self.bias)),
            Held::There(_) => Err(elsewhere()),
        }
    }

    /// Outputs of the part.
    pub(crate) fn outputs(&self) -> usize {
        match &self.held {
            Held::Here(matrix) => matrix.outputs,
            Held::There(given) => given.outputs,
        }
    }

    /// The id of the part that a peer holds.
    pub(crate) fn id(&self) -> Result<u32> {
        match &self.held {
            Held::There(given) => Ok(given.given.id),
            Held::Here(_) => Err(elsewhere()),
        }
    }
}

fn elsewhere() -> Error {
    Error::Internal("a part of a layer is with another worker than it should be".to_owned())
}

/// The parts of a layer that other workers hold, each with the matrices it is made of.
#[derive(Default)]
pub(crate) struct Others(pub(crate) Vec<Other>);

/// A part that another worker holds.
pub(crate) struct Other {
    pub part: Given,
    /// Held as long as the part is.
    #[allow(dead_code, reason = "held for its drop")]
    pub matrices: Vec<Held>,
}

impl Others {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Has all others compute, while `own` is computed here, and adds up what they make.
    pub(crate) async fn sum<'a>(
        &self,
        call: impl FnOnce() -> Call<'a>,
        own: impl FnOnce() -> Vec<f32>,
    ) -> Result<Vec<f32>> {
        if self.is_empty() {
            return Ok(own());
        }
        let call = call();
        let answers: Vec<_> = self.0.iter().map(|other| other.part.call(&call)).collect();
        let mut sum = own();
        for answer in answers {
            let answer = answer.await?;
            if answer.len() != sum.len() {
                return Err(malformed());
            }
            add(&mut sum, &answer);
        }
        Ok(sum)
    }
}

/// A matrix of ids that a message names.
pub(crate) fn linear_of(
    words: &mut Words<'_>,
    numbers: &mut &[f32],
    matrices: &HashMap<u32, Rc<Matrix>>,
) -> Result<Linear> {
    let matrix = held(matrices, words.next()?)?;
    let bias = words.size()?;
    Ok(Linear::new(matrix, take_numbers(numbers, bias)?.to_vec()))
}

/// Writes a linear map into a message, for [`linear_of`].
pub(crate) fn write_linear(message: &mut Message, split: &Split) -> Result<()> {
    message.words.extend([split.id()?, split.bias.len() as u32]);
    message.numbers.extend_from_slice(&split.bias);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_whole() {
        let of = |range: Range<usize>, unit, workers| shares(&range, unit, workers).collect::<Vec<_>>();
        assert_eq!(of(0..12, 1, 2), [(0, 0..6), (1, 6..12)]);
        assert_eq!(of(100..124, 8, 2), [(0, 100..116), (1, 116..124)]);
        assert_eq!(of(0..2, 1, 3), [(0, 0..1), (1, 1..2)]);
        assert_eq!(of(0..10, 8, 2), [(0, 0..8), (1, 8..10)]);
        assert_eq!(of(0..3, 1, 1), [(0, 0..3)]);
    }
}
