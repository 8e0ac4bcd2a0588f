//! `vitrine card`: model cards checked as the Hub checks them, and made from what a model's files say.

mod check;
mod facts;
mod licence;
mod new;
mod sections;
mod template;

use clap::{Args, Subcommand};
use vitrine_hub::{RepoFile, Snapshot, Source};

use crate::Failure;

/// The arguments of `vitrine card`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what is wrong with a card, by line, and what its text lacks
    Check(check::Options),
    /// Make a card with the sections of the Hub's template, filled in with what the files say
    New(new::Options),
}

/// Checks a card or makes one.
pub async fn card(options: Options) -> Result<(), Failure> {
    match options.action {
        Action::Check(options) => check::check(options).await,
        Action::New(options) => new::new(options).await,
    }
}

/// The largest text file that is read.
const LARGEST_TEXT: u64 = 16 << 20;

/// A text file of a repository, where it has one of that size at most.
async fn text(source: &dyn Source, snapshot: &Snapshot, path: &str) -> Result<Option<String>, Failure> {
    let is_small = |file: &&RepoFile| file.size <= LARGEST_TEXT;
    let Some(file) = snapshot.file(path).filter(is_small) else { return Ok(None) };
    let mut bytes = Vec::new();
    source.read(snapshot, file, None, &mut bytes).await?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
