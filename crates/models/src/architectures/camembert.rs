//! CamemBERT (Martin et al., 2019; `modeling_camembert.py` of transformers): RoBERTa for French.

use crate::architectures::{Architecture, roberta};

pub(super) const ARCHITECTURE: Architecture = Architecture { model_type: "camembert", ..roberta::ARCHITECTURE };
