//! `question-answering`: the span of a context that answers a question (`pipelines/question_answering.py` of
//! transformers 4.57, the last with this pipeline).

use vitrine_tasks::OneOrMany;
use vitrine_tasks::question_answering::{Answer, Inputs, Output, Parameters};

use crate::characters::Characters;
use crate::registry::Parts;
use crate::text_model::{LogitsOf, TextModel, note_truncation, softmax};
use crate::tokenizer::{Cut, Named, Tokens, Truncation};
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

/// Python's defaults.
const MAX_SEQ_LEN: usize = 384;
const DOC_STRIDE: usize = 128;
const MAX_ANSWER_LEN: usize = 15;
const MAX_QUESTION_LEN: usize = 64;

/// The logit of a token that cannot be in an answer.
const NEVER: f32 = -10000.0;

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    Ok(Box::new(QuestionAnswering { model: TextModel::new(parts) }))
}

struct QuestionAnswering {
    model: TextModel,
}

/// Tokens of a window, first and last, with the probability that they are the answer.
struct Span {
    start: usize,
    end: usize,
    score: f32,
}

impl Pipeline for QuestionAnswering {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "an object with the texts `question` and `context`";

    async fn run(&self, inputs: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        for (name, text) in [("question", &inputs.question), ("context", &inputs.context)] {
            if text.is_empty() {
                return Err(Error::InvalidInputs(format!("`{name}` is empty")));
            }
        }
        let (windows, question_first) = self.windows(&inputs, &parameters, context)?;
        let top_k = parameters.top_k.unwrap_or(1);
        let align_to_words = parameters.align_to_words.unwrap_or(true);
        // Some candidates may become the same words.
        let candidates = if align_to_words { top_k.saturating_mul(2).saturating_add(10) } else { top_k };
        let max_answer_len = parameters.max_answer_len.unwrap_or(MAX_ANSWER_LEN);
        let logits = self.model.logits(&windows, LogitsOf::Tokens, context).await?;
        let characters = Characters::new(&inputs.context);
        let (mut answers, mut null_score) = (Vec::<Answer>::new(), f32::MAX);
        for (window, logits) in windows.iter().zip(&logits) {
            let (spans, null) = self.spans(window, logits, question_first, max_answer_len, candidates);
            null_score = null_score.min(null);
            for span in spans {
                let (start, end) = places(window, &span, usize::from(question_first), align_to_words);
                let answer = characters.slice(start, end);
                let known = answers.iter_mut().find(|known| known.answer.to_lowercase() == answer.to_lowercase());
                match known {
                    Some(known) => known.score += span.score,
                    None => answers.push(Answer { score: span.score, start, end, answer: answer.to_owned() }),
                }
            }
        }
        let none = |score| Answer { score, start: 0, end: 0, answer: String::new() };
        if parameters.handle_impossible_answer == Some(true) {
            answers.push(none(null_score));
        } else if answers.is_empty() {
            answers.push(none(0.0));
        }
        answers.sort_by(|a, b| b.score.total_cmp(&a.score));
        answers.truncate(top_k);
        Ok(if answers.len() == 1 { OneOrMany::One(answers.remove(0)) } else { OneOrMany::Many(answers) })
    }
}

impl QuestionAnswering {
    /// The question with each stretch of the context, and whether the question comes first.
    fn windows(&self, inputs: &Inputs, parameters: &Parameters, context: &Context<'_>) -> Result<(Vec<Tokens>, bool)> {
        let tokenizer = &self.model.tokenizer;
        let limit =
            parameters.max_seq_len.unwrap_or(tokenizer.limit.min(MAX_SEQ_LEN)).min(self.model.encoder.max_tokens());
        let stride = parameters.doc_stride.unwrap_or(DOC_STRIDE.min(limit / 2));
        if stride > limit {
            let message = format!("`doc_stride` ({stride}) is larger than `max_seq_len` ({limit})");
            return Err(Error::InvalidInputs(message));
        }
        let question_first = !tokenizer.pads_left;
        let which = if question_first { Cut::OnlySecond } else { Cut::OnlyFirst };
        let truncation = Truncation { limit, which, stride, left: tokenizer.cuts_left };
        let windows = |question: &str| match question_first {
            true => tokenizer.windows(question, Some(&inputs.context), &truncation),
            false => tokenizer.windows(&inputs.context, Some(question), &truncation),
        };
        let found = windows(&inputs.question).or_else(|error| {
            // Python fails on a question that leaves no room for the context.
            let most = parameters.max_question_len.unwrap_or(MAX_QUESTION_LEN);
            let question = tokenizer.encode(&inputs.question, None, usize::MAX, false)?;
            let own = question.offsets.iter().zip(&question.special).filter(|(_, special)| !**special);
            let Some(((_, end), _)) = own.clone().nth(most).and_then(|_| own.clone().nth(most.checked_sub(1)?)) else {
                return Err(error);
            };
            let windows = windows(Characters::new(&inputs.question).slice(0, *end))?;
            note_truncation(&question, most, context);
            Ok(windows)
        })?;
        Ok((found, question_first))
    }

    /// The likeliest spans of a window, the best first, and the probability that it holds no answer
    /// (`select_starts_ends` and `decode_spans`). Spans without any probability, whose order Python leaves to chance, are
    /// left out.
    fn spans(
        &self,
        window: &Tokens,
        logits: &[f32],
        question_first: bool,
        max_answer_len: usize,
        count: usize,
    ) -> (Vec<Span>, f32) {
        let cls = self.model.tokenizer.named(Named::Cls).map(|(_, id)| id);
        // Where the context comes first, Python leaves out nothing.
        let places = window.ids.iter().zip(&window.sequences);
        let allowed: Vec<bool> =
            places.map(|(id, sequence)| !question_first || *sequence == Some(1) || Some(*id) == cls).collect();
        let probabilities = |which: usize| {
            let own = logits.chunks_exact(2).filter_map(|both| both.get(which)).zip(&allowed);
            let mut own: Vec<f32> = own.map(|(logit, allowed)| if *allowed { *logit } else { NEVER }).collect();
            softmax(&mut own);
            let first = own.first_mut().map(std::mem::take).unwrap_or_default();
            (own, first)
        };
        let ((starts, null_start), (ends, null_end)) = (probabilities(0), probabilities(1));
        let mut spans = Vec::new();
        for (start, of_start) in starts.iter().enumerate() {
            for (end, of_end) in ends.iter().enumerate().skip(start).take(max_answer_len) {
                spans.push(Span { start, end, score: of_start * of_end });
            }
        }
        spans.retain(|span| span.score > 0.0);
        spans.sort_by(|a, b| b.score.total_cmp(&a.score));
        spans.truncate(count);
        let is_allowed = |index: usize| allowed.get(index).copied().unwrap_or_default();
        spans.retain(|span| is_allowed(span.start) && is_allowed(span.end));
        (spans, null_start * null_end)
    }
}

/// Where a span begins and ends in the context, in characters (`get_indices`).
fn places(window: &Tokens, span: &Span, sequence: usize, align_to_words: bool) -> (usize, usize) {
    let offset = |index: usize| window.offsets.get(index).copied().unwrap_or_default();
    // As `Encoding.word_to_chars`: from the first token of the context that is of the word to the last.
    let word = |index: usize| {
        let word = window.words.get(index).copied().flatten()?;
        let of_word = |index: &usize| {
            window.words.get(*index) == Some(&Some(word)) && window.sequences.get(*index) == Some(&Some(sequence))
        };
        let mut tokens = (0..window.words.len()).filter(of_word);
        let first = tokens.next()?;
        Some((offset(first).0, offset(tokens.next_back().unwrap_or(first)).1))
    };
    match (word(span.start), word(span.end)) {
        (Some((start, _)), Some((_, end))) if align_to_words => (start, end),
        _ => (offset(span.start).0, offset(span.end).1),
    }
}
