//! A model's tensors by name, in the forms that its layers ask for.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::numbers::Numbers;
use super::{Asked, Asking, Form, Held, Kept, Matrix, Piece, Resident, Rows, Table, bytes_of, hold};
use crate::peers::SharedPeers;
use crate::{Error, Result};

/// A model's tensors, or their names and shapes alone.
pub struct Weights {
    state: State,
    prefix: &'static str,
    resident: Resident,
    peers: Option<SharedPeers>,
    /// Workers that share the layers, this one included.
    workers: usize,
}

enum State {
    Asking(Asking),
    Held(HashMap<String, Kept>),
}

/// What was found under a name.
enum Found<'a> {
    Held(&'a Kept),
    /// The name in the file, and what notes the form.
    Asked(String, &'a Asking),
}

impl Weights {
    pub(super) fn held(
        kept: HashMap<String, Kept>,
        prefix: &'static str,
        resident: Resident,
        peers: Option<SharedPeers>,
    ) -> Self {
        let workers = 1 + peers.as_ref().map_or(0, |peers| peers.count());
        Self { state: State::Held(kept), prefix, resident, peers, workers }
    }

    /// Tensors of which only names and, where they are known, shapes are there; what is asked for is zero.
    pub(crate) fn asking(known: HashMap<String, Option<Vec<usize>>>, prefix: &'static str, workers: usize) -> Self {
        let state = State::Asking(Asking { known, asked: Default::default(), tables: Default::default() });
        Self { state, prefix, resident: Resident::F32, peers: None, workers }
    }

    /// What has been asked for.
    pub(crate) fn into_asked(self) -> Asked {
        match self.state {
            State::Asking(asking) => asking.into_asked(),
            State::Held(_) => Asked::default(),
        }
    }

    /// Workers that share the layers, this one included.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn peers(&self) -> Option<&SharedPeers> {
        self.peers.as_ref()
    }

    pub(crate) fn resident(&self) -> Resident {
        self.resident
    }

    /// Numbers of exactly this shape in row-major order, under the first of `names` that exists.
    pub(crate) fn numbers(&self, names: &[String], shape: &[usize]) -> Result<Vec<f32>> {
        let count: usize = shape.iter().product();
        match self.get(names, shape)? {
            Found::Held(Kept::Rows(rows)) => Ok(rows.to_vec()),
            Found::Held(Kept::Pieces { .. }) => Err(pieces_only(names)),
            Found::Asked(name, asking) => {
                asking.ask(&name, Form::Numbers);
                Ok(vec![0.0; count])
            }
        }
    }

    /// A table of exactly this shape, under the first of `names` that exists.
    pub(crate) fn table(&self, names: &[String], shape: &[usize]) -> Result<Table> {
        match self.get(names, shape)? {
            Found::Held(Kept::Rows(rows)) => Ok(rows.clone()),
            Found::Held(Kept::Pieces { .. }) => Err(pieces_only(names)),
            Found::Asked(name, asking) => {
                asking.ask(&name, Form::Table);
                let table = Rc::new(Rows::new(Numbers::Zeros, shape.to_vec()));
                asking.tables.borrow_mut().push((name, table.clone()));
                Ok(table)
            }
        }
    }

    /// Pieces of a matrix of exactly this shape, packed, each where it belongs.
    pub(crate) fn pieces(&self, name: String, shape: [usize; 2], pieces: Vec<Piece>) -> Result<Vec<Held>> {
        match self.get(std::slice::from_ref(&name), &shape)? {
            Found::Held(Kept::Pieces { pieces: held, .. }) => {
                let of = |piece: &Piece| held.iter().find(|(known, _)| known == piece).map(|(_, held)| held.clone());
                pieces.iter().map(of).collect::<Option<_>>().ok_or_else(|| pieces_only(&[name]))
            }
            Found::Held(Kept::Rows(rows)) => {
                let packed = |Piece { peer, outputs, inputs }: Piece| {
                    hold(peer, Matrix::of_rows(self.resident, rows, outputs, inputs)?, self.peers.as_ref())
                };
                pieces.into_iter().map(packed).collect()
            }
            Found::Asked(name, asking) => {
                let absent = |Piece { outputs, inputs, .. }: &Piece| {
                    Held::Here(Rc::new(Matrix::absent(Range::len(outputs), Range::len(inputs))))
                };
                let held = pieces.iter().map(absent).collect();
                asking.ask(&name, Form::Pieces(pieces));
                Ok(held)
            }
        }
    }

    fn get(&self, names: &[String], shape: &[usize]) -> Result<Found<'_>> {
        let wrong = |name: &String, found: &[usize]| {
            Err(Error::Shape { name: name.clone(), expected: shape.to_vec(), found: found.to_vec() })
        };
        for name in names {
            for stored in [name.clone(), format!("{}{name}", self.prefix)] {
                match &self.state {
                    State::Held(kept) => match kept.get(&stored) {
                        Some(kept) if kept.shape() == shape => return Ok(Found::Held(kept)),
                        Some(kept) => return wrong(name, kept.shape()),
                        None => {}
                    },
                    State::Asking(asking) => match asking.known.get(&stored) {
                        Some(Some(found)) if found != shape => return wrong(name, found),
                        Some(_) => return Ok(Found::Asked(stored, asking)),
                        None => {}
                    },
                }
            }
        }
        Err(Error::MissingTensor(names.first().cloned().unwrap_or_default()))
    }

    /// Whether a tensor exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        [name.to_owned(), format!("{}{name}", self.prefix)].iter().any(|name| match &self.state {
            State::Held(kept) => kept.contains_key(name),
            State::Asking(asking) => asking.known.contains_key(name),
        })
    }

    /// Bytes that the tensors take, here and with other workers; what several share counts once.
    pub fn bytes(&self) -> u64 {
        match &self.state {
            State::Held(kept) => bytes_of(kept),
            State::Asking(_) => 0,
        }
    }
}

fn pieces_only(names: &[String]) -> Error {
    Error::Internal(format!("tensor `{}` was packed for another use", names.first().map_or("", String::as_str)))
}
