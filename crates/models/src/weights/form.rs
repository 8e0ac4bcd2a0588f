//! The form in which a model wants each tensor, known before the weights come: a model is built once from the names and
//! shapes alone, and what it asks for is written down.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::{Matrix, Table};
use crate::peers::GivenMatrix;
use crate::weights::Rows;

/// The form of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// f32 in row-major order.
    Numbers,
    /// Rows that are read one by one, in the resident format.
    Table,
    /// Packed matrices, some of them with other workers.
    Pieces(Vec<Piece>),
}

/// A part of a matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The worker that holds it; 0 is this one.
    pub peer: usize,
    pub outputs: Range<usize>,
    pub inputs: Range<usize>,
}

/// Where a piece is.
#[derive(Clone)]
pub(crate) enum Held {
    Here(Rc<Matrix>),
    There(Rc<GivenMatrix>),
}

/// A tensor that has arrived.
#[derive(Clone)]
pub(crate) enum Kept {
    Rows(Rc<Rows>),
    Pieces { pieces: Vec<(Piece, Held)>, shape: Vec<usize> },
}

impl Kept {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Self::Rows(rows) => &rows.shape,
            Self::Pieces { shape, .. } => shape,
        }
    }

    /// Bytes in memory, here and with other workers, each with the place that tells what is shared.
    pub(crate) fn bytes(&self) -> Vec<(usize, u64)> {
        match self {
            Self::Rows(rows) => vec![(Rc::as_ptr(rows).addr(), rows.bytes())],
            Self::Pieces { pieces, .. } => {
                let bytes = |(_, held): &(Piece, Held)| match held {
                    Held::Here(matrix) => (Rc::as_ptr(matrix).addr(), matrix.bytes()),
                    Held::There(given) => (Rc::as_ptr(given).addr(), given.bytes),
                };
                pieces.iter().map(bytes).collect()
            }
        }
    }
}

/// The forms that a model asked for.
#[derive(Debug, Default)]
pub struct Asked {
    pub(crate) forms: HashMap<String, Form>,
    /// Tables of which rows are read, and nothing else.
    by_row: HashSet<String>,
}

/// Names and shapes of a checkpoint's tensors, and what a model asks for of them.
pub(crate) struct Asking {
    /// No shape where only the name is known.
    pub known: HashMap<String, Option<Vec<usize>>>,
    pub asked: RefCell<HashMap<String, Form>>,
    pub tables: RefCell<Vec<(String, Table)>>,
}

impl Asking {
    /// Writes down a form; what is asked for in two is kept as a table, from which either can be made.
    pub(crate) fn ask(&self, name: &str, form: Form) {
        let mut asked = self.asked.borrow_mut();
        match asked.get_mut(name) {
            None => drop(asked.insert(name.to_owned(), form)),
            Some(known) if *known == form => {}
            Some(known) => *known = Form::Table,
        }
    }

    /// All that has been asked for.
    pub(crate) fn into_asked(self) -> Asked {
        let forms = self.asked.into_inner();
        let mut by_row = HashSet::new();
        for (name, table) in self.tables.into_inner() {
            if forms.get(&name) == Some(&Form::Table) && !table.is_used_whole() {
                by_row.insert(name);
            }
        }
        Asked { forms, by_row }
    }
}

impl Asked {
    /// Whether rows of a tensor are read one by one and it has no other use.
    pub fn is_read_by_row(&self, name: &str) -> bool {
        self.by_row.contains(name)
    }

    /// Whether the model computes with a tensor's numbers as they are, never rounded.
    pub fn is_exact(&self, name: &str) -> bool {
        self.forms.get(name) == Some(&Form::Numbers)
    }

    /// Whether the model has a use for a tensor.
    pub fn uses(&self, name: &str) -> bool {
        self.forms.contains_key(name.strip_suffix(super::SCALES).unwrap_or(name))
    }
}
