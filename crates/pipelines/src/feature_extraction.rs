//! `feature-extraction`: pooled embeddings where the repository says how to pool, else a vector for each token.

use vitrine_tasks::feature_extraction::{Inputs, Output, Parameters, TruncationDirection};

use crate::embedder::{Embedder, Preparation};
use crate::registry::Parts;
use crate::sentence_transformers::normalize;
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    Ok(Box::new(FeatureExtraction { embedder: Embedder::new(parts)? }))
}

struct FeatureExtraction {
    embedder: Embedder,
}

impl Pipeline for FeatureExtraction {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "a text or a list of texts";

    async fn run(&self, inputs: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        let texts: Vec<&str> = match &inputs {
            Inputs::One(text) => vec![text],
            Inputs::Many(texts) => texts.iter().map(String::as_str).collect(),
        };
        let preparation = Preparation {
            prompt_name: parameters.prompt_name.as_deref(),
            refuse_long: parameters.truncate == Some(false),
            cut_left: parameters.truncation_direction == Some(TruncationDirection::Left),
        };
        if self.embedder.modules.is_some() {
            let mut embeddings = self.embedder.embed(&texts, &preparation, context).await?;
            if parameters.normalize == Some(true) {
                embeddings.iter_mut().for_each(|embedding| normalize(embedding));
            }
            return Ok(Output::Pooled(embeddings));
        }
        if parameters.normalize == Some(true) || parameters.prompt_name.is_some() {
            let message =
                "`normalize` and `prompt_name` need a sentence-transformers repository, which says how to pool";
            return Err(Error::InvalidInputs(message.to_owned()));
        }
        let mut all = self.embedder.hidden_states(&texts, &preparation, context).await?;
        Ok(match (inputs, all.pop()) {
            (Inputs::One(_), Some(tokens)) => Output::Tokens(tokens),
            (_, last) => {
                all.extend(last);
                Output::ManyTokens(all)
            }
        })
    }
}
