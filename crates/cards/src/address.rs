//! Where the addresses in a card point: into the card, into the repository, to other hosts, or nowhere.

use percent_encoding::percent_decode_str;
use url::Url;

/// Where an address points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// To a place in the card itself, without the `#`.
    Fragment(String),
    /// To a file of the repository: its decoded path, and the query and fragment with their marks.
    File { path: String, rest: String },
    /// To a page or file of a host.
    Web(Url),
    /// To a mailbox.
    Mail(Url),
}

/// Reads an address as a browser would; `None` for those that a card may not have.
pub fn read(address: &str) -> Option<Address> {
    let address: String = address
        .trim_matches(|each: char| each <= ' ')
        .chars()
        .filter(|each| !matches!(each, '\t' | '\n' | '\r'))
        .collect();
    if let Some(fragment) = address.strip_prefix('#') {
        let fragment = fragment.strip_prefix("user-content-").unwrap_or(fragment);
        return (!fragment.is_empty()).then(|| Address::Fragment(fragment.to_owned()));
    }
    let address = if starts_with_host(&address) { format!("https:{address}") } else { address };
    match Url::parse(&address) {
        Ok(url) => match url.scheme() {
            "http" | "https" if url.has_host() => Some(Address::Web(url)),
            "mailto" => Some(Address::Mail(url)),
            _ => None,
        },
        Err(url::ParseError::RelativeUrlWithoutBase) => file(&address),
        Err(_) => None,
    }
}

/// Whether a URL is under one of these prefixes, each of which ends at a part of a URL.
pub fn is_under(url: &str, prefixes: &[impl AsRef<str>]) -> bool {
    prefixes.iter().map(AsRef::as_ref).filter(|prefix| !prefix.is_empty()).any(|prefix| {
        url.strip_prefix(prefix)
            .is_some_and(|rest| prefix.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?', '#']))
    })
}

/// Whether a URL names no host and no scheme, and so stays on the page's own.
pub fn is_relative(url: &str) -> bool {
    !starts_with_host(url) && Url::parse(url) == Err(url::ParseError::RelativeUrlWithoutBase)
}

fn starts_with_host(address: &str) -> bool {
    let mut first = address.trim_start_matches(|each: char| each <= ' ').chars();
    matches!((first.next(), first.next()), (Some('/' | '\\'), Some('/' | '\\')))
}

/// A path of the repository; one that leaves it is none.
fn file(address: &str) -> Option<Address> {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, rest) = address.split_at_checked(end)?;
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let mut parts = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ if part.contains(char::is_control) => return None,
            _ => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| Address::File { path: parts.join("/"), rest: rest.to_owned() })
}

/// A URL with a query and a fragment more, which begin with their marks.
pub fn join(url: String, rest: &str) -> String {
    let (query, fragment) = rest.split_at_checked(rest.find('#').unwrap_or(rest.len())).unwrap_or_default();
    let query = if url.contains('?') { query.replacen('?', "&", 1) } else { query.to_owned() };
    let fragment = if url.contains('#') { "" } else { fragment };
    format!("{url}{query}{fragment}")
}
