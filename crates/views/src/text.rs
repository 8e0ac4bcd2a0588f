//! Every word of the interface that does not come from a task, an error or a model.

#![allow(missing_docs, reason = "each constant is its own description")]

use crate::{format, texts};

texts! {
    ON_DEVICE = "On your device";
    PRIVACY = "Runs on your device. Nothing you type leaves it.";
    GATED = "Gated: the author grants access";
    COMMIT = "Commit";
    LICENCE = "Licence";

    EXAMPLES = "Examples";
    EXAMPLE = "Example {}";
    WITH_OUTPUT = "with output";
    PARAMETERS = "Parameters";
    DEFAULT = "Default";
    YES = "Yes";
    NO = "No";
    ADD_ITEM = "Add text";
    REMOVE_ITEM = "Remove text {}";
    ITEM = "{label}: {number}";
    ADD_ROW = "Add row";
    ADD_COLUMN = "Add column";
    REMOVE_ROW = "Remove row {}";
    REMOVE_COLUMN = "Remove column {}";
    HEADER_CELL = "Column {}: name";
    CELL = "Row {row}, column {column}";
    PASTE_HINT = "Cells of a spreadsheet or a CSV file can be pasted.";
    MASK_TOKEN = "The gap is marked by the model’s mask token:";
    COMMAS = "With commas between them.";
    RUN = "Run";
    RUN_AGAIN = "Run again";
    RUNNING = "Running…";
    LOAD_AND_RUN = "Load and run";
    LOADING = "Loading…";
    CTRL = "Ctrl";
    COMMAND = "⌘";
    ENTER = "Enter";

    LOAD_MODEL = "Load model";
    NO_DOWNLOAD_YET = "Nothing is downloaded before you click.";
    CONSENT_TITLE = "Runs in your browser";
    STORED_TITLE = "Already on this device";
    READY_OFFLINE = "Ready offline";
    LOAD_FROM_DEVICE = "No download is needed.";
    METERED = "Your connection asks to save data. This download may cost you.";
    LOW_MEMORY = "This device has little memory. The model may not fit.";
    SIZE_UNKNOWN = "The host does not tell the size.";
    ASKING = "Looking at the model…";
    PARTLY_STORED = "{stored} of {total} already here";
    NEEDS = "Takes {} of memory";
    TAKES = "about {}";
    READY_IN = "ready in about {}";

    PHASE_WAITING = "Waiting for another tab or the host…";
    PHASE_DOWNLOAD = "Downloading…";
    PHASE_DEVICE = "Reading from this device…";
    PHASE_BUILD = "Building the model…";
    PROGRESS = "Loading the model";
    TIME_LEFT = "about {} left";
    FROM_DEVICE = "{} from this device";
    PERCENT = "{}%";
    SHARE_LOADED = "{}% loaded";
    STOP = "Stop";
    READY = "Ready";

    OUTPUT = "Result";
    OUTPUT_IS = "Result: {}";
    OUTPUT_SCORED = "Result: {label}, {score}";
    NO_OUTPUT = "The result appears here.";
    AUTHOR_OUTPUT = "Author’s example output";
    COPY = "Copy";
    COPIED = "Copied";
    JSON = "JSON";
    MORE = "{} more";
    ELAPSED = "Time";
    MEMORY = "Memory";
    LABEL = "Label";
    SCORE = "Score";
    SENTENCE = "Sentence";
    SIMILARITY = "Similarity";
    MARKED_TEXT = "The text with what was found in it";
    ENTITY = "Entity";
    ENTITIES_TABLE = "All with their scores";
    NO_ENTITIES = "Nothing was found in the text.";
    ANSWER = "Answer";
    CONTEXT = "The context with the answer";
    NO_ANSWER = "No answer";
    WORD = "Word";
    QUOTED = "“{}”";
    MASK = "Mask {}";
    NO_WORDS = "The model gave no words.";
    DOCUMENT = "Document";
    TABLE = "The table with the answer";
    NO_LABELS = "The model gave no labels.";
    NO_NUMBERS = "The model gave no numbers.";
    SHOW_ALL = "Show all {}";
    SHOW_MORE = "Show more";
    ALL_IN_JSON = "The copied JSON holds every number.";
    SHOW_FEWER = "Show fewer";
    NUMBERS = "Numbers";
    POSITION = "Position";
    MEAN_POOLED = "The repository does not say how to pool tokens, so their mean was taken.";
    TRUNCATED = "The input is too long for this model: only {limit} of its {tokens} tokens were read.";

    RETRY = "Try again";
    TOKEN = "Access token";
    USE_TOKEN = "Use token";
    TOKEN_PROMISE = "The token is kept in memory only, and sent only to {}.";
    DETAILS = "Details";
    SUITED = "Tasks that this model suits";

    WEIGHTS = "Weights from {file}, in {bits} bits";
    EMBED = "Embed";
    EMBED_HINT = "Put this into any web page.";
    EMBED_CODE = "HTML to embed this widget";
    UNLOAD = "Free memory";
    FORGET = "Remove from this device ({})";
    VITRINE = "Vitrine";

    STORED = "Models on this device";
    NOTHING_STORED = "No models are kept on this device.";
    REMOVE = "Remove";
    REMOVE_MODEL = "Remove {}";
    REMOVE_ALL = "Remove all";

    BYTES = "{} B";
    KILOBYTES = "{} kB";
    MEGABYTES = "{} MB";
    GIGABYTES = "{} GB";
    TERABYTES = "{} TB";
    PETABYTES = "{} PB";
    PER_SECOND = "{}/s";
    LESS_THAN_A_MILLISECOND = "< 1 ms";
    MILLISECONDS = "{} ms";
    SECONDS = "{} s";
    MINUTES = "{} min";
    HOURS = "{} h";

    @plurals

    FILES = "{} file", "{} files";
    ENTITIES = "{} found", "{} found";
    LEFT_OUT = "{} more is in the copied JSON.", "{} more are in the copied JSON.";
    ROWS_LEFT_OUT = "{} more row is not shown, and not used once the table is changed here.",
        "{} more rows are not shown, and not used once the table is changed here.";
}

/// The remark below an answer to "how much is here".
pub fn partly_stored(cached: u64, total: u64) -> String {
    PARTLY_STORED.with(&[("stored", &format::bytes(cached)), ("total", &format::bytes(total))])
}

/// The time that a load still takes.
pub fn time_left(seconds: f64) -> String {
    TIME_LEFT.of(&format::about(seconds.ceil()))
}

/// The name of an example: its title, or its number where it has none.
pub fn example(title: &str, number: usize) -> String {
    if title.is_empty() { EXAMPLE.of(&number.to_string()) } else { title.to_owned() }
}

/// The name of one control of a list.
pub fn item(label: &str, number: usize) -> String {
    ITEM.with(&[("label", label), ("number", &number.to_string())])
}

/// The name of a cell of the table that is edited; row 0 is the header.
pub fn cell(row: usize, column: usize) -> String {
    let [row, column] = [row, column].map(|number| number.to_string());
    if row == "0" { HEADER_CELL.of(&column) } else { CELL.with(&[("row", &row), ("column", &column)]) }
}

/// How many entities there are.
pub fn entities(count: usize) -> String {
    if count == 0 { NO_ENTITIES.as_str().to_owned() } else { ENTITIES.of(count) }
}

/// An input was cut, on whichever side.
pub fn truncated(tokens: usize, limit: usize) -> String {
    let [tokens, limit] = [tokens, limit].map(|count| format::integer(count as u64));
    TRUNCATED.with(&[("tokens", &tokens), ("limit", &limit)])
}

/// Which weights are in memory, and in which format.
pub fn weights(dtype: &str, file: &str) -> String {
    let bits = match dtype {
        "q8" => "8",
        "f16" | "bf16" => "16",
        _ => "32",
    };
    WEIGHTS.with(&[("file", file), ("bits", bits)])
}

/// An output in a sentence for those who do not see it.
pub fn output_scored(label: &str, score: Option<f64>) -> String {
    OUTPUT_SCORED.with(&[("label", label), ("score", &format::number(score))])
}
