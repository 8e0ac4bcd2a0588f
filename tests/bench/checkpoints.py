"""The benchmark's checkpoints and texts: all-MiniLM-L6-v2 unshortened, and a long-context BERT of its size.

Both have all-MiniLM-L6-v2's tokenizer and are laid out as repositories of the Hub. The long one has random weights, which
are the same everywhere: 64-bit words of PCG64, whose stream NumPy keeps, made uniform.
"""

import json
import os
import shutil
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MINILM = "bench/all-MiniLM-L6-v2"
LONG = "bench/long-context"
LONG_TOKENS = 2048
SEED = 4
DEVIATION = 0.04  # Twice BERT's own, so that attention is not almost uniform.

# Every shape as model, texts, tokens a text (the two special ones included).
SHAPES = [(MINILM, 1, 16), (MINILM, 1, 128), (MINILM, 1, 512), (MINILM, 32, 128), (LONG, 1, LONG_TOKENS)]

# Texts of many lengths, in tokens, as people write them: many short, few long.
MIXED = [3 + place * place * 125 // 47**2 for place in (29 * index % 48 for index in range(48))]


def read_safetensors(path):
    """The f32 tensors of a file as name → array; `position_ids` are left out."""
    data = Path(path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(data[start + begin:start + end], "<f4").reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    """Writes f32 tensors, as the Python library lays them out."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.astype("<f4").tobytes())


def random_tensors(like, positions):
    """Tensors of the shapes of `like`, with as many positions as are asked for: layer norms as at their start, others random."""
    source = np.random.PCG64(SEED)
    tensors = {}
    for name in sorted(like):
        shape = (positions, like[name].shape[1]) if "position_embeddings" in name else like[name].shape
        if "LayerNorm" in name:
            tensors[name] = np.full(shape, name.endswith("weight"), np.float32)
        else:
            words = source.random_raw(int(np.prod(shape)))
            uniform = ((words >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5) * np.sqrt(12) * DEVIATION
            tensors[name] = uniform.astype(np.float32).reshape(shape)
    return tensors


def link(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def change(source, target, **changes):
    """A JSON file with some values changed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_text(json.dumps(json.loads(source.read_text()) | changes, indent=2) + "\n")


def make_checkpoints(models, out):
    """Lays out both checkpoints in `out`; `models` holds the real ones."""
    source = Path(models) / "sentence-transformers/all-MiniLM-L6-v2"
    for name, tokens in ((MINILM, 512), (LONG, LONG_TOKENS)):
        folder = Path(out) / name
        for path in ("vocab.txt", "special_tokens_map.json", "modules.json", "1_Pooling/config.json"):
            link(source / path, folder / path)
        # The file bakes in padding to, and truncation at, 128 tokens.
        change(source / "tokenizer.json", folder / "tokenizer.json", truncation=None, padding=None)
        change(source / "tokenizer_config.json", folder / "tokenizer_config.json", model_max_length=tokens)
        change(source / "sentence_bert_config.json", folder / "sentence_bert_config.json", max_seq_length=tokens)
        change(source / "config.json", folder / "config.json", max_position_embeddings=tokens)
    weights = source / "model.safetensors"
    link(weights, Path(out) / MINILM / "model.safetensors")
    write_safetensors(Path(out) / LONG / "model.safetensors", random_tensors(read_safetensors(weights), LONG_TOKENS))


def texts(vocabulary, lengths):
    """Texts of these lengths of words that are one token each, and their ids with [CLS] and [SEP].

    `vocabulary` is the list of tokens by id. The words are the plain ones from the vocabulary's middle, in a fixed order.
    """
    words = [(id, word) for id, word in enumerate(vocabulary[2000:12000], 2000)
             if word.isascii() and word.isalpha() and len(word) > 2]
    all_texts, all_ids = [], []
    for row, tokens in enumerate(lengths):
        chosen = [words[(7919 * (row * tokens + place) + 104729) % len(words)] for place in range(tokens - 2)]
        all_texts.append(" ".join(word for _, word in chosen))
        all_ids.append([vocabulary.index("[CLS]"), *(id for id, _ in chosen), vocabulary.index("[SEP]")])
    return all_texts, all_ids
