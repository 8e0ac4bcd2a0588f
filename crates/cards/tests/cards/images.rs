//! Images: the page's own are shown, others wait, and nothing of them is fetched.

use super::{card, html};

const SHOWN: &str = "loading=\"lazy\" decoding=\"async\"";

#[test]
fn the_repositorys_own_are_shown() {
    for (written, source) in [
        ("a.png", "/own/a.png"),
        ("./a.png", "/own/a.png"),
        ("/a.png", "/own/a.png"),
        ("images/a%20b.png", "/own/images/a%20b.png"),
        ("a.png?x=1", "/own/a.png?x=1"),
        ("https://own.example/models/a.png", "https://own.example/models/a.png"),
    ] {
        assert_eq!(html(&format!("![t]({written})")), format!("<p><img src=\"{source}\" alt=\"t\" {SHOWN}></p>"));
    }
    let sized =
        html("<img src=\"a.png\" width=\"50%\" height=\"20px\" align=\"right\" onerror=\"x\" style=\"x\" alt='t'>");
    let expected =
        format!("<img src=\"/own/a.png\" alt=\"t\" class=\"align-right\" {SHOWN} width=\"50%\" height=\"20\">");
    assert!(sized.contains(&expected), "{sized}");
}

#[test]
fn those_of_other_hosts_wait_as_links() {
    let card = card("![a \"b\"](https://x.org/i.png)\n\n<img src=\"https://own.example/modelsx/i.png\" width=9>");
    assert_eq!((card.remote_images, card.links.len()), (2, 0));
    let first = "<span class=\"remote-image\" data-src=\"https://x.org/i.png\" data-alt=\"a &quot;b&quot;\">\
                 <a href=\"https://x.org/i.png\" rel=\"noopener nofollow ugc\">a \"b\" (x.org)</a></span>";
    assert!(card.html.contains(first), "{}", card.html);
    assert!(
        card.html.contains(" data-width=\"9\">") && card.html.contains(">i.png (own.example)</a>"),
        "{}",
        card.html
    );
    assert!(!card.html.contains("<img") && !card.html.contains(" src="), "{}", card.html);
}

#[test]
fn in_a_link_the_outer_link_stays() {
    let shown = html("[![badge](https://x.org/b.svg)](https://y.org/z)");
    let waiting =
        "<span class=\"remote-image\" data-src=\"https://x.org/b.svg\" data-alt=\"badge\">badge (x.org)</span>";
    assert_eq!(shown, format!("<p><a href=\"https://y.org/z\" rel=\"noopener nofollow ugc\">{waiting}</a></p>"));
}

#[test]
fn those_without_a_place_are_their_text() {
    for source in ["data:image/png;base64,AAAA", "javascript:alert(1)", "../../x.png", "file:///x.png", "#x", ""] {
        assert_eq!(html(&format!("![words](<{source}>)")), "<p>words</p>", "{source}");
    }
}

#[test]
fn dark_and_light() {
    let dark = "class=\"only-dark\"";
    let light = "class=\"only-light\"";
    assert!(html("![d](d.png#hf-dark-mode-only)").contains(&format!("src=\"/own/d.png\" alt=\"d\" {dark}")));
    assert!(html("![l](l.png#hf-light-mode-only)").contains(&format!("src=\"/own/l.png\" alt=\"l\" {light}")));
    assert!(html("![l](https://x.org/l.png#hf-light-mode-only)").contains("class=\"only-light remote-image\""));
    assert!(html("<img class=\"hidden dark:block\" src=\"d.png\">").contains(dark));
    assert!(html("<img class=\"block dark:hidden\" src=\"d.png\">").contains(light));
    assert!(html("<div class=\"hidden dark:block evil\">x</div>").contains(&format!("<div {dark}>")));
    let picture = html(
        "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"d.png 2x, e.png\"><img src=\"l.png\" alt=\"t\"></picture>",
    );
    assert!(picture.contains(&format!("<img src=\"/own/l.png\" alt=\"t\" {light} {SHOWN}>")), "{picture}");
    assert!(picture.contains(&format!("<img src=\"/own/d.png\" alt=\"t\" {dark} {SHOWN}>")), "{picture}");
}

#[test]
fn recordings_become_links() {
    let rel = "rel=\"noopener nofollow ugc\"";
    let shown = html("<video src=\"v.mp4\" poster=\"https://x.org/p.png\" autoplay controls>no</video>");
    assert!(shown.contains(&format!("<a href=\"/own/v.mp4\" {rel}>Video: v.mp4</a>")), "{shown}");
    let shown = html("<audio><source src=\"https://x.org/a.wav\" type=\"audio/wav\"></audio>");
    assert!(shown.contains(&format!("<a href=\"https://x.org/a.wav\" {rel}>Sound: a.wav (x.org)</a>")), "{shown}");
    assert!(!shown.contains("<audio") && !shown.contains("<source"));
}
