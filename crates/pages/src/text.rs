//! Every word of the pages that does not come from a task or a model.

#![allow(missing_docs, reason = "each constant is its own description")]

pub const SKIP: &str = "Skip to the content";
pub const ALL_MODELS: &str = "All models";
pub const MODEL: &str = "Model";
pub const TRY_IT: &str = "Try it";
pub const NEEDS_SCRIPT: &str =
    "Running the model in your browser needs JavaScript. What its author wrote and the example outputs are below.";
pub const NO_TASK: &str = "The repository names no task that runs in the browser.";
pub const CARD: &str = "Model card";
pub const NO_CARD: &str = "There is no model card: the repository has no README.md.";
pub const EMPTY_CARD: &str = "The model card has no text.";
pub const CONTENTS: &str = "Contents";
pub const LICENCE: &str = "Licence";
pub const TASK: &str = "Task";
pub const LIBRARY: &str = "Library";
pub const LANGUAGES: &str = "Languages";
pub const DATASETS: &str = "Data sets";
pub const BASE_MODELS: &str = "Base models";
pub const PAPERS: &str = "Papers";
pub const TAGS: &str = "Tags";
pub const FACTS: &str = "Facts";
pub const PARAMETERS: &str = "Parameters";
pub const DTYPE: &str = "Number format";
pub const WEIGHTS: &str = "Weights";
pub const ARCHITECTURE: &str = "Architecture";
pub const COMMIT: &str = "Commit";
pub const UPDATED: &str = "Updated";
pub const EMISSIONS: &str = "Emissions of training";
pub const METRICS: &str = "Metrics";

pub const ABOUT: &str = "What to know before you rely on it";
pub const INTENDED_USES: &str = "Intended uses";
pub const LIMITATIONS: &str = "Limitations";
pub const BIAS: &str = "Bias and risks";
pub const TRAINING_DATA: &str = "Training data";
pub const EVALUATION: &str = "Evaluation";
pub const NO_INTENDED_USES: &str = "The card does not say what the model is meant for.";
pub const NO_LIMITATIONS: &str = "The card names no limitations. That does not mean that there are none.";
pub const NO_BIAS: &str = "The card says nothing about bias and risks. That does not mean that there are none.";
pub const NO_TRAINING_DATA: &str = "The card does not say what the model was trained on.";
pub const NO_EVALUATION: &str = "The card does not say how the model was evaluated.";
pub const MISSING: &str = "missing";
pub const IN_THE_CARD: &str = "In the card";

pub const EXAMPLES: &str = "Example outputs";
pub const EXAMPLES_HINT: &str = "As the author gives them; nothing was run.";
pub const EXAMPLE_INPUT: &str = "Input";

pub const RESULTS: &str = "Evaluation results";
pub const DATASET: &str = "Data set";
pub const METRIC: &str = "Metric";
pub const VALUE: &str = "Value";
pub const SOURCE: &str = "Source";
pub const VERIFIED: &str = "verified";
pub const SELF_REPORTED: &str = "self-reported";

pub const FILES: &str = "Files";
pub const FILE: &str = "File";
pub const SIZE: &str = "Size";
pub const SHA256: &str = "SHA-256";
pub const TOTAL: &str = "In all";

pub const USE: &str = "Use this model";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied";

pub const VERSIONS: &str = "Versions";
pub const VERSION: &str = "Version";
pub const BRANCH: &str = "Branch";
pub const TAG: &str = "Tag";
pub const DATE: &str = "Date";
pub const MESSAGE: &str = "Message";
pub const THIS_VERSION: &str = "shown here";
pub const NEW_VERSION: &str = "There is a newer version of this model:";
pub const OTHER_VERSION: &str = "This is not the current version.";
pub const CURRENT_VERSION: &str = "Show the current version";
pub const NOT_FOR_ALL: &str = "Its author marks this model as unsuitable for some people.";
pub const GATED: &str = "The author grants access to this model’s files.";

pub const REMOTE_IMAGES_SHOW: &str = "Show pictures";
pub const MADE_WITH: &str = "Made with Vitrine. Models run on your device; nothing you type leaves it.";

/// The remark above a card with pictures of other sites.
pub fn remote_images(count: usize) -> String {
    match count {
        1 => "One picture of this card is on another site and has not been fetched.".to_owned(),
        count => format!("{count} pictures of this card are on other sites and have not been fetched."),
    }
}

/// How a model was made of another.
pub fn relation(relation: Option<vitrine_hub::card::BaseModelRelation>) -> &'static str {
    use vitrine_hub::card::BaseModelRelation as Relation;
    match relation {
        Some(Relation::Adapter) => "adapter of",
        Some(Relation::Merge) => "merge of",
        Some(Relation::Quantized) => "quantized from",
        Some(Relation::Finetune) => "fine-tuned from",
        None => "made from",
    }
}

pub const TASKS: &str = "Tasks";
pub const FILTERS: &str = "Filters";
pub const LANGUAGE: &str = "Language";
pub const SEARCH: &str = "Search";
pub const ANY: &str = "Any";
pub const RESET: &str = "Show all";
pub const PAGES: &str = "Pages";
pub const PREVIOUS: &str = "Previous";
pub const NEXT: &str = "Next";
pub const UNDER_10M: &str = "Under 10M";
pub const UNDER_100M: &str = "10M to 100M";
pub const UNDER_1B: &str = "100M to 1B";
pub const OVER_1B: &str = "1B and more";
pub const ONE_MODEL: &str = "1 model";
pub const NO_MODELS: &str = "No model fits.";
pub const MODELS_PATTERN: &str = "{} models";
pub const PAGE_PATTERN: &str = "Page {} of {}";
pub const SEARCH_FAILED: &str = "The index cannot be reached.";

/// How many models there are.
pub fn models(count: usize) -> String {
    match count {
        0 => NO_MODELS.to_owned(),
        1 => ONE_MODEL.to_owned(),
        count => MODELS_PATTERN.replace("{}", &count.to_string()),
    }
}

/// Which page of how many is shown.
pub fn page_of(number: usize, count: usize) -> String {
    PAGE_PATTERN.replacen("{}", &number.to_string(), 1).replacen("{}", &count.to_string(), 1)
}

/// How large a model is.
pub fn parameters(count: &str) -> String {
    format!("{count} parameters")
}
