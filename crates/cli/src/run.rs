//! `vitrine run`: a task on one input, with the output's JSON on stdout.

use std::cell::Cell;
use std::io::{self, IsTerminal, Read, Write};

use clap::Args;
use serde_json::Value;
use vitrine_hub::LocalBoxFuture;
use vitrine_pipelines::{Host, LoadOptions, load};
use vitrine_tasks::ErrorCode;
use vitrine_tasks::protocol::{Note, Phase, Progress};
use vitrine_views::{format, text};

use crate::Failure;
use crate::model::ModelOptions;

/// The arguments of `vitrine run`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// The pipeline tag [default: the repository's own]
    #[arg(long)]
    task: Option<String>,
    /// The numbers' format in memory: auto, f32, f16, bf16 or q8
    #[arg(long, default_value = "auto")]
    dtype: String,
    /// The task's inputs as JSON; `-` reads them from stdin
    #[arg(long, value_name = "JSON|-", allow_hyphen_values = true)]
    inputs: String,
    /// The task's parameters as JSON
    #[arg(long, value_name = "JSON")]
    parameters: Option<String>,
}

/// Loads the model and runs its task once.
pub async fn run(options: Options) -> Result<(), Failure> {
    let inputs = match options.inputs.as_str() {
        "-" => {
            let mut text = String::new();
            let invalid = |error| Failure::coded(ErrorCode::InvalidInputs, format!("stdin cannot be read: {error}"));
            io::stdin().read_to_string(&mut text).map_err(invalid)?;
            json("the inputs on stdin", &text)?
        }
        text => json("--inputs", text)?,
    };
    let parameters = options.parameters.as_deref().map_or(Ok(Value::Null), |text| json("--parameters", text))?;
    let model = options.model.open()?;
    let terminal = Terminal::new();
    let load_options = LoadOptions {
        snapshot: model.source.snapshot(&model.repo, &model.revision).await?,
        task: options.task,
        dtype: options.dtype,
        device: None,
        cores: None,
        machine: None,
        later: None,
    };
    let loaded = load(&*model.source, &load_options, &terminal).await;
    terminal.clear();
    let result = loaded?.run(&inputs, &parameters, &terminal).await?;
    for note in &result.notes {
        eprintln!("note: {}", sentence(note));
    }
    writeln!(io::stdout(), "{}", result.output).map_err(|error| Failure::error(format!("stdout: {error}")))
}

fn json(what: &str, text: &str) -> Result<Value, Failure> {
    let invalid = |error| Failure::coded(ErrorCode::InvalidInputs, format!("{what}: not JSON: {error}"));
    serde_json::from_str(text).map_err(invalid)
}

fn sentence(note: &Note) -> String {
    match note {
        Note::Truncated { tokens, limit } => text::truncated(*tokens, *limit),
        Note::MeanPooled => text::MEAN_POOLED.as_str().to_owned(),
    }
}

/// Shows the download on stderr, if someone watches.
pub struct Terminal {
    shows: bool,
    /// The share that is shown, in percent, and the phase.
    shown: Cell<Option<(u64, Phase)>>,
}

impl Terminal {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self { shows: io::stderr().is_terminal(), shown: Cell::default() }
    }

    /// Takes back what is shown.
    pub fn clear(&self) {
        if self.shown.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

impl Host for Terminal {
    fn progress(&self, progress: Progress) {
        let Progress { phase, loaded, total, .. } = progress;
        let percent = loaded.saturating_mul(100).checked_div(total).unwrap_or(100);
        if !self.shows || self.shown.replace(Some((percent, phase))) == Some((percent, phase)) {
            return;
        }
        let what = match phase {
            Phase::Waiting => "waiting for another download or for the host".to_owned(),
            Phase::Download => format!("{percent} % of {}", format::bytes(total)),
            Phase::Build => "building the model".to_owned(),
        };
        eprint!("\r\x1b[K{what}");
    }

    fn turn(&self) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { true })
    }
}
