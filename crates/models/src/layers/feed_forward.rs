//! The feed-forward network of a layer, whose inner numbers several workers may share.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use vitrine_kernels::PANEL;

use super::split::{Other, Others, Split, linear_of, split_inputs, split_outputs, write_linear};
use super::{Activation, Linear, Scope};
use crate::peers::{Call, Message, Words, kind, malformed};
use crate::weights::{Input, Matrix};
use crate::{Error, Result};

/// `down(activation(up(x)))`, or `down(activation(up(x)) · gate(x))` (Shazeer, 2020).
pub(crate) struct FeedForward {
    part: FeedForwardPart,
    others: Others,
}

/// Some inner numbers of a network.
pub(crate) struct FeedForwardPart {
    up: Linear,
    activation: Activation,
    gate: Option<Linear>,
    down: Linear,
}

impl FeedForward {
    /// Of maps that stay here.
    pub(crate) fn new(up: Linear, activation: Activation, down: Linear) -> Self {
        Self { part: FeedForwardPart { up, activation, gate: None, down }, others: Others::default() }
    }

    /// Takes the maps `names` (up, down) of `scope`.
    pub(crate) fn load(
        scope: &Scope<'_>,
        [up, down]: [&str; 2],
        hidden: usize,
        intermediate: usize,
        activation: Activation,
    ) -> Result<Self> {
        Self::load_maps(scope, &[up], down, [hidden, intermediate], activation, true)
    }

    /// Takes the maps `names` (up, gate, down) of `scope`.
    pub(crate) fn load_gated(
        scope: &Scope<'_>,
        [up, gate, down]: [&str; 3],
        [hidden, intermediate]: [usize; 2],
        activation: Activation,
        bias: bool,
    ) -> Result<Self> {
        Self::load_maps(scope, &[up, gate], down, [hidden, intermediate], activation, bias)
    }

    /// Takes the maps `inner` (up, or up and gate) and `down` of `scope`.
    pub(crate) fn load_maps(
        scope: &Scope<'_>,
        inner: &[&str],
        down: &str,
        [hidden, intermediate]: [usize; 2],
        activation: Activation,
        bias: bool,
    ) -> Result<Self> {
        let all = [(0..intermediate, PANEL)];
        let mut parts = Vec::new();
        for name in inner {
            parts.extend(split_outputs(&scope.at(name), [intermediate, hidden], &all, bias)?);
        }
        let down = split_inputs(&scope.at(down), [hidden, intermediate], PANEL, bias)?;
        Self::share(scope, parts, down, activation)
    }

    /// Takes up and gate, in this order, from one map `[2 * intermediate, hidden]`, and the map down.
    pub(crate) fn load_fused(
        scope: &Scope<'_>,
        [fused, down]: [&str; 2],
        [hidden, intermediate]: [usize; 2],
        activation: Activation,
        bias: bool,
    ) -> Result<Self> {
        let both: [(Range<usize>, usize); 2] = [(0..intermediate, PANEL), (intermediate..2 * intermediate, PANEL)];
        let parts = split_outputs(&scope.at(fused), [2 * intermediate, hidden], &both, bias)?;
        let down = split_inputs(&scope.at(down), [hidden, intermediate], PANEL, bias)?;
        Self::share(scope, parts, down, activation)
    }

    /// Keeps the first part of each map here and tells the other workers what to make of theirs; `inner` are up and,
    /// where there is one, the gate.
    fn share(scope: &Scope<'_>, inner: Vec<Vec<Split>>, down: Vec<Split>, activation: Activation) -> Result<Self> {
        let mut inner = inner.into_iter();
        let mut ups = inner.next().unwrap_or_default().into_iter();
        let mut gates = inner.next().map(Vec::into_iter);
        let mut parts = down.into_iter().map(|down| {
            let gate = gates.as_mut().map(|gates| gates.next().ok_or_else(malformed)).transpose()?;
            Ok((ups.next().ok_or_else(malformed)?, gate, down))
        });
        let Some((up, gate, down)) = parts.next().transpose()? else {
            return Err(Error::Config("a feed-forward network has no inner numbers".to_owned()));
        };
        let gate = gate.map(Split::linear).transpose()?;
        let part = FeedForwardPart { up: up.linear()?, activation, gate, down: down.linear()? };
        let mut others = Others::default();
        for (peer, split) in parts.enumerate() {
            let (up, gate, down) = split?;
            // A model that is built before its weights are there has all parts here.
            let Some(peers) = scope.peers() else { continue };
            let mut message = Message::default();
            let splits: Vec<Split> = [up, down].into_iter().chain(gate).collect();
            for split in &splits {
                write_linear(&mut message, split)?;
            }
            let part = peers.give(peer, |id| {
                let words = [kind::FEED_FORWARD, id, activation.index(), splits.len() as u32];
                Message { words: words.into_iter().chain(message.words).collect(), ..message }
            })?;
            others.0.push(Other { part, matrices: splits.into_iter().map(|split| split.held).collect() });
        }
        Ok(Self { part, others })
    }

    /// What is here of it: all, where it is not shared.
    pub(crate) fn into_part(self) -> FeedForwardPart {
        self.part
    }

    /// `[rows * hidden]` → the same.
    pub(crate) async fn forward(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let call = || Call { rows: vec![rows], ..Call::default() };
        self.others.sum(call, || self.part.forward(rows)).await
    }
}

impl FeedForwardPart {
    pub(crate) fn forward(&self, rows: &[f32]) -> Vec<f32> {
        let input = Input::new(rows, self.up.inputs());
        let fused = self.activation.fused();
        let mut inner = self.up.forward_input(&input, fused);
        if fused.is_none() {
            self.activation.forward(&mut inner);
        }
        if let Some(gate) = &self.gate {
            vitrine_kernels::rows::multiply(&mut inner, &gate.forward_input(&input, None));
        }
        self.down.forward_input(&Input::new(&inner, self.down.inputs()), None)
    }

    /// Reads a part that another worker gave.
    pub(crate) fn read(mut words: Words<'_>, numbers: &[f32], matrices: &HashMap<u32, Rc<Matrix>>) -> Result<Self> {
        let activation = Activation::of_index(words.next()?).ok_or_else(malformed)?;
        let maps = words.next()?;
        let mut numbers = numbers;
        let mut linear = || linear_of(&mut words, &mut numbers, matrices);
        let (up, down) = (linear()?, linear()?);
        let gate = if maps == 3 { Some(linear()?) } else { None };
        Ok(Self { up, activation, gate, down })
    }
}
