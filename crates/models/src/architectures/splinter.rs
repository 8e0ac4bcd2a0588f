//! Splinter (Ram et al., 2021; `modeling_splinter.py` of transformers): BERT with a head that finds an answer by the
//! question's own token.

use crate::architectures::Architecture;
use crate::architectures::bert::{BertBody, DEFAULTS, Positions};
use crate::head::HeadLayers;
use crate::layers::{Activation, BERT, BlockShape, LayerNorm, Linear, Scope};
use crate::{Batch, Config, Encoder, Head, Result};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    model_type: "splinter",
    prefix: "splinter.",
    heads: &[(Head::QuestionAnswering, &["splinter_qass."])],
    unused: &[],
    load,
};

fn load(scope: &Scope<'_>, config: &Config, head: Head) -> Result<Encoder> {
    let config = &config.with_defaults(DEFAULTS);
    let shape = BlockShape::of(config)?;
    let body = BertBody::load(scope, config, &shape, &BERT, Positions::FromZero)?;
    let head = match head {
        Head::QuestionAnswering => Some(SpanSelection::load(&scope.at("splinter_qass"), config, shape.hidden)?),
        _ => None,
    };
    Ok(Encoder::new(body, head.map(|head| Box::new(head) as Box<dyn HeadLayers>)))
}

/// Compares each token, as a start and as an end, with the token that stands for the question.
struct SpanSelection {
    start: Comparison,
    end: Comparison,
    hidden: usize,
    /// The first of these in a text stands for its question; the text's first token where there is none.
    question_token_id: u64,
}

impl SpanSelection {
    fn load(scope: &Scope<'_>, config: &Config, hidden: usize) -> Result<Self> {
        let question_token_id = config.get("question_token_id").as_u64().unwrap_or(104);
        let comparison = |name: &str| Comparison::load(scope, name, hidden);
        Ok(Self { start: comparison("start")?, end: comparison("end")?, hidden, question_token_id })
    }
}

impl HeadLayers for SpanSelection {
    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let tokens = batch.tokens();
        let mut logits = Vec::with_capacity(batch.len() * tokens * 2);
        for (text, ids) in rows.chunks_exact((tokens * self.hidden).max(1)).zip(batch.input_ids().chunks_exact(tokens))
        {
            let place = ids.iter().position(|id| u64::from(*id) == self.question_token_id).unwrap_or(0);
            let question = text.get(place * self.hidden..(place + 1) * self.hidden).unwrap_or_default();
            let (starts, ends) = (self.start.forward(question, text)?, self.end.forward(question, text)?);
            logits.extend(starts.into_iter().zip(ends).flat_map(|(start, end)| [start, end]));
        }
        Ok(logits)
    }
}

/// `classifier(query) · key` of the question's token and each token.
struct Comparison {
    query: (Linear, LayerNorm),
    key: (Linear, LayerNorm),
    classifier: Linear,
}

impl Comparison {
    fn load(scope: &Scope<'_>, name: &str, hidden: usize) -> Result<Self> {
        let transform = |name: String| -> Result<_> {
            let scope = scope.at(name);
            let norm = LayerNorm::load(&scope.at("LayerNorm"), hidden, 1e-5)?;
            Ok((Linear::load(&scope.at("dense"), hidden, hidden, true)?, norm))
        };
        Ok(Self {
            query: transform(format!("query_{name}_transform"))?,
            key: transform(format!("{name}_transform"))?,
            classifier: Linear::load(&scope.at(format!("{name}_classifier")), hidden, hidden, false)?,
        })
    }

    /// `question` is `[hidden]` and `text` `[tokens * hidden]`; the result is `[tokens]`.
    fn forward(&self, question: &[f32], text: &[f32]) -> Result<Vec<f32>> {
        let transform = |(dense, norm): &(Linear, LayerNorm), rows: &[f32]| -> Result<_> {
            let mut rows = dense.forward(rows)?;
            Activation::Gelu.forward(&mut rows);
            norm.forward(&mut rows);
            Ok(rows)
        };
        let query = self.classifier.forward(&transform(&self.query, question)?)?;
        let keys = transform(&self.key, text)?;
        let dot = |key: &[f32]| query.iter().zip(key).map(|(a, b)| a * b).sum();
        Ok(keys.chunks_exact(query.len().max(1)).map(dot).collect())
    }
}
