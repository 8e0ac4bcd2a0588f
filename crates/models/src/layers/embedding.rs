//! A table with a vector for each id.

use candle_core::Tensor;

use super::Scope;
use crate::weights::with_rows;
use crate::{Error, Result};

/// A table `[ids, hidden]`, in the resident format.
pub(crate) struct Embedding {
    table: Tensor,
}

impl Embedding {
    pub(crate) fn load(scope: &Scope<'_>, ids: usize, hidden: usize) -> Result<Self> {
        Ok(Self { table: scope.get(&["weight"], &[ids, hidden])? })
    }

    /// The table under the first of `names` that exists.
    pub(crate) fn load_first(scope: &Scope<'_>, names: &[&str], ids: usize, hidden: usize) -> Result<Self> {
        let found = names.iter().find(|name| scope.at(name).has("weight"));
        Self::load(&scope.at(found.or(names.first()).unwrap_or(&"")), ids, hidden)
    }

    /// The table `own` of `scope`, or `shared` where there is none or an equal one.
    pub(crate) fn tied(scope: &Scope<'_>, own: &str, shared: &Self) -> Result<Self> {
        let scope = scope.at(own);
        let (ids, hidden) = shared.table.dims2()?;
        let same = |table: &Self| -> Result<bool> {
            for id in 0..ids as u32 {
                if table.forward(std::iter::once(id))? != shared.forward(std::iter::once(id))? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if scope.has("weight") {
            let table = Self::load(&scope, ids, hidden)?;
            if !same(&table)? {
                return Ok(table);
            }
        }
        Ok(Self { table: shared.table.clone() })
    }

    pub(crate) fn table(&self) -> &Tensor {
        &self.table
    }

    /// The vector of each id, `[ids * hidden]`.
    pub(crate) fn forward(&self, ids: impl ExactSizeIterator<Item = u32>) -> Result<Vec<f32>> {
        let mut rows = vec![0.0; ids.len() * self.table.dim(1)?];
        self.add_to(&mut rows, ids)?;
        Ok(rows)
    }

    /// Adds the vector of each id to its row of `[ids * hidden]`.
    pub(crate) fn add_to(&self, rows: &mut [f32], ids: impl Iterator<Item = u32>) -> Result<()> {
        let (known, hidden) = self.table.dims2()?;
        for (row, id) in rows.chunks_exact_mut(hidden).zip(ids) {
            if id as usize >= known {
                let message = format!("the tokenizer knows token {id}, but the embeddings hold {known} tokens");
                return Err(Error::Weights(message));
            }
            with_rows(&self.table, id as usize * hidden..(id as usize + 1) * hidden, |index, number| {
                if let Some(sum) = row.get_mut(index) {
                    *sum += number;
                }
            })?;
        }
        Ok(())
    }
}
