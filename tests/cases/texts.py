"""The input texts of the cases that make_cases.py writes."""

LONG_REVIEW = " ".join(
    ["I bought this phone in spring and used it every day."]
    + [f"On day {day} the battery was {state}, the screen was {screen} and I felt {mood} about it."
       for day, (state, screen, mood) in enumerate(
           [("great", "bright", "happy"), ("fine", "clear", "good"), ("weak", "dim", "unsure"),
            ("poor", "cracked", "angry"), ("dead", "black", "sad")] * 8, start=1)]
    + ["All in all it is a wonderful phone and I would buy it again."])

WORDS = ("river stone music window garden silver morning coffee market letter winter engine forest paper "
         "orange teacher bridge ocean doctor planet kitchen hammer yellow summer pocket village").split()


def words(count, step=1):
    """A text of `count` words."""
    return " ".join(WORDS[(i * step) % len(WORDS)] for i in range(count))


ENGLISH = """\
That is a happy person
That is a happy dog
That is a very happy person
Today is a sunny day
Hello
hello world
OK
a
The cat sits on the mat.
A feline rests on a rug.
Stock markets fell sharply on Monday.
How do I reset my password?
I forgot my login details, what now?
The Eiffel Tower is in Paris.
Where is the Eiffel Tower?
Photosynthesis turns light into chemical energy.
Water boils at 100 °C at sea level.
She didn't say she'd come, but we're hoping she'll arrive before o'clock.
“Curly quotes” and ‘single ones’ — with an em dash… and an ellipsis
"Straight quotes" and 'single ones' - with a hyphen... and dots
UPPERCASE SHOUTING TEXT!!!
MiXeD cAsE tExT
state-of-the-art, well-known, mother-in-law
antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis
floccinaucinihilipilification is a funny word
e=mc^2 and a^2 + b^2 = c^2
x := y <= z && !w || (p != q)
for (int i = 0; i < n; ++i) { sum += a[i]; }
def f(x): return x ** 2  # square
SELECT name FROM users WHERE id = 7 ORDER BY name;
{"key": [1, 2.5, null, true], "nested": {"a": "b"}}
<p>Some <b>bold</b> text &amp; an entity</p>
C:\\Program Files\\App\\readme.txt
/usr/local/bin/python3 --version
https://example.com/path/to/page?query=1&other=two#fragment
www.example.org
mailto:someone@example.com
Write to first.last+tag@sub.example.co.uk today
@user mentioned #hashtag and $TICKER
3.14159265358979
1,234,567.89
2024-02-29T23:59:59Z
+1 (555) 010-9999
42
0
-17
1e-9
50% off, now only $19.99!
Version 2.0.1-beta.3+build.5
[MASK]
The [MASK] sat on the mat.
[CLS] literal special tokens [SEP] in the text [PAD] [UNK]
##wordpiece ##ing prefix
...
?!?!?!
-
_under_score_ and __dunder__
*bold* _italic_ `code`
a.b.c.d.e.f
tab\tseparated\tvalues
  leading and trailing spaces  
many      spaces     inside
no\u00a0break\u00a0space and thin\u2009space and ideographic\u3000space
zero\u200bwidth\u200bspace and joiner\u200dhere and mark\ufeffinside
soft\u00adhyphen and right\u202eto left override
control \u0000 \u0001 \u0007 \u001b characters \u007f and \u0085 next line
replacement \ufffd character
line\u2028separator and paragraph\u2029separator
private \ue000 use
combining e\u0301 versus precomposed é
Z\u0351\u036b\u0343\u036a\u0302a\u0348\u034d\u0345lgo text
ﬁ ligature, ½ fraction, ² superscript, Ⅷ roman, ① circled
ＦＵＬＬＷＩＤＴＨ ｌｅｔｔｅｒｓ １２３
𝕞𝕒𝕥𝕙 𝐛𝐨𝐥𝐝 𝒮𝒸𝓇𝒾𝓅𝓉
straße STRASSE ẞ İstanbul ıssız ŒUVRE œuvre Ǆ ǆ
naïve café résumé coöperate façade Ångström
The doctor said the results were negative, which is good news.
The doctor said the outlook was negative, which is bad news.
I would not recommend this restaurant to anyone.
I would recommend this restaurant to everyone.
Quarterly revenue grew by twelve per cent year on year.
The defendant pleaded not guilty to all charges.
Mix the flour, sugar and eggs, then bake for forty minutes.
Python is a programming language; a python is also a snake.
He kicked the ball into the net in the ninetieth minute.
The mitochondrion is the powerhouse of the cell.
Once upon a time there was a princess who lived in a castle.""".split("\n")

OTHER_LANGUAGES = """\
Das ist ein glücklicher Mensch
C'est une personne heureuse
Esa es una persona feliz
Questa è una persona felice
Essa é uma pessoa feliz
Dat is een gelukkig persoon
Det är en lycklig person
Det er en glad person
Se on onnellinen ihminen
To jest szczęśliwy człowiek
To je šťastný člověk
Ez egy boldog ember
Aceasta este o persoană fericită
Bu mutlu bir insan
Đó là một người hạnh phúc
Itu orang yang bahagia
Это счастливый человек
Це щаслива людина
Това е щастлив човек
Αυτός είναι ένας χαρούμενος άνθρωπος
זה אדם שמח
هذا شخص سعيد
این یک فرد خوشحال است
यह एक खुश इंसान है
এটি একজন সুখী মানুষ
இது ஒரு மகிழ்ச்சியான நபர்
ఇది సంతోషకరమైన వ్యక్తి
นี่คือคนที่มีความสุข
ဤသည် ပျော်ရွှင်သော လူတစ်ဦးဖြစ်သည်
ეს ბედნიერი ადამიანია
Սա երջանիկ մարդ է
ይህ ደስተኛ ሰው ነው
那是一个快乐的人
那是一個快樂的人
あれは幸せな人です
幸せなひとはカタカナもひらがなも漢字も読む
저 사람은 행복한 사람이다
𠮷野家 and 𩸽 are outside the basic plane
English and 中文 and Русский mixed in one sentence
Yoruba: ọmọ náà ń ṣeré
Hawaiʻi ʻokina
Íslenska: þetta er hamingjusöm manneskja
Mālama pono
ᚠᚢᚦᚨᚱᚲ runes""".split("\n")

EMOJI = ["😀", "I am so happy 😀😀😀", "👍🏽", "👨‍👩‍👧‍👦 family", "🇫🇷 🇩🇪 flags", "❤️ heart and ♥ and <3", "1️⃣ keycap", "🤷‍♀️",
         "great product ⭐⭐⭐⭐⭐", "so sad 😭💔", "(╯°□°)╯︵ ┻━┻", ":-) ;-) :-("]

LINES = ["line one\nline two\r\nline three", "a paragraph\n\nand another", "trailing newline\n", "\ttab first",
         "1\n2\n3", "\n\nx"]

WHITESPACE = ["", " ", "\n", "\t \r\n", "\u00a0", "\u200b", "\u0000", "."]

LENGTHS = [words(count, step) for count, step in (
    (1, 1), (2, 1), (3, 5), (4, 3), (5, 7), (7, 1), (10, 3), (13, 5), (16, 7), (20, 1), (25, 3), (30, 5), (40, 7),
    (50, 1), (62, 3), (63, 3), (75, 5), (100, 7), (125, 1), (126, 1), (127, 1), (150, 3), (200, 5), (253, 7),
    (254, 7), (255, 7), (256, 7), (300, 1), (400, 3), (508, 5), (512, 5), (600, 7))]

LONG = [LONG_REVIEW, "x" * 99, "x" * 100, "x" * 101, "y" * 3000, "9" * 300, "!" * 600, "é" * 150, "中" * 600,
        "🙂" * 300, " ".join("ab" for _ in range(520))]

VARIED = ENGLISH + OTHER_LANGUAGES + EMOJI + LINES + WHITESPACE + LENGTHS + LONG
assert len(VARIED) == 200, len(VARIED)

TWENTY = ENGLISH[8:16] + OTHER_LANGUAGES[:6] + EMOJI[:3] + ["", words(40), "That is a happy person"]

UNEQUAL = ["Hi", words(28), "", "The cat sits on the mat.", "a", words(12, 5), "?"]
