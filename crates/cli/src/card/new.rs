//! `vitrine card new`: a card made from what a model's files say.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{facts, template};
use crate::Failure;
use crate::convert::{Draft, State};
use crate::model::{Model, ModelOptions};

/// The arguments of `vitrine card new`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// The file to write [default: README.md in the model's folder, or here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a card that differs
    #[arg(long)]
    force: bool,
}

/// Writes the card; another one is not replaced unless that was asked for.
pub async fn new(options: Options) -> Result<(), Failure> {
    let Model { source, storage, repo, revision } = options.model.open()?;
    let snapshot = source.snapshot(&repo, &revision).await?;
    let card = template::card(&facts::facts(&*source, &snapshot).await?);
    // What has no storage of downloads is a folder of this machine.
    let folder = if storage.is_none() { Path::new(options.model.name()) } else { Path::new("") };
    let path = options.out.unwrap_or_else(|| folder.join("README.md"));
    let draft = Draft::new(Path::new(""), &path, |file| file.write_all(card.as_bytes()))?;
    if draft.state == State::Differs && !options.force {
        return Err(Failure::error(format!("`{}` is there already and differs; --force replaces it", path.display())));
    }
    draft.keep()?;
    writeln!(std::io::stdout(), "{}", path.display()).map_err(|error| Failure::error(format!("stdout: {error}")))
}
