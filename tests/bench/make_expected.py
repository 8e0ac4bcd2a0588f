"""Makes expected/*.json: the benchmark's texts, their token ids, and the embeddings that the Python library gives for them.

Needs Python 3.11+ and
    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6
Run `python make_expected.py --models DIR`, where DIR holds the real models as DIR/<org>/<name>/. Embeddings are the mean
of the last hidden states, made length 1.
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import AutoModel, AutoTokenizer

from checkpoints import MINILM, MIXED, SHAPES, make_checkpoints, texts

MADE_BY = f"transformers {transformers.__version__} AutoModel, torch {torch.__version__.split('+')[0]}"


def embeddings(model, ids):
    """The texts' embeddings, `[rows, width]`, in f32."""
    with torch.inference_mode():
        hidden = model(input_ids=torch.tensor(ids)).last_hidden_state
    return torch.nn.functional.normalize(hidden.mean(dim=1), dim=1)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--models", type=Path, required=True)
    models = options.parse_args().models
    out = Path(__file__).with_name("expected")
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make_checkpoints(models, folder)
        cases = [(f"{rows}x{tokens}", name, [tokens] * rows) for name, rows, tokens in SHAPES]
        for case, name, lengths in [*cases, ("mixed", MINILM, MIXED)]:
            checkpoint = Path(folder) / name
            vocabulary = (checkpoint / "vocab.txt").read_text("utf-8").splitlines()
            inputs, ids = texts(vocabulary, lengths)
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
            assert tokenizer(inputs).input_ids == ids and [len(row) for row in ids] == lengths
            model = AutoModel.from_pretrained(checkpoint, dtype=torch.float32).eval()
            together = [ids] if len(set(lengths)) == 1 else [[row] for row in ids]
            vectors = [[round(value, 5) for value in row] for rows in together for row in embeddings(model, rows).tolist()]
            content = {"made_by": MADE_BY, "model": name, "rows": len(lengths), "tokens": max(lengths), "texts": inputs,
                       "ids": ids, "embeddings": vectors}
            lines = [f' "{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in content.items()]
            (out / f"{case}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
