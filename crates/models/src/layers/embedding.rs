//! A table with a vector for each id.

use super::Scope;
use crate::weights::Table;
use crate::{Error, Result};

/// A table `[ids, hidden]`, in the resident format.
pub(crate) struct Embedding {
    table: Table,
}

impl Embedding {
    pub(crate) fn load(scope: &Scope<'_>, ids: usize, hidden: usize) -> Result<Self> {
        Ok(Self { table: scope.table(&["weight"], &[ids, hidden])? })
    }

    /// The table under the first of `names` that exists.
    pub(crate) fn load_first(scope: &Scope<'_>, names: &[&str], ids: usize, hidden: usize) -> Result<Self> {
        let found = names.iter().find(|name| scope.at(name).has("weight"));
        Self::load(&scope.at(found.or(names.first()).unwrap_or(&"")), ids, hidden)
    }

    /// The table `own` of `scope`, or `shared` where there is none or an equal one.
    pub(crate) fn tied(scope: &Scope<'_>, own: &str, shared: &Self) -> Result<Self> {
        let scope = scope.at(own);
        let (ids, hidden) = shared.table.dims2();
        if scope.has("weight") {
            let table = Self::load(&scope, ids, hidden)?;
            if !table.table.equals(&shared.table) {
                return Ok(table);
            }
        }
        Ok(Self { table: shared.table.clone() })
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Ids that have a vector.
    pub(crate) fn ids(&self) -> usize {
        self.table.dims2().0
    }

    /// Numbers in a vector.
    pub(crate) fn width(&self) -> usize {
        self.table.dims2().1
    }

    /// The vector of each id, `[ids * hidden]`.
    pub(crate) fn forward(&self, ids: impl ExactSizeIterator<Item = u32>) -> Result<Vec<f32>> {
        let mut rows = vec![0.0; ids.len() * self.table.dims2().1];
        self.add_to(&mut rows, ids)?;
        Ok(rows)
    }

    /// Adds the vector of each id to its row of `[ids * hidden]`.
    pub(crate) fn add_to(&self, rows: &mut [f32], ids: impl Iterator<Item = u32>) -> Result<()> {
        let (known, hidden) = self.table.dims2();
        let ids: Vec<u32> = ids.take(rows.len() / hidden.max(1)).collect();
        self.table.need(ids.iter().map(|id| *id as usize))?;
        let mut vector = vec![0.0; hidden];
        for (row, id) in rows.chunks_exact_mut(hidden.max(1)).zip(ids) {
            if id as usize >= known {
                let message = format!("the tokenizer knows token {id}, but the embeddings hold {known} tokens");
                return Err(Error::Weights(message));
            }
            self.table.read(id as usize * hidden, &mut vector);
            super::add(row, &vector);
        }
        Ok(())
    }
}
