//! Every word of the interface that does not come from a task, an error or a model.

#![allow(missing_docs, reason = "each constant is its own description")]

use crate::format;

pub const ON_DEVICE: &str = "On your device";
pub const PRIVACY: &str = "Runs on your device. Nothing you type leaves it.";
pub const GATED: &str = "Gated: the author grants access";
pub const COMMIT: &str = "Commit";
pub const LICENCE: &str = "Licence";

pub const EXAMPLES: &str = "Examples";
pub const WITH_OUTPUT: &str = "with output";
pub const PARAMETERS: &str = "Parameters";
pub const DEFAULT: &str = "Default";
pub const YES: &str = "Yes";
pub const NO: &str = "No";
pub const ADD_ITEM: &str = "Add text";
pub const ADD_ROW: &str = "Add row";
pub const ADD_COLUMN: &str = "Add column";
pub const PASTE_HINT: &str = "Cells of a spreadsheet or a CSV file can be pasted.";
pub const MASK_TOKEN: &str = "The gap is marked by the model’s mask token:";
pub const COMMAS: &str = "With commas between them.";
pub const RUN: &str = "Run";
pub const RUN_AGAIN: &str = "Run again";
pub const RUNNING: &str = "Running…";
pub const LOAD_AND_RUN: &str = "Load and run";
pub const LOADING: &str = "Loading…";
pub const CTRL: &str = "Ctrl";
pub const COMMAND: &str = "⌘";
pub const ENTER: &str = "Enter";

pub const LOAD_MODEL: &str = "Load model";
pub const NO_DOWNLOAD_YET: &str = "Nothing is downloaded before you click.";
pub const CONSENT_TITLE: &str = "Runs in your browser";
pub const STORED_TITLE: &str = "Already on this device";
pub const READY_OFFLINE: &str = "Ready offline";
pub const LOAD_FROM_DEVICE: &str = "No download is needed.";
pub const METERED: &str = "Your connection asks to save data. This download may cost you.";
pub const LOW_MEMORY: &str = "This device has little memory. The model may not fit.";
pub const SIZE_UNKNOWN: &str = "The host does not tell the size.";
pub const ASKING: &str = "Looking at the model…";

pub const PHASE_WAITING: &str = "Waiting for another tab or the host…";
pub const PHASE_DOWNLOAD: &str = "Downloading…";
pub const PHASE_DEVICE: &str = "Reading from this device…";
pub const PHASE_BUILD: &str = "Building the model…";
pub const PROGRESS: &str = "Loading the model";
pub const STOP: &str = "Stop";
pub const READY: &str = "Ready";

pub const OUTPUT: &str = "Result";
pub const NO_OUTPUT: &str = "The result appears here.";
pub const AUTHOR_OUTPUT: &str = "Author’s example output";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied";
pub const JSON: &str = "JSON";
pub const ELAPSED: &str = "Time";
pub const MEMORY: &str = "Memory";
pub const LABEL: &str = "Label";
pub const SCORE: &str = "Score";
pub const SENTENCE: &str = "Sentence";
pub const SIMILARITY: &str = "Similarity";
pub const MARKED_TEXT: &str = "The text with what was found in it";
pub const ENTITY: &str = "Entity";
pub const ENTITIES_TABLE: &str = "All with their scores";
pub const NO_ENTITIES: &str = "Nothing was found in the text.";
pub const ANSWER: &str = "Answer";
pub const CONTEXT: &str = "The context with the answer";
pub const NO_ANSWER: &str = "No answer";
pub const WORD: &str = "Word";
pub const NO_WORDS: &str = "The model gave no words.";
pub const DOCUMENT: &str = "Document";
pub const TABLE: &str = "The table with the answer";
pub const NO_LABELS: &str = "The model gave no labels.";
pub const NO_NUMBERS: &str = "The model gave no numbers.";
pub const SHOW_MORE: &str = "Show more";
pub const ALL_IN_JSON: &str = "The copied JSON holds every number.";
pub const SHOW_FEWER: &str = "Show fewer";
pub const NUMBERS: &str = "Numbers";
pub const POSITION: &str = "Position";
pub const MEAN_POOLED: &str = "The repository does not say how to pool tokens, so their mean was taken.";

pub const RETRY: &str = "Try again";
pub const TOKEN: &str = "Access token";
pub const USE_TOKEN: &str = "Use token";
pub const DETAILS: &str = "Details";
pub const SUITED: &str = "Tasks that this model suits";

pub const EMBED: &str = "Embed";
pub const EMBED_HINT: &str = "Put this into any web page.";
pub const EMBED_CODE: &str = "HTML to embed this widget";
pub const UNLOAD: &str = "Free memory";
pub const VITRINE: &str = "Vitrine";

pub const STORED: &str = "Models on this device";
pub const NOTHING_STORED: &str = "No models are kept on this device.";
pub const REMOVE: &str = "Remove";
pub const REMOVE_ALL: &str = "Remove all";

/// The remark below an answer to "how much is here".
pub fn partly_stored(cached: u64, total: u64) -> String {
    format!("{} of {} already here", format::bytes(cached), format::bytes(total))
}

/// The summary above a list of files.
pub fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// The memory that a model will take.
pub fn needs(memory: String) -> String {
    format!("Takes {memory} of memory")
}

/// The time that a download will take.
pub fn takes(time: String) -> String {
    format!("about {time}")
}

/// The time that a load without a download will take.
pub fn ready_in(time: String) -> String {
    format!("ready in about {time}")
}

/// The time that a load still takes.
pub fn time_left(seconds: f64) -> String {
    format!("about {} left", format::about(seconds.ceil()))
}

/// The share of the bytes that came from this device.
pub fn from_device(cached: u64) -> String {
    format!("{} from this device", format::bytes(cached))
}

/// The name of one control of a list.
pub fn item(label: &str, number: usize) -> String {
    format!("{label}: {number}")
}

/// The name of the button that removes one control of a list.
pub fn remove_item(number: usize) -> String {
    format!("Remove text {number}")
}

/// The name of a cell of the table that is edited; row 0 is the header.
pub fn cell(row: usize, column: usize) -> String {
    if row == 0 { format!("Column {column}: name") } else { format!("Row {row}, column {column}") }
}

/// The name of the button that removes a row of a table.
pub fn remove_row(number: usize) -> String {
    format!("Remove row {number}")
}

/// The name of the button that removes a column of a table.
pub fn remove_column(number: usize) -> String {
    format!("Remove column {number}")
}

/// Rows of a table that the form does not show.
pub fn rows_left_out(count: usize) -> String {
    format!("{count} more rows are not shown, and not used once the table is changed here.")
}

/// The heading above the words for one of several masks.
pub fn mask(number: usize) -> String {
    format!("Mask {number}")
}

/// How many entities there are.
pub fn entities(count: usize) -> String {
    match count {
        0 => NO_ENTITIES.to_owned(),
        1 => "1 found".to_owned(),
        count => format!("{count} found"),
    }
}

/// The button that shows what is collapsed.
pub fn show_all(count: usize) -> String {
    format!("Show all {count}")
}

/// What a view leaves out.
pub fn left_out(count: usize) -> String {
    format!("{count} more are in the copied JSON.")
}

/// An input was cut, on whichever side.
pub fn truncated(tokens: usize, limit: usize) -> String {
    format!("The input is too long for this model: only {limit} of its {tokens} tokens were read.")
}

/// What happens to an access token.
pub fn token_promise(host: &str) -> String {
    format!("The token is kept in memory only, and sent only to {host}.")
}

/// Which weights are in memory, and in which format.
pub fn weights(dtype: &str, file: &str) -> String {
    let bits = match dtype {
        "q8" => "8 bits",
        "f16" | "bf16" => "16 bits",
        _ => "32 bits",
    };
    format!("Weights from {file}, in {bits}")
}

/// The button that removes a model's files.
pub fn forget(bytes: u64) -> String {
    format!("Remove from this device ({})", format::bytes(bytes))
}

/// The name of the button that removes one model of a list.
pub fn remove_model(model: &str) -> String {
    format!("Remove {model}")
}

/// How much of a load is done, for those who hear it.
pub fn share_loaded(percent: u64) -> String {
    format!("{percent}% loaded")
}
