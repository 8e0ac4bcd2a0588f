//! GitHub-flavoured Markdown, with examples of its specification, and the HTML that cards bring.

use super::{card, html};

/// Example 198 of the specification, with the alignment as a class and the table in a box that scrolls.
#[test]
fn tables() {
    let shown = html("| foo | bar |\n| --- | --- |\n| baz | bim |");
    let table = "<table>\n<thead>\n<tr>\n<th>foo</th>\n<th>bar</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>baz</td>\n\
                 <td>bim</td>\n</tr>\n</tbody>\n</table>";
    assert_eq!(
        shown,
        format!("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">{table}</div>")
    );
    let aligned = html("| abc | defghi |\n:-: | -----------:\nbar | baz");
    assert!(
        aligned.contains("<th class=\"align-center\">abc</th>\n<th class=\"align-right\">defghi</th>"),
        "{aligned}"
    );
}

/// Example 279 of the specification.
#[test]
fn task_lists() {
    let shown = html("- [ ] foo\n- [x] bar");
    assert!(shown.contains("<input type=\"checkbox\" disabled=\"\" aria-label=\"not done\"> foo</li>"), "{shown}");
    assert!(
        shown.contains("<input type=\"checkbox\" disabled=\"\" checked=\"\" aria-label=\"done\"> bar</li>"),
        "{shown}"
    );
}

/// Examples 491, 622, 626 and 630 of the specification.
#[test]
fn strikethrough_and_autolinks() {
    assert_eq!(html("~~Hi~~ Hello, ~there~ world!"), "<p><del>Hi</del> Hello, <del>there</del> world!</p>");
    let link = |url: &str, text: &str| format!("<a href=\"{url}\" rel=\"noopener nofollow ugc\">{text}</a>");
    let web = link("http://www.commonmark.org/", "www.commonmark.org");
    assert_eq!(html("www.commonmark.org"), format!("<p>{web}</p>"));
    let web = link("http://www.commonmark.org/a.b", "www.commonmark.org/a.b");
    assert_eq!(html("Visit www.commonmark.org/a.b."), format!("<p>Visit {web}.</p>"));
    assert_eq!(html("foo@bar.baz"), "<p><a href=\"mailto:foo@bar.baz\">foo@bar.baz</a></p>");
}

#[test]
fn footnotes_are_prefixed_and_lead_there_and_back() {
    let shown = html("Text[^note].\n\n[^note]: More.");
    assert!(shown.contains("<a id=\"card-fnref-note\" href=\"#card-fn-note\">1</a>"), "{shown}");
    assert!(shown.contains("<li id=\"card-fn-note\">") && shown.contains("href=\"#card-fnref-note\""), "{shown}");
}

#[test]
fn alerts() {
    let shown = html("> [!WARNING]\n> Careful.");
    assert!(shown.contains("<div class=\"markdown-alert markdown-alert-warning\">"), "{shown}");
}

#[test]
fn html_of_cards_is_kept() {
    for kept in [
        "<details><summary>More</summary>text</details>",
        "H<sub>2</sub>O and x<sup>2</sup>",
        "<kbd>Ctrl</kbd>, <mark>this</mark>, a<br>b",
    ] {
        let shown = html(kept);
        assert!(shown.contains(kept), "{kept} became {shown}");
    }
    assert_eq!(html("<div align=\"center\">\n<b>x</b>\n</div>"), "<div class=\"align-center\">\n<b>x</b>\n</div>");
    assert_eq!(html("<center>x</center>"), "<div class=\"align-center\">x</div>");
    assert_eq!(html("<p align=right>x</p>"), "<p class=\"align-right\">x</p>");
    let table = html("<table><tr><td colspan=2 onclick=x>a<td>b</table>");
    assert!(table.contains("<tr><td colspan=\"2\">a</td><td>b</td></tr>"), "{table}");
}

#[test]
fn the_gallery_and_comments_are_dropped() {
    assert_eq!(html("a\n\n<Gallery />\n\n<!-- hidden -->\n\nb"), "<p>a</p>\n\n\n<p>b</p>");
}

#[test]
fn the_direction_is_that_of_the_text_unless_the_card_gives_one() {
    let shown = card("# مرحبا\n\nنص\n\n- عنصر\n\n<p dir=\"RTL\" lang=\"ar\">x</p>\n").html;
    assert!(shown.contains("<h2 dir=\"auto\"") && shown.contains("<p dir=\"auto\">نص</p>"), "{shown}");
    assert!(shown.contains("<li dir=\"auto\">") && shown.contains("<p dir=\"rtl\" lang=\"ar\">x</p>"), "{shown}");
}

#[test]
fn code_is_marked_by_classes_in_a_box_that_scrolls() {
    let card = card("```python\ndef f(x):  # c\n    return \"s\"\n```\n");
    assert!(card.has_code);
    let begin = "<pre tabindex=\"0\" dir=\"ltr\"><code class=\"language-python\"><span class=\"code-keyword\">def</span> \
                 <span class=\"code-function\">f</span>(x):";
    assert!(card.html.starts_with(begin), "{}", card.html);
    assert!(card.html.contains("<span class=\"code-keyword\">return</span>"), "{}", card.html);
    assert!(card.html.contains("<span class=\"code-comment\"># c\n</span>"), "{}", card.html);
    assert!(card.html.contains("<span class=\"code-string\">\"s\"</span>"), "{}", card.html);
}

#[test]
fn the_languages_of_cards_are_known() {
    let examples = [
        ("python", "import os"),
        ("py", "import os"),
        ("bash", "echo \"x\""),
        ("sh", "echo \"x\""),
        ("shell", "echo \"x\""),
        ("console", "echo \"x\""),
        ("json", "{\"a\": 1}"),
        ("yaml", "a: 1"),
        ("yml", "a: 1"),
        ("rust", "let a = 1;"),
        ("javascript", "const a = 1;"),
        ("js", "const a = 1;"),
        ("typescript", "const a: number = 1;"),
        ("ts", "let a = 1"),
        ("html", "<b class=\"x\">y</b>"),
        ("toml", "a = 1"),
        ("diff", "+a\n-b"),
        ("bibtex", "@misc{a, title={b}}"),
    ];
    for (language, code) in examples {
        let shown = card(&format!("```{language}\n{code}\n```")).html;
        assert!(shown.contains(&format!("class=\"language-{language}\"")), "{language}: {shown}");
        assert!(shown.contains("<span class=\"code-"), "{language}: {shown}");
    }
}

#[test]
fn other_code_is_shown_as_it_is() {
    let shown = |text: &str| card(text).html;
    assert_eq!(shown("    a < b"), "<pre tabindex=\"0\" dir=\"ltr\"><code>a &lt; b\n</code></pre>\n");
    let unknown = "<pre tabindex=\"0\" dir=\"ltr\"><code class=\"language-nonesuch\">a b\n</code></pre>\n";
    assert_eq!(shown("```nonesuch\na b\n```"), unknown);
    assert_eq!(shown("```a\"b\nc\n```"), "<pre tabindex=\"0\" dir=\"ltr\"><code>c\n</code></pre>\n");
    assert!(shown("<pre>\n\na <b>b</b>\n</pre>").contains("<pre tabindex=\"0\" dir=\"ltr\">a <b>b</b>\n</pre>"));
}
