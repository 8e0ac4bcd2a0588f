//! Texts that are long, deep or broken: each is rendered, to an HTML whose size and depth are bounded.

use super::card;

/// A size that is met by everyday work and missed by work that grows with the square of the text.
const LONG: usize = 10_000;

/// The deepest nesting of elements in some HTML in which every element is closed.
fn depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let is_void = ["br", "hr", "img", "input", "wbr"].iter().any(|name| tag.starts_with(name));
        match tag.starts_with('/') {
            true => depth -= 1,
            false if !is_void => depth += 1,
            false => {}
        }
        deepest = deepest.max(depth);
    }
    assert_eq!(depth, 0);
    deepest
}

#[test]
fn deep_texts() {
    let list: String = (0..500).map(|level| format!("{}- a\n", "  ".repeat(level))).collect();
    let texts = [
        ">".repeat(LONG),
        "> ".repeat(LONG),
        "[".repeat(LONG),
        "![".repeat(LONG),
        "]".repeat(LONG),
        "*a ".repeat(LONG),
        "**a_".repeat(LONG),
        "`".repeat(LONG),
        "` ``".repeat(LONG),
        "- ".repeat(LONG),
        "1. ".repeat(LONG),
        list,
        "<div>".repeat(LONG),
        "<b>".repeat(LONG),
        "<b><p>".repeat(LONG),
        "<a href=x>".repeat(LONG),
        "<table><td>".repeat(LONG),
        "<details><summary>".repeat(LONG),
        "<ul><li>".repeat(LONG),
        "<font color=x><p>".repeat(LONG),
        "<svg>".repeat(LONG),
        "<div ".repeat(LONG),
        "<".repeat(LONG),
        "&".repeat(LONG),
        "<!--".repeat(LONG),
        "<script>".repeat(LONG),
        "</div>".repeat(LONG),
        "[a](".repeat(LONG),
        "[^1]".repeat(LONG),
        "$$".repeat(LONG),
        "\\(".repeat(LONG),
        "$$x$$".repeat(LONG),
        "|".repeat(LONG),
        "|a\n|-\n".repeat(LONG),
        "# a\n".repeat(LONG / 10),
        "~".repeat(LONG),
        "a\n===\n".repeat(LONG / 10),
        "\n".repeat(LONG),
        "\u{0}".repeat(LONG),
        "```\n".repeat(LONG),
        "![a](b)".repeat(LONG),
    ];
    for text in texts {
        let html = card(&text).html;
        let begin: String = text.chars().take(12).collect();
        assert!(depth(&html) <= 128, "{begin}: {} levels", depth(&html));
        assert!(html.len() <= 400 * text.len().max(1000), "{begin}: {} bytes of {}", html.len(), text.len());
    }
}

#[test]
fn deep_formulas() {
    for tex in ["{", "\\sqrt", "\\sqrt{", "^", "x^", "x_{", "\\left(", "\\frac", "\\begin{matrix}", "\\text{", "\\hat "]
    {
        let shown = card(&format!("$$ {} $$", tex.repeat(3_000 / tex.len()))).html;
        assert!(shown.contains("<code class=\"formula\">"), "{tex}: {}", &shown[..100]);
    }
}

#[test]
fn a_text_of_more_than_a_megabyte_is_cut_and_says_so() {
    let text = "Words and words. ".repeat(200) + "\n\n";
    let long = card(&text.repeat((3 << 20) / text.len()));
    assert!(long.html.len() < 3 << 19, "{}", long.html.len());
    assert!(long.html.contains("<p class=\"card-note\">"));
    assert!(!card(&text).html.contains("card-note"));
    assert!(card(&"é".repeat(1 << 20)).html.contains("card-note"));
}

#[test]
fn an_empty_text_is_empty() {
    assert_eq!(card(""), vitrine_cards::Card::default());
}
