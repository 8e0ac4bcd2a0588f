//! Every word of the pages that does not come from a task or a model.

#![allow(missing_docs, reason = "each constant is its own description")]

use vitrine_hub::card::BaseModelRelation;
use vitrine_views::{Text, texts};

texts! {
    SKIP = "Skip to the content";
    ALL_MODELS = "All models";
    MODEL = "Model";
    TRY_IT = "Try it";
    NEEDS_SCRIPT = "Running the model in your browser needs JavaScript. What its author wrote and the example outputs are below.";
    NO_TASK = "The repository names no task that runs in the browser.";
    CARD = "Model card";
    NO_CARD = "There is no model card: the repository has no README.md.";
    EMPTY_CARD = "The model card has no text.";
    CONTENTS = "Contents";
    CARD_HEADING = "Link to {}";
    CARD_VIDEO = "Video: {}";
    CARD_SOUND = "Sound: {}";
    CARD_CUT = "This card is longer than what is shown of it.";
    LICENCE = "Licence";
    TASK = "Task";
    LIBRARY = "Library";
    LANGUAGES = "Languages";
    DATASETS = "Data sets";
    BASE_MODELS = "Base models";
    PAPERS = "Papers";
    TAGS = "Tags";
    FACTS = "Facts";
    PARAMETERS = "Parameters";
    DTYPE = "Number format";
    WEIGHTS = "Weights";
    ARCHITECTURE = "Architecture";
    COMMIT = "Commit";
    UPDATED = "Updated";
    INSTANCE_PROMPT = "Instance prompt";
    EMISSIONS = "Emissions of training";
    METRICS = "Metrics";

    ABOUT = "What to know before you rely on it";
    INTENDED_USES = "Intended uses";
    LIMITATIONS = "Limitations";
    BIAS = "Bias and risks";
    TRAINING_DATA = "Training data";
    EVALUATION = "Evaluation";
    NO_INTENDED_USES = "The card does not say what the model is meant for.";
    NO_LIMITATIONS = "The card names no limitations. That does not mean that there are none.";
    NO_BIAS = "The card says nothing about bias and risks. That does not mean that there are none.";
    NO_TRAINING_DATA = "The card does not say what the model was trained on.";
    NO_EVALUATION = "The card does not say how the model was evaluated.";
    MISSING = "missing";
    IN_THE_CARD = "In the card";

    EXAMPLES = "Example outputs";
    EXAMPLES_HINT = "As the author gives them; nothing was run.";
    EXAMPLE_INPUT = "Input";

    RESULTS = "Evaluation results";
    DATASET = "Data set";
    METRIC = "Metric";
    VALUE = "Value";
    SOURCE = "Source";
    VERIFIED = "verified";
    SELF_REPORTED = "self-reported";

    FILES = "Files";
    FILE = "File";
    SIZE = "Size";
    SHA256 = "SHA-256";
    TOTAL = "In all";

    USE = "Use this model";
    COPY = "Copy";
    COPIED = "Copied";

    VERSIONS = "Versions";
    VERSION = "Version";
    BRANCH = "Branch";
    TAG = "Tag";
    DATE = "Date";
    MESSAGE = "Message";
    THIS_VERSION = "shown here";
    NEW_VERSION = "There is a newer version of this model:";
    OTHER_VERSION = "This is not the current version.";
    CURRENT_VERSION = "Show the current version";
    NOT_FOR_ALL = "Its author marks this model as unsuitable for some people.";
    GATED = "The author grants access to this model’s files.";

    REMOTE_IMAGES_SHOW = "Show pictures";
    MADE_WITH = "Made with Vitrine. Models run on your device; nothing you type leaves it.";

    TASKS = "Tasks";
    FILTERS = "Filters";
    LANGUAGE = "Language";
    SEARCH = "Search";
    ANY = "Any";
    RESET = "Show all";
    PAGES = "Pages";
    PREVIOUS = "Previous";
    NEXT = "Next";
    UNDER_10M = "Under 10M";
    UNDER_100M = "10M to 100M";
    UNDER_1B = "100M to 1B";
    OVER_1B = "1B and more";
    NO_MODELS = "No model fits.";
    SEARCH_FAILED = "The index cannot be reached.";
    PAGE_OF = "Page {number} of {count}";
    PARAMETERS_IN_ALL = "{} parameters";
    LISTED = "{label}: {values}";
    ADAPTER_OF = "adapter of";
    MERGE_OF = "merge of";
    QUANTIZED_FROM = "quantized from";
    FINETUNED_FROM = "fine-tuned from";
    MADE_FROM = "made from";
    TONNES = "{} t CO₂eq";
    KILOGRAMS = "{} kg CO₂eq";
    GRAMS = "{} g CO₂eq";

    @plurals

    REMOTE_IMAGES = "One picture of this card is on another site and has not been fetched.",
        "{} pictures of this card are on other sites and have not been fetched.";
    MODELS = "{} model", "{} models";
}

/// How a model was made of another.
pub fn relation(relation: Option<BaseModelRelation>) -> Text {
    match relation {
        Some(BaseModelRelation::Adapter) => ADAPTER_OF,
        Some(BaseModelRelation::Merge) => MERGE_OF,
        Some(BaseModelRelation::Quantized) => QUANTIZED_FROM,
        Some(BaseModelRelation::Finetune) => FINETUNED_FROM,
        None => MADE_FROM,
    }
}

/// How many models there are.
pub fn models(count: usize) -> String {
    if count == 0 { NO_MODELS.as_str().to_owned() } else { MODELS.of(count) }
}

/// Which page of how many is shown.
pub fn page_of(number: usize, count: usize) -> String {
    PAGE_OF.with(&[("number", &number.to_string()), ("count", &count.to_string())])
}
