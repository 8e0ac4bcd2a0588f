//! What the index knows of a model.

use serde_json::{Value, json};

use crate::model::{Model, library};

/// One model of the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The repository's id.
    pub repo: String,
    /// The pipeline tag.
    pub task: Option<String>,
    /// The library, by the card or by the files.
    pub library: Option<String>,
    /// Languages, as the card has them.
    pub languages: Vec<String>,
    /// Licences, as the card has them.
    pub licences: Vec<String>,
    /// The card's tags.
    pub tags: Vec<String>,
    /// Numbers in all tensors together.
    pub parameters: Option<u64>,
    /// Bytes of the weights.
    pub weights: u64,
}

/// What the index says of a model.
pub fn entry(model: &Model) -> Entry {
    let card = &model.snapshot.card;
    Entry {
        repo: model.snapshot.repo.clone(),
        task: model.snapshot.task().filter(|tag| is_tag(tag)).map(str::to_owned),
        library: library(model),
        languages: card.languages(),
        licences: card.licence().map(|licence| licence.ids).unwrap_or_default(),
        tags: card.tags(),
        parameters: model.parameters.map(|parameters| parameters.values().sum()),
        weights: model.weights,
    }
}

/// Whether a pipeline tag has the form of one: it names a folder of the site.
fn is_tag(tag: &str) -> bool {
    !tag.is_empty() && tag.len() <= 64 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Entry {
    /// What a line of results shows: id, task, library, licence, parameters (0 where they are not known).
    pub(super) fn row(&self) -> Value {
        json!([self.repo, self.task, self.library, self.licences.first(), self.parameters.unwrap_or(0)])
    }
}

#[cfg(test)]
mod tests {
    use super::is_tag;

    #[test]
    fn a_tag_is_no_path() {
        assert!(is_tag("text-classification") && is_tag("image-to-3d"));
        for bad in ["", "..", "../x", "a/b", "a b", "a%2fb", "ü", &"a".repeat(65)] {
            assert!(!is_tag(bad), "{bad}");
        }
    }
}
