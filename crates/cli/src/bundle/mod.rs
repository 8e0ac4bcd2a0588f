//! `vitrine bundle`: one HTML file, or a folder, with a model's page, widget and weights inside, which needs no network.

mod pieces;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};
use vitrine_hub::{RepoFile, Snapshot, Source, Wanted, plan};
use vitrine_pages::{BUNDLE_ROOT, Bundled, Place, bundle_page, language_file};
use vitrine_pipelines::Converted;
use vitrine_tasks::ErrorCode;
use vitrine_views::format;

use crate::Failure;
use crate::model::{Model, ModelOptions};
use crate::page::{Assets, assets, describe, facts, language};
use crate::run::Terminal;
use pieces::{Content, Entry, Pieces};

/// The largest picture of a card that is put into a bundle.
const LARGEST_PICTURE: u64 = 4 << 20;

/// The wasm of the page and of both builds of the worker.
const MODULES: &[(&str, bool)] =
    &[("element/element_bg.wasm", true), ("worker/worker_bg.wasm", false), ("worker-relaxed/worker_bg.wasm", false)];

/// The arguments of `vitrine bundle`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// The file to write, with a name that ends in .html; any other name is a folder
    #[arg(long, value_name = "FILE.html|DIR")]
    out: PathBuf,
    /// The numbers' format: f16 or q8 make the weights smaller [default: as they are]
    #[arg(long)]
    dtype: Option<String>,
    /// The built site, with the widget's files [default: dist]
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// The language of the page's own words: ar, de, en, es, fr or zh
    #[arg(long, value_name = "TAG", default_value = "en", value_parser = language)]
    lang: String,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

/// Tells the size, then writes the bundle.
pub async fn bundle(options: Options) -> Result<(), Failure> {
    let site = assets(options.site.as_deref())?;
    let out = Out::open(&options.out, options.force)?;
    let Model { source, repo, revision, .. } = options.model.open()?;
    let mut snapshot = source.snapshot(&repo, &revision).await?;
    let facts = facts(&*source, &snapshot).await;
    let terminal = Terminal::new();
    let converted = match options.dtype.as_deref() {
        None | Some("auto") => None,
        Some(dtype) => {
            let converted = vitrine_pipelines::convert(&*source, &snapshot, dtype, &terminal).await;
            terminal.clear();
            Some(converted?)
        }
    };
    // Files are read by what their source says of itself; the page's own files are in the page.
    let original = snapshot.clone();
    snapshot.endpoint = "bundle".to_owned();
    if snapshot.commit.is_none() {
        snapshot.revision = "main".to_owned();
    }
    let held = Snapshot { files: files_of_load(&snapshot, converted.as_ref()), ..snapshot.clone() };
    let description = describe(&held, &facts).to_string();
    let mut entries = Vec::new();
    for (name, is_page) in MODULES {
        let bytes = site.read(name)?;
        entries.push(Entry::new(name, "application/wasm", Content::small(&bytes), *is_page));
    }
    if let Some(table) = language_file(&options.lang) {
        entries.push(Entry::new(&table, "application/json", Content::small(&site.read(&table)?), true));
    }
    let revision = snapshot.commit.as_deref().unwrap_or("main");
    entries.push(Entry::new(
        &format!("api/models/{}/revision/{revision}", snapshot.repo),
        "application/json",
        Content::small(description.as_bytes()),
        false,
    ));
    for file in &held.files {
        let path = format!("{}/resolve/{revision}/{}", snapshot.repo, file.path);
        let of_converted = converted.as_ref().filter(|converted| converted.path == file.path);
        let content = match of_converted {
            Some(converted) => Content::Converted(converted),
            None => Content::of_repository(&*source, &original, file).await?,
        };
        entries.push(Entry::new(&path, "application/octet-stream", content, false));
    }
    let pieces = Pieces::new(entries);
    let (script, worker) = (site.text("bundle/in-page.js")?, site.text("bundle/in-worker.js")?);
    let bundled = Bundled {
        page_style: &site.text("page.css")?,
        widget_style: &site.text("style.css")?,
        script: &script,
        worker: &worker,
        files: &pieces.table(),
        hash: |text| STANDARD.encode(Sha256::digest(text)),
    };
    let place = Place { language: &options.lang, ..Place::default() };
    let (before, after) = bundle_page(&facts.model(&snapshot, &[], snapshot.commit.as_deref()), &place, &bundled);
    let before = with_pictures(before, &*source, &original, revision).await?;
    let total = (before.len() + after.len()) as u64 + pieces.bytes(out.is_folder);
    eprintln!("{} will take {}", options.out.display(), format::bytes(total));
    let contents = Contents { before: &before, after: &after, pieces: &pieces, source: &*source, snapshot: &original };
    let written = out.write(&contents).await?;
    let report = format!("{:>9}  {}\n", format::bytes(written), options.out.display());
    write!(io::stdout(), "{report}").map_err(|error| Failure::error(format!("stdout: {error}")))
}

/// The files that a load of the bundle will want.
fn files_of_load(snapshot: &Snapshot, converted: Option<&Converted>) -> Vec<RepoFile> {
    let mut files: Vec<RepoFile> = match converted {
        Some(converted) => {
            let weights = RepoFile { path: converted.path.to_owned(), size: converted.file.bytes(), sha256: None };
            converted.small.iter().cloned().chain([weights]).collect()
        }
        None => plan(snapshot, Wanted::of_dtype("auto")).files().cloned().collect(),
    };
    files.retain(|file| file.path != "README.md");
    files
}

/// Puts the repository's own pictures, which the page names by their addresses in the bundle, into the page.
async fn with_pictures(
    mut html: String,
    source: &dyn Source,
    snapshot: &Snapshot,
    revision: &str,
) -> Result<String, Failure> {
    let root = format!("{BUNDLE_ROOT}{}/resolve/{revision}/", snapshot.repo);
    if !html.contains(&root) {
        return Ok(html);
    }
    for file in snapshot.files.iter().filter(|file| file.size <= LARGEST_PICTURE) {
        let kind = match file.path.rsplit('.').next() {
            Some("png") => "png",
            Some("jpg" | "jpeg") => "jpeg",
            Some("gif") => "gif",
            Some("webp") => "webp",
            Some("svg") => "svg+xml",
            _ => continue,
        };
        let place = Place { root: BUNDLE_ROOT, ..Place::default() };
        let local = Snapshot { endpoint: String::new(), ..snapshot.clone() };
        let url = place.file_url(&local, &file.path);
        if html.contains(&format!("\"{url}\"")) {
            let mut bytes = Vec::new();
            source.read(snapshot, file, None, &mut bytes).await?;
            html = html
                .replace(&format!("\"{url}\""), &format!("\"data:image/{kind};base64,{}\"", STANDARD.encode(&bytes)));
        }
    }
    Ok(html)
}

/// Where a bundle goes.
struct Out {
    path: PathBuf,
    is_folder: bool,
}

impl Out {
    fn open(path: &Path, force: bool) -> Result<Self, Failure> {
        let is_folder = path.extension().is_none_or(|extension| extension != "html");
        let is_taken = match is_folder {
            true => path.is_file() || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()),
            false => path.exists(),
        };
        if is_taken && !force {
            return Err(Failure::error(format!("`{}` is there already; --force replaces it", path.display())));
        }
        Ok(Self { path: path.to_owned(), is_folder })
    }

    /// Writes everything under a temporary name, then gives it its own; answers its bytes.
    async fn write(&self, contents: &Contents<'_>) -> Result<u64, Failure> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = self.path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let written = match self.is_folder {
            true => contents.write_folder(&temporary).await,
            false => contents.write_file(&temporary).await,
        };
        let remove = |path: &Path| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match written {
            Ok(bytes) => {
                if self.path.exists() {
                    remove(&self.path).map_err(failed)?;
                }
                fs::rename(&temporary, &self.path).map_err(failed)?;
                Ok(bytes)
            }
            Err(failure) => {
                // It may never have been begun.
                let _ = remove(&temporary);
                Err(failure)
            }
        }
    }
}

/// What a bundle is made of.
struct Contents<'a> {
    /// The page before the pieces, and after them.
    before: &'a str,
    after: &'a str,
    pieces: &'a Pieces<'a>,
    /// Where files of the repository come from.
    source: &'a dyn Source,
    snapshot: &'a Snapshot,
}

impl Contents<'_> {
    /// Writes the page with the pieces in it.
    async fn write_file(&self, path: &Path) -> Result<u64, Failure> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        file.write_all(self.before.as_bytes()).map_err(failed)?;
        let write = |number: usize, text: &str| {
            writeln!(file, "<script type=\"text/plain\" data-piece=\"{number}\">{text}</script>")
        };
        self.pieces.write(self.source, self.snapshot, write).await?;
        file.write_all(self.after.as_bytes()).map_err(failed)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(file.metadata().map_err(failed)?.len())
    }

    /// Writes the page, and the pieces as scripts beside it.
    async fn write_folder(&self, path: &Path) -> Result<u64, Failure> {
        fs::create_dir_all(path.join("pieces")).map_err(failed)?;
        let mut bytes = (self.before.len() + self.after.len()) as u64;
        let write = |number: usize, text: &str| {
            let script = format!("vitrinePiece({number},{})\n", json!(text));
            bytes += script.len() as u64;
            fs::write(path.join(format!("pieces/{number}.js")), script)
        };
        self.pieces.write(self.source, self.snapshot, write).await?;
        fs::write(path.join("index.html"), format!("{}{}", self.before, self.after)).map_err(failed)?;
        Ok(bytes)
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::coded(ErrorCode::Storage, format!("the bundle cannot be written: {error}"))
}

impl Assets {
    fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = self.path(name);
        fs::read(&path).map_err(|error| Failure::error(format!("`{}` cannot be read: {error}", path.display())))
    }

    fn text(&self, name: &str) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.read(name)?).into_owned())
    }
}
