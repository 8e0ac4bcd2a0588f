//! The numbers of resident tensors, whatever format they are kept in.

use std::ops::Range;

use candle_core::{CpuStorage, DType, Device, Storage, Tensor};

use crate::Result;

/// A tensor's numbers as f32, whatever they are resident in; a matrix may be transposed.
pub(crate) fn as_f32(tensor: &Tensor) -> Result<Tensor> {
    match tensor.dtype() {
        DType::F32 => Ok(tensor.clone()),
        _ if tensor.is_contiguous() => Ok(Tensor::from_vec(to_vec(tensor)?, tensor.shape(), &Device::Cpu)?),
        _ => {
            let stored = tensor.t()?;
            Ok(Tensor::from_vec(to_vec(&stored)?, stored.shape(), &Device::Cpu)?.t()?)
        }
    }
}

/// A tensor's numbers in row-major order.
pub(crate) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>> {
    let (storage, layout) = tensor.storage_and_layout();
    if let (Storage::Cpu(CpuStorage::F32(all)), Some((start, end))) = (&*storage, layout.contiguous_offsets()) {
        return Ok(all.get(start..end).unwrap_or_default().to_vec());
    }
    let mut numbers = Vec::with_capacity(tensor.elem_count());
    with_rows(tensor, 0..tensor.elem_count(), |_, number| numbers.push(number))?;
    Ok(numbers)
}

/// Calls `take` with the numbers of a stretch of a contiguous tensor, each with its place in the stretch.
pub(crate) fn with_rows(tensor: &Tensor, stretch: Range<usize>, mut take: impl FnMut(usize, f32)) -> Result<()> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, _)) = layout.contiguous_offsets() else {
        return Err(candle_core::Error::msg("a tensor is not contiguous").into());
    };
    let stretch = start + stretch.start..start + stretch.end;
    match &*storage {
        Storage::Cpu(CpuStorage::F32(all)) => {
            all.get(stretch).unwrap_or_default().iter().enumerate().for_each(|(index, number)| take(index, *number));
        }
        Storage::Cpu(CpuStorage::F16(all)) => {
            all.get(stretch)
                .unwrap_or_default()
                .iter()
                .enumerate()
                .for_each(|(index, number)| take(index, number.to_f32()));
        }
        Storage::Cpu(CpuStorage::BF16(all)) => {
            all.get(stretch)
                .unwrap_or_default()
                .iter()
                .enumerate()
                .for_each(|(index, number)| take(index, number.to_f32()));
        }
        _ => return Err(candle_core::Error::msg("weights are f32, f16 or bf16 on the CPU").into()),
    }
    Ok(())
}
