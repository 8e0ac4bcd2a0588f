//! `vitrine card check`: what is wrong with a card, in the form in which compilers say it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use vitrine_hub::RepoId;
use vitrine_hub::card::{Problem, Severity, check_of};

use super::sections;
use crate::Failure;
use crate::model::{Model, ModelOptions, text};

/// The arguments of `vitrine card check`; the model may also be a card's own file.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// Write the problems as JSON
    #[arg(long)]
    json: bool,
}

/// Writes the card's problems to stdout; errors among them make the command fail.
pub async fn check(options: Options) -> Result<(), Failure> {
    let (name, repo, readme) = read(&options.model).await?;
    let mut problems = check_of(repo.as_ref(), &readme);
    problems.extend(sections::missing(&readme));
    // What has no line stands last.
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let summary = format!("{}, {}", number(errors, "error"), number(warnings, "warning"));
    let report = if options.json {
        let problems: Vec<Value> = problems.iter().map(as_json).collect();
        format!("{}\n", json!({ "problems": problems, "errors": errors, "warnings": warnings }))
    } else {
        let lines: String = problems.iter().map(|problem| line(&name, problem)).collect();
        if errors == 0 { lines + &summary + "\n" } else { lines }
    };
    write!(io::stdout(), "{report}").map_err(|error| Failure::error(format!("stdout: {error}")))?;
    if errors == 0 { Ok(()) } else { Err(Failure::error(summary)) }
}

/// The card: the name it has in what is written, its repository where it is known, and its text.
async fn read(options: &ModelOptions) -> Result<(String, Option<RepoId>, String), Failure> {
    let path = Path::new(options.name());
    if path.is_file() {
        let bytes = fs::read(path).map_err(|error| Failure::error(format!("`{}`: {error}", path.display())))?;
        return Ok((options.name().to_owned(), None, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let Model { source, repo, revision, .. } = options.open()?;
    let snapshot = source.snapshot(&repo, &revision).await?;
    match text(&*source, &snapshot, "README.md").await? {
        Some(readme) => Ok(("README.md".to_owned(), Some(repo), readme)),
        None => Err(Failure::error(format!("`{repo}` has no README.md; `vitrine card new` makes one"))),
    }
}

/// A problem as compilers say it, with the name of the card's file before it.
pub fn line(name: &str, problem: &Problem) -> String {
    let place = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    // A message may quote what the card says, which may hold anything.
    let message: String = problem.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{name}{place}: {}: {message}\n", problem.severity)
}

fn as_json(problem: &Problem) -> Value {
    let Problem { severity, line, field, message } = problem;
    json!({ "severity": severity.to_string(), "line": line, "field": field, "message": message })
}

fn number(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
