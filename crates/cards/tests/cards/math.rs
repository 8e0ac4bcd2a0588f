//! Formulas: found where cards have them, shown as MathML, and never brought by a card itself.

use super::{card, html};

/// MathML as the specification of MathML Core writes `x` with the exponent 2.
const SQUARE: &str = "<msup><mi>x</mi><mn>2</mn></msup></math>";

#[test]
fn each_pair_of_delimiters() {
    for written in ["\\\\(x^2\\\\)", "\\(x^2\\)"] {
        let card = card(&format!("so {written} is"));
        assert!(card.uses_math);
        assert!(card.html.contains(&format!("so <math>{SQUARE} is")), "{written}: {}", card.html);
    }
    for written in ["$$x^2$$", "$$\nx^2\n$$", "\\[x^2\\]", "\\\\[\nx^2\n\\\\]", "> $$\n> x^2\n> $$"] {
        let shown = html(written);
        assert!(shown.contains(&format!("<math display=\"block\">{SQUARE}")), "{written}: {shown}");
    }
}

#[test]
fn what_is_no_formula() {
    for written in
        ["costs $5 and $6", "a \\[1\\] b", "$$ alone", "`$$x$$`", "``\\\\(x\\\\) ` ``", "\\\\( open", "$$\n\n$$", "$$$"]
    {
        assert!(!card(written).uses_math, "{written}");
    }
    assert!(html("`$$x$$`").contains("<code>$$x$$</code>"));
    let code = "```sh\necho $$\n```\n\n    kill $$ $$\n\n~~~\n$$x$$\n~~~\n\n<pre>$$y$$</pre>";
    let shown = card(code);
    assert!(!shown.uses_math, "{}", shown.html);
    assert!(shown.html.contains("kill $$ $$") && shown.html.contains("$$y$$"), "{}", shown.html);
}

#[test]
fn markdown_leaves_formulas_alone() {
    let shown = html("\\\\(a_1 * b_2\\\\) and \\\\(c_3 * d\\\\)");
    assert!(!shown.contains("<em>") && shown.matches("<msub>").count() == 3, "{shown}");
    let cell = html("| a |\n|---|\n| $$x^2$$ |");
    assert!(cell.contains(SQUARE), "{cell}");
}

#[test]
fn in_values_and_headings_a_formula_is_its_source() {
    let shown = card("# About $$x^2$$\n\n![of \\\\(y\\\\)](a.png)");
    assert_eq!(shown.headings[0].text, "About x^2");
    assert!(shown.html.contains("alt=\"of \\\\(y\\\\)\""), "{}", shown.html);
    assert!(shown.sections[0].html.contains("alt=\"of \\\\(y\\\\)\""), "{}", shown.sections[0].html);
}

#[test]
fn a_formula_that_cannot_be_read_is_its_source() {
    let shown = html("\\\\(\\nonesuch{<b>x</b>}\\\\) $$\\frac{1}$$");
    assert!(shown.contains("<code class=\"formula\">\\\\(\\nonesuch{&lt;b&gt;x&lt;/b&gt;}\\\\)</code>"), "{shown}");
    assert!(shown.contains("<code class=\"formula\">$$\\frac{1}$$</code>"), "{shown}");
}

#[test]
fn no_style_nor_address_comes_with_a_formula() {
    let shown =
        html("$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}$$ $$\\color{red}{x}$$ $$\\href{https://x.org}{y}$$");
    assert!(shown.contains("<mtd class=\"math-right\"><mi>a</mi></mtd>"), "{shown}");
    assert!(!shown.contains(" style=") && !shown.contains("href="), "{shown}");
}

#[test]
fn a_card_cannot_bring_mathml() {
    let shown = html("<math><mi href=\"javascript:alert(1)\">x</mi></math> a \\\\(x^2\\\\)");
    assert_eq!(shown, format!("<p> a <math>{SQUARE}</p>"));
}
