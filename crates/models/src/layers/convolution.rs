//! Convolutions over the tokens of each text. The tokens beyond its ends are zero; padding is a token like others.

use super::{Linear, Scope};
use crate::weights::Matrix;
use crate::{Batch, Error, Result};
use vitrine_kernels::rows::swap;

/// PyTorch's `Conv1d` that keeps the number of tokens.
pub(crate) struct Convolution {
    linear: Linear,
    hidden: usize,
    groups: usize,
    offsets: Vec<isize>,
}

impl Convolution {
    /// Takes `weight` `[hidden, hidden / groups, kernel]` and `bias`.
    pub(crate) fn load(scope: &Scope<'_>, hidden: usize, kernel: usize, groups: usize) -> Result<Self> {
        check_kernel(kernel)?;
        let width = group_width(hidden, groups)?;
        let weight = swap(&scope.numbers(&["weight"], &[hidden, width, kernel])?, width, kernel, 1);
        let bias = scope.numbers(&["bias"], &[hidden])?;
        let linear = Linear::of_groups(pack_groups(scope, &weight, groups, width, kernel * width)?, bias);
        let middle = (kernel / 2) as isize;
        Ok(Self { linear, hidden, groups, offsets: (-middle..=middle).collect() })
    }

    /// `[batch * tokens * hidden]` → the same.
    pub(crate) fn forward(&self, rows: &[f32], tokens: usize) -> Result<Vec<f32>> {
        self.linear.forward(&windows(rows, tokens, self.hidden, self.groups, &self.offsets))
    }
}

impl Linear {
    /// A `Conv1d` of kernel 1: takes `weight` `[outputs, inputs / groups, 1]` and `bias`.
    pub(crate) fn pointwise(scope: &Scope<'_>, inputs: usize, outputs: usize, groups: usize) -> Result<Self> {
        let (inner, outer) = (group_width(inputs, groups)?, group_width(outputs, groups)?);
        let weight = scope.numbers(&["weight"], &[outputs, inner, 1])?;
        let bias = scope.numbers(&["bias"], &[outputs])?;
        Ok(Self::of_groups(pack_groups(scope, &weight, groups, outer, inner)?, bias))
    }

    /// Groups whose `weight` is `[groups, inputs / groups, outputs / groups]`, and `bias` (ConvBERT).
    pub(crate) fn grouped(scope: &Scope<'_>, inputs: usize, outputs: usize, groups: usize) -> Result<Self> {
        let (inner, outer) = (group_width(inputs, groups)?, group_width(outputs, groups)?);
        let weight = swap(&scope.numbers(&["weight"], &[groups, inner, outer])?, inner, outer, 1);
        let bias = scope.numbers(&["bias"], &[outputs])?;
        Ok(Self::of_groups(pack_groups(scope, &weight, groups, outer, inner)?, bias))
    }
}

/// Numbers `[groups * outputs * inputs]` as a matrix for each group.
fn pack_groups(
    scope: &Scope<'_>,
    numbers: &[f32],
    groups: usize,
    outputs: usize,
    inputs: usize,
) -> Result<Vec<Matrix>> {
    let of_group = numbers.chunks_exact((outputs * inputs).max(1)).take(groups);
    of_group.map(|numbers| scope.pack(numbers, outputs, inputs)).collect()
}

/// A kernel must be odd, or the number of tokens would change.
pub(crate) fn check_kernel(kernel: usize) -> Result<()> {
    if kernel.is_multiple_of(2) {
        Err(Error::Config(format!("the convolution's kernel {kernel} is even")))
    } else {
        Ok(())
    }
}

/// Numbers in each of some groups that share `width` numbers.
fn group_width(width: usize, groups: usize) -> Result<usize> {
    if !width.is_multiple_of(groups) {
        return Err(Error::Config(format!("{width} numbers cannot be split into {groups} groups")));
    }
    Ok(width / groups)
}

/// Each token's neighbours at `offsets`, side by side within each group: `[batch * tokens * hidden]` → `[batch * tokens *
/// groups * offsets * hidden / groups]`.
pub(crate) fn windows(rows: &[f32], tokens: usize, hidden: usize, groups: usize, offsets: &[isize]) -> Vec<f32> {
    let width = hidden / groups.max(1);
    let mut out = Vec::with_capacity(rows.len() * offsets.len());
    for text in rows.chunks_exact((tokens * hidden).max(1)) {
        for token in 0..tokens {
            for group in 0..groups {
                for offset in offsets {
                    let start = neighbour(token, *offset).saturating_mul(hidden).saturating_add(group * width);
                    match text.get(start..start.saturating_add(width)) {
                        Some(row) => out.extend_from_slice(row),
                        None => out.resize(out.len() + width, 0.0),
                    }
                }
            }
        }
    }
    out
}

/// The sum of the neighbours of each token, each head by itself, with weights: `[batch * tokens * heads * width]` and
/// `weights` `[heads * kernel]`, the same for all tokens, or `[batch * tokens * heads * kernel]`.
pub(crate) fn blend(
    rows: &[f32],
    tokens: usize,
    hidden: usize,
    heads: usize,
    weights: &[f32],
    kernel: usize,
) -> Vec<f32> {
    let width = hidden / heads.max(1);
    let mut out = vec![0.0; rows.len()];
    let mut weights = weights.chunks_exact((heads * kernel).max(1)).cycle();
    let texts = out.chunks_exact_mut((tokens * hidden).max(1)).zip(rows.chunks_exact((tokens * hidden).max(1)));
    for (sums, text) in texts {
        for (token, sums) in sums.chunks_exact_mut(hidden).enumerate() {
            let weights = weights.next().unwrap_or_default();
            for (tap, offset) in (-((kernel / 2) as isize)..).take(kernel).enumerate() {
                let start = neighbour(token, offset).saturating_mul(hidden);
                let Some(row) = text.get(start..start.saturating_add(hidden)) else { continue };
                let weights = weights.iter().skip(tap).step_by(kernel);
                for ((sums, numbers), weight) in sums.chunks_exact_mut(width).zip(row.chunks_exact(width)).zip(weights)
                {
                    sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += weight * number);
                }
            }
        }
    }
    out
}

/// The place of a neighbour; beyond any text where it would be before its start.
fn neighbour(token: usize, offset: isize) -> usize {
    token.checked_add_signed(offset).unwrap_or(usize::MAX)
}

/// Sets the rows of padding to zero.
pub(crate) fn clear_padding(rows: &mut [f32], batch: &Batch) {
    let text = rows.len() / batch.len().max(1);
    let hidden = text / batch.tokens();
    for (rows, length) in rows.chunks_exact_mut(text.max(1)).zip(batch.lengths()) {
        rows.iter_mut().skip(length * hidden).for_each(|number| *number = 0.0);
    }
}
