//! Texts to embeddings, as sentence-transformers makes them: batches by length, pooling, and what follows it.

use vitrine_models::{Batch, Pooling};
use vitrine_tasks::protocol::Note;

use crate::batching::{Padding, batches};
use crate::late::Model;
use crate::registry::Parts;
use crate::sentence_transformers::{Modules, Step, normalize};
use crate::text_model::note_truncation;
use crate::tokenizer::Tokenizer;
use crate::{Context, Error, Result};

/// An encoder with its tokenizer, and what makes embeddings of its hidden states.
pub(crate) struct Embedder {
    encoder: Model,
    tokenizer: Tokenizer,
    pub modules: Option<Modules>,
}

/// How inputs are prepared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Preparation<'a> {
    pub prompt_name: Option<&'a str>,
    /// Refuse a text that is too long instead of cutting it.
    pub refuse_long: bool,
    /// Cut the beginning instead of the end.
    pub cut_left: bool,
}

impl Embedder {
    pub(crate) fn new(parts: Parts) -> Result<Self> {
        let Parts { encoder, mut tokenizer, modules, .. } = parts;
        if modules.as_ref().is_some_and(|modules| modules.do_lower_case) {
            tokenizer.lower_case()?;
        }
        Ok(Self { encoder, tokenizer, modules })
    }

    /// An embedding for each text.
    pub(crate) async fn embed(
        &self,
        texts: &[&str],
        preparation: &Preparation<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Vec<f32>>> {
        let mean = Modules::mean();
        let modules = self.modules.as_ref().unwrap_or(&mean);
        if !modules.stated {
            context.note(Note::MeanPooled);
        }
        let prompt = prompt(modules, preparation.prompt_name)?;
        let skip = if prompt.is_empty() { 0 } else { self.tokens_of_prompt(prompt)? };
        let prepared: Vec<String> = texts.iter().map(|text| format!("{prompt}{text}")).collect();
        let mut embeddings = vec![Vec::new(); texts.len()];
        self.each_hidden_states(&prepared, preparation, context, |index, hidden_states| {
            let mut vector = hidden_states.to_vec();
            for step in &modules.steps {
                match step {
                    Step::Pooling { modes, include_prompt } => {
                        let skip = if *include_prompt { 0 } else { skip };
                        vector = Pooling { modes: modes.clone(), skip }.apply(&vector, self.encoder.hidden_size());
                    }
                    Step::Dense { linear, activation } => {
                        vector = linear.forward(&vector)?;
                        activation.forward(&mut vector);
                    }
                    Step::Normalize => normalize(&mut vector),
                }
            }
            vector.truncate(modules.truncate_dim.unwrap_or(usize::MAX));
            if let Some(slot) = embeddings.get_mut(index) {
                *slot = vector;
            }
            Ok(())
        })
        .await?;
        Ok(embeddings)
    }

    /// The hidden states of each text, `[tokens][hidden]`, as the transformer makes them.
    pub(crate) async fn hidden_states(
        &self,
        texts: &[&str],
        preparation: &Preparation<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Vec<Vec<f32>>>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let mut all = vec![Vec::new(); texts.len()];
        self.each_hidden_states(&texts, preparation, context, |index, hidden_states| {
            if let Some(slot) = all.get_mut(index) {
                *slot = hidden_states.chunks_exact(self.encoder.hidden_size()).map(<[f32]>::to_vec).collect();
            }
            Ok(())
        })
        .await?;
        Ok(all)
    }

    /// Runs texts in batches of similar length and hands on the hidden states of each, without padding.
    async fn each_hidden_states(
        &self,
        texts: &[String],
        preparation: &Preparation<'_>,
        context: &Context<'_>,
        mut take: impl FnMut(usize, &[f32]) -> Result<()>,
    ) -> Result<()> {
        let limit = self.limit();
        let mut encoded = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let tokens = self.tokenizer.encode(text, None, limit, preparation.cut_left)?;
            if tokens.untruncated > limit && preparation.refuse_long {
                let message = format!("the text has {} tokens, but the model takes {limit}", tokens.untruncated);
                return Err(Error::InvalidInputs(message));
            }
            note_truncation(&tokens, limit, context);
            encoded.push((index, tokens));
        }
        encoded.sort_by_key(|(_, tokens)| tokens.ids.len());
        let hidden = self.encoder.hidden_size();
        let lengths: Vec<usize> = encoded.iter().map(|(_, tokens)| tokens.ids.len()).collect();
        let padding = if self.encoder.packs() { Padding::Free } else { Padding::Costs };
        for group in batches(&lengths, padding).into_iter().filter_map(|run| encoded.get(run)) {
            let rows: Vec<(&[u32], &[u32])> =
                group.iter().map(|(_, tokens)| (&*tokens.ids, &*tokens.type_ids)).collect();
            let batch = Batch::new(&rows, self.tokenizer.pad_id());
            let states = self.encoder.hidden_states(&batch, context).await?;
            for ((index, tokens), states) in group.iter().zip(states.chunks_exact(batch.tokens() * hidden)) {
                take(*index, states.get(..tokens.ids.len() * hidden).unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn limit(&self) -> usize {
        let stated = self.modules.as_ref().and_then(|modules| modules.max_seq_length);
        stated.unwrap_or(self.tokenizer.limit).min(self.encoder.max_tokens())
    }

    /// Tokens that a prompt takes at the beginning, without the final special token.
    fn tokens_of_prompt(&self, prompt: &str) -> Result<usize> {
        Ok(self.tokenizer.encode(prompt, None, self.limit(), false)?.ids.len().saturating_sub(1))
    }
}

fn prompt<'a>(modules: &'a Modules, name: Option<&str>) -> Result<&'a str> {
    match name.or(modules.default_prompt_name.as_deref()) {
        None => Ok(""),
        Some(name) => match modules.prompts.get(name) {
            Some(prompt) => Ok(prompt),
            None => Err(Error::InvalidInputs(format!("the repository has no prompt `{name}`"))),
        },
    }
}
