//! What the crate makes of whole cards, by the public interface.

mod bounds;
mod hostile;
mod images;
mod links;
mod markdown;
mod math;
mod sections;

use vitrine_cards::{Card, Links, Words, render};

/// A card on a page whose own files are under `/own/`, and its pages under `/page/`.
fn card(markdown: &str) -> Card {
    let file = |path: &str| format!("/own/{}", path.replace('%', "%25").replace(' ', "%20"));
    let page = |path: &str| format!("/page/{}", path.replace('%', "%25").replace(' ', "%20"));
    render(
        markdown,
        &Links { file: &file, page: &page, own: &["/own/", "https://own.example/models"], words: Words::ENGLISH },
    )
}

/// The HTML of a card without what this crate adds to every text: directions and the links of headings to themselves.
fn html(markdown: &str) -> String {
    let html = card(markdown).html.replace(" dir=\"auto\"", "");
    let parts = html.split("<a class=\"anchor\"").enumerate();
    let texts = parts
        .map(|(number, part)| if number == 0 { part } else { part.split_once("</a>").map_or("", |(_, rest)| rest) });
    texts.collect::<String>().trim_end().to_owned()
}
