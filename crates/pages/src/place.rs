//! Where a page is, and where the files that it names are.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vitrine_hub::{Endpoint, RepoId, Revision, Snapshot};
use vitrine_views::locale;

use crate::locales::table;

/// What may stand in a segment of a path as it is (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where a page is within its site.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// The path from the page to the root of the site, empty or with a slash at its end: `../../`.
    pub root: &'a str,
    /// The address of the site's root, without a slash at its end, where it is known.
    pub url: Option<&'a str>,
    /// The language of the page's own words.
    pub language: &'a str,
    /// Whether the site has an index of several models.
    pub has_index: bool,
    /// What the page holds in itself, where it is a bundle.
    pub bundled: Option<&'a Bundled<'a>>,
}

/// The root of a bundle: an address that no host has (RFC 2606), which the bundle's script answers for.
pub const BUNDLE_ROOT: &str = "https://vitrine.invalid/";

/// The parts of the site that a bundle's page holds.
#[derive(Debug, Clone, Copy)]
pub struct Bundled<'a> {
    /// The style sheet of pages.
    pub page_style: &'a str,
    /// The style sheet of the widget.
    pub widget_style: &'a str,
    /// The script of the page.
    pub script: &'a str,
    /// The script of the worker.
    pub worker: &'a str,
    /// What the script knows of the files, as JSON.
    pub files: &'a str,
    /// The hash of each script with a policy of its own, and of the style sheets, in base64: SHA-256.
    pub hash: fn(&str) -> String,
}

impl Place<'_> {
    /// Works in the language of the page.
    pub(crate) fn speaking<T>(&self, work: impl FnOnce() -> T) -> T {
        locale::with(table(self.language), work)
    }

    /// The address of a file of the repository: at its host, or, where the repository comes from this machine, on this site.
    pub fn file_url(&self, snapshot: &Snapshot, path: &str) -> String {
        if is_hosted(snapshot) {
            return snapshot.url(path).unwrap_or_default();
        }
        let revision = snapshot.commit.as_deref().unwrap_or("main");
        let path: Vec<String> = path.split('/').map(segment).collect();
        format!("{}{}/resolve/{revision}/{}", self.root, snapshot.repo, path.join("/"))
    }

    /// The address where people read a file: the Hub has pages for files.
    pub fn page_url(&self, snapshot: &Snapshot, path: &str) -> String {
        if self.bundled.is_some() || is_document(snapshot, path) {
            return "#files".to_owned();
        }
        let url = self.file_url(snapshot, path);
        let resolve = format!("/{}/resolve/", snapshot.repo);
        match snapshot.endpoint == Endpoint::HUB {
            true => url.replacen(&resolve, &format!("/{}/blob/", snapshot.repo), 1),
            false => url,
        }
    }

    /// The path to the folder of a model's page; where there is one model alone, the site is its page.
    pub fn model_path(&self, repo: &str) -> String {
        if self.has_index { format!("{}{repo}/", self.root) } else { self.root.to_owned() }
    }
}

/// Whether a file of this site would be a page of it, with all that a page may do, were it opened rather than saved.
pub(crate) fn is_document(snapshot: &Snapshot, path: &str) -> bool {
    const KINDS: &[&str] =
        &["htm", "html", "mht", "mhtml", "shtml", "svg", "svgz", "xht", "xhtml", "xml", "xsl", "xslt"];
    let kind = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    !is_hosted(snapshot) && KINDS.contains(&kind.as_str())
}

/// Whether the repository comes from a host rather than from this machine.
pub(crate) fn is_hosted(snapshot: &Snapshot) -> bool {
    snapshot.endpoint.starts_with("https://") || snapshot.endpoint.starts_with("http://")
}

/// Whether a text of a card is an address of the web, as a browser reads one.
pub(crate) fn is_web_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let fits = |c: char| {
        !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
    };
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()) && rest.chars().all(fits))
}

/// The address of a model of the Hub, `None` where the name is none of a repository.
pub(crate) fn hub_url(kind: &str, id: &str) -> Option<String> {
    let id = RepoId::parse(id).ok().filter(|parsed| parsed.as_str() == id)?;
    Some(format!("{}/{kind}{id}", Endpoint::HUB))
}

/// The revision that a page pins: the commit, or what was asked for on a host without commits.
pub(crate) fn pinned(snapshot: &Snapshot) -> Option<String> {
    let named = || Revision::parse(&snapshot.revision).ok().filter(|revision| revision.as_str() != "main");
    snapshot.commit.clone().or_else(|| named().map(|revision| revision.to_string()))
}

/// A segment of a path with everything escaped that is not plain.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for good in ["https://example.org/a?b=c#d", "http://localhost:8080", "https://ü.example/%20"] {
            assert!(is_web_url(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "https://\"><script>",
            "https://",
            "//example.org",
            " https://example.org",
            "https:// x",
        ] {
            assert!(!is_web_url(bad), "{bad}");
        }
    }
}
