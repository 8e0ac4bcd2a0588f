//! `vitrine convert`: a compact checkpoint, and the small files that it needs, in a folder that can be published.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use vitrine_tasks::ErrorCode;
use vitrine_views::format;

use crate::Failure;
use crate::model::{Model, ModelOptions};
use crate::run::Terminal;

/// The arguments of `vitrine convert`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// The numbers' format: q8 makes model.q8.safetensors, f16 makes model.fp16.safetensors
    #[arg(long)]
    dtype: String,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace files of the folder that differ
    #[arg(long)]
    force: bool,
}

/// Converts the model and writes it beside its small files; nothing is replaced unless that was asked for.
pub async fn convert(options: Options) -> Result<(), Failure> {
    let Model { source, repo, revision, .. } = options.model.open()?;
    let snapshot = source.snapshot(&repo, &revision).await?;
    let terminal = Terminal::new();
    let converted = vitrine_pipelines::convert(&*source, &snapshot, &options.dtype, &terminal).await;
    terminal.clear();
    let converted = converted?;
    let mut drafts = vec![Draft::new(&options.out, converted.path, |file| converted.file.write(file))?];
    for file in &converted.small {
        let mut bytes = Vec::new();
        source.read(&snapshot, file, None, &mut bytes).await?;
        drafts.push(Draft::new(&options.out, &file.path, |out| out.write_all(&bytes))?);
    }
    if !options.force
        && let Some(draft) = drafts.iter().find(|draft| draft.state == State::Differs)
    {
        let path = draft.path.display();
        return Err(Failure::error(format!("`{path}` is there already and differs; --force replaces it")));
    }
    let mut report = String::new();
    for draft in drafts {
        let unchanged = if draft.state == State::Same { "  (unchanged)" } else { "" };
        report += &format!("{:>9}  {}{unchanged}\n", format::bytes(draft.bytes), draft.path.display());
        draft.keep()?;
    }
    let (before, after) = (converted.source_bytes, converted.file.bytes());
    report += &format!(
        "{} {} → {} {} ({} %)\n",
        converted.sources.join(", "),
        format::bytes(before),
        converted.path,
        format::bytes(after),
        (100 * after).checked_div(before).unwrap_or(100)
    );
    write!(io::stdout(), "{report}").map_err(|error| Failure::error(format!("stdout: {error}")))
}

/// What is at the place of a file that is to be written.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Absent,
    /// A file with the same bytes.
    Same,
    /// Another file.
    Differs,
}

/// A file under a temporary name, which is removed unless the file is kept.
pub struct Draft {
    path: PathBuf,
    temporary: PathBuf,
    bytes: u64,
    /// What is at its place.
    pub state: State,
}

impl Draft {
    /// Writes the file `path` of the folder `out`, and compares it with what is there.
    pub fn new(
        out: &Path,
        path: impl AsRef<Path>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, Failure> {
        let path = out.join(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let mut draft = Self { path, temporary, bytes: 0, state: State::Absent };
        let written = draft.write(write);
        written.map_err(|error| draft.failed(&error))?;
        Ok(draft)
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
        let mut file = BufWriter::new(File::create(&self.temporary)?);
        write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        self.bytes = fs::metadata(&self.temporary)?.len();
        self.state = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::Absent,
            Err(error) => return Err(error),
            Ok(_) if is_same(&self.path, &self.temporary)? => State::Same,
            Ok(_) => State::Differs,
        };
        Ok(())
    }

    /// Gives the file its name.
    pub fn keep(self) -> Result<(), Failure> {
        match self.state {
            State::Same => Ok(()),
            _ => fs::rename(&self.temporary, &self.path).map_err(|error| self.failed(&error)),
        }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::coded(ErrorCode::Storage, format!("`{}` cannot be written: {error}", self.path.display()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Whether two files hold the same bytes.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    if fs::metadata(one)?.len() != fs::metadata(other)?.len() {
        return Ok(false);
    }
    let (one, other) = (File::open(one)?, File::open(other)?);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    loop {
        first.clear();
        second.clear();
        (&one).take(1 << 20).read_to_end(&mut first)?;
        (&other).take(1 << 20).read_to_end(&mut second)?;
        if first != second || first.is_empty() {
            return Ok(first == second);
        }
    }
}
