//! The pipelines, one line a task.

use serde_json::Value;
use vitrine_models::{Config, Head};
use vitrine_tasks::Task;

use crate::late::Model;
use crate::sentence_transformers::Modules;
use crate::tokenizer::Tokenizer;
use crate::{
    JsonPipeline, Result, feature_extraction, fill_mask, question_answering, sentence_similarity,
    table_question_answering, text_classification, text_ranking, token_classification, zero_shot_classification,
};

/// How a task is run.
pub struct PipelineEntry {
    /// The task.
    pub task: &'static Task,
    /// The head that it needs.
    pub head: Head,
    /// Whether a checkpoint with the head suits the task, by its config.
    pub(crate) suits: fn(&Config) -> Suits,
    /// Puts the pipeline together.
    pub(crate) build: fn(Parts) -> Result<Box<dyn JsonPipeline>>,
}

/// Whether a checkpoint suits a task for which it has the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suits {
    /// Its config says so, or every one does.
    Yes,
    /// Nothing says so; Python runs it with a warning.
    Untold,
    /// Python refuses it.
    No,
}

/// What a pipeline is put together from.
pub(crate) struct Parts {
    pub encoder: Model,
    pub tokenizer: Tokenizer,
    pub config: Config,
    /// `tokenizer_config.json`; null where absent.
    pub tokenizer_config: Value,
    /// Of a sentence-transformers repository.
    pub modules: Option<Modules>,
    /// `config_sentence_transformers.json`; null where absent.
    pub sentence_transformers: Value,
}

/// Every pipeline, in the order of `vitrine_tasks::TASKS`.
pub static PIPELINES: &[PipelineEntry] = &[
    PipelineEntry {
        task: &vitrine_tasks::text_classification::TASK,
        head: Head::SequenceClassification,
        suits: always,
        build: text_classification::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::token_classification::TASK,
        head: Head::TokenClassification,
        suits: always,
        build: token_classification::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::table_question_answering::TASK,
        head: Head::TableQuestionAnswering,
        suits: always,
        build: table_question_answering::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::question_answering::TASK,
        head: Head::QuestionAnswering,
        suits: always,
        build: question_answering::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::zero_shot_classification::TASK,
        head: Head::SequenceClassification,
        suits: zero_shot_classification::suits,
        build: zero_shot_classification::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::feature_extraction::TASK,
        head: Head::None,
        suits: always,
        build: feature_extraction::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::fill_mask::TASK,
        head: Head::MaskedLm,
        suits: always,
        build: fill_mask::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::sentence_similarity::TASK,
        head: Head::None,
        suits: always,
        build: sentence_similarity::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::text_ranking::TASK,
        head: Head::SequenceClassification,
        suits: text_ranking::suits,
        build: text_ranking::build,
    },
];

fn always(_: &Config) -> Suits {
    Suits::Yes
}
