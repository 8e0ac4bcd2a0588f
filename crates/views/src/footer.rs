//! The foot of the widget: the promise of privacy, the code to embed it, and what is kept on the device.

use maud::{Markup, html};

use crate::icon::{Icon, icon};
use crate::{format, is_safe_url, text};

/// What the foot offers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Footer<'a> {
    /// Whether a model is in memory that can be given back.
    pub can_unload: bool,
    /// Bytes of this model kept on the device; `None` or 0 for none.
    pub stored_bytes: Option<u64>,
    /// The format of the model's weights in memory (`q8`), and the file that they came from.
    pub weights: Option<(&'a str, &'a str)>,
    /// The HTML to embed this widget, from [`snippet`].
    pub snippet: Option<&'a str>,
    /// The page of Vitrine itself.
    pub home: Option<&'a str>,
}

/// The region `footer`.
pub fn footer(footer: &Footer) -> Markup {
    let stored = footer.stored_bytes.filter(|bytes| *bytes > 0);
    html! {
        p class="privacy" { (icon(Icon::Shield)) span { (text::PRIVACY) } }
        @match footer.home.filter(|url| is_safe_url(url)) {
            Some(url) => a class="home" href=(url) target="_blank" rel="noopener" { (text::VITRINE) },
            None => span class="home" { (text::VITRINE) },
        }
        @if let Some((dtype, file)) = footer.weights {
            p class="weights muted" { (text::weights(dtype, file)) }
        }
        div class="buttons" {
            @if footer.can_unload {
                button class="quiet" type="button" data-action="unload" { (text::UNLOAD) }
            }
            @if let Some(bytes) = stored {
                button class="quiet" type="button" data-action="forget" { (icon(Icon::Trash)) (text::FORGET.of(&format::bytes(bytes))) }
            }
        }
        @if let Some(snippet) = footer.snippet {
            details class="embed" {
                summary { (icon(Icon::Code)) (text::EMBED) }
                p class="muted" { (text::EMBED_HINT) }
                div class="code" {
                    pre dir="ltr" tabindex="0" role="group" aria-label=(text::EMBED_CODE) {
                        code data-snippet { (snippet) }
                    }
                    button class="quiet" type="button" data-action="copy-snippet" { (icon(Icon::Copy)) (text::COPY) }
                }
            }
        }
    }
}

/// What a snippet embeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Snippet<'a> {
    /// The repository's id.
    pub model: &'a str,
    /// The commit (or the revision) to pin.
    pub revision: Option<&'a str>,
    /// The task, where it is not the repository's own.
    pub task: Option<&'a str>,
    /// The endpoint, where it is not the Hub.
    pub endpoint: Option<&'a str>,
    /// The model's page, for readers without script.
    pub url: Option<&'a str>,
    /// Where `model-widget.js` is.
    pub script_url: &'a str,
}

/// The HTML that puts this widget into another page.
pub fn snippet(snippet: &Snippet) -> String {
    let link = html! {
        @match snippet.url.filter(|url| is_safe_url(url)) {
            Some(url) => a href=(url) { (snippet.model) },
            None => (snippet.model),
        }
    };
    let tag = html! {
        model-widget model=(snippet.model) revision=[snippet.revision] task=[snippet.task] endpoint=[snippet.endpoint] {
            (link)
        }
    };
    let script = html! { script type="module" src=(snippet.script_url) {} };
    format!("{}\n{}", script.into_string(), tag.into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_pins_what_was_seen() {
        let embedded = Snippet {
            model: "org/name",
            revision: Some("c9745ed"),
            url: Some("https://huggingface.co/org/name"),
            script_url: "https://example.org/model-widget.js",
            ..Snippet::default()
        };
        assert_eq!(
            snippet(&embedded),
            "<script type=\"module\" src=\"https://example.org/model-widget.js\"></script>\n\
             <model-widget model=\"org/name\" revision=\"c9745ed\">\
             <a href=\"https://huggingface.co/org/name\">org/name</a></model-widget>"
        );
    }

    #[test]
    fn a_snippet_cannot_be_broken_out_of() {
        let embedded =
            Snippet { model: "\"><img src=x>", endpoint: Some("\"><b>"), script_url: "\"><i>", ..Snippet::default() };
        let text = snippet(&embedded);
        assert!(!text.contains("<img") && !text.contains("<b>") && !text.contains("<i>"));
        let html = footer(&Footer { snippet: Some("<script>alert(1)</script>"), ..Footer::default() }).into_string();
        assert!(!html.contains("<script"));
    }

    #[test]
    fn the_foot_tells_which_weights_are_in_memory() {
        let told = |weights| footer(&Footer { weights: Some(weights), ..Footer::default() }).into_string();
        let html = told(("q8", "model.q8.safetensors"));
        assert!(html.contains("Weights from model.q8.safetensors, in 8 bits"), "{html}");
        assert!(told(("f32", "pytorch_model.bin")).contains("Weights from pytorch_model.bin, in 32 bits"));
        assert!(told(("bf16", "<b>")).contains("Weights from &lt;b&gt;, in 16 bits"));
        assert!(!footer(&Footer::default()).into_string().contains("Weights"));
    }

    #[test]
    fn the_foot_offers_only_what_can_be_done() {
        let html =
            footer(&Footer { stored_bytes: Some(0), home: Some("javascript:x"), ..Footer::default() }).into_string();
        assert!(!html.contains("<button") && !html.contains("href") && html.contains(text::PRIVACY.as_str()));
        let html =
            footer(&Footer { stored_bytes: Some(91_000_000), can_unload: true, ..Footer::default() }).into_string();
        assert!(html.contains("Remove from this device (91.0 MB)") && html.contains("data-action=\"unload\""));
    }
}
