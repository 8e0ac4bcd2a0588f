//! `sentence-similarity`: the source's embedding against each of the others.

use vitrine_tasks::sentence_similarity::{Inputs, Output, Parameters};

use crate::embedder::{Embedder, Preparation};
use crate::registry::Parts;
use crate::sentence_transformers::Similarity;
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    Ok(Box::new(SentenceSimilarity { embedder: Embedder::new(parts)? }))
}

struct SentenceSimilarity {
    embedder: Embedder,
}

impl Pipeline for SentenceSimilarity {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "an object with the text `source_sentence` and the list of texts `sentences`";

    async fn run(&self, inputs: Inputs, _: Parameters, context: &Context<'_>) -> Result<Output> {
        if inputs.sentences.is_empty() {
            return Err(Error::InvalidInputs("`sentences` is empty".to_owned()));
        }
        let texts: Vec<&str> =
            std::iter::once(&inputs.source_sentence).chain(&inputs.sentences).map(String::as_str).collect();
        let embeddings = self.embedder.embed(&texts, &Preparation::default(), context).await?;
        let similarity = self.embedder.modules.as_ref().map_or(Similarity::Cosine, |modules| modules.similarity);
        let Some((source, sentences)) = embeddings.split_first() else { return Ok(Vec::new()) };
        Ok(sentences.iter().map(|sentence| similarity.of(source, sentence)).collect())
    }
}
