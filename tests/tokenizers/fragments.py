"""Pieces of text that the tokenizers' tests put together: many scripts, emoji, control characters, kinds of space."""

WORDS = """the quick brown fox jumps over lazy dog a an of to and in is was for on with as his at by from it he be are this
that not have had but they which one you were her all she there would their we him been has when who will more no if out so
said what up its about into than them can only other new some could time these two may then do first any my now such like our
over man me even most made after also did many before must through back years where much your way well down should because
each just those people Mr. how too little state good very make world still own see men work long get here between both life
being under never day same another know while last might us great old year off come since against go came right used take
three tokenization unbelievable internationalization antidisestablishmentarianism Donaudampfschifffahrt""".split()

SENTENCES = [
    "Paris is the capital of France.",
    "I can't believe it's not butter!",
    "don't won't shan't I'm you're we've they'd it'll",
    "The year 1984, 3.14159 and 1,000,000 -- or $5.00 (50%)",
    "e-mail: someone@example.org, see https://example.org/a_b?c=d&e=f#g",
    "``quoted'' \"text\" 'here' «là» „dort“ “there”",
    "snake_case camelCase SHOUTING MiXeD",
    "x=y+z*2; if (a[i] != b->c) { return ~d | e & f ^ g; }",
]

SCRIPTS = [
    "Ελληνικά γλώσσα ΟΔΥΣΣΕΎΣ", "Русский язык ЁЖИК ёжик", "Українська мова їжак", "עִבְרִית שלום עולם", "العربية مَرْحَبًا ١٢٣",
    "हिन्दी नमस्ते दुनिया", "বাংলা ভাষা", "தமிழ் மொழி", "తెలుగు", "ภาษาไทยไม่มีช่องว่าง", "ລາວ", "မြန်မာ", "ខ្មែរ", "ქართული ენა", "Հայերեն",
    "中文分词很有趣", "日本語のテキスト、カタカナ。", "ｶﾞｷﾞ ﾊﾝｶｸ", "한국어 문장입니다", "각", "繁體字 㐀㐁 𠀀𠀁", "Tiếng Việt rất hay",
    "naïve café résumé Zürich Straße ẞ", "İstanbul ıI iİ", "Ægir Øre Łódź ŒUVRE ﬁn ﬂ ﬀ", "ǅ ǈ ŉ", "Ðð Þþ",
    "áéíóú", "Å Å Å", "ḍ̇ ḍ̇", "𝒯𝑒𝓍𝓉 𝟙𝟚𝟛 ℌ", "ＦＵＬＬ　ｗｉｄｔｈ １２３", "ⅣⅨ ½ ² ³ ㎏ ™ © ®",
    "ᚠᚢᚦ", "ᠮᠣᠩᠭᠣᠯ", "አማርኛ", "ᏣᎳᎩ", "བོད་ཡིག", "𐍈𐌰", "ꯃꯤꯇꯩ",
]

SYMBOLS = [
    "😀", "👍🏽", "👨‍👩‍👧‍👦", "🇫🇷🇩🇪", "❤️", "☃", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "→⇒∀∃∑√∞≠≤", "£€¥₹", "…—–‐‑", "¡¿§¶†‡•", "~`^|\\<>", "､｡",
    "...", "!?!?", "((()))", "--", "__", "#hashtag @mention", "C++ C#", "a/b", "&amp;", "%20", "\u2581", "\u2581the", "##ing", "</w>", "Ġ",
]

SPACES = [
    " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff",
    "\u1680", "\u2028", "\u2029", "\u0085", "\v", "\f", "      ",
]

CONTROLS = ["\u0000", "\u0001", "\u0007", "\u001b", "\u007f", "\u0080", "\u00ad", "\u0300", "\u0301\u0327", "\u20dd", "\ufffd", "\ufffe",
            "\U000e0001", "\u202e", "\ue000", "\U0010ffff"]

TOKENS = [
    "[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<cls>", "<sep>", "<eos>", "<|endoftext|>",
    "<extra_id_0>", "<extra_id_7>", "[QUESTION]", "<eop>", "<eod>", "[cls]", "<S>", "[MASK", "<new>", "extra token", "</s>NOTUSED",
]

LONG = ["a" * 101, "b" * 250, "ab" * 60, "é" * 120, "中" * 40, "z" * 15 + "\u0301" * 30, "0123456789" * 12]

FRAGMENTS = WORDS + SENTENCES + SCRIPTS + SYMBOLS + SPACES + CONTROLS + TOKENS + LONG
