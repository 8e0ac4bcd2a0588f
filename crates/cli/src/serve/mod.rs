//! `vitrine serve`: a folder of repositories as a Hub, and a static site beside it.

mod answer;
mod bytes;
mod call;
mod files;
mod hashes;
pub mod library;
mod media_type;
mod models;
mod pages;
mod site;
mod time;
mod tree;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use axum::serve::ListenerExt;
use clap::Args;
use tokio::net::TcpListener;

use crate::Failure;
use answer::{Refusal, finish, preflight};
use call::Call;
use files::Form;
use library::{Library, Repo};
use site::Site;

/// The longest body of a request.
const LONGEST_BODY: usize = 1 << 20;

/// The methods that reading needs.
const READING: &str = "GET, HEAD, OPTIONS";

/// The arguments of `vitrine serve`.
#[derive(Debug, Args)]
pub struct Options {
    /// The folder of repositories, `<owner>/<name>/…` or `<name>/…` [default: the current folder, unless --site is given]
    dir: Option<PathBuf>,
    /// The port; 0 for any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The name or address to listen at
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Send the headers that isolate pages (COOP, COEP, CORP), so that they may share memory between workers
    #[arg(long)]
    isolate: bool,
    /// A folder of static files to serve at `/`
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
}

/// Everything that requests are answered from.
struct Host {
    library: Option<Library>,
    site: Option<Site>,
    isolate: bool,
}

/// Serves until interrupted.
pub async fn serve(options: Options) -> Result<(), Failure> {
    let dir = options.dir.or_else(|| options.site.is_none().then(|| PathBuf::from(".")));
    let unreadable =
        |folder: &PathBuf, error: io::Error| Failure::error(format!("{} cannot be served: {error}", folder.display()));
    let library = dir.as_ref().map(|dir| Library::open(dir).map_err(|error| unreadable(dir, error))).transpose()?;
    let site = options.site.as_ref().map(|dir| Site::open(dir).map_err(|error| unreadable(dir, error))).transpose()?;
    if let (Some(dir), true) = (&dir, library.as_ref().is_some_and(Library::is_repository)) {
        eprintln!("note: {} is itself a repository; serve the folder that holds it to serve its files", dir.display());
    }
    let listener = TcpListener::bind((options.host.as_str(), options.port)).await.map_err(|error| {
        let at = format!("{} port {}", options.host, options.port);
        Failure::error(match error.kind() {
            io::ErrorKind::AddrInUse => format!("{at} is in use by another program; choose another with --port"),
            _ => format!("cannot listen at {at}: {error}"),
        })
    })?;
    let address = listener.local_addr().map_err(|error| Failure::error(error.to_string()))?;
    announce(library.as_ref(), dir.as_ref(), options.site.as_ref(), address);
    let host = Arc::new(Host { library, site, isolate: options.isolate });
    let app = Router::new().fallback(move |request: Request| answer(Arc::clone(&host), request));
    let listener = listener.tap_io(|connection| {
        // Without it small answers wait for acknowledgements; they still arrive.
        let _ = connection.set_nodelay(true);
    });
    tokio::select! {
        result = axum::serve(listener, app) => result.map_err(|error| Failure::error(error.to_string())),
        result = tokio::signal::ctrl_c() => result.map_err(|error| Failure::error(error.to_string())),
    }
}

fn announce(library: Option<&Library>, dir: Option<&PathBuf>, site: Option<&PathBuf>, address: SocketAddr) {
    let count = library.and_then(|library| library.repos().ok()).map_or(0, |repos| repos.len());
    let models = dir.map(|dir| format!("{count} {} of {}", if count == 1 { "model" } else { "models" }, dir.display()));
    let what: Vec<String> = models.into_iter().chain(site.map(|site| site.display().to_string())).collect();
    // Nobody reads it if it cannot be written.
    let _ = writeln!(io::stdout(), "Serving {} on http://{address}", what.join(" and "));
}

async fn answer(host: Arc<Host>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (method, headers, isolate) = (parts.method.clone(), parts.headers.clone(), host.isolate);
    // Files are listed and hashed where that holds up no other request.
    let answered = match to_bytes(body, LONGEST_BODY).await {
        Ok(body) => tokio::task::spawn_blocking(move || route(&host, parts, body))
            .await
            .unwrap_or_else(|error| Err(Refusal::Io(io::Error::other(error)))),
        Err(_) => Err(Refusal::Malformed("The body is too long".to_owned())),
    };
    finish(answered.unwrap_or_else(Refusal::response), &method, &headers, isolate)
}

fn route(host: &Host, parts: axum::http::request::Parts, body: Bytes) -> Result<Response, Refusal> {
    let call = Call::new(parts, body).ok_or(Refusal::Nothing)?;
    if call.method == Method::OPTIONS {
        return Ok(preflight(&call));
    }
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let reads = call.method == Method::GET || call.method == Method::HEAD;
    let found = host.site.as_ref().filter(|_| reads).and_then(|site| {
        site.answer(&call, &call.segments).or_else(|| {
            // Pages of models have the site's files where `vitrine page` puts them.
            let rest = call.segments.split_first().filter(|(first, _)| *first == "assets")?.1;
            site.answer(&call, rest)
        })
    });
    match (found, &host.library, segments.as_slice()) {
        (Some(response), _, _) => Ok(response),
        (None, None, _) => Err(if reads { Refusal::Nothing } else { Refusal::Method(READING) }),
        (None, Some(library), ["api", rest @ .., ""] | ["api", rest @ ..]) => api(library, &call, rest),
        (None, Some(_), _) if !reads => Err(Refusal::Method(READING)),
        (None, Some(library), rest) => {
            // A page needs the site's files.
            let page = host.site.as_ref().and_then(|_| find(library, rest, |tail| matches!(tail, [] | [""])).ok());
            match page {
                Some((repo, [""])) => return pages::page(library, &repo),
                Some((repo, _)) => return Ok(site::with_slash(repo.id.as_str())),
                None => {}
            }
            let is_file = |tail: &[&str]| matches!(tail, [form, _, _, ..] if Form::parse(form).is_some());
            match find(library, rest, is_file)? {
                (repo, [form, revision, path @ ..]) => {
                    let form = Form::parse(form).ok_or(Refusal::Nothing)?;
                    files::file(library, &call, &repo, form, revision, &path.join("/"))
                }
                _ => Err(Refusal::Nothing),
            }
        }
    }
}

fn api(library: &Library, call: &Call, segments: &[&str]) -> Result<Response, Refusal> {
    let posts = call.method == Method::POST;
    let reads = call.method == Method::GET || call.method == Method::HEAD;
    let is_known =
        |tail: &[&str]| matches!(tail, [] | ["refs"] | ["revision" | "commits" | "paths-info", _] | ["tree", _, ..]);
    match segments {
        ["whoami-v2"] if reads => Err(Refusal::Unauthorized),
        ["models"] if reads => models::list(library, call),
        ["models", rest @ ..] => match find(library, rest, is_known)? {
            (repo, ["paths-info", revision]) if posts => tree::paths_info(library, call, &repo, revision),
            (_, ["paths-info", _]) => Err(Refusal::Method("POST, OPTIONS")),
            _ if !reads => Err(Refusal::Method(READING)),
            (repo, []) => models::info(library, call, repo, "main"),
            (repo, ["revision", revision]) => models::info(library, call, repo, revision),
            (repo, ["tree", revision, path @ ..]) => tree::tree(library, call, &repo, revision, &path.join("/")),
            (repo, ["refs"]) => tree::refs(library, &repo),
            (repo, ["commits", revision]) => tree::commits(library, &repo, revision),
            _ => Err(Refusal::Nothing),
        },
        _ if reads => Err(Refusal::Nothing),
        _ => Err(Refusal::Method(READING)),
    }
}

/// The repository at the beginning of a path, and what follows it. An id has two parts or one, so of both readings the
/// one that names a repository counts.
fn find<'a, 'b>(
    library: &Library,
    segments: &'a [&'b str],
    is_known: impl Fn(&[&str]) -> bool,
) -> Result<(Repo, &'a [&'b str]), Refusal> {
    let mut refusal = Refusal::Nothing;
    for (id, tail) in [2, 1].into_iter().filter_map(|parts| segments.split_at_checked(parts)) {
        if is_known(tail) {
            match library.repo(&id.join("/")) {
                Some(repo) => return Ok((repo, tail)),
                None => refusal = Refusal::Repo,
            }
        }
    }
    Err(refusal)
}
