//! A model that reads whole texts: a body that makes hidden states, and the head that stands on it.

use futures_util::future::LocalBoxFuture;

use crate::head::HeadLayers;
use crate::{Batch, Error, Result, Turn};

/// A body with its head.
pub struct Encoder {
    body: Box<dyn Body>,
    head: Option<Box<dyn HeadLayers>>,
}

/// What an architecture is without its head.
pub(crate) trait Body {
    /// The last hidden states, `[batch * tokens * hidden]` in row-major order.
    fn forward<'a>(&'a self, batch: &'a Batch, turn: &'a dyn Turn) -> LocalBoxFuture<'a, Result<Vec<f32>>>;

    /// Whether padding costs nothing, as its rows are left out.
    fn packs(&self) -> bool {
        false
    }

    /// Numbers in one hidden state.
    fn hidden_size(&self) -> usize;

    /// The most tokens that a text may have; `usize::MAX` where positions do not limit it.
    fn max_tokens(&self) -> usize;
}

impl Encoder {
    pub(crate) fn new(body: impl Body + 'static, head: Option<Box<dyn HeadLayers>>) -> Self {
        Self { body: Box::new(body), head }
    }

    /// The last hidden states, `[batch * tokens * hidden]` in row-major order; rows of padding hold no meaning.
    pub async fn hidden_states(&self, batch: &Batch, turn: &dyn Turn) -> Result<Vec<f32>> {
        self.body.forward(batch, turn).await
    }

    /// The head's logits, of the shape that [`Head`] tells; an error without a head.
    pub async fn logits(&self, batch: &Batch, turn: &dyn Turn) -> Result<Vec<f32>> {
        let head = self.head.as_ref();
        let head = head.ok_or_else(|| Error::UnsupportedHead("it was loaded without one".to_owned()))?;
        let rows = self.body.forward(batch, turn).await?;
        head.forward(&rows, batch)
    }

    /// Whether padding costs nothing, so that texts of any lengths go well together.
    pub fn packs(&self) -> bool {
        self.body.packs()
    }

    /// Numbers in one hidden state.
    pub fn hidden_size(&self) -> usize {
        self.body.hidden_size()
    }

    /// The most tokens that a text may have.
    pub fn max_tokens(&self) -> usize {
        self.body.max_tokens()
    }
}

/// Lets the event loop turn between two layers.
pub(crate) async fn next_layer(turn: &dyn Turn) -> Result<()> {
    if turn.turn().await { Ok(()) } else { Err(Error::Aborted) }
}
