//! mBART (Liu et al., 2020; `modeling_mbart.py` of transformers): BART with norms before each part, whose decoder begins
//! with the text's last token, which names its language.

use crate::architectures::Architecture;
use crate::architectures::bart::{self, Variant, token};
use crate::architectures::encoder_decoder::Start;
use crate::layers::Norms;

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "mbart",
    load: |scope, config, head| {
        let start = Start::Last(token(config, "pad_token_id").unwrap_or(1));
        bart::load(scope, config, head, Variant { norms: Norms::Before, start, labels: 2 })
    },
    ..bart::ARCHITECTURE
};
