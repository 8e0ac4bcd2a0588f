//! The tiny random checkpoints of every architecture and head.

use std::path::{Path, PathBuf};

use futures_util::future::LocalBoxFuture;
use vitrine_models::{Architecture, Head, Turn};

/// Every head with the name of its folder.
pub const HEADS: &[(Head, &str)] = &[
    (Head::None, "none"),
    (Head::MaskedLm, "masked-lm"),
    (Head::SequenceClassification, "sequence-classification"),
    (Head::TokenClassification, "token-classification"),
    (Head::QuestionAnswering, "question-answering"),
    (Head::MultipleChoice, "multiple-choice"),
    (Head::TableQuestionAnswering, "table-question-answering"),
];

/// Lets every computation go on.
pub struct GoOn;

impl Turn for GoOn {
    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The name of a head's folder.
pub fn name(head: Head) -> &'static str {
    HEADS.iter().find(|(known, _)| *known == head).unwrap().1
}

/// Where the checkpoint of an architecture with a head is.
pub fn folder(architecture: &Architecture, head: Head) -> PathBuf {
    root().join("tests/checkpoints/architectures").join(architecture.model_type).join(name(head))
}
