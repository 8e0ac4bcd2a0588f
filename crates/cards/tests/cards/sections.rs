//! Headings, sections and the table of contents.

use super::card;
use vitrine_cards::contents;

#[test]
fn headings_are_one_level_lower_with_ids_as_on_github() {
    let card = card(
        "# Model *Card*\n\n## Usage & limits\n\n## Usage & limits\n\n###### `Deep`\n\n<h3 align=\"center\">Raw</h3>\n\n## 模型\n",
    );
    let found: Vec<_> = card.headings.iter().map(|each| (each.level, &*each.id, &*each.text)).collect();
    let expected = [
        (1, "card-model-card", "Model Card"),
        (2, "card-usage--limits", "Usage & limits"),
        (2, "card-usage--limits-1", "Usage & limits"),
        (6, "card-deep", "Deep"),
        (3, "card-raw", "Raw"),
        (2, "card-模型", "模型"),
    ];
    assert_eq!(found, expected);
    assert!(
        card.html.contains("<h2 dir=\"auto\" id=\"card-model-card\">Model <em>Card</em><a class=\"anchor\""),
        "{}",
        card.html
    );
    assert!(card.html.contains("<h6 dir=\"auto\" id=\"card-deep\">"), "{}", card.html);
    assert!(
        card.html.contains("<h4 class=\"align-center\" dir=\"auto\" id=\"card-raw\">")
            || card.html.contains("id=\"card-raw\"")
    );
}

#[test]
fn sections_end_at_the_next_heading_of_their_level() {
    let card =
        card("# A\n\na\n\n## B\n\nb[^1]\n\n##### C\n\nc\n\n###### D\n\nd\n\n# E\n\n<p id=\"x\">e</p>\n\n[^1]: n");
    let sections: Vec<_> = card.sections.iter().map(|section| (section.heading, &*section.html)).collect();
    assert_eq!(sections.len(), 5);
    assert!(sections[0].1.contains(">a</p>") && sections[0].1.contains(">d</p>") && !sections[0].1.contains(">e</p>"));
    assert!(sections[1].1.starts_with("\n<p dir=\"auto\">b") && sections[1].1.contains(">d</p>"));
    assert!(sections[2].1.contains(">c</p>") && sections[2].1.contains(">d</p>"), "{}", sections[2].1);
    assert!(sections[3].1.contains(">d</p>") && !sections[3].1.contains(">c</p>"));
    for (_, html) in sections {
        assert!(!html.contains(" id=") && !html.contains("\"anchor\""), "{html}");
    }
}

#[test]
fn a_heading_in_a_box_has_what_follows_the_box() {
    let card = card("<div align=\"center\">\n<h1>A</h1>\n<b>in</b>\n</div>\n\nafter\n\n# B\n\nend");
    assert!(
        card.sections[0].html.contains("in") && card.sections[0].html.contains("after"),
        "{}",
        card.sections[0].html
    );
    assert!(!card.sections[0].html.contains("end"));
}

#[test]
fn contents_nest_as_the_headings_do() {
    let html = contents(&card("# A\n\n## B <i>&</i>\n\n### C\n\n## D\n\n# E").headings);
    let item =
        |id: &str, text: &str, more: &str| format!("<li dir=\"auto\"><a href=\"#card-{id}\">{text}</a>{more}</li>");
    let b = item("b-", "B &amp;", &format!("<ul>{}</ul>", item("c", "C", "")));
    let a = item("a", "A", &format!("<ul>{b}{}</ul>", item("d", "D", "")));
    assert_eq!(html, format!("<ul>{a}{}</ul>", item("e", "E", "")));
    assert!(contents(&card("### deep\n\n# high").headings).contains("#card-high"));
    assert_eq!(contents(&card("# only").headings), "");
}
