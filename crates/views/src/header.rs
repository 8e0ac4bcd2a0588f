//! The head of the widget: whose model it is, what it does, under which licence.

use maud::{Markup, html};
use vitrine_tasks::Task;

use crate::icon::{Icon, icon};
use crate::locale::translated;
use crate::{format, is_safe_url, text};

/// What the head says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Header<'a> {
    /// The repository's id.
    pub repo: &'a str,
    /// Its page at the endpoint.
    pub url: Option<&'a str>,
    /// The task, once it is known.
    pub task: Option<&'a Task>,
    /// The commit that is pinned, or the revision asked for.
    pub commit: Option<&'a str>,
    /// The licence, as the card names it.
    pub licence: Option<&'a str>,
    /// Whether the author lets only some people in.
    pub gated: bool,
}

/// The region `header`.
pub fn header(header: &Header) -> Markup {
    let name = html! {
        @if let Some((owner, name)) = header.repo.split_once('/') {
            span class="owner" { (owner) "/" }
            wbr;
            span class="model" { (name) }
        } @else {
            span class="model" { (header.repo) }
        }
    };
    html! {
        p class="name" id="vitrine-name" dir="ltr" {
            @match header.url.filter(|url| is_safe_url(url)) {
                Some(url) => a href=(url) target="_blank" rel="noopener" { (name) },
                None => (name),
            }
            @if header.gated {
                span class="gated" role="img" aria-label=(text::GATED) title=(text::GATED) { (icon(Icon::Lock)) }
            }
        }
        p class="local" { (icon(Icon::Shield)) span { (text::ON_DEVICE) } }
        p class="facts" {
            @if let Some(task) = header.task {
                span class="badge" { (translated(task.name)) }
            }
            @if let Some(licence) = header.licence {
                span class="fact" { span class="unseen" { (text::LICENCE) " " } (licence) }
            }
            @if let Some(commit) = header.commit {
                span class="fact mono" title=(commit) {
                    span class="unseen" { (text::COMMIT) " " }
                    (format::commit(commit))
                }
            }
        }
        @if let Some(task) = header.task {
            p class="purpose" { (translated(task.description)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_apart_from_the_name() {
        let html =
            header(&Header { repo: "org/name", url: Some("https://huggingface.co/org/name"), ..Header::default() });
        let html = html.into_string();
        assert!(html.contains("<span class=\"owner\">org/</span>"));
        assert!(html.contains("href=\"https://huggingface.co/org/name\""));
        assert!(header(&Header { repo: "gpt2", ..Header::default() }).into_string().contains(">gpt2</span>"));
    }

    #[test]
    fn only_web_addresses_become_links() {
        for url in ["javascript:alert(1)", "data:text/html,x", " javascript:x"] {
            let html = header(&Header { repo: "a/b", url: Some(url), ..Header::default() }).into_string();
            assert!(!html.contains("<a "), "{url}");
        }
    }

    #[test]
    fn commits_are_short_and_licences_shown() {
        let commit = Some("c9745ed1d9f207416be6d2e6f8de32d1f16199bf");
        let html =
            header(&Header { repo: "a/b", commit, licence: Some("apache-2.0"), gated: true, ..Header::default() });
        let html = html.into_string();
        assert!(html.contains("c9745ed</span>") && html.contains("apache-2.0") && html.contains(text::GATED.as_str()));
    }
}
