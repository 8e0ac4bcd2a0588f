"""Makes what table question answering is tested with: tiny checkpoints of TAPAS, tokens of tables, and cases.

Needs Python 3.11+ and
    pip install torch==2.15.0 transformers==5.23.0 pandas safetensors==0.8.0
Run `python make_tapas.py`. The seeds are fixed: the same versions write the same files. It writes
tests/checkpoints/tapas (four aggregators) and tapas-sqa (none), tokens.json beside this file (the ids and the seven types
of each token by TapasTokenizer), and tests/cases/table-question-answering/ (by pipeline('table-question-answering')).
"""

import json
import shutil
import sys
from pathlib import Path

import pandas
import torch
import transformers
from tokenizers import normalizers, pre_tokenizers
from transformers import TapasConfig, TapasForQuestionAnswering, TapasTokenizer, pipeline

HERE = Path(__file__).parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS / "checkpoints"))
from make_checkpoints import vocabulary  # noqa: E402

REPOSITORIES = {
    "Repository": ["Transformers", "Datasets", "Tokenizers"],
    "Stars": ["36542", "4512", "3934"],
    "Contributors": ["651", "77", "34"],
    "Programming language": ["Python", "Python", "Rust, Python and NodeJS"],
}
DATES = {
    "Name": ["Ada", "Alan", "Grace", "n/a", "?"],
    "Born": ["10 December 1815", "23 June 1912", "December 9, 1906", "May 1900", "1899"],
    "Iso": ["1815-12-10", "1912-06-23", "1906-12-09", "1900-05", "29 February 1900"],
    "Day": ["Monday, Jan 5", "Feb 29", "31 April", "sept 3", "5 may"],
    "Mixed": ["1990s", "1,234.5", "-5", "third", ".5"],
}
NUMBERS = {
    "Rank": ["1st", "2nd", "3rd", "fourth", "twelve", "1"],
    "Value": ["1,000,000", "+3.5", " -2", "2e3", "infinity", "nan"],
    "Text": ["one two", "3 apples and 4 pears", "v1.2.3", "12,34", "1..2", "-"],
    "Empty": ["", " ", "…", "_", "é 7", "数 8"],
    "Some": ["5", "x", "6", "y", "7", "z"],
}
LONG = {
    "Id": [str(index) for index in range(60)],
    "Sentence": [f"That is a happy person number {index}" for index in range(60)],
}
WIDE = {f"Column {index}": [f"{index * 7 % 5}", "a sunny day in the morning and in the afternoon"] for index in range(12)}

TOKENS = [
    (REPOSITORIES, "How many stars does the transformers repository have?"),
    (REPOSITORIES, "Which repositories have more than 4512 stars or fewer than 651?"),
    (REPOSITORIES, "?"),
    (DATES, "Who was born before 23 June 1912?"),
    (DATES, "Who was born in 1906 or in May 1900, and who on December 9?"),
    (DATES, "in the 1990s, on Feb 29, or 10.12.1815"),
    (NUMBERS, "Which is the third, one of twelve, or +3.5?"),
    (NUMBERS, "more than 1,000 and less than -2 or 7"),
    (NUMBERS, "0001-01-01 2017 1699 13-13-1999 12-31-1999"),
    (LONG, "Which number is 59?"),
    (WIDE, "Is it 4 or 2?"),
    ({"A b": ["x"]}, "a"),
    ({"[SEP]": ["[CLS] x"], "": [""]}, "[MASK] 5"),
    ({"a\ufffeb": ["7\U0001fffffox"], "x": ["\ufffe"], "y": ["\ufdd0 dog \U0010ffff!"]}, "\uffffis it 7?"),
]

CASES = [
    ("aggregated", "tapas", REPOSITORIES, "How many stars does the transformers repository have?", {}),
    ("aggregated-dates", "tapas", DATES, "Who was born before 23 June 1912?", {}),
    ("aggregated-numbers", "tapas", NUMBERS, "Which is the third, one of twelve, or +3.5?", {}),
    ("selected", "tapas-sqa", REPOSITORIES, "Which language is Tokenizers written in?", {}),
    ("selected-dates", "tapas-sqa", DATES, "Who was born in 1906 or in May 1900?", {}),
    ("rows-that-do-not-fit", "tapas", LONG, "Which number is 59?", {}),
    ("cells-that-do-not-fit", "tapas-sqa", WIDE, "Is it 4 or 2?", {}),
    ("several-questions", "tapas-sqa", REPOSITORIES, ["Which have Python?", "And which of them has most stars?"], {}),
    ("in-sequence", "tapas-sqa", REPOSITORIES,
     ["Which have Python?", "And which of them has most stars?", "And 651 contributors?"], {"sequential": True}),
    ("unicode", "tapas", {"Ü😀": ["Ärger, 3 €", "مرحبا ١"], "数": ["一", "naïve café"]}, "¿Dónde está el café?", {}),
]


def write_json(path, value, indent=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", "utf-8")


def checkpoint(name, seed, **changes):
    """A tiny TAPAS in the files of google/tapas-*: no tokenizer.json."""
    folder = TESTS / "checkpoints" / name
    shutil.rmtree(folder, ignore_errors=True)
    pieces = list(vocabulary(normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()))
    pieces.insert(5, "[EMPTY]")
    torch.manual_seed(seed)
    config = TapasConfig(vocab_size=len(pieces), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                         intermediate_size=24, max_position_embeddings=128, type_vocab_sizes=[3, 64, 64, 2, 64, 64, 10],
                         reset_position_index_per_cell=True, **changes)
    model = TapasForQuestionAnswering(config).eval()
    with torch.no_grad():
        for name_, parameter in model.named_parameters():
            scale = 0.2 if parameter.dim() == 1 else 0.4
            parameter.copy_(scale * torch.randn_like(parameter) + (1.0 if name_.endswith("LayerNorm.weight") else 0.0))
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "TapasTokenizer", "do_lower_case": True, "model_max_length": 128, "cell_trim_length": -1,
        "max_column_id": None, "max_row_id": None, "strip_column_names": False, "update_answer_coordinates": False,
        "empty_token": "[EMPTY]", "cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]",
        "sep_token": "[SEP]", "unk_token": "[UNK]", "additional_special_tokens": ["[EMPTY]"]})
    return folder


def tokens(folder):
    tokenizer = TapasTokenizer.from_pretrained(folder)
    for table, query in TOKENS:
        encoded = tokenizer(pandas.DataFrame(table), query, truncation="drop_rows_to_fit")
        yield {"table": rows(table), "query": query, "ids": encoded["input_ids"],
               "types": [number for types in encoded["token_type_ids"] for number in types]}


def rows(table):
    """The table as a list of rows with the header first, which keeps the order of its columns in every language."""
    return [list(table), *map(list, zip(*table.values()))]


def main():
    labels = {0: "NONE", 1: "SUM", 2: "AVERAGE", 3: "COUNT"}
    folder = checkpoint("tapas", 39, num_aggregation_labels=4, aggregation_labels=labels, no_aggregation_label_index=0)
    checkpoint("tapas-sqa", 35)
    write_json(HERE / "tokens.json", list(tokens(folder)), indent=None)
    cases = TESTS / "cases" / "table-question-answering"
    shutil.rmtree(cases, ignore_errors=True)
    for name, model, table, query, parameters in CASES:
        answer = pipeline("table-question-answering", model=str(TESTS / "checkpoints" / model), device="cpu")
        output = answer(table=pandas.DataFrame(table), query=query, **parameters)
        print(name, output)
        write_json(cases / name / "case.json", {
            "made_by": f"transformers {transformers.__version__} pipeline('table-question-answering')",
            "model": f"checkpoints/{model}", "inputs": {"query": query, "table": rows(table)},
            "parameters": parameters, "output": json.loads(json.dumps(output)), "tolerance": {"absolute": 1e-4}})


if __name__ == "__main__":
    main()
