//! A table with a vector for each id.

use candle_core::Tensor;

use super::Scope;
use crate::weights::as_f32;
use crate::{Error, Result};

/// A table `[ids, hidden]`, in the resident format.
pub(crate) struct Embedding {
    table: Tensor,
}

impl Embedding {
    pub(crate) fn load(scope: &Scope<'_>, ids: usize, hidden: usize) -> Result<Self> {
        Ok(Self { table: scope.get(&["weight"], &[ids, hidden])? })
    }

    /// `[n]` ids → `[n, hidden]`.
    pub(crate) fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let largest = ids.max_all()?.to_scalar::<u32>()? as usize;
        let known = self.table.dim(0)?;
        if largest >= known {
            let message = format!("the tokenizer knows token {largest}, but the embeddings hold {known} tokens");
            return Err(Error::Weights(message));
        }
        as_f32(&self.table.index_select(ids, 0)?)
    }
}
