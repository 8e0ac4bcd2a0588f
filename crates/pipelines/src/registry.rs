//! The pipelines, one line a task.

use serde_json::Value;
use vitrine_models::{Config, Encoder, Head};
use vitrine_tasks::Task;

use crate::sentence_transformers::Modules;
use crate::tokenizer::Tokenizer;
use crate::{
    JsonPipeline, Result, feature_extraction, sentence_similarity, table_question_answering, text_classification,
};

/// How a task is run.
pub struct PipelineEntry {
    /// The task.
    pub task: &'static Task,
    /// The head that it needs.
    pub head: Head,
    /// Puts the pipeline together.
    pub(crate) build: fn(Parts) -> Result<Box<dyn JsonPipeline>>,
}

/// What a pipeline is put together from.
pub(crate) struct Parts {
    pub encoder: Encoder,
    pub tokenizer: Tokenizer,
    pub config: Config,
    /// `tokenizer_config.json`; null where absent.
    pub tokenizer_config: Value,
    /// Of a sentence-transformers repository.
    pub modules: Option<Modules>,
}

/// Every pipeline, in the order of `vitrine_tasks::TASKS`.
pub static PIPELINES: &[PipelineEntry] = &[
    PipelineEntry {
        task: &vitrine_tasks::text_classification::TASK,
        head: Head::SequenceClassification,
        build: text_classification::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::table_question_answering::TASK,
        head: Head::TableQuestionAnswering,
        build: table_question_answering::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::feature_extraction::TASK,
        head: Head::None,
        build: feature_extraction::build,
    },
    PipelineEntry {
        task: &vitrine_tasks::sentence_similarity::TASK,
        head: Head::None,
        build: sentence_similarity::build,
    },
];
