"""The input texts of the cases of tasks that need a head."""

BERLIN = "My name is Wolfgang and I live in Berlin, the capital of Germany."
UNICODE = {
    "emoji": "I am 😀😀 so happy 👨‍👩‍👧‍👦 in Paris 👍🏽 today ❤️!",
    "combining": "Cafe\u0301 No\u0308el and Z\u0351\u036balgo a\u0348\u034d text in Mu\u0308nchen.",
    "cjk": "我叫沃尔夫冈，我住在柏林。 山田さんは東京に住んでいます。 𠮷野家",
    "rtl": "إسمي محمد وأسكن في برلين. שמי דוד ואני גר בתל אביב.",
    "spaces": "  two  spaces\u00a0no break\u3000ideographic\tand\n\nlines  ",
    "controls": "a\u0000b\u200bc\u200dd\ufeffe\u00adf\u2028g \ufffd",
    "punctuation": "state-of-the-art (well-known), it's $5.00 — \"quoted\"…",
    "ligatures": "ﬁne ½ Ⅷ İstanbul straße ẞ Ǆ ＦＵＬＬ 𝕞𝕒𝕥𝕙",
}
