//! XLM-RoBERTa (Conneau et al., 2019; `modeling_xlm_roberta.py` of transformers): RoBERTa with a vocabulary of 100
//! languages.

use crate::architectures::{Architecture, roberta};

pub(super) const ARCHITECTURE: Architecture = Architecture { model_type: "xlm-roberta", ..roberta::ARCHITECTURE };
