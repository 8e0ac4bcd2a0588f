//! mT5 (Xue et al., 2020; `modeling_mt5.py` of transformers): T5 of many languages.

use crate::architectures::Architecture;
use crate::architectures::bart::token;
use crate::architectures::t5::{self, Defaults};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "mt5",
    load: |scope, config, head| {
        let start = Some(token(config, "decoder_start_token_id").unwrap_or(0));
        let activation = "gated-gelu";
        t5::load(scope, config, head, Defaults { heads: 6, layers: 8, inner: 1024, ids: 250_112, activation, start })
    },
    ..t5::ARCHITECTURE
};
