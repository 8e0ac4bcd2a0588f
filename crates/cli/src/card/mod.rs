//! `vitrine card`: model cards checked as the Hub checks them, and made from what a model's files say.

pub mod check;
mod facts;
mod licence;
mod new;
mod sections;
mod template;

use clap::{Args, Subcommand};

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
