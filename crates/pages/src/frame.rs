//! What every page has around its content: the head with its policy, the skip link, the foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{Place, text};

/// What a page says about itself.
pub(crate) struct Head<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    /// The address of a picture for social networks.
    pub(crate) thumbnail: Option<&'a str>,
    /// Hosts that the page's models are fetched from, beside its own.
    pub(crate) hosts: &'a str,
    /// Scripts of the site, by name.
    pub(crate) scripts: &'a [&'a str],
}

/// Scripts come from the site alone, and nothing is sent anywhere but to the models' host. Pictures of other sites may be
/// shown once the reader asks for them.
fn policy(hosts: &str) -> String {
    let hosts = if hosts.is_empty() { String::new() } else { format!(" {hosts}") };
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'{hosts}; \
         img-src 'self' data: https: http:; worker-src 'self' blob:; frame-src 'none'; object-src 'none'; base-uri 'none'; \
         form-action 'self'"
    )
}

/// A whole page.
pub(crate) fn page(place: &Place, head: &Head, nav: &Markup, main: &Markup) -> String {
    let asset = |name: &str| format!("{}assets/{name}", place.root);
    let direction =
        if place.language.starts_with("ar") || place.language.starts_with("he") { Some("rtl") } else { None };
    let page = html! {
        (DOCTYPE)
        html lang=(place.language) dir=[direction] {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(head.hosts));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (head.title) }
                meta name="description" content=(head.description);
                meta property="og:title" content=(head.title);
                meta property="og:description" content=(head.description);
                meta property="og:type" content="website";
                @if let Some(thumbnail) = head.thumbnail {
                    meta property="og:image" content=(thumbnail);
                }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(asset("page.css"));
                @for script in head.scripts {
                    script type="module" src=(asset(script)) {}
                }
            }
            body {
                a class="skip" href="#content" { (text::SKIP) }
                header class="site" { (nav) }
                main id="content" tabindex="-1" { (main) }
                footer class="site" { p { (text::MADE_WITH) } }
            }
        }
    };
    page.into_string()
}

/// HTML of crate `cards`, which is safe.
pub(crate) fn safe(html: &str) -> PreEscaped<&str> {
    PreEscaped(html)
}
