//! Images and recordings: those of the page's own are shown, those of other hosts become links that wait for consent.

use url::Url;

use crate::address::{self, Address};
use crate::shape::{Inside, REL, Shaper, classes};
use crate::tree::{Element, Node, text};

/// What the Hub puts behind an address to show an image on a dark or a light page only.
const ONLY: &[(&str, &str)] = &[("#hf-dark-mode-only", "only-dark"), ("#hf-light-mode-only", "only-light")];

/// Where an image or a recording is.
enum Place {
    /// On the page's own host, or wherever the page's own files are.
    Own(String),
    /// On another host.
    Remote(Url),
}

impl Shaper<'_> {
    /// An image: shown, or as a link that the page can turn into one, or its alternative text.
    pub(crate) fn image(&mut self, element: &Element, inside: Inside) -> Option<Node> {
        let mut source = element.get("src").unwrap_or_default().trim();
        let mut classes = classes(element);
        for (mark, class) in ONLY {
            if let Some(rest) = source.strip_suffix(mark) {
                source = rest;
                classes.retain(|class| !class.starts_with("only-"));
                classes.push(class);
            }
        }
        let alternative = element.get("alt").unwrap_or_default().trim();
        let sizes = ["width", "height"].map(|name| (name, element.get(name).and_then(size)));
        let finish = |mut shown: Element, prefix: &str| {
            if let Some(title) = element.get("title") {
                shown = shown.with("title", title);
            }
            for (name, size) in sizes.clone() {
                if let Some(size) = size {
                    shown = shown.with(&format!("{prefix}{name}"), size);
                }
            }
            shown
        };
        match self.place(source) {
            None => (!alternative.is_empty()).then(|| text(alternative)),
            Some(Place::Own(url)) => {
                let shown = Element::new("img", Vec::new()).with("src", url).with("alt", alternative);
                let shown = with_classes(shown, &classes).with("loading", "lazy").with("decoding", "async");
                Some(finish(shown, "").into())
            }
            Some(Place::Remote(url)) => {
                self.remote_images += 1;
                classes.push("remote-image");
                let words = text(words(alternative, &url));
                let link = if inside.link { words } else { link(&url, words) };
                let waiting = with_classes(Element::new("span", vec![link]), &classes);
                Some(finish(waiting.with("data-src", url).with("data-alt", alternative), "data-").into())
            }
        }
    }

    /// The images of a `picture`: one for dark pages and one for light ones, where it has both.
    pub(crate) fn picture(&mut self, element: Element, inside: Inside) -> Vec<Node> {
        let parts = elements(&element);
        let Some(image) = parts.iter().find(|part| part.name == "img") else { return Vec::new() };
        let source = |scheme: &str| {
            parts.iter().filter(|part| part.name == "source").find_map(|part| {
                let media: String = part.get("media")?.chars().filter(|each| !each.is_whitespace()).collect();
                let is_wanted = media.eq_ignore_ascii_case(&format!("(prefers-color-scheme:{scheme})"));
                let first = part.get("srcset")?.split(',').next()?.split_whitespace().next()?;
                is_wanted.then(|| first.to_owned())
            })
        };
        let own = image.get("src").unwrap_or_default().to_owned();
        let (dark, light) = match (source("dark"), source("light")) {
            (None, None) => return self.image(image, inside).into_iter().collect(),
            (dark, light) => (dark.unwrap_or_else(|| own.clone()), light.unwrap_or(own)),
        };
        let variants = [(light, "#hf-light-mode-only"), (dark, "#hf-dark-mode-only")];
        let variants = variants.map(|(source, mark)| {
            let mut variant = (*image).clone();
            variant.attributes.retain(|(name, _)| name != "src");
            let source = source.split('#').next().unwrap_or_default();
            self.image(&variant.with("src", format!("{source}{mark}")), inside)
        });
        variants.into_iter().flatten().collect()
    }

    /// A video or a sound as a link to it.
    pub(crate) fn recording(&mut self, element: &Element, inside: Inside) -> Option<Node> {
        let parts = elements(element);
        let of_part = || parts.iter().find_map(|part| part.get("src"));
        let (name, url) = match self.place(element.get("src").or_else(of_part)?)? {
            Place::Own(url) => (file_name(&url).to_owned(), url),
            Place::Remote(url) => (words("", &url), url.to_string()),
        };
        let of = self.links.words;
        let pattern = if element.name == "video" { of.video } else { of.sound };
        let words = text(pattern.replacen("{}", element.get("title").unwrap_or(&name), 1));
        let link = Element::new("a", vec![words.clone()]);
        Some(if inside.link { words } else { link.with("href", url).with("rel", REL).into() })
    }

    fn place(&self, source: &str) -> Option<Place> {
        let url = match address::read(source)? {
            Address::File { path, rest } => address::join((self.links.file)(&path), &rest),
            Address::Web(url) => url.to_string(),
            Address::Fragment(_) | Address::Mail(_) => return None,
        };
        if address::is_under(&url, self.links.own) || address::is_relative(&url) {
            return Some(Place::Own(url));
        }
        match address::read(&url)? {
            Address::Web(url) => Some(Place::Remote(url)),
            _ => None,
        }
    }
}

/// The elements in an element, also those that its parts hold: a `source` that is not closed holds what follows.
fn elements(element: &Element) -> Vec<&Element> {
    let mut found = Vec::new();
    for child in &element.children {
        if let Node::Element(child) = child {
            found.push(child);
            found.extend(elements(child));
        }
    }
    found
}

fn with_classes(element: Element, classes: &[&str]) -> Element {
    if classes.is_empty() { element } else { element.with("class", classes.join(" ")) }
}

fn link(url: &Url, words: Node) -> Node {
    Element::new("a", vec![words]).with("href", url.as_str()).with("rel", REL).into()
}

/// What stands for something of another host: its name, and the host.
fn words(alternative: &str, url: &Url) -> String {
    let name = if alternative.is_empty() { file_name(url.path()) } else { alternative };
    let host = url.host_str().unwrap_or_default();
    if name.is_empty() { host.to_owned() } else { format!("{name} ({host})") }
}

fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// A size in pixels or per cent.
fn size(value: &str) -> Option<String> {
    let value = value.trim();
    let number = value.strip_suffix("px").unwrap_or(value);
    let digits = number.strip_suffix('%').unwrap_or(number);
    let whole = digits.split('.').next().unwrap_or_default();
    let is_number =
        !whole.is_empty() && whole.len() <= 4 && digits.bytes().all(|each| each.is_ascii_digit() || each == b'.');
    is_number.then(|| if number.ends_with('%') { format!("{whole}%") } else { whole.to_owned() })
}
