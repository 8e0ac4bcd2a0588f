//! `vitrine page`: static pages of models, and an index where there are several.

mod publish;
mod site;
mod written;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use vitrine_hub::card::{Severity, check_of};
use vitrine_hub::{
    Endpoint, Folder, Git, RepoId, Repositories, Revision, Snapshot, Source, Version, Wanted, parameters, plan,
};
use vitrine_pages::{Entry, Model, Place, entry, has_language, index, languages, model_page};
use vitrine_tasks::ErrorCode;
use vitrine_views::format;

use crate::Failure;
use crate::card::check::line;
use crate::model::{hub, text};
use crate::serve::library::{Library, is_repository};
pub use publish::describe;
use publish::{publish, publish_names};
pub use site::{Assets, assets};
use written::Written;

/// The arguments of `vitrine page`.
#[derive(Debug, Args)]
pub struct Options {
    /// Repositories: ids of the Hub, folders with the layout of one, or folders of such folders
    #[arg(required = true)]
    models: Vec<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The branch, tag or commit of models of the Hub [default: main]
    #[arg(long)]
    revision: Option<String>,
    /// The Hub, or a static host with its layout, that ids are looked up at [env: HF_ENDPOINT] [default: https://huggingface.co]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The address that the pages will have, for the code that they offer
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The built site, with the widget's files [default: dist]
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// The newest commits of a repository of git to publish, beside its branches and tags
    #[arg(long, default_value_t = 10)]
    commits: usize,
    /// The language of the pages' own words: ar, de, en, es, fr or zh
    #[arg(long, value_name = "TAG", default_value = "en", value_parser = language)]
    lang: String,
}

/// Takes the tag of a language that there is a table of.
pub(crate) fn language(tag: &str) -> Result<String, String> {
    if has_language(tag) {
        return Ok(tag.to_owned());
    }
    Err(format!("there are {}", languages().collect::<Vec<_>>().join(", ")))
}

/// A repository, and where its files come from.
struct Found {
    repo: RepoId,
    from: From,
}

enum From {
    Folder(Folder),
    Git(Git),
    Hub(Box<dyn Repositories>),
}

impl Found {
    fn source(&self) -> &dyn Repositories {
        match &self.from {
            From::Folder(folder) => folder,
            From::Git(git) => git,
            From::Hub(hub) => &**hub,
        }
    }
}

/// Writes the pages.
pub async fn page(options: Options) -> Result<(), Failure> {
    let site = assets(options.site.as_deref())?;
    let found = find(&options)?;
    let has_index = found.len() > 1;
    let url = options.url.as_deref().map(Endpoint::parse).transpose()?;
    let url = url.as_ref().map(Endpoint::as_str);
    let revision = Revision::parse(options.revision.as_deref().unwrap_or_default())?;
    let mut written = Written::open(&options.out)?;
    site.copy(&mut written)?;
    let mut entries: Vec<Entry> = Vec::new();
    for model in &found {
        // A repository that cannot be described fails the whole, before a half-made index can be published.
        entries.push(write_model(model, &revision, &options, url, has_index, &mut written).await?);
    }
    if has_index {
        for (path, content) in
            index(&entries, &Place { root: "", url, language: &options.lang, has_index, bundled: None })
        {
            written.write(&path, content.as_bytes())?;
        }
    }
    let (files, bytes) = written.finish()?;
    let pages = if has_index {
        format!("{} models", found.len())
    } else {
        format!("{}", options.out.join("index.html").display())
    };
    let report = format!("{pages}: {files} files, {} in {}\n", format::bytes(bytes), options.out.display());
    write!(io::stdout(), "{report}").map_err(|error| Failure::error(format!("stdout: {error}")))
}

/// Finds the repositories that the arguments name, each once.
fn find(options: &Options) -> Result<Vec<Found>, Failure> {
    let mut found: Vec<Found> = Vec::new();
    for name in &options.models {
        let path = Path::new(name);
        if options.endpoint.is_none() && path.is_dir() {
            if is_repository(path) || Git::open(path).is_some() {
                let folder = path.canonicalize().ok();
                let name =
                    folder.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
                found.push(Found { repo: RepoId::parse(name)?, from: local(Folder::new(path)) });
            } else {
                let failed = |error: io::Error| Failure::error(format!("`{name}` cannot be read: {error}"));
                let library = Library::open(path).map_err(failed)?;
                let repos = library.repos().map_err(failed)?;
                if repos.is_empty() {
                    return Err(Failure::coded(ErrorCode::RepoNotFound, format!("there is no repository in `{name}`")));
                }
                found.extend(repos.into_iter().map(|repo| Found { repo: repo.id, from: local(repo.folder) }));
            }
            continue;
        }
        if name.starts_with(['.', '/', '~']) {
            return Err(Failure::coded(ErrorCode::RepoNotFound, format!("there is no folder `{name}`")));
        }
        found
            .push(Found { repo: RepoId::parse(name)?, from: From::Hub(Box::new(hub(options.endpoint.as_deref())?.0)) });
    }
    for (index, model) in found.iter().enumerate() {
        let id = model.repo.as_str();
        if found.iter().take(index).any(|earlier| earlier.repo.as_str() == id) {
            return Err(Failure::error(format!("`{id}` is named twice")));
        }
        // These folders of the site are its own.
        if matches!(id.split('/').next(), Some("api" | "assets" | "index" | "tasks")) {
            return Err(Failure::error(format!("a site has no place for a model called `{id}`")));
        }
    }
    Ok(found)
}

fn local(folder: Folder) -> From {
    match Git::open(folder.path()) {
        Some(git) => From::Git(git),
        None => From::Folder(folder),
    }
}

/// Writes the pages of all versions of a model, with its files where they come from this machine.
async fn write_model(
    found: &Found,
    revision: &Revision,
    options: &Options,
    url: Option<&str>,
    has_index: bool,
    written: &mut Written,
) -> Result<Entry, Failure> {
    let source = found.source();
    let versions = match &found.from {
        From::Git(git) => {
            if git.is_changed()? {
                eprintln!("note: what is not committed in {} is left out", found.repo);
            }
            git.versions(options.commits)?
        }
        From::Folder(_) | From::Hub(_) => Vec::new(),
    };
    let is_hosted = matches!(found.from, From::Hub(_));
    // Where there is one model alone, the site is its page.
    let folder = if has_index { format!("{}/", found.repo) } else { String::new() };
    let up = |folder: &str| "../".repeat(folder.matches('/').count());
    // A revision is one of a host's; what is here is published with all of them.
    let main = Revision::parse("")?;
    let mut snapshot = source.snapshot(&found.repo, if is_hosted { revision } else { &main }).await?;
    let current = snapshot.commit.clone();
    let mut commits: Vec<&str> = versions.iter().map(|version| version.commit.as_str()).collect();
    commits.sort_unstable();
    commits.dedup();
    for commit in commits.into_iter().filter(|commit| snapshot.commit.as_deref() != Some(commit)) {
        let mut older = source.snapshot(&found.repo, &Revision::parse(commit)?).await?;
        let facts = facts(source, &older).await;
        publish(source, &mut older, &facts, written).await?;
        let folder = format!("{folder}tree/{commit}/");
        let place = Place { root: &up(&folder), url, language: &options.lang, has_index, bundled: None };
        let html = model_page(&facts.model(&older, &versions, current.as_deref()), &place);
        written.write(&format!("{folder}index.html"), html.as_bytes())?;
    }
    let facts = facts(source, &snapshot).await;
    if !is_hosted {
        // What the Hub would refuse the card for.
        let problems = facts.readme.as_deref().map(|readme| check_of(Some(&found.repo), readme)).unwrap_or_default();
        for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
            eprint!("note: {}: {}", found.repo, line("README.md", problem));
        }
        publish(source, &mut snapshot, &facts, written).await?;
        publish_names(&found.repo, &versions, written)?;
    }
    let place = Place { root: &up(&folder), url, language: &options.lang, has_index, bundled: None };
    let model = facts.model(&snapshot, &versions, current.as_deref());
    written.write(&format!("{folder}index.html"), model_page(&model, &place).as_bytes())?;
    Ok(entry(&model))
}

/// What a page says about a model beside its snapshot.
pub(crate) struct Facts {
    readme: Option<String>,
    config: Value,
    parameters: Option<std::collections::BTreeMap<String, u64>>,
    weights: u64,
}

impl Facts {
    pub(crate) fn model<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        versions: &'a [Version],
        current: Option<&'a str>,
    ) -> Model<'a> {
        Model {
            snapshot,
            current,
            readme: self.readme.as_deref(),
            config: &self.config,
            parameters: self.parameters.as_ref(),
            weights: self.weights,
            versions,
        }
    }
}

/// Reads the small files of a repository that its page is made of, and the headers of its weights.
pub(crate) async fn facts(source: &dyn Source, snapshot: &Snapshot) -> Facts {
    // A page is made without a file that cannot be read.
    let readme = text(source, snapshot, "README.md").await.ok().flatten();
    let config = text(source, snapshot, "config.json").await.ok().flatten();
    let weights = plan(snapshot, Wanted::Original).weights;
    let safetensors = weights.iter().all(|file| file.path.ends_with(".safetensors"));
    let parameters = if safetensors { parameters(source, snapshot, &weights).await } else { None };
    Facts {
        readme,
        // What is no JSON says nothing.
        config: config.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        parameters,
        weights: weights.iter().map(|file| file.size).sum(),
    }
}
