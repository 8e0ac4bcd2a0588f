"""A tiny byte-level BPE tokenizer as RoBERTa has it."""

import re
from collections import Counter

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
WORDS = 120


def vocabulary(text):
    """All bytes and the commonest words, each put together from left to right.

    The trainer of the tokenizers package breaks ties at random, so it would write another file each time.
    """
    pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words = Counter(word for line in text.splitlines() for word, _ in pre_tokenizer.pre_tokenize_str(line))
    ranked = sorted((word for word in words if re.fullmatch("Ġ?[A-Za-z]{2,}", word)), key=lambda word: (-words[word], word))
    pieces = SPECIALS + sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = []
    for word in ranked[:WORDS]:
        for end in range(2, len(word) + 1):
            if word[:end] not in pieces:
                merges.append((word[:end - 1], word[end - 1]))
                pieces.append(word[:end])
    return {piece: i for i, piece in enumerate([*pieces, "<mask>"])}, merges


def make_tokenizer(folder, text, max_length, write_json, **settings):
    """Writes tokenizer.json and tokenizer_config.json; returns the number of tokens."""
    vocab, merges = vocabulary(text)
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", continuing_subword_prefix="", end_of_word_suffix=""))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([*SPECIALS, AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "add_prefix_space": False,
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "errors": "replace",
        "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False,
                       "single_word": False, "special": True},
        "model_max_length": max_length,
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "tokenizer_class": "RobertaTokenizer",
        "trim_offsets": True,
        "unk_token": "<unk>",
        **settings,
    })
    return tokenizer.get_vocab_size()
