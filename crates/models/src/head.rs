//! Heads: what stands on a body, and the layers that nearly all of them are composed of.

use crate::layers::{Activation, LayerNorm, Linear, Scope, add, scale};
use crate::{Batch, Config, Error, Result};

/// What stands on a model's body. The logits' shape stands with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Nothing: hidden states.
    None,
    /// A score for each entry of the vocabulary: `[wanted * vocabulary]` for the tokens that the batch wants.
    MaskedLm,
    /// Labels for a whole text: `[batch * labels]`.
    SequenceClassification,
    /// Labels for each token: `[batch * tokens * labels]`.
    TokenClassification,
    /// How likely an answer starts and ends at each token: `[batch * tokens * 2]`.
    QuestionAnswering,
    /// A score for each text, which is one of several choices: `[batch]`.
    MultipleChoice,
    /// Of a table's cells and how to sum them up: `[batch * tokens]` logits of cells, then `[batch * aggregators]`.
    TableQuestionAnswering,
}

impl Head {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::MaskedLm => "masked-lm",
            Self::SequenceClassification => "sequence-classification",
            Self::TokenClassification => "token-classification",
            Self::QuestionAnswering => "question-answering",
            Self::MultipleChoice => "multiple-choice",
            Self::TableQuestionAnswering => "table-question-answering",
        }
    }

    /// The head of a class that a checkpoint was saved from, for instance `BertForMaskedLM`; `None` where the class is
    /// of no head known here, as of models for pre-training, which have several.
    pub fn of_class(name: &str) -> Option<Self> {
        const ENDINGS: &[(&str, Head)] = &[
            ("ForMaskedLM", Head::MaskedLm),
            ("WithLMHeadModel", Head::MaskedLm),
            ("ForSequenceClassification", Head::SequenceClassification),
            ("ForTokenClassification", Head::TokenClassification),
            ("ForQuestionAnswering", Head::QuestionAnswering),
            ("ForQuestionAnsweringSimple", Head::QuestionAnswering),
            ("ForMultipleChoice", Head::MultipleChoice),
            ("EncoderModel", Head::None),
        ];
        if name == "TapasForQuestionAnswering" {
            return Some(Self::TableQuestionAnswering);
        }
        let known = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, head)| *head);
        known.or_else(|| (name.ends_with("Model") && !name.ends_with("LMHeadModel")).then_some(Self::None))
    }
}

/// The layers of a head.
pub(crate) trait HeadLayers {
    /// `[batch * tokens * hidden]` → logits of the shape that [`Head`] tells.
    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>>;
}

/// A head that takes some tokens of each text through one step after the other.
pub(crate) struct Steps {
    tokens: Tokens,
    steps: Vec<Step>,
}

/// The tokens that a head reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tokens {
    /// The first of each text.
    First,
    /// The last of each text that is not padding.
    Last,
    /// Whatever stands last, which is padding in a text shorter than the longest.
    End,
    /// All.
    Every,
    /// Those that the batch wants.
    Wanted,
}

/// One step of a head.
pub(crate) enum Step {
    Linear(Linear),
    Activation(Activation),
    Norm(LayerNorm),
    /// The mean of each text's tokens: `[batch * tokens * width]` → `[batch * width]`.
    Mean,
    /// The last token of each text that has this id: `[batch * tokens * width]` → `[batch * width]`.
    LastOf(u32),
}

impl Steps {
    pub(crate) fn new(tokens: Tokens, steps: Vec<Step>) -> Box<dyn HeadLayers> {
        Box::new(Self { tokens, steps })
    }

    /// A label for each text by two linear maps of its first token: `[hidden, hidden]`, then `[labels, hidden]`.
    pub(crate) fn of_first(
        scope: &Scope<'_>,
        [inner, outer]: [&str; 2],
        hidden: usize,
        activation: Activation,
        labels: usize,
    ) -> Result<Box<dyn HeadLayers>> {
        let inner = Linear::load(&scope.at(inner), hidden, hidden, true)?;
        let outer = Linear::load(&scope.at(outer), hidden, labels, true)?;
        let steps = vec![Step::Linear(inner), Step::Activation(activation), Step::Linear(outer)];
        Ok(Self::new(Tokens::First, steps))
    }

    /// The heads that are one linear map of each token: `classifier` and `qa_outputs`; `None` for another head.
    pub(crate) fn of_every(
        scope: &Scope<'_>,
        config: &Config,
        hidden: usize,
        head: Head,
    ) -> Result<Option<Box<dyn HeadLayers>>> {
        let (name, labels) = match head {
            Head::TokenClassification => ("classifier", config.label_count()?),
            Head::QuestionAnswering => ("qa_outputs", 2),
            _ => return Ok(None),
        };
        let linear = Linear::load(&scope.at(name), hidden, labels, true)?;
        Ok(Some(Self::new(Tokens::Every, vec![Step::Linear(linear)])))
    }
}

impl HeadLayers for Steps {
    fn forward(&self, rows: &[f32], batch: &Batch) -> Result<Vec<f32>> {
        let mut rows = select(rows, batch, self.tokens);
        for step in &self.steps {
            match step {
                Step::Linear(linear) => rows = linear.forward(&rows)?,
                Step::Activation(activation) => activation.forward(&mut rows),
                Step::Norm(norm) => norm.forward(&mut rows),
                Step::Mean => rows = means(&rows, batch),
                Step::LastOf(id) => rows = last_of(&rows, batch, *id)?,
            }
        }
        Ok(rows)
    }
}

/// The mean of each text's rows without padding.
fn means(rows: &[f32], batch: &Batch) -> Vec<f32> {
    let width = rows.len() / (batch.len() * batch.tokens()).max(1);
    let mut means = vec![0.0; batch.len() * width];
    let texts = rows.chunks_exact((batch.tokens() * width).max(1)).zip(batch.lengths());
    for (mean, (text, length)) in means.chunks_exact_mut(width.max(1)).zip(texts) {
        text.chunks_exact(width).take(*length).for_each(|row| add(mean, row));
        scale(mean, 1.0 / *length as f32);
    }
    means
}

/// The row of the last token of each text that has the id `id`; an error where there is none, as in Python.
fn last_of(rows: &[f32], batch: &Batch, id: u32) -> Result<Vec<f32>> {
    let width = rows.len() / (batch.len() * batch.tokens()).max(1);
    let mut found = Vec::with_capacity(batch.len() * width);
    let texts = rows.chunks_exact((batch.tokens() * width).max(1)).zip(batch.input_ids().chunks_exact(batch.tokens()));
    for (text, ids) in texts {
        let last = ids.iter().rposition(|other| *other == id);
        let last =
            last.ok_or_else(|| Error::Weights(format!("the text has no token {id}, at which the head reads")))?;
        found.extend_from_slice(text.get(last * width..(last + 1) * width).unwrap_or_default());
    }
    Ok(found)
}

/// The rows of some tokens: `[batch * tokens * width]` → `[selected * width]`.
pub(crate) fn select(rows: &[f32], batch: &Batch, tokens: Tokens) -> Vec<f32> {
    let width = rows.len() / (batch.len() * batch.tokens()).max(1);
    let row = |index: usize| rows.get(index * width..(index + 1) * width).unwrap_or_default();
    let starts = (0..batch.len()).map(|text| text * batch.tokens());
    match tokens {
        Tokens::Every => rows.to_vec(),
        Tokens::First => starts.flat_map(row).copied().collect(),
        Tokens::Last => {
            let last = starts.zip(batch.lengths()).map(|(start, length)| start + length.saturating_sub(1));
            last.flat_map(row).copied().collect()
        }
        Tokens::End => starts.flat_map(|start| row(start + batch.tokens() - 1)).copied().collect(),
        Tokens::Wanted => batch.wanted().flat_map(row).copied().collect(),
    }
}
