//! The names of things on a Hub: endpoints, repositories, revisions and access tokens, each parsed once.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::{Error, Result};

/// What must be escaped in one segment of a URL's path.
pub(crate) const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A repository's id: `name` or `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoId(String);

impl RepoId {
    /// Parses an id by the Hub's rules (`validate_repo_id` of huggingface_hub): each part of letters, digits, `-`,
    /// `_` and `.`, no `--` or `..`, neither first nor last `-` or `.`, 96 characters at most.
    pub fn parse(id: &str) -> Result<Self> {
        let id = id.trim();
        let part_fits = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && !part.starts_with(['-', '.'])
                && !part.ends_with(['-', '.'])
        };
        let fits = id.len() <= 96
            && !id.contains("--")
            && !id.contains("..")
            && !id.ends_with(".git")
            && id.split('/').count() <= 2
            && id.split('/').all(part_fits);
        if fits { Ok(Self(id.to_owned())) } else { Err(Error::InvalidRepo(id.to_owned())) }
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A branch, tag or commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revision(String);

impl Revision {
    /// Parses a revision; an empty text stands for `main`.
    pub fn parse(revision: &str) -> Result<Self> {
        let revision = revision.trim();
        let fits = revision.len() <= 250
            && !revision.contains("..")
            && !revision.starts_with(['/', '-'])
            && !revision.ends_with('/')
            && !revision
                .contains(|c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\'));
        match fits {
            true if revision.is_empty() => Ok(Self("main".to_owned())),
            true => Ok(Self(revision.to_owned())),
            false => Err(Error::InvalidRevision(revision.to_owned())),
        }
    }

    /// The revision as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a commit, that is, whether what it names can never change.
    pub fn is_commit(&self) -> bool {
        self.0.len() == 40 && self.0.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a Hub, or of a static host with its layout; no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(String);

impl Endpoint {
    /// The Hugging Face Hub.
    pub const HUB: &str = "https://huggingface.co";

    /// Parses an absolute `http` or `https` address.
    pub fn parse(url: &str) -> Result<Self> {
        let url = url.trim().trim_end_matches('/');
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let fits = rest.is_some_and(|rest| {
            let host = rest.split('/').next().unwrap_or_default();
            !host.is_empty() && !host.contains('@') && !rest.contains(['?', '#', ' ', '\\'])
        });
        if fits { Ok(Self(url.to_owned())) } else { Err(Error::InvalidEndpoint(url.to_owned())) }
    }

    /// The address as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0.get(host..).and_then(|rest| rest.find('/')).map_or(self.0.len(), |at| host + at);
        self.0.get(..end).unwrap_or(&self.0)
    }

    /// The URL of the repository's description at `revision`, with the size and SHA-256 of each file.
    pub fn api_url(&self, repo: &RepoId, revision: &Revision) -> String {
        format!("{}/api/models/{repo}/revision/{}?blobs=true", self.0, escape(revision.as_str()))
    }

    /// The URL of a file's bytes.
    pub fn resolve_url(&self, repo: &RepoId, revision: &Revision, path: &str) -> String {
        let path: Vec<String> = path.split('/').map(escape).collect();
        format!("{}/{repo}/resolve/{}/{}", self.0, escape(revision.as_str()), path.join("/"))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// An access token. It is never stored and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as the visitor gave it; `None` where it is empty or cannot stand in a header.
    pub fn parse(token: &str) -> Option<Self> {
        let token = token.trim();
        let fits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(token.to_owned()))
    }

    /// The value of the `Authorization` header.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_ids_follow_the_hubs_rules() {
        for good in ["gpt2", "org/name", "Org-1/na.me_2", " org/name "] {
            assert!(RepoId::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            "a--b",
            "a..b",
            "../a",
            "a b",
            "-a",
            "a.",
            "a.git",
            "a?b",
            "ä",
            &"a".repeat(97),
        ] {
            assert!(RepoId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn urls_escape_what_is_not_a_path() {
        let endpoint = Endpoint::parse("https://hub.test/base/").unwrap();
        let repo = RepoId::parse("org/name").unwrap();
        let revision = Revision::parse("refs/pr/1").unwrap();
        assert_eq!(endpoint.origin(), "https://hub.test");
        assert_eq!(
            endpoint.api_url(&repo, &revision),
            "https://hub.test/base/api/models/org/name/revision/refs%2Fpr%2F1?blobs=true"
        );
        assert_eq!(
            endpoint.resolve_url(&repo, &revision, "1_Pooling/a #1.json"),
            "https://hub.test/base/org/name/resolve/refs%2Fpr%2F1/1_Pooling/a%20%231.json"
        );
    }

    #[test]
    fn revisions_and_endpoints_are_checked() {
        assert_eq!(Revision::parse("").unwrap().as_str(), "main");
        assert!(Revision::parse("0123456789abcdef0123456789abcdef01234567").unwrap().is_commit());
        for bad in ["a..b", "a b", "/a", "a/", "a?b", "a\nb"] {
            assert!(Revision::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "hub.test", "ftp://hub.test", "https://", "https://user@hub.test", "https://hub.test/?q"] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = Token::parse(" hf_secret ").unwrap();
        assert_eq!(token.header(), "Bearer hf_secret");
        assert!(!format!("{token:?}").contains("secret"));
        assert!(Token::parse("two\nlines").is_none());
    }
}
