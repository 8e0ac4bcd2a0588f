//! Where links may point, and what becomes of those that may not.

use super::{card, html};

/// The target of the only link of a card.
fn target(markdown: &str) -> Option<String> {
    let html = card(markdown).html;
    let (_, rest) = html.split_once("href=\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

#[test]
fn files_of_the_repository() {
    for (written, expected) in [
        ("LICENSE", "/page/LICENSE"),
        ("./docs/a.md", "/page/docs/a.md"),
        ("/docs/a.md", "/page/docs/a.md"),
        ("docs/../a.md", "/page/a.md"),
        ("<docs/a b.md>", "/page/docs/a%20b.md"),
        ("docs/a%20b.md", "/page/docs/a%20b.md"),
        ("docs/a.md#usage", "/page/docs/a.md#usage"),
        ("docs/a.md?plain=1#usage", "/page/docs/a.md?plain=1#usage"),
    ] {
        assert_eq!(target(&format!("[x]({written})")).as_deref(), Some(expected), "{written}");
    }
}

#[test]
fn what_leaves_the_repository_or_has_another_scheme_is_no_link() {
    for written in [
        "../other",
        "docs/../../other",
        "..%2f..%2fother",
        "..\\\\other",
        "/",
        ".",
        "?x",
        "#",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "&#1;javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://x.org/1",
        "ftp://x.org",
        "http:",
        "https://",
    ] {
        assert_eq!(target(&format!("[x]({written})")), None, "{written}");
        assert_eq!(target(&format!("<a href=\"{written}\">x</a>")), None, "{written} in HTML");
    }
    assert_eq!(html("[x](javascript:alert(1))"), "<p>x</p>");
}

#[test]
fn links_to_other_hosts_say_so_and_are_listed() {
    let card = card(
        "[a](https://arxiv.org/abs/1706.03762) <a href=\"//b.org/x\">b</a> [c](mailto:me@c.org) [d](e.md) [f](#g)",
    );
    assert_eq!(card.links, ["https://arxiv.org/abs/1706.03762", "https://b.org/x", "mailto:me@c.org"]);
    let rel = "rel=\"noopener nofollow ugc\"";
    assert!(card.html.contains(&format!("<a href=\"https://arxiv.org/abs/1706.03762\" {rel}>")), "{}", card.html);
    assert_eq!(card.html.matches(rel).count(), 2);
}

#[test]
fn places_in_the_card_are_prefixed_and_found() {
    let shown = html("[x](#usage)\n\n<a name=\"usage\"></a> <p id=\"user-content-b\">c</p>\n\n[y](#user-content-b)");
    assert!(shown.contains("<a href=\"#card-usage\">x</a>") && shown.contains("<a id=\"card-usage\"></a>"), "{shown}");
    assert!(shown.contains("<p id=\"card-b\">c</p>") && shown.contains("<a href=\"#card-b\">y</a>"), "{shown}");
}
