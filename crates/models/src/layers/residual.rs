//! One part of a layer with its norm and its residual sum, of which layers unlike BERT's are composed.

use super::{FeedForward, Norm, Norms, Reach, SelfAttention, add};
use crate::Result;

/// `x + part(norm(x))` or `norm(x + part(x))`.
pub(crate) struct Residual {
    pub norm: Norm,
    pub norms: Norms,
    pub part: Part,
}

/// What stands between a residual and its sum.
pub(crate) enum Part {
    /// Attention of the tokens to each other.
    Attention(SelfAttention),
    /// Attention of a decoder's tokens to the encoder's.
    Encoded(SelfAttention),
    FeedForward(FeedForward),
}

/// What the parts of a layer attend to.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// The tokens themselves.
    pub own: Reach<'a>,
    /// The encoder's hidden states, `[batch * tokens * hidden]`, in a decoder.
    pub encoded: Option<(&'a [f32], Reach<'a>)>,
}

impl Residual {
    /// `[batch * tokens * hidden]`, in place.
    pub(crate) async fn forward(&self, rows: &mut [f32], sources: &Sources<'_>) -> Result<()> {
        let normal = (self.norms == Norms::Before).then(|| {
            let mut normal = rows.to_vec();
            self.norm.forward(&mut normal);
            normal
        });
        let input = normal.as_deref().unwrap_or(rows);
        let output = match (&self.part, sources.encoded) {
            (Part::FeedForward(feed_forward), _) => feed_forward.forward(input).await?,
            (Part::Encoded(attention), Some((encoded, reach))) => attention.forward_to(input, encoded, &reach).await?,
            (Part::Attention(attention) | Part::Encoded(attention), _) => {
                attention.forward_to(input, input, &sources.own).await?
            }
        };
        add(rows, &output);
        if self.norms == Norms::After {
            self.norm.forward(rows);
        }
        Ok(())
    }
}
