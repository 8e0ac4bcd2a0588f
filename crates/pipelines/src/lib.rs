//! Tasks made to run: inputs → tokenizer → model → output. Everything the product does except the browser.

mod background;
mod batching;
mod characters;
mod convert;
mod embedder;
mod error;
mod feature_extraction;
mod fill_mask;
mod inspect;
mod late;
mod load;
mod loading;
mod question_answering;
mod reading;
mod registry;
mod sentence_similarity;
mod sentence_transformers;
mod suiting;
mod table_question_answering;
mod tapas;
mod text_classification;
mod text_model;
mod text_ranking;
mod token_classification;
mod tokenizer;
mod zero_shot_classification;

/// What workers that share a model say to each other.
pub mod peers {
    pub use vitrine_models::{Call, Error, Message, Peers, Result, Share, SharedPeers, gflops};
}

pub use convert::{Converted, convert};
pub use error::{Error, Result};
pub use inspect::{Inspection, inspect};
pub use late::Late;
pub use load::{LoadOptions, Machine, Session, load};
pub use registry::PIPELINES;
pub use vitrine_models::memory;

use std::cell::RefCell;

use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vitrine_tasks::protocol::{Note, Progress};

/// Where pipelines run: a worker of a page, a command, a test.
pub trait Host {
    /// How far a load is.
    fn progress(&self, progress: Progress);

    /// Lets the event loop turn; false once the run is no longer wanted.
    fn turn(&self) -> LocalBoxFuture<'_, bool>;
}

/// What a run can tell its host.
pub struct Context<'a> {
    host: &'a dyn Host,
    notes: RefCell<Vec<Note>>,
}

impl Context<'_> {
    /// Adds a note for the reader of the output, once; of two truncations the longer text counts.
    fn note(&self, note: Note) {
        let mut notes = self.notes.borrow_mut();
        match (notes.iter_mut().find(|known| std::mem::discriminant(*known) == std::mem::discriminant(&note)), &note) {
            (Some(Note::Truncated { tokens, .. }), Note::Truncated { tokens: more, .. }) => {
                *tokens = (*tokens).max(*more)
            }
            (Some(_), _) => {}
            (None, _) => notes.push(note),
        }
    }
}

impl vitrine_models::Turn for Context<'_> {
    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        self.host.turn()
    }
}

/// A task on a model that is ready.
pub(crate) trait Pipeline {
    type Inputs: DeserializeOwned;
    type Parameters: DeserializeOwned + Default;
    type Output: Serialize;

    /// What the inputs must be, in words.
    const INPUTS: &str;

    /// Runs the task.
    async fn run(
        &self,
        inputs: Self::Inputs,
        parameters: Self::Parameters,
        context: &Context<'_>,
    ) -> Result<Self::Output>;
}

/// A [`Pipeline`] with JSON on both sides.
pub(crate) trait JsonPipeline {
    fn run_json<'a>(
        &'a self,
        inputs: &'a Value,
        parameters: &'a Value,
        context: &'a Context<'a>,
    ) -> LocalBoxFuture<'a, Result<String>>;
}

impl<P: Pipeline> JsonPipeline for P {
    fn run_json<'a>(
        &'a self,
        inputs: &'a Value,
        parameters: &'a Value,
        context: &'a Context<'a>,
    ) -> LocalBoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let inputs = P::Inputs::deserialize(inputs)
                .map_err(|_| Error::InvalidInputs(format!("the inputs must be {}", P::INPUTS)))?;
            let parameters = match parameters {
                Value::Null => P::Parameters::default(),
                given => P::Parameters::deserialize(given)
                    .map_err(|error| Error::InvalidInputs(format!("parameters: {error}")))?,
            };
            let output = self.run(inputs, parameters, context).await?;
            serde_json::to_string(&output).map_err(|error| Error::Internal(error.to_string()))
        })
    }
}
