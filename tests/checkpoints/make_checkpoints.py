"""Makes the tiny random checkpoints beside this file, in the layout of a Hub repository.

Needs Python 3.11+ and
    pip install torch==2.15.0 transformers==5.23.0 tokenizers==0.23.3 safetensors==0.8.0
Run `python make_checkpoints.py`. The seed is fixed: the same versions write the same files.
"""

import json
import shutil
from collections import Counter, OrderedDict
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForQuestionAnswering,
    RobertaForSequenceClassification,
    RobertaForTokenClassification,
)

import byte_level

HERE = Path(__file__).parent
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HIDDEN = 32
MAX_POSITIONS = 64
MAX_SEQUENCE = 32

TEXT = """
That is a happy person. That is a happy dog. That is a very happy person! Today is a sunny day.
I love this movie, and I would watch it again; the actors were great and the story was wonderful.
I hate this phone: it broke after two days, and the battery was the worst I have ever bought.
The food was good but the service was slow. We waited for an hour and nobody came to our table.
The quick brown fox jumps over the lazy dog while the cat sleeps on the warm window sill.
Paris is the capital of France, Berlin is the capital of Germany, and Rome is the capital of Italy.
What is the weather like today? It will rain in the morning, and the sun will shine in the afternoon.
How do I reset my password? Please help me: my account is locked and my order has not arrived.
She reads a book about science, history and music every week. He plays football with his friends.
In 1969 the first humans walked on the moon; 12 people have done so since. It cost 25 000 dollars.
The stock market fell by 3.5 % on Monday. Prices of oil, gold and silver went up (again).
A model turns text into numbers, and the numbers show which sentences mean the same thing.
Un café, s'il vous plaît. Où est la gare? Das ist ein schöner Tag. El niño come una manzana.
See https://example.com/a?b=c&d=1 or write to name@example.com. "Quoted" 'text' [brackets] {braces} a_b
"""


def vocabulary(normalizer, pre_tokenizer, size=400):
    """TEXT's characters and its commonest word beginnings and endings.

    The trainer of the tokenizers package breaks ties at random, so it would write another file each time.
    """
    counts, characters = Counter(), set()
    for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(TEXT)):
        characters |= {word[0], *(f"##{character}" for character in word[1:])}
        for end in range(2, len(word) + 1):
            counts[word[:end]] += end
        for start in range(1, len(word) - 1):
            counts[f"##{word[start:]}"] += len(word) - start
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
    pieces = SPECIALS + sorted(characters)
    return {piece: i for i, piece in enumerate((pieces + ranked)[:size])}


def make_tokenizer(folder, lowercase, max_length, **settings):
    """Writes tokenizer.json and tokenizer_config.json of a WordPiece tokenizer."""
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    vocab = vocabulary(normalizer, pre_tokenizer)
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "cls_token": "[CLS]",
        "do_lower_case": lowercase,
        "mask_token": "[MASK]",
        "pad_token": "[PAD]",
        "sep_token": "[SEP]",
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        "tokenizer_class": "BertTokenizer",
        "unk_token": "[UNK]",
        **settings,
    }
    if max_length:
        config["model_max_length"] = max_length
    write_json(folder / "tokenizer_config.json", config)
    return tokenizer.get_vocab_size()


def make_config(vocab_size, **changes):
    return BertConfig(vocab_size=vocab_size, hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=4,
                      intermediate_size=64, max_position_embeddings=MAX_POSITIONS, initializer_range=0.3, **changes)


def make_model(kind, config, seed):
    """A random model whose biases and layer norms are random too, so that each one matters."""
    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("LayerNorm.weight"):
                parameter.copy_(1 + 0.2 * torch.randn_like(parameter))
            elif name.endswith("bias"):
                parameter.copy_(0.2 * torch.randn_like(parameter))
    return model


def tensors_of(model, prefix="", dtype=torch.float32):
    """The model's parameters by name; a tied decoder is stored once."""
    return {prefix + name: tensor.to(dtype).contiguous() for name, tensor in model.named_parameters()}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_config(folder, config, architecture, style, dtype="float32", **extra):
    """Writes config.json: style 5 has `dtype`, style 4 has `torch_dtype` and what transformers 4 wrote."""
    values = {
        "architectures": [architecture],
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": config.hidden_act,
        "hidden_dropout_prob": 0.1,
        "hidden_size": config.hidden_size,
        "initializer_range": config.initializer_range,
        "intermediate_size": config.intermediate_size,
        "layer_norm_eps": config.layer_norm_eps,
        "max_position_embeddings": config.max_position_embeddings,
        "model_type": "bert",
        "num_attention_heads": config.num_attention_heads,
        "num_hidden_layers": config.num_hidden_layers,
        "pad_token_id": 0,
        "type_vocab_size": config.type_vocab_size,
        "vocab_size": config.vocab_size,
        **extra,
    }
    if style == 5:
        values |= {"dtype": dtype, "tie_word_embeddings": True, "transformers_version": "5.23.0"}
    else:
        values |= {"torch_dtype": dtype, "position_embedding_type": "absolute", "transformers_version": "4.41.2",
                   "use_cache": True}
    write_json(folder / "config.json", dict(sorted(values.items())))


def new_folder(name):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def write_weights(folder, tensors):
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def classifier(name, seed, labels, problem_type, style, **changes):
    folder = new_folder(name)
    vocab_size = make_tokenizer(folder, lowercase=True, max_length=MAX_POSITIONS)
    config = make_config(vocab_size, num_labels=len(labels), **changes)
    write_weights(folder, tensors_of(make_model(BertForSequenceClassification, config, seed)))
    extra = {"id2label": {str(i): label for i, label in enumerate(labels)},
             "label2id": {label: i for i, label in enumerate(labels)}}
    if problem_type:
        extra["problem_type"] = problem_type
    write_config(folder, config, "BertForSequenceClassification", style, **extra)


def classifier_files(write):
    """Returns a function that writes the folder of `bert-sequence-classification` with its weights in other files."""
    def make(name):
        source, folder = HERE / "bert-sequence-classification", new_folder(name)
        for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            shutil.copy(source / file, folder)
        write(folder, load_file(source / "model.safetensors"))
    return make


def state_dict(tensors):
    """What torch.save made of these weights in 2019 and later: the integers of `position_ids`, two names of one tensor,
    a tensor of which only the transpose is in a row, a part of a longer one, and numbers of 64 bits."""
    state = OrderedDict([("bert.embeddings.position_ids", torch.arange(MAX_POSITIONS).expand((1, -1)))])
    for name, tensor in tensors.items():
        state[name] = tensor.clone()
    words = "bert.embeddings.word_embeddings.weight"
    state["cls.predictions.decoder.weight"] = state[words]
    query = "bert.encoder.layer.0.attention.self.query.weight"
    state[query] = state[query].t().contiguous().t()
    joined = torch.cat([state["classifier.weight"], state["classifier.weight"] + 1])
    state["classifier.weight"] = joined[:len(joined) // 2]
    state["classifier.bias"] = state["classifier.bias"].double()
    state._metadata = OrderedDict([("", {"version": 1})])
    return state


@classifier_files
def bin_zip(folder, tensors):
    torch.save(state_dict(tensors), folder / "pytorch_model.bin")


@classifier_files
def bin_legacy(folder, tensors):
    path, tensors = folder / "pytorch_model.bin", state_dict(tensors)
    # The keys of storages are addresses, and storages stand in the keys' order: here both are those of the state dict, so
    # that every run writes the same file.
    with mock.patch.object(torch.serialization, "sorted", list, create=True):
        torch.save(tensors, path, _use_new_zipfile_serialization=False)
    text = lambda key: b"X" + len(key).to_bytes(4, "little") + key
    content = path.read_bytes()
    for number, tensor in enumerate(tensors.values()):
        key = str(tensor.untyped_storage()._cdata).encode()
        content = content.replace(text(key), text(str(number).encode()))
    path.write_bytes(content)


def write_shards(folder, tensors, name, save):
    """Two files with their index; the split is that of `split_torch_state_dict_into_shards` in spirit: by size."""
    stem, end = name.rsplit(".", 1)
    names, half, at = [f"{stem}-0000{i}-of-00002.{end}" for i in (1, 2)], sum(map(torch.numel, tensors.values())) / 2, 0
    files, weight_map = ({}, {}), {}
    for key, tensor in tensors.items():
        index = int(at > half)
        files[index][key], weight_map[key] = tensor, names[index]
        at += tensor.numel()
    for path, content in zip(names, files):
        save(content, folder / path)
    size = sum(tensor.nbytes for tensor in tensors.values())
    write_json(folder / f"{name}.index.json", {"metadata": {"total_size": size}, "weight_map": weight_map})


@classifier_files
def sharded(folder, tensors):
    write_shards(folder, tensors, "model.safetensors", lambda part, path: save_file(part, path, {"format": "pt"}))


@classifier_files
def bin_sharded(folder, tensors):
    write_shards(folder, tensors, "pytorch_model.bin", torch.save)


@classifier_files
def variant(folder, tensors):
    half = {name: tensor.half() for name, tensor in tensors.items()}
    save_file(half, folder / "model.fp16.safetensors", metadata={"format": "pt"})


def headed(name, seed, kind, labels=None, extra=None, **tokenizer):
    """A model with a head, of BERT with WordPiece or of RoBERTa with byte-level BPE, in the style of transformers 5."""
    folder = new_folder(name)
    of_labels = {"num_labels": len(labels)} if labels else {}
    if kind.__name__.startswith("Bert"):
        config = make_config(make_tokenizer(folder, lowercase=True, max_length=MAX_POSITIONS, **tokenizer), **of_labels)
    else:
        size = byte_level.make_tokenizer(folder, TEXT, MAX_POSITIONS, write_json, **tokenizer)
        config = RobertaConfig(
            vocab_size=size, hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
            max_position_embeddings=MAX_POSITIONS + 2, type_vocab_size=1, initializer_range=0.3, layer_norm_eps=1e-5,
            **of_labels)
    write_weights(folder, tensors_of(make_model(kind, config, seed)))
    values = {"model_type": config.model_type, "pad_token_id": config.pad_token_id, **(extra or {})}
    if labels:
        values |= {"id2label": {str(i): label for i, label in enumerate(labels)},
                   "label2id": {label: i for i, label in enumerate(labels)}}
    write_config(folder, config, kind.__name__, style=5, **values)


def base(name, seed, dtype, style):
    folder = new_folder(name)
    config = make_config(make_tokenizer(folder, lowercase=True, max_length=MAX_POSITIONS))
    tensors = tensors_of(make_model(BertModel, config, seed), dtype=dtype)
    write_weights(folder, tensors)
    write_config(folder, config, "BertModel", style, dtype=str(dtype).removeprefix("torch."))


def legacy(name, seed):
    """Names as in the first BERT checkpoints: prefix `bert.`, `gamma` and `beta`, pre-training heads."""
    folder = new_folder(name)
    config = make_config(make_tokenizer(folder, lowercase=True, max_length=MAX_POSITIONS))
    tensors = {"bert.embeddings.position_ids": torch.arange(MAX_POSITIONS).unsqueeze(0)}
    for key, tensor in tensors_of(make_model(BertForPreTraining, config, seed)).items():
        tensors[key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")] = tensor
    write_weights(folder, tensors)
    write_config(folder, config, "BertForMaskedLM", style=4)


OLD_TYPES = {kind: f"sentence_transformers.models.{kind}" for kind in ("Transformer", "Pooling", "Dense", "Normalize")}
NEW_TYPES = {
    "Transformer": "sentence_transformers.base.modules.transformer.Transformer",
    "Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "Dense": "sentence_transformers.base.modules.dense.Dense",
    "Normalize": "sentence_transformers.base.modules.normalize.Normalize",
}
OLD_POOLING_KEYS = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens",
                    "mean_sqrt_len_tokens": "mean_sqrt_len_tokens", "weightedmean": "weightedmean_tokens",
                    "lasttoken": "lasttoken"}


def pooling_config(modes, new):
    if new:
        return {"embedding_dimension": HIDDEN, "pooling_mode": modes[0] if len(modes) == 1 else modes,
                "include_prompt": True}
    flags = {f"pooling_mode_{key}": mode in modes for mode, key in OLD_POOLING_KEYS.items()}
    return {"word_embedding_dimension": HIDDEN, **flags, "include_prompt": True}


def sentence(name, seed, modes, similarity=None, after=(), new=False, cased=False, max_sequence=MAX_SEQUENCE,
             config_extra=None):
    """A sentence-transformers folder: Transformer, Pooling and the modules in `after`.

    `new` is the layout that sentence-transformers 5.4 and later write: other type names, `pooling_mode`,
    and the longest input in the tokenizer's `model_max_length` alone.
    """
    folder = new_folder(name)
    max_length = None if not max_sequence else MAX_SEQUENCE if new else MAX_POSITIONS
    config = make_config(make_tokenizer(folder, lowercase=not cased, max_length=max_length))
    write_weights(folder, tensors_of(make_model(BertModel, config, seed)))
    write_config(folder, config, "BertModel", 5 if new else 4)
    if new:
        write_json(folder / "sentence_bert_config.json", {
            "transformer_task": "feature-extraction",
            "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
            "module_output_name": "token_embeddings"})
    elif max_sequence:
        write_json(folder / "sentence_bert_config.json", {"max_seq_length": max_sequence, "do_lower_case": cased})

    types = NEW_TYPES if new else OLD_TYPES
    kinds = ["Transformer", "Pooling", *after]
    write_json(folder / "modules.json", [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": types[kind]}
        for i, kind in enumerate(kinds)])
    write_json(folder / "1_Pooling" / "config.json", pooling_config(modes, new))
    for i, kind in enumerate(after, start=2):
        if kind == "Dense":
            torch.manual_seed(seed + 1)
            write_json(folder / f"{i}_Dense" / "config.json", {
                "in_features": HIDDEN * len(modes), "out_features": HIDDEN // 2, "bias": True,
                "activation_function": "torch.nn.modules.activation.Tanh"})
            write_weights(folder / f"{i}_Dense", {
                "linear.weight": 0.3 * torch.randn(HIDDEN // 2, HIDDEN * len(modes)),
                "linear.bias": 0.3 * torch.randn(HIDDEN // 2)})
    versions = {"sentence_transformers": "6.2.0" if new else "2.7.0", "transformers": "5.23.0" if new else "4.41.2",
                "pytorch": "2.15.0" if new else "2.3.0"}
    settings = {"__version__": versions, **(config_extra or {})}
    if similarity != "absent":
        settings["similarity_fn_name"] = similarity
    write_json(folder / "config_sentence_transformers.json", settings)


def sentence_bin(name):
    """The folder of `sentence-dense` as it was before safetensors: each module's weights as torch saves them."""
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "sentence-dense", folder)
    for path in sorted(folder.rglob("model.safetensors")):
        torch.save(load_file(path), path.with_name("pytorch_model.bin"))
        path.unlink()


def main():
    classifier("bert-sequence-classification", 1, ["negative", "neutral", "positive"],
               "single_label_classification", style=5)
    classifier("bert-multi-label", 2, ["joy", "anger", "surprise", "fear"], "multi_label_classification", style=4,
               hidden_act="gelu_new")
    classifier("bert-regression", 3, ["LABEL_0"], "regression", style=5, hidden_act="relu")
    bin_zip("bert-bin-zip")
    bin_legacy("bert-bin-legacy")
    sharded("bert-sharded")
    bin_sharded("bert-bin-sharded")
    variant("bert-variant")
    legacy("bert-base-legacy", 4)
    base("bert-bf16", 5, torch.bfloat16, style=5)
    base("bert-f16", 5, torch.float16, style=4)

    sentence("sentence-mean", 6, ["mean"], similarity="absent")
    sentence("sentence-cls-normalize", 6, ["cls"], similarity="cosine", after=["Normalize"], cased=True)
    sentence("sentence-max", 6, ["max"], similarity="dot", max_sequence=None)
    sentence("sentence-mean-sqrt-len", 6, ["mean_sqrt_len_tokens"], similarity="euclidean")
    sentence("sentence-weighted-mean", 6, ["weightedmean"], similarity="manhattan")
    sentence("sentence-last-token", 6, ["lasttoken"], new=True)
    sentence("sentence-concat", 6, ["max", "mean"], new=True, after=["Normalize"], similarity="cosine", config_extra={
        "model_type": "SentenceTransformer", "prompts": {"query": "question: ", "document": ""},
        "default_prompt_name": None})
    entities = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "ORG"]
    headed("bert-token-classification", 27, BertForTokenClassification, entities)
    headed("roberta-token-classification", 28, RobertaForTokenClassification, entities)
    headed("bert-question-answering", 9, BertForQuestionAnswering)
    headed("bert-question-answering-left", 9, BertForQuestionAnswering, padding_side="left")
    headed("roberta-question-answering", 10, RobertaForQuestionAnswering)
    headed("bert-masked-lm", 11, BertForMaskedLM)
    headed("roberta-masked-lm", 12, RobertaForMaskedLM)
    headed("bert-nli", 13, BertForSequenceClassification, ["contradiction", "neutral", "entailment"])
    headed("roberta-nli", 14, RobertaForSequenceClassification, ["ENTAILMENT", "NEUTRAL", "CONTRADICTION"])
    headed("bert-cross-encoder", 15, BertForSequenceClassification, ["LABEL_0"])
    headed("roberta-cross-encoder", 16, RobertaForSequenceClassification, ["LABEL_0"], extra={
        "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "4.0.1"}})

    sentence("sentence-dense", 6, ["mean"], after=["Dense", "Normalize"], similarity="cosine")
    sentence_bin("sentence-bin")


if __name__ == "__main__":
    main()
