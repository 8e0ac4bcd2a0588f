"""Makes small tokenizers of each family, as older files and as `tokenizer.json`, and what transformers makes of 2,000 texts.

Needs transformers 5.23, tokenizers 0.23.3, sentencepiece 0.2.3 and rjieba 0.2.2. Run it in this folder; it needs no network.
Each family has a folder with `slow/` (the older files) and `fast/` (`tokenizer.json`), each with `expected.json`:
a digest of every text's tokens, and the tokens of a few in full. Arguments choose families, or name other folders
(with a slash) in which to write `expected.json`.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import sentencepiece
from fragments import FRAGMENTS, SCRIPTS, SENTENCES, WORDS
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer

HERE = Path(__file__).parent
TEXTS = 2000
IN_FULL = 8
# Texts that RoFormer cuts with jieba's dictionary, which Vitrine does not have.
CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Random:
    """Marsaglia's xorshift, as the test has it."""

    def __init__(self, state):
        self.state = state

    def below(self, end):
        mask = (1 << 64) - 1
        self.state ^= self.state << 13 & mask
        self.state ^= self.state >> 7
        self.state ^= self.state << 17 & mask
        return self.state % end


def make_texts():
    random = Random(0x5EED_0000_7E57)
    texts = [""]
    for _ in range(TEXTS - 1):
        text = ""
        for _ in range(1 + random.below(9)):
            text += FRAGMENTS[random.below(len(FRAGMENTS))]
            if random.below(4):
                text += " "
        texts.append(text)
    return texts


class Digest:
    """FNV-1a with 64 bits."""

    def __init__(self):
        self.value = 0xCBF29CE484222325

    def bytes(self, data):
        for byte in data:
            self.value = (self.value ^ byte) * 0x100000001B3 & (1 << 64) - 1

    def number(self, number):
        self.bytes(number.to_bytes(4, "little"))

    def tokens(self, encoding, has_type_ids):
        self.number(len(encoding.ids))
        rows = zip(
            encoding.ids, encoding.type_ids, encoding.offsets, encoding.word_ids, encoding.sequence_ids,
            encoding.special_tokens_mask,
        )
        for token, type_id, (begin, end), word, sequence, special in rows:
            word, sequence = (0 if word is None else word + 1), (0 if sequence is None else sequence + 1)
            for number in (token, type_id if has_type_ids else 0, begin, end, word, sequence, special):
                self.number(number)


def digest(tokenizer, texts, index):
    """What the test computes of a text: its tokens, alone, in a pair and in windows, and their text."""
    digest = Digest()
    text, pair = texts[index], texts[(index + 1) % len(texts)]
    if type(tokenizer).__name__ == "RoFormerTokenizer" and CHINESE.search(text + (pair if index % 7 in (0, 5) else "")):
        return 0, None
    if not tokenizer.is_fast:
        ids = tokenizer(text)["input_ids"]
        for token in ids:
            digest.number(token)
        digest.bytes(tokenizer.decode(ids).encode())
        return digest.value, {"ids": ids}
    has_type_ids = "token_type_ids" in tokenizer.model_input_names
    encoded = tokenizer(text)
    digest.tokens(encoded.encodings[0], has_type_ids)
    digest.bytes(tokenizer.decode(encoded["input_ids"]).encode())
    digest.bytes(tokenizer.decode(encoded["input_ids"], skip_special_tokens=True).encode())
    options = {"return_overflowing_tokens": True}
    if index % 7 == 0:
        # Python takes an empty pair for none.
        digest.tokens(tokenizer(text, pair or " ").encodings[0], has_type_ids)
    elif index % 7 == 3:
        for encoding in tokenizer(text, truncation=True, max_length=12, stride=3, **options).encodings:
            digest.tokens(encoding, has_type_ids)
    elif index % 7 == 5:
        try:
            windows = tokenizer(text, pair or " ", truncation="only_second", max_length=40, stride=5, **options).encodings
        except BaseException:
            windows = []
        for encoding in windows:
            digest.tokens(encoding, has_type_ids)
    return digest.value, {"ids": encoded["input_ids"], "offsets": encoded.encodings[0].offsets}


# Language codes, known and not, which Marian takes off; the other families have none.
CODED = [">>fra<< the quick fox", ">>deu<<Paris", ">>xx<<  of  time ", ">> no end", ">>fra<<", ">>fra<<>>deu<< good", " >>fra<< good",
         "</s>>>fra<< good", ">>\u3000\ufb01<< \ufb01ne", "\u2581 \u2581of\u2581 \u2581", "<s> the </s> of <pad><unk>",
         "\u30ab\u3099 e\u0301\u0301 A\u0301", " \t\n", "\u0007of\u0007 \u0007 the\u0007", "the\0of"]


def write_expected(folder, texts):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    all_of_them, digests, full = Digest(), "", {}
    for index in range(len(texts)):
        value, tokens = digest(tokenizer, texts, index)
        all_of_them.bytes(value.to_bytes(8, "little"))
        digests += f"{value & 0xFF:02x}"
        if index < IN_FULL and tokens:
            full[index] = tokens
    named = {name: [text, tokenizer.convert_tokens_to_ids(text)] for name, text in tokenizer.special_tokens_map.items()}
    expected = {
        "class": type(tokenizer).__name__, "named": named, "pad_left": tokenizer.padding_side == "left",
        "coded": {text: tokenizer(text)["input_ids"] for text in CODED if type(tokenizer).__name__ == "MarianTokenizer"},
        "tokens": full, "all": f"{all_of_them.value:016x}", "digests": digests,
    }
    if not expected["coded"]:
        del expected["coded"]
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")


# ------------------------------------------------------------------------------------------------------- vocabularies


def corpus():
    return WORDS * 3 + SENTENCES * 2 + SCRIPTS


def word_pieces(specials):
    characters = sorted({character for text in WORDS + SENTENCES for character in text.lower() if not character.isspace()})
    others = ["中", "文", "日", "é", "ё", "ж", "и", "к", "한", "국", "α", "β", "λ", "Paris", "Mr", "naive", "cafe", "😀"]
    words = sorted({word.lower() for word in WORDS if len(word) < 6})
    return specials + characters + ["##" + character for character in characters] + others + words + ["##ing", "##ion", "##s"]


def byte_pairs(size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return sorted(model["vocab"], key=model["vocab"].get), [tuple(merge) for merge in model["merges"]]


def write_byte_pairs(folder, specials):
    vocab, merges = byte_pairs(320)
    tokens = specials + vocab
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}, ensure_ascii=False))
    lines = "".join(f"{first} {second}\n" for first, second in merges)
    (folder / "merges.txt").write_text("#version: 0.2\n" + lines)


CHARSMAP = [("\ufb01", "fi"), ("\u2122", "TM"), ("\uff21", "A"), ("\uff11", "1"), ("\uff12", "2"), ("\u3000", " "), ("\t", " "),
            ("\n", " "), ("\u200b", " "), ("e\u0301", "\u00e9"), ("\u00bd", "1\u20442"), ("\u212b", "\u00c5"),
            ("\u30ab\u3099", "\u30ac"), ("\u0007", "")]


def write_sentencepiece(path, charsmap=True, sentences=WORDS * 3 + SENTENCES + SCRIPTS[:2] + SCRIPTS[15:17], **options):
    rules = "".join(
        " ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n" for old, new in CHARSMAP
    )
    Path("rules.tsv").write_text(rules)
    how = {"normalization_rule_tsv": "rules.tsv"} if charsmap else {"normalization_rule_name": "identity"}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=open(path, "wb"), num_threads=1, hard_vocab_limit=False,
        minloglevel=2, character_coverage=0.98, **({"vocab_size": 260, "model_type": "unigram"} | how | options),
    )
    Path("rules.tsv").unlink()


# ----------------------------------------------------------------------------------------------------------- families

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
XLNET = ["<pad>", "<unk>", "<cls>", "<sep>", "<mask>", "<s>", "</s>"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
AMINO_ACIDS = list("LAGVSERTIDPKQNFYMHWCXBUZO.-")


def added(content, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False} | flags


def bert_files(specials, **settings):
    return {"vocab.txt": "\n".join(word_pieces(specials)) + "\n"} | (settings and {"tokenizer_config.json": settings})


def pieces(path):
    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [model.id_to_piece(index) for index in range(3, model.get_piece_size())]


def number(tokens, codes=()):
    """The vocabulary of Marian, which has an order of its own."""
    return {token: index for index, token in enumerate(["</s>", "<unk>", *tokens, *codes, "<pad>"])}


def family_files(name, folder):
    """Writes the older files of a family; returns its `model_type`."""
    albert = {"bos_id": 2, "eos_id": 3, "unk_id": 1, "pad_id": 0, "bos_piece": "[CLS]", "eos_piece": "[SEP]",
              "user_defined_symbols": "[MASK]"}
    files = {}
    match name:
        case "bert" | "roformer":
            files = bert_files(BERT)
        case "bert-cased":
            files = bert_files(BERT, do_lower_case=False, tokenize_chinese_chars=False, model_max_length=128,
                               clean_up_tokenization_spaces=True, tokenizer_class="BertTokenizer")
        case "electra":
            files = bert_files(BERT, strip_accents=False, tokenizer_class="ElectraTokenizer")
            files["special_tokens_map.json"] = {"mask_token": added("[MASK]", lstrip=True), "cls_token": "[CLS]"}
            files["added_tokens.json"] = {"<new>": 1000, "extra token": 1001}
        case "distilbert":
            files = bert_files(BERT, additional_special_tokens=["<new>"])
        case "convbert":
            files = bert_files(BERT, tokenizer_class="ConvBertTokenizer")
        case "mpnet":
            files = bert_files(["<s>", "<pad>", "</s>", "[UNK]", "<mask>"], do_lower_case=True)
        case "funnel":
            files = bert_files(XLNET)
        case "splinter":
            files = bert_files(BERT + ["[QUESTION]"])
        case "roberta":
            write_byte_pairs(folder, ROBERTA)
        case "longformer":
            write_byte_pairs(folder, ROBERTA)
            files["tokenizer_config.json"] = {
                "tokenizer_class": "LongformerTokenizer", "add_prefix_space": True, "trim_offsets": False,
                "mask_token": added("<mask>", lstrip=True) | {"__type": "AddedToken"},
                "added_tokens_decoder": {
                    "4": added("<mask>", lstrip=True, special=True), "400": added("extra token", rstrip=True, normalized=True),
                },
            }
        case "gpt2":
            write_byte_pairs(folder, ["<|endoftext|>"])
            files["tokenizer_config.json"] = {"add_bos_token": True, "pad_token": "<|endoftext|>", "padding_side": "left"}
        case "deberta":
            write_byte_pairs(folder, ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"])
        case "deberta-v2":
            write_sentencepiece(folder / "spm.model", pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]",
                                bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]")
            files["tokenizer_config.json"] = {"do_lower_case": True, "split_by_punct": True}
        case "albert":
            write_sentencepiece(folder / "spiece.model", **albert)
        case "rembert":
            write_sentencepiece(folder / "sentencepiece.model", **(albert | {"unk_id": 2, "bos_id": 1}))
        case "xlnet":
            write_sentencepiece(folder / "spiece.model", unk_id=0, bos_id=1, eos_id=2, control_symbols="<cls>,<sep>,<pad>,<mask>",
                                user_defined_symbols="<eod>,<eop>")
        case "t5":
            write_sentencepiece(folder / "spiece.model", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
        case "big_bird":
            write_sentencepiece(folder / "spiece.model", charsmap=False, pad_id=0, eos_id=1, bos_id=2, unk_id=100,
                                user_defined_symbols="[SEP],[MASK],[CLS]")
        case "camembert" | "xlm-roberta":
            write_sentencepiece(folder / "sentencepiece.bpe.model")
        case "marian" | "marian-separate":
            write_sentencepiece(folder / "source.spm")
            write_sentencepiece(folder / "target.spm", sentences=SENTENCES + SCRIPTS * 2, vocab_size=400)
            source, target = (pieces(folder / name) for name in ("source.spm", "target.spm"))
            # Some pieces of the source are not in the vocabulary, and all of the target are.
            tokens = [*dict.fromkeys(target + [piece for index, piece in enumerate(source) if index % 11])]
            codes = [">>fra<<", ">>deu<<"]
            config = {"source_lang": "eng", "target_lang": "roa", "model_max_length": 512, "tokenizer_class": "MarianTokenizer"}
            if name == "marian-separate":
                files["target_vocab.json"] = number(target)
                config["separate_vocabs"] = True
                tokens, codes = source[::-1], []
            files |= {"vocab.json": number(tokens, codes), "tokenizer_config.json": config}
            name = "marian"
        case "esm":
            files["vocab.txt"] = "\n".join(["<cls>", "<pad>", "<eos>", "<unk>"] + AMINO_ACIDS + ["<null_1>", "<mask>"])
        case "sentencepiece-bpe":
            write_sentencepiece(folder / "tokenizer.model", model_type="bpe", byte_fallback=True, vocab_size=560)
            files["tokenizer_config.json"] = {"tokenizer_class": "PreTrainedTokenizerFast"}
            return "nystromformer"
    for path, content in files.items():
        (folder / path).write_text(content if isinstance(content, str) else json.dumps(content))
    return name.removesuffix("-cased")


FAMILIES = [
    "bert", "bert-cased", "electra", "distilbert", "convbert", "mpnet", "funnel", "splinter", "roformer", "roberta", "longformer", "gpt2", "deberta",
    "deberta-v2", "albert", "rembert", "xlnet", "t5", "big_bird", "camembert", "xlm-roberta", "esm", "sentencepiece-bpe",
    "marian", "marian-separate",
]


def main():
    (HERE / "fragments.json").write_text(json.dumps(FRAGMENTS, ensure_ascii=True, indent=0) + "\n")
    texts = make_texts()
    for folder in (argument for argument in sys.argv[1:] if "/" in argument):
        write_expected(Path(folder), texts)
    for name in FAMILIES if len(sys.argv) == 1 else filter(FAMILIES.__contains__, sys.argv[1:]):
        shutil.rmtree(HERE / name, ignore_errors=True)
        slow, fast = HERE / name / "slow", HERE / name / "fast"
        slow.mkdir(parents=True)
        config = json.dumps({"model_type": family_files(name, slow)})
        (slow / "config.json").write_text(config)
        tokenizer = AutoTokenizer.from_pretrained(slow)
        if tokenizer.is_fast:
            fast.mkdir()
            tokenizer.save_pretrained(fast)
            saved = json.loads((fast / "tokenizer.json").read_text())
            (fast / "tokenizer.json").write_text(json.dumps(saved, ensure_ascii=False, separators=(",", ":")))
            (fast / "config.json").write_text(config)
            write_expected(fast, texts)
        write_expected(slow, texts)
        print(name, type(tokenizer).__name__, sum(file.stat().st_size for file in (HERE / name).rglob("*")), file=sys.stderr)


main()
