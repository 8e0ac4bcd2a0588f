//! The page of one model at one version.

mod about;
mod badges;
mod evaluation;
mod examples;
mod facts;
mod files;
mod usage;
mod versions;

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;
use vitrine_cards::{Card, Links, Words};
use vitrine_hub::card::Gate;
use vitrine_hub::{Endpoint, Snapshot, Version, card};
use vitrine_tasks::Task;
use vitrine_views::locale::translated;

use crate::frame::{Head, bundle, page, safe};
use crate::place::{hub_url, is_hosted, is_web_url, pinned};
use crate::{BUNDLE_ROOT, Bundled, Place, text};

pub(crate) use badges::library;
pub(crate) use facts::count;

/// A model at one version, as far as it is known without its weights.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// Its files and metadata.
    pub snapshot: &'a Snapshot,
    /// The whole README.md; `None` where there is none.
    pub readme: Option<&'a str>,
    /// `config.json`; null where there is none.
    pub config: &'a Value,
    /// Numbers by dtype, where the headers of its weights tell.
    pub parameters: Option<&'a BTreeMap<String, u64>>,
    /// Bytes of its weights.
    pub weights: u64,
    /// All versions that the site has.
    pub versions: &'a [Version],
    /// The commit that the model's own page shows; `None` where there are no commits.
    pub current: Option<&'a str>,
}

impl Model<'_> {
    /// The task, where the widget knows it.
    pub(crate) fn task(&self) -> Option<&'static Task> {
        self.snapshot.task().and_then(vitrine_tasks::task)
    }

    /// Whether the page shows the version that the site shows first.
    fn is_current(&self) -> bool {
        self.current == self.snapshot.commit.as_deref()
    }

    /// The first paragraph's worth of words about the model.
    fn description(&self, card: Option<&Card>) -> String {
        let task = self.task().map(|task| translated(task.description));
        let said = card.map(|card| plain(&card.html)).unwrap_or_default();
        let words: String = said.split_whitespace().take(40).collect::<Vec<_>>().join(" ");
        if words.is_empty() { task.unwrap_or(self.snapshot.repo.as_str()).to_owned() } else { words }
    }
}

/// The page of a model.
pub fn model_page(model: &Model, place: &Place) -> String {
    place.speaking(|| {
        let card = rendered(model, place);
        let description = model.description(card.as_ref());
        page(place, &head(model, &description), &nav(place), &content(model, place, card.as_ref()))
    })
}

/// The page of a model as a bundle: what comes before the pieces of its files, and what comes after them.
pub fn bundle_page(model: &Model, place: &Place, bundled: &Bundled) -> (String, String) {
    let place = Place { root: BUNDLE_ROOT, has_index: false, bundled: Some(bundled), ..*place };
    place.speaking(|| {
        let card = rendered(model, &place);
        let description = model.description(card.as_ref());
        bundle(&place, &head(model, &description), bundled, &content(model, &place, card.as_ref()))
    })
}

/// The widget's modules, each of which asks for the next.
const WIDGET: &[&str] = &["model-widget.js", "vitrine.js", "locale.js", "element/element.js"];

fn head<'a>(model: &Model<'a>, description: &'a str) -> Head<'a> {
    let snapshot = model.snapshot;
    let has_widget = model.task().is_some();
    Head {
        title: &snapshot.repo,
        description,
        thumbnail: snapshot.card.thumbnail().filter(|url| is_web_url(url)),
        hosts: if is_hosted(snapshot) { hosts(&snapshot.endpoint) } else { "" },
        scripts: if has_widget { &["page-widget.js", "page.js"] } else { &["page.js"] },
        modules: if has_widget { WIDGET } else { &[] },
    }
}

fn rendered(model: &Model, place: &Place) -> Option<Card> {
    let snapshot = model.snapshot;
    let own = own_addresses(snapshot, place);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let file = |path: &str| place.file_url(snapshot, path);
    let read = |path: &str| place.page_url(snapshot, path);
    let words = Words {
        heading: text::CARD_HEADING.as_str(),
        video: text::CARD_VIDEO.as_str(),
        sound: text::CARD_SOUND.as_str(),
        cut: text::CARD_CUT.as_str(),
    };
    let links = Links { file: &file, page: &read, own: &own, words };
    model.readme.map(|readme| vitrine_cards::render(card::body(readme), &links))
}

/// Addresses whose pictures belong to the page.
fn own_addresses(snapshot: &Snapshot, place: &Place) -> Vec<String> {
    let host = is_hosted(snapshot).then(|| format!("{}/{}/", snapshot.endpoint, snapshot.repo));
    host.into_iter().chain(place.bundled.map(|_| BUNDLE_ROOT.to_owned())).collect()
}

/// The hosts that files of this endpoint come from.
fn hosts(endpoint: &str) -> &str {
    if endpoint == Endpoint::HUB { "https://huggingface.co https://*.hf.co" } else { endpoint }
}

fn nav(place: &Place) -> Markup {
    html! {
        @if place.has_index {
            nav aria-label=(text::ALL_MODELS) { a href={ (place.root) "index.html" } { (text::ALL_MODELS) } }
        }
    }
}

fn content(model: &Model, place: &Place, card: Option<&Card>) -> Markup {
    let about = about::about(model, card);
    html! {
        (title(model, place))
        (notices(model, place))
        (badges::badges(model, place, card))
        div class="columns" {
            div class="main" {
                section id="try" aria-labelledby="try-title" {
                    h2 id="try-title" class="unseen" { (text::TRY_IT) }
                    (widget(model, place, &about))
                }
                (examples::examples_view(model, place))
            }
            aside aria-label=(text::FACTS) {
                (facts::facts(model))
                (usage::usage(model, place))
            }
            div class="main" {
                (card_view(card))
                (evaluation::evaluation(model))
                (files::files(model, place))
                (versions::versions(model, place))
            }
        }
    }
}

fn title(model: &Model, place: &Place) -> Markup {
    let (owner, name) = model.snapshot.repo.rsplit_once('/').unwrap_or(("", &model.snapshot.repo));
    html! {
        h1 dir="ltr" {
            @if !owner.is_empty() {
                span class="owner" {
                    @if place.has_index {
                        a href={ (place.root) "index.html?search=" (crate::place::segment(owner)) } { (owner) }
                    } @else {
                        (owner)
                    }
                    "/"
                }
                wbr;
            }
            span class="name" { (name) }
        }
    }
}

/// What a visitor should know before anything else.
fn notices(model: &Model, place: &Place) -> Markup {
    let snapshot = model.snapshot;
    html! {
        @if !model.is_current() {
            p class="notice" {
                (text::OTHER_VERSION) " "
                a href={ (place.model_path(&snapshot.repo)) "index.html" } { (text::CURRENT_VERSION) }
            }
        }
        @if let Some(id) = snapshot.card.new_version() {
            p class="notice" {
                (text::NEW_VERSION) " "
                @match hub_url("", id) {
                    Some(url) => a href=(url) rel="noopener" { (id) },
                    None => (id),
                }
            }
        }
        @if snapshot.card.not_for_all_audiences() { p class="notice" { (text::NOT_FOR_ALL) } }
        (gate(snapshot))
    }
}

/// What the author asks of those who want the files.
fn gate(snapshot: &Snapshot) -> Markup {
    let Some(gate) = snapshot.card.gate().or_else(|| snapshot.gated.then(Gate::default)) else { return html! {} };
    html! {
        div class="notice" {
            p { @match &gate.heading { Some(heading) => bdi { (heading) }, None => (text::GATED) } }
            @for said in [&gate.description, &gate.prompt].into_iter().flatten() { p dir="auto" { (said) } }
            @if !gate.fields.is_empty() {
                ul { @for field in &gate.fields { li dir="auto" { (field.label) } } }
            }
        }
    }
}

/// The widget, with what stands in its place where there is no script.
fn widget(model: &Model, place: &Place, about: &Markup) -> Markup {
    let snapshot = model.snapshot;
    let root = if place.root.is_empty() { "." } else { place.root.trim_end_matches('/') };
    let endpoint = match snapshot.endpoint.as_str() {
        Endpoint::HUB => None,
        endpoint if is_hosted(snapshot) => Some(endpoint),
        _ => Some(root),
    };
    html! {
        @match model.task() {
            Some(task) => {
                model-widget model=(snapshot.repo) revision=[pinned(snapshot)] task=(task.tag) endpoint=[endpoint] {
                    p class="fallback" { (text::NEEDS_SCRIPT) }
                    div class="about" slot="footer" { (about) }
                }
            }
            None => {
                p class="notice" { (text::NO_TASK) }
                div class="about" { (about) }
            }
        }
    }
}

fn card_view(card: Option<&Card>) -> Markup {
    let is_empty = card.is_some_and(|card| plain(&card.html).is_empty() && card.remote_images == 0);
    html! {
        section id="card" aria-labelledby="card-title" {
            h2 id="card-title" class="section" { (text::CARD) }
            @match card {
                None => p class="muted" { (text::NO_CARD) },
                Some(_) if is_empty => p class="muted" { (text::EMPTY_CARD) },
                Some(card) => {
                    @if card.headings.len() > 2 {
                        details class="contents" {
                            summary { (text::CONTENTS) }
                            nav aria-label=(text::CONTENTS) { (safe(&vitrine_cards::contents(&card.headings))) }
                        }
                    }
                    @if card.remote_images > 0 {
                        p class="notice" data-remote-images {
                            (text::REMOTE_IMAGES.of(card.remote_images)) " "
                            button type="button" data-action="show-images" hidden { (text::REMOTE_IMAGES_SHOW) }
                        }
                    }
                    div class="card-text" dir=(direction(&card.html)) { (safe(&card.html)) }
                }
            }
        }
    }
}

/// The text of safe HTML, without its tags.
pub(crate) fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text += before;
        text.push(' ');
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text += rest;
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        text = text.replace(entity, character);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The direction of a text, by its first letter (rule P2 of the Unicode bidirectional algorithm, for the blocks of scripts that
/// run from right to left). Lists and tables take theirs from what is around them.
pub(crate) fn direction(html: &str) -> &'static str {
    let is_rtl = |c: char| matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x1_0800..=0x1_0fff | 0x1_e800..=0x1_efff);
    if plain(html).chars().find(|c| c.is_alphabetic()).is_some_and(is_rtl) { "rtl" } else { "ltr" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page_of(card: &Value) -> String {
        let snapshot = json!({
            "endpoint": "", "repo": "a/b", "revision": "main", "commit": null, "key": "", "gated": false, "card": card,
            "architectures": [], "files": [],
        });
        let snapshot: Snapshot = serde_json::from_value(snapshot).unwrap();
        let model = Model {
            snapshot: &snapshot,
            readme: None,
            config: &Value::Null,
            parameters: None,
            weights: 0,
            versions: &[],
            current: None,
        };
        model_page(&model, &Place { language: "en", ..Place::default() })
    }

    #[test]
    fn what_the_author_asks_for_is_seen_before_the_files() {
        let asked = json!({
            "extra_gated_heading": "Only <researchers>", "extra_gated_prompt": "Use it well.",
            "extra_gated_fields": {"Your affiliation": "text"}, "instance_prompt": "a photo of sks dog",
        });
        let page = page_of(&asked);
        for words in ["Only &lt;researchers&gt;", "Use it well.", "Your affiliation", "a photo of sks dog"] {
            assert!(page.contains(words), "{words}");
        }
        let open = page_of(&json!({}));
        assert!(!open.contains("class=\"notice\"><p") && !open.contains(text::GATED.as_str()));
    }

    #[test]
    fn the_first_letter_tells_the_direction() {
        for (html, expected) in [
            ("<p>English <b>عربي</b></p>", "ltr"),
            ("<p>1. «عربي» English</p>", "rtl"),
            ("<h2>עברית</h2>", "rtl"),
            ("<p>123</p>", "ltr"),
        ] {
            assert_eq!(direction(html), expected, "{html}");
        }
    }

    #[test]
    fn text_is_what_stands_between_tags() {
        assert_eq!(plain("<p>a &lt;b&gt;</p>\n<p title='x'>c &amp;amp; d</p"), "a <b> c &amp; d");
    }
}
