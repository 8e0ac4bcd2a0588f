//! `fill-mask`: what fits into each masked place (`pipelines/fill_mask.py` of transformers).

use std::collections::BTreeSet;

use vitrine_models::Batch;
use vitrine_tasks::OneOrMany;
use vitrine_tasks::fill_mask::{Fill, Inputs, Output, Parameters};

use crate::registry::Parts;
use crate::text_model::{TextModel, softmax};
use crate::tokenizer::{Named, Tokens};
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

/// Fills that are given where no number is asked for.
const TOP_K: usize = 5;

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    Ok(Box::new(FillMask { model: TextModel::new(parts) }))
}

struct FillMask {
    model: TextModel,
}

impl Pipeline for FillMask {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "a text with a mask token";

    async fn run(&self, text: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        let (mask, mask_id) = self.model.tokenizer.named(Named::Mask).ok_or_else(|| {
            Error::MalformedTokenizer("the tokenizer names no mask token, which this task needs".to_owned())
        })?;
        let targets = parameters.targets.as_ref().map(|targets| self.targets(targets.as_slice())).transpose()?;
        let tokens = self.model.encode(&text, None, context)?;
        let places: Vec<usize> =
            (0..tokens.ids.len()).filter(|index| tokens.ids.get(*index) == Some(&mask_id)).collect();
        if places.is_empty() {
            let cut = tokens.untruncated > tokens.ids.len();
            let where_cut = if cut { format!(" within its first {} tokens", tokens.ids.len()) } else { String::new() };
            return Err(Error::InvalidInputs(format!("the text has no mask token{where_cut}: put {mask} into it")));
        }
        let batch = Batch::new(&[(&tokens.ids, &tokens.type_ids)], self.model.tokenizer.pad_id());
        let mut logits = self.model.encoder.logits(&batch.wanting(places.clone()), context).await?;
        let vocabulary = (logits.len() / places.len()).max(1);
        let top_k = parameters.top_k.unwrap_or(TOP_K);
        let mut filled = Vec::new();
        for (place, scores) in places.iter().zip(logits.chunks_mut(vocabulary)) {
            softmax(scores);
            let best = best(scores, targets.as_ref(), top_k);
            let fills = best.into_iter().map(|(id, score)| self.fill(&tokens, *place, id, score, places.len() == 1));
            filled.push(fills.collect::<Result<Vec<Fill>>>()?);
        }
        Ok(if filled.len() == 1 { OneOrMany::One(filled.remove(0)) } else { OneOrMany::Many(filled) })
    }
}

impl FillMask {
    /// The ids of words: of one that is no token by itself, its first token (`get_target_ids`).
    fn targets(&self, words: &[String]) -> Result<BTreeSet<u32>> {
        let tokenizer = &self.model.tokenizer;
        let mut ids = BTreeSet::new();
        for word in words {
            let first = || -> Result<Option<u32>> {
                let tokens = tokenizer.encode(word, None, usize::MAX, false)?;
                let mut own = tokens.ids.iter().zip(&tokens.special).filter(|(_, special)| !**special);
                let id = if tokenizer.cuts_left { own.next_back() } else { own.next() };
                Ok(id.map(|(id, _)| *id))
            };
            ids.extend(match tokenizer.id(word) {
                Some(id) => Some(id),
                None => first()?,
            });
        }
        if ids.is_empty() {
            return Err(Error::InvalidInputs("none of the `targets` is in the vocabulary".to_owned()));
        }
        Ok(ids)
    }

    fn fill(&self, tokens: &Tokens, place: usize, id: u32, score: f32, skip_special: bool) -> Result<Fill> {
        let tokenizer = &self.model.tokenizer;
        let padding = tokenizer.named(Named::Pad).map(|(_, id)| id);
        let ids = tokens.ids.iter().enumerate().map(|(index, own)| if index == place { id } else { *own });
        let ids: Vec<u32> = ids.filter(|id| Some(*id) != padding).collect();
        Ok(Fill {
            score,
            token: id,
            token_str: tokenizer.decode(&[id], false)?,
            sequence: tokenizer.decode(&ids, skip_special)?,
        })
    }
}

/// The ids with the highest scores, the best first; of `among` only where it is given.
fn best(scores: &[f32], among: Option<&BTreeSet<u32>>, count: usize) -> Vec<(u32, f32)> {
    let all = (0u32..).zip(scores.iter().copied());
    let mut found: Vec<(u32, f32)> = all.filter(|(id, _)| among.is_none_or(|among| among.contains(id))).collect();
    let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if count < found.len() {
        found.select_nth_unstable_by(count, order);
        found.truncate(count);
    }
    found.sort_unstable_by(order);
    found
}
