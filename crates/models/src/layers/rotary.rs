//! Rotary position embeddings (Su et al., 2021): pairs of numbers turned by an angle that grows with the position.

use serde_json::Value;

use crate::peers::{Message, Words, take_numbers};
use crate::{Config, Error, Result};

/// How fast each pair of numbers turns.
pub(crate) struct Rotary {
    frequencies: Vec<f32>,
    pairing: Pairing,
}

/// Which two numbers of a head are turned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// Number `i` with number `i + width/2` (`rotate_half` of transformers).
    Halves,
    /// Number `2i` with number `2i + 1` (the paper, RoFormer).
    Neighbours,
}

impl Rotary {
    /// Of the first `width` numbers of each head; pair `i` turns by `theta^(-2i / width)` a position.
    pub(crate) fn new(theta: f32, width: usize, pairing: Pairing) -> Self {
        let frequency = |pair: usize| 1.0 / theta.powf((2 * pair) as f32 / width as f32);
        Self { frequencies: (0..width / 2).map(frequency).collect(), pairing }
    }

    /// The angles of the positions below `tokens`, made once a forward pass.
    pub(crate) fn angles(&self, tokens: usize) -> Angles {
        let turn = |position: usize, frequency: f32| {
            let angle = position as f32 * frequency;
            (angle.cos(), angle.sin())
        };
        let row = |position: usize| self.frequencies.iter().map(|frequency| turn(position, *frequency)).collect();
        Angles { positions: (0..tokens).map(row).collect(), pairing: self.pairing, of_values: false }
    }

    /// With frequencies as a checkpoint has them.
    pub(crate) fn of_frequencies(frequencies: Vec<f32>, pairing: Pairing) -> Self {
        Self { frequencies, pairing }
    }

    /// By `rope_parameters` (transformers 5), `rope_scaling` and `rope_theta` (4) of a config, or of the part of it under
    /// `kind`, of all numbers of a head.
    pub(crate) fn of(config: &Config, kind: Option<&str>, theta: f64, width: usize) -> Result<Self> {
        let parameters = match config.get("rope_scaling") {
            scaling @ Value::Object(_) => scaling,
            _ => config.get("rope_parameters"),
        };
        let nested = kind.and_then(|kind| parameters.get(kind)).unwrap_or(parameters);
        let number = |key: &str| nested.get(key).and_then(Value::as_f64).filter(|number| *number >= 1.0);
        let scale = match nested.get("rope_type").or_else(|| nested.get("type")).and_then(Value::as_str) {
            None | Some("default") => 1.0,
            Some("linear") => number("factor").ok_or_else(|| {
                Error::Config("the linear scaling of its rotary embeddings has no `factor` of 1 or more".to_owned())
            })?,
            Some(other) => {
                let model_type = config.model_type()?;
                return Err(Error::UnsupportedArchitecture(format!("{model_type} with {other} rotary embeddings")));
            }
        };
        if !width.is_multiple_of(2) {
            return Err(Error::Config(format!("heads of {width} numbers cannot have rotary embeddings")));
        }
        let mut rotary = Self::new(number("rope_theta").unwrap_or(theta) as f32, width, Pairing::Halves);
        rotary.frequencies.iter_mut().for_each(|frequency| *frequency /= scale as f32);
        Ok(rotary)
    }
}

/// Cosines and sines of the positions of one forward pass, `[tokens][pairs]`.
pub(crate) struct Angles {
    positions: Vec<Vec<(f32, f32)>>,
    pairing: Pairing,
    /// Whether values turn as well as queries and keys.
    pub(crate) of_values: bool,
}

impl Angles {
    /// The angles of a table of sinusoids, computed in f64, with which neighbours turn (RoFormer).
    pub(crate) fn sinusoidal(tokens: usize, width: usize, of_values: bool) -> Self {
        let turn = |position: usize, pair: usize| {
            let angle = position as f64 / 10_000_f64.powf((2 * pair) as f64 / width as f64);
            (angle.cos() as f32, angle.sin() as f32)
        };
        let row = |position: usize| (0..width / 2).map(|pair| turn(position, pair)).collect();
        Self { positions: (0..tokens).map(row).collect(), pairing: Pairing::Neighbours, of_values }
    }

    /// Turns `[batch * tokens * heads * width]` in place; numbers of a head beyond the pairs stay.
    pub(crate) fn forward(&self, rows: &mut [f32], heads: usize, width: usize) {
        let mut positions = self.positions.iter().cycle();
        for row in rows.chunks_exact_mut((heads * width).max(1)) {
            let Some(angles) = positions.next() else { return };
            for head in row.chunks_exact_mut(width.max(1)) {
                let turned = head.get_mut(..2 * angles.len()).unwrap_or_default();
                match self.pairing {
                    Pairing::Halves => {
                        let (first, second) = turned.split_at_mut(angles.len());
                        first.iter_mut().zip(second).zip(angles).for_each(|((a, b), angle)| turn(a, b, *angle));
                    }
                    Pairing::Neighbours => {
                        let pairs = turned.as_chunks_mut::<2>().0;
                        pairs.iter_mut().zip(angles).for_each(|([a, b], angle)| turn(a, b, *angle));
                    }
                }
            }
        }
    }
}

impl Angles {
    /// Adds them to a message for another worker.
    pub(crate) fn write(&self, message: &mut Message) {
        let pairs = self.positions.first().map_or(0, Vec::len);
        let (halves, of_values) = (u32::from(self.pairing == Pairing::Halves), u32::from(self.of_values));
        message.words.extend([halves, of_values, self.positions.len() as u32, pairs as u32]);
        message.numbers.extend(self.positions.iter().flatten().flat_map(|(cos, sin)| [*cos, *sin]));
    }

    /// Takes them off a message's words and numbers.
    pub(crate) fn read(words: &mut Words<'_>, numbers: &mut &[f32]) -> Result<Self> {
        let pairing = if words.next()? == 1 { Pairing::Halves } else { Pairing::Neighbours };
        let (of_values, positions, pairs) = (words.next()? == 1, words.size()?, words.size()?);
        let row = |_| {
            let angles = take_numbers(numbers, 2 * pairs)?;
            Ok(angles.as_chunks().0.iter().map(|[cos, sin]| (*cos, *sin)).collect())
        };
        Ok(Self { positions: (0..positions).map(row).collect::<Result<_>>()?, pairing, of_values })
    }
}

fn turn(a: &mut f32, b: &mut f32, (cos, sin): (f32, f32)) {
    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
}
