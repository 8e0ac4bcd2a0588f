//! `vitrine inspect`: what a repository holds, what a load would download, and what keeps it from running.

use std::io::{self, Write};

use clap::Args;
use vitrine_hub::{Snapshot, Storage, Wanted, cached_bytes, plan};
use vitrine_pipelines::Inspection;
use vitrine_views::format;

use crate::Failure;
use crate::model::{Model, ModelOptions};

/// The arguments of `vitrine inspect`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// The numbers' format that a load would ask for: auto, f32, f16, bf16 or q8
    #[arg(long, default_value = "auto")]
    dtype: String,
}

/// Looks into the repository and writes what it finds to stdout.
pub async fn inspect(options: Options) -> Result<(), Failure> {
    let Model { source, storage, repo, revision } = options.model.open()?;
    let snapshot = source.snapshot(&repo, &revision).await?;
    // Asked before the small files are fetched, so that it is what a load would find.
    let download = match storage {
        Some(storage) => download(&*storage, &snapshot, &options.dtype).await,
        None => "nothing: the files are here".to_owned(),
    };
    let inspection = vitrine_pipelines::inspect(&*source, &snapshot, None, &options.dtype).await?;
    let text = report(&snapshot, &inspection, &download);
    write!(io::stdout(), "{text}").map_err(|error| Failure::error(format!("stdout: {error}")))
}

async fn download(storage: &dyn Storage, snapshot: &Snapshot, dtype: &str) -> String {
    let plan = plan(snapshot, Wanted::of_dtype(dtype));
    let (total, here) = (plan.bytes(), cached_bytes(storage, snapshot, &plan).await);
    match here {
        0 => format::bytes(total),
        _ => format!("{} of {}; the rest is here", format::bytes(total.saturating_sub(here)), format::bytes(total)),
    }
}

fn report(snapshot: &Snapshot, found: &Inspection, download: &str) -> String {
    let or_none = |value: Option<&String>| value.map_or("–", String::as_str).to_owned();
    let parameters = match found.parameters {
        Some(count) => format!("{count} ({})", found.dtypes.join(", ")),
        None => "–".to_owned(),
    };
    let weights = match &found.weights {
        Some(path) if found.compact => format!("{path} (compact, 8 bits; --dtype f32 takes the original)"),
        path => or_none(path.as_ref()),
    };
    let rows = [
        ("repository", found.repo.clone()),
        ("commit", or_none(found.commit.as_ref())),
        ("task", or_none(found.task.as_ref())),
        ("architecture", or_none(found.architecture.as_ref())),
        ("class", or_none(found.classes.first())),
        ("head", if found.heads.is_empty() { "none".to_owned() } else { found.heads.join(", ") }),
        ("suits", found.suits.join(", ")),
        ("parameters", parameters),
        ("weights", weights),
        ("download", download.to_owned()),
    ];
    let mut text: String = rows.iter().map(|(name, value)| format!("{name:<13} {value}\n")).collect();
    text += "files\n";
    for file in &snapshot.files {
        let used = if found.files.iter().any(|(path, _)| *path == file.path) { "*" } else { " " };
        text += &format!("{used} {:>9}  {}\n", format::bytes(file.size), file.path.escape_debug());
    }
    text += "              (* a load reads it)\n";
    match found.problems.is_empty() {
        true => text += "problems      none\n",
        false => {
            text += "problems\n";
            text.extend(found.problems.iter().map(|problem| format!("  {problem}\n")));
        }
    }
    text
}
