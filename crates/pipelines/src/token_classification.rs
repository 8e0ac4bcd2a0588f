//! `token-classification`: a label for each token, and the entities that they make up
//! (`pipelines/token_classification.py` of transformers).

use vitrine_tasks::token_classification::{AggregationStrategy, Entity, Inputs, Output, Parameters};

use crate::characters::Characters;
use crate::registry::Parts;
use crate::text_model::{LogitsOf, TextModel, argmax, softmax};
use crate::tokenizer::{Cut, Named, Tokens, Truncation};
use crate::{Context, Error, JsonPipeline, Pipeline, Result};

pub(crate) fn build(parts: Parts) -> Result<Box<dyn JsonPipeline>> {
    Ok(Box::new(TokenClassification { model: TextModel::new(parts) }))
}

struct TokenClassification {
    model: TextModel,
}

/// A token of the text itself.
struct Token {
    text: String,
    /// The probability of each label.
    scores: Vec<f32>,
    index: usize,
    start: usize,
    end: usize,
    continues_word: bool,
}

/// A token or a word with its label.
struct Labelled {
    label: usize,
    score: f32,
    index: usize,
    text: String,
    start: usize,
    end: usize,
}

impl Pipeline for TokenClassification {
    type Inputs = Inputs;
    type Parameters = Parameters;
    type Output = Output;

    const INPUTS: &str = "a text";

    async fn run(&self, text: Inputs, parameters: Parameters, context: &Context<'_>) -> Result<Output> {
        let strategy = parameters.aggregation_strategy;
        let windows = match parameters.stride {
            Some(_) if strategy == AggregationStrategy::None => {
                let message = "`stride` needs an `aggregation_strategy` other than `none`";
                return Err(Error::InvalidInputs(message.to_owned()));
            }
            Some(stride) => {
                let (limit, left) = (self.model.tokenizer.limit, self.model.tokenizer.cuts_left);
                let truncation = Truncation { limit, which: Cut::LongestFirst, stride, left };
                self.model.tokenizer.windows(&text, None, &truncation)?
            }
            None => vec![self.model.encode(&text, None, context)?],
        };
        let logits = self.model.logits(&windows, LogitsOf::Tokens, context).await?;
        let characters = Characters::new(&text);
        let mut entities = Vec::new();
        for (window, logits) in windows.iter().zip(logits) {
            let count = logits.len() / window.ids.len().max(1);
            let labels = self.model.config.labels(count);
            let tokens = self.tokens(window, logits, &characters);
            entities.extend(match strategy {
                AggregationStrategy::None => {
                    tokens.into_iter().map(|token| single(token.labelled(), &labels)).collect()
                }
                AggregationStrategy::Simple => {
                    self.groups(tokens.into_iter().map(Token::labelled).collect(), &labels)?
                }
                _ => self.groups(self.words(&tokens, strategy)?, &labels)?,
            });
        }
        let outside = ["O".to_owned()];
        let ignored = parameters.ignore_labels.as_deref().unwrap_or(&outside);
        let label = |entity: &Entity| entity.entity.clone().or_else(|| entity.entity_group.clone());
        entities.retain(|entity| label(entity).is_none_or(|label| !ignored.contains(&label)));
        Ok(if windows.len() > 1 { without_overlaps(entities) } else { entities })
    }
}

impl TokenClassification {
    /// The tokens of a window that are not special (`gather_pre_entities`).
    fn tokens(&self, window: &Tokens, mut logits: Vec<f32>, characters: &Characters<'_>) -> Vec<Token> {
        let tokenizer = &self.model.tokenizer;
        let marks_continuation = tokenizer.marks_continuation();
        let unknown = tokenizer.named(Named::Unk).map(|(_, id)| id);
        let count = (logits.len() / window.ids.len().max(1)).max(1);
        let places = window.ids.iter().zip(&window.offsets).zip(&window.special).enumerate();
        places
            .zip(logits.chunks_mut(count))
            .filter(|((_, (_, special)), _)| !**special)
            .map(|((index, ((id, (start, end)), _)), scores)| {
                softmax(scores);
                let (start, end) = (*start, *end);
                let text = tokenizer.token(*id).unwrap_or_default();
                let covered = characters.slice(start, end);
                let continues_word = if marks_continuation {
                    text.chars().count() != end.saturating_sub(start)
                } else {
                    start > 0 && !characters.slice(start - 1, start + 1).contains(' ')
                };
                let is_unknown = Some(*id) == unknown;
                Token {
                    text: if is_unknown { covered.to_owned() } else { text },
                    scores: scores.to_vec(),
                    index,
                    start,
                    end,
                    continues_word: continues_word && !is_unknown,
                }
            })
            .collect()
    }

    /// Each word with one label (`aggregate_words`).
    fn words(&self, tokens: &[Token], strategy: AggregationStrategy) -> Result<Vec<Labelled>> {
        tokens.chunk_by(|_, next| next.continues_word).map(|word| self.word(word, strategy)).collect()
    }

    fn word(&self, tokens: &[Token], strategy: AggregationStrategy) -> Result<Labelled> {
        let best = |token: &Token| token.scores.get(argmax(&token.scores)).copied().unwrap_or_default();
        let scores = match strategy {
            AggregationStrategy::Average => {
                let mut sums = vec![0.0; tokens.first().map_or(0, |token| token.scores.len())];
                for token in tokens {
                    sums.iter_mut().zip(&token.scores).for_each(|(sum, score)| *sum += score);
                }
                sums.iter().map(|sum| sum / tokens.len() as f32).collect()
            }
            AggregationStrategy::Max => {
                let surest = tokens.iter().reduce(|most, next| if best(next) > best(most) { next } else { most });
                surest.map(|token| token.scores.clone()).unwrap_or_default()
            }
            _ => tokens.first().map(|token| token.scores.clone()).unwrap_or_default(),
        };
        let label = argmax(&scores);
        Ok(Labelled {
            label,
            score: scores.get(label).copied().unwrap_or_default(),
            index: 0,
            text: self.joined(tokens.iter().map(|token| &token.text))?,
            start: tokens.first().map_or(0, |token| token.start),
            end: tokens.last().map_or(0, |token| token.end),
        })
    }

    /// Neighbours with the same label as one entity, where the later does not begin another (`group_entities`).
    fn groups(&self, labelled: Vec<Labelled>, labels: &[String]) -> Result<Vec<Entity>> {
        let name = |one: &Labelled| labels.get(one.label).map_or("", String::as_str);
        let groups = labelled.chunk_by(|last, next| !begins(name(next)) && tag(name(next)) == tag(name(last)));
        groups
            .map(|group| {
                let named = group.first().map_or("", name);
                Ok(Entity {
                    entity_group: Some(named.split_once('-').map_or(named, |(_, rest)| rest).to_owned()),
                    entity: None,
                    score: group.iter().map(|one| one.score).sum::<f32>() / group.len() as f32,
                    index: None,
                    word: self.joined(group.iter().map(|one| &one.text))?,
                    start: group.first().map_or(0, |one| one.start),
                    end: group.last().map_or(0, |one| one.end),
                })
            })
            .collect()
    }

    fn joined<'a>(&self, texts: impl Iterator<Item = &'a String>) -> Result<String> {
        self.model.tokenizer.convert_tokens_to_string(texts.cloned().collect())
    }
}

impl Token {
    /// With its best label.
    fn labelled(self) -> Labelled {
        let label = argmax(&self.scores);
        let score = self.scores.get(label).copied().unwrap_or_default();
        Labelled { label, score, index: self.index, text: self.text, start: self.start, end: self.end }
    }
}

fn single(token: Labelled, labels: &[String]) -> Entity {
    Entity {
        entity_group: None,
        entity: Some(labels.get(token.label).cloned().unwrap_or_default()),
        score: token.score,
        index: Some(token.index),
        word: token.text,
        start: token.start,
        end: token.end,
    }
}

fn begins(label: &str) -> bool {
    label.starts_with("B-")
}

/// A label without its `B-` or `I-`.
fn tag(label: &str) -> &str {
    label.strip_prefix("B-").or_else(|| label.strip_prefix("I-")).unwrap_or(label)
}

/// Of entities of several windows that overlap, the longest, or the surest of equal length
/// (`aggregate_overlapping_entities`).
fn without_overlaps(mut entities: Vec<Entity>) -> Vec<Entity> {
    entities.sort_by_key(|entity| entity.start);
    let Some(mut previous) = entities.first().cloned() else { return entities };
    let mut kept = Vec::new();
    for entity in entities {
        if previous.start <= entity.start && entity.start < previous.end {
            let rank = |entity: &Entity| (entity.end.saturating_sub(entity.start), entity.score);
            if rank(&entity) > rank(&previous) {
                previous = entity;
            }
        } else {
            kept.push(std::mem::replace(&mut previous, entity));
        }
    }
    kept.push(previous);
    kept
}
