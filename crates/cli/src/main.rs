//! The command line of Vitrine: repositories served, run, inspected and converted without a browser.

mod bundle;
mod card;
mod convert;
mod https;
mod inspect;
mod mdbook;
mod model;
mod page;
mod run;
mod serve;

use std::fmt;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use vitrine_tasks::ErrorCode;

/// Hugging Face models without a server: serve them, run them, look into them, make them smaller.
#[derive(Debug, Parser)]
#[command(name = "vitrine", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a folder of repositories as a Hub
    Serve(serve::Options),
    /// Run a model's task on one input
    Run(run::Options),
    /// Show what a model's repository holds and whether it can run
    Inspect(inspect::Options),
    /// Make a compact checkpoint to publish beside the original
    Convert(convert::Options),
    /// Write static pages of models, with an index where there are several
    Page(page::Options),
    /// Write a model's page as one file that needs no network
    Bundle(bundle::Options),
    /// Check a model card, or make one from a model's files
    Card(card::Options),
    /// Put widgets into the books of mdBook, as its preprocessor
    Mdbook(mdbook::Options),
}

/// Why a command failed.
pub struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    /// A failure of the command itself, which has no code of its own.
    pub fn error(message: impl Into<String>) -> Self {
        Self { code: "error", message: message.into() }
    }

    /// A failure with one of the stable codes.
    pub fn coded(code: ErrorCode, message: impl fmt::Display) -> Self {
        Self { code: code.as_str(), message: message.to_string() }
    }
}

impl From<vitrine_hub::Error> for Failure {
    fn from(error: vitrine_hub::Error) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<vitrine_pipelines::Error> for Failure {
    fn from(error: vitrine_pipelines::Error) -> Self {
        Self::coded(error.code(), error)
    }
}

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            eprintln!("{code}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<(), Failure> {
    let mut builder = match command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        Command::Run(_)
        | Command::Bundle(_)
        | Command::Inspect(_)
        | Command::Convert(_)
        | Command::Card(_)
        | Command::Page(_)
        | Command::Mdbook(_) => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = builder.enable_all().build().map_err(|error| Failure::error(error.to_string()))?;
    let result = match command {
        Command::Serve(options) => runtime.block_on(serve::serve(options)),
        Command::Run(options) => runtime.block_on(run::run(options)),
        Command::Inspect(options) => runtime.block_on(inspect::inspect(options)),
        Command::Convert(options) => runtime.block_on(convert::convert(options)),
        Command::Page(options) => runtime.block_on(page::page(options)),
        Command::Bundle(options) => runtime.block_on(bundle::bundle(options)),
        Command::Card(options) => runtime.block_on(card::card(options)),
        Command::Mdbook(options) => mdbook::mdbook(&options),
    };
    // A file that is being hashed for a request is given up.
    runtime.shutdown_background();
    result
}
