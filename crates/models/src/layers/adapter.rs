//! An adapter (Houlsby et al., 2019): a small feed-forward network that changes what a layer has made.

use super::{FeedForward, LayerNorm, add};
use crate::Result;

/// `x + network(x)`, with a norm before the network.
pub(crate) struct Adapter {
    pub network: FeedForward,
    pub norm: AdapterNorm,
    /// Whether the residual too is normalized.
    pub normal_residual: bool,
}

/// The norm before an adapter's network.
pub(crate) enum AdapterNorm {
    None,
    Own(LayerNorm),
    /// The layer's last norm.
    OfLayer,
}

impl Adapter {
    /// `[rows * hidden]`, in place.
    pub(crate) async fn forward(&self, rows: &mut [f32], of_layer: &LayerNorm) -> Result<()> {
        let mut normal = rows.to_vec();
        match &self.norm {
            AdapterNorm::None => {}
            AdapterNorm::Own(norm) => norm.forward(&mut normal),
            AdapterNorm::OfLayer => of_layer.forward(&mut normal),
        }
        if self.normal_residual {
            rows.copy_from_slice(&normal);
        }
        add(rows, &self.network.forward(&normal).await?);
        Ok(())
    }
}
