//! Texts put together at random from hostile pieces: whatever comes out is made of a few harmless parts.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

use super::card;

const PIECES: &[&str] = &[
    "<",
    ">",
    "\"",
    "'",
    "&",
    "/",
    "=",
    "`",
    "*",
    "_",
    "[",
    "]",
    "(",
    ")",
    "!",
    "|",
    "#",
    "-",
    "$$",
    "\\\\(",
    "\\\\)",
    "\\",
    "\n",
    "\n\n",
    " ",
    "    ",
    "> ",
    "- ",
    "1. ",
    "```",
    "```js\n",
    "~~~",
    "| a |\n|---|\n",
    "[^1]",
    "[^1]: ",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<svg>",
    "</svg>",
    "<math>",
    "</math>",
    "<mtext>",
    "<mglyph>",
    "<title>",
    "<textarea>",
    "<noscript>",
    "<xmp>",
    "<plaintext>",
    "<template>",
    "<select>",
    "<iframe srcdoc=\"",
    "<form action=x>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "<caption>",
    "<p>",
    "</p>",
    "<div",
    "</div>",
    "<a",
    "</a>",
    "<a href=\"",
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<h1>",
    "</h1>",
    "<pre>",
    "</pre>",
    "<code>",
    "<details>",
    "<summary>",
    "<li>",
    "<ul>",
    "</ul>",
    "<img",
    "<img src=",
    "<picture><source srcset=",
    "<video src=",
    "<input type=checkbox",
    "<center>",
    "<br>",
    "<ruby><rt>",
    " onclick=alert(1)",
    " onerror=\"alert(1)\"",
    " style=\"color:red\"",
    " id=\"x\"",
    " name=y",
    " class=\"remote-image anchor\"",
    " data-src=\"javascript:alert(1)\"",
    " href=\"javascript:alert(1)\"",
    " src=//evil.example/x",
    " srcset=\"//evil.example 2x\"",
    " align=center",
    " dir=rtl",
    " tabindex=1",
    " role=alert",
    " background=//evil.example",
    " ping=//evil.example",
    "javascript:",
    "https://evil.example/",
    "data:text/html,",
    "//evil.example",
    "&#106;avascript:",
    "&lt;script&gt;",
    "&quot;",
    "\u{0}",
    "\u{2028}",
    "word",
    "é",
    "مرحبا",
    "x^2",
    "\\frac{a}{b}",
    "\\text{<b>}",
    "\\color{red}",
    "formula",
    "0n0z",
];

const ELEMENTS: &str = " a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h2 h3 h4 h5 \
    h6 hr i img input ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary sup table tbody td \
    tfoot th thead time tr u ul var wbr math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts \
    mroot mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover ";

const ATTRIBUTES: &str = " accent accentunder alt aria-label checked class colspan columnspan data-alt data-height data-src \
    data-width datetime decoding depth dir disabled display displaystyle form height href id lang largeop linethickness loading \
    lspace mathvariant maxsize minsize movablelimits open rel reversed role rowspan rspace scope scriptlevel src start stretchy \
    symmetric tabindex title type value voffset width ";

/// A generator of numbers that are always the same ones (Knuth's constants).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }
}

#[derive(Default)]
struct Tags(RefCell<Vec<Tag>>);

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => self.0.borrow_mut().push(tag),
            Token::CommentToken(text) => panic!("a comment: {text}"),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// What of some HTML should not be there.
fn offender(html: &str) -> Option<String> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Tags::default(), Default::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let is_one_of = |list: &str, name: &str| list.contains(&format!(" {name} "));
    tokenizer.sink.0.into_inner().into_iter().find_map(|tag| {
        let of =
            |name: &str| tag.attrs.iter().find(|each| &*each.name.local == name).map(|each| each.value.to_string());
        if !is_one_of(ELEMENTS, &tag.name) {
            return Some(format!("element {}", tag.name));
        }
        if let Some(attribute) = tag.attrs.iter().find(|each| !is_one_of(ATTRIBUTES, &each.name.local)) {
            return Some(format!("attribute {}", attribute.name.local));
        }
        let href = of("href").filter(|href| {
            !["https://", "http://", "mailto:", "/own/", "/page/", "#card-"].iter().any(|begin| href.starts_with(begin))
        });
        let source = of("src").filter(|source| !source.starts_with("/own/"));
        let waiting = of("data-src").filter(|source| !source.starts_with("https://") && !source.starts_with("http://"));
        let id = of("id").filter(|id| !id.starts_with("card-"));
        let tabindex = of("tabindex").filter(|index| index != "0");
        href.or(source).or(waiting).or(id).or(tabindex)
    })
}

#[test]
fn the_check_finds_what_should_not_be_there() {
    for html in [
        "<p>x<script>",
        "<p onclick=x>",
        "<p style=x>",
        "<a href=javascript:x>",
        "<a href=//x>",
        "<img src=https://x.org>",
        "<img srcset=x>",
        "<p id=x>",
        "<span data-src=x>",
        "<iframe>",
        "<svg>",
        "<form>",
        "<base>",
        "<meta>",
    ] {
        assert!(offender(html).is_some(), "{html}");
    }
    assert_eq!(offender("<p id=\"card-x\"><a href=\"https://x.org\">y</a>"), None);
}

#[test]
fn nothing_but_harmless_parts_comes_of_random_texts() {
    let mut numbers = Numbers(1);
    for _ in 0..6_000 {
        let count = 1 + numbers.below(40);
        let text: String = (0..count).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        let card = card(&text);
        let found = std::iter::once(&card.html)
            .chain(card.sections.iter().map(|section| &section.html))
            .find_map(|html| offender(html));
        assert_eq!(found, None, "{text:?} became {}", card.html);
    }
}
