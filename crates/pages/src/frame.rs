//! What every page has around its content: the head with its policy, the skip link, the foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::locales::is_rtl;
use crate::{Bundled, Place, text};

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
    /// Modules of the site that scripts will ask for, by name, so that they need not be found out one after the other.
    pub(crate) modules: &'a [&'a str],
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

/// Nothing is fetched but what the page holds, or what lies beside it on the same disk.
fn bundle_policy(bundled: &Bundled) -> String {
    let hash = |text: &str| format!("'sha256-{}'", (bundled.hash)(text));
    format!(
        "default-src 'none'; script-src {} 'wasm-unsafe-eval' blob: file: 'self'; style-src {} {}; connect-src blob: data:; \
         img-src data: https: http:; worker-src blob:; base-uri 'none'; form-action 'none'",
        hash(bundled.script),
        hash(bundled.page_style),
        hash(bundled.widget_style),
    )
}

/// A whole page.
pub(crate) fn page(place: &Place, head: &Head, nav: &Markup, main: &Markup) -> String {
    let asset = |name: &str| format!("{}assets/{name}", place.root);
    let own = html! {
        link rel="stylesheet" href=(asset("page.css"));
        @for script in head.scripts {
            script type="module" src=(asset(script)) {}
        }
        @for module in head.modules {
            link rel="modulepreload" href=(asset(module));
        }
    };
    document(place, head, &policy(head.hosts), &own, &body(nav, main, &html! {})).into_string()
}

/// A page that holds its site: what comes before the pieces of its files, and what comes after them.
pub(crate) fn bundle(place: &Place, head: &Head, bundled: &Bundled, main: &Markup) -> (String, String) {
    // Where the pieces go.
    const PIECES: &str = "<!--pieces-->";
    let own = html! { style { (PreEscaped(bundled.page_style)) } };
    let scripts = html! {
        script type="application/json" id="bundle-files" { (PreEscaped(bundled.files)) }
        script type="text/plain" id="bundle-worker" { (PreEscaped(bundled.worker)) }
        (PreEscaped(PIECES))
        script { (PreEscaped(bundled.script)) }
    };
    let page = document(place, head, &bundle_policy(bundled), &own, &body(&html! {}, main, &scripts)).into_string();
    let (before, after) = page.rsplit_once(PIECES).unwrap_or((&page, ""));
    (before.to_owned(), after.to_owned())
}

fn body(nav: &Markup, main: &Markup, scripts: &Markup) -> Markup {
    html! {
        a class="skip" href="#content" { (text::SKIP) }
        header class="site" { (nav) }
        main id="content" tabindex="-1" { (main) }
        footer class="site" { p { (text::MADE_WITH) } }
        (scripts)
    }
}

fn document(place: &Place, head: &Head, policy: &str, own: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(place.language) dir=[is_rtl(place.language).then_some("rtl")] {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
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
                (own)
            }
            body { (body) }
        }
    }
}

/// HTML of crate `cards`, which is safe.
pub(crate) fn safe(html: &str) -> PreEscaped<&str> {
    PreEscaped(html)
}
