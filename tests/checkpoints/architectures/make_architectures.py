"""Makes a tiny random checkpoint for each architecture and head, with the logits that Python gives for it.

Needs Python 3.11+ and
    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0
Run `python make_architectures.py [model_type …]`. The seed is fixed: the same versions write the same files.

Each folder <model_type>/<head>/, or <model_type>/<head>.<variant>/, holds config.json and model.safetensors as `save_pretrained` writes them, and
reference.safetensors with, for each batch `N`, `input_ids.N`, `attention_mask.N`, `token_type_ids.N` (where the model has
types) and `logits.N`: the head's logits, or the last hidden states of the model without a head. The batches are single
texts of 1, 2, 17 and the most tokens, and one padded batch of 1, 2 and 17. The families beside this file say what each
architecture's config is.
"""

import copy
import importlib
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
FAMILIES = sorted(path.stem for path in HERE.glob("*_family.py"))
LABELS = 3
VOCABULARY = 64


@dataclass
class Architecture:
    """One architecture: its config, and the class for each head by the names of `vitrine_models::Head`.

    A head may occur with several configs: `none.pooled` is a checkpoint of the head `none`, too.
    """

    model_type: str
    config: object
    classes: dict
    # The most tokens of one text.
    longest: int = 24
    pad_id: int = 0
    # How many token types the model takes, or a function of (input_ids, attention_mask) that gives them.
    types: object = 0
    # Heads whose class chooses types by itself, unless it is given some.
    untyped: tuple = ()
    # Ids that random texts are drawn from.
    first_id: int = 5
    # The last id of each text, where the model looks for one.
    last_id: int | None = None
    # Changes of the config for one head.
    changes: dict = field(default_factory=dict)
    # More inputs for one batch: a function of (input_ids, attention_mask).
    extra: object = None
    # The four lengths of texts for a head whose class cannot read the usual ones.
    lengths: dict = field(default_factory=dict)
    # Puts ids that the class needs into a batch: a function of (head, input_ids, attention_mask).
    fix: object = None
    # Whether the class reads texts that are padded on the left. The reference is padded on the right all the same.
    left_padded: bool = False


def labelled(head):
    return head in ("sequence-classification", "token-classification")


def make_model(architecture, head, seed):
    """A random model whose biases and norms are random too, so that each one matters."""
    torch.manual_seed(seed)
    config = architecture.config(**architecture.changes.get(head, {}))
    if labelled(head.split(".")[0]):
        config.num_labels = LABELS
    model = architecture.classes[head](config).eval()
    with torch.no_grad():
        biases = [(name, buffer) for name, buffer in model.named_buffers() if name.endswith("bias")]
        for name, parameter in [*model.named_parameters(), *biases]:
            if not parameter.requires_grad and "bias" not in name:
                continue  # A table that is computed, not learned.
            if parameter.dim() == 1 and name.endswith("weight"):
                parameter.copy_(1 + 0.2 * torch.randn_like(parameter))
            elif parameter.dim() == 1:
                parameter.copy_(0.2 * torch.randn_like(parameter))
            else:
                parameter.copy_(0.3 * torch.randn_like(parameter))
    return model


def batches(architecture, head):
    """Random texts: of 1, 2, 17 and the most tokens, and the first three together."""
    generator = torch.Generator().manual_seed(7)

    def text(length):
        ids = torch.randint(architecture.first_id, VOCABULARY, (length,), generator=generator)
        if architecture.last_id is not None:
            ids[-1] = architecture.last_id
        return ids

    lengths = architecture.lengths.get(head, [1, 2, 17, architecture.longest])
    for together in [[length] for length in lengths] + [lengths[:3]]:
        ids = torch.full((len(together), max(together)), architecture.pad_id)
        mask = torch.zeros_like(ids)
        for row, length in enumerate(together):
            ids[row, :length] = text(length)
            mask[row, :length] = 1
        if architecture.fix:
            architecture.fix(head, ids, mask)
        batch = {"input_ids": ids, "attention_mask": mask}
        if callable(architecture.types):
            batch["token_type_ids"] = architecture.types(ids, mask)
        elif architecture.types and head not in architecture.untyped:
            types = (torch.arange(ids.shape[1]) >= ids.shape[1] // 2).long() % architecture.types
            batch["token_type_ids"] = types * mask
        yield batch


def logits_of(head, output, mask):
    """The logits in the order in which `vitrine_models::Head` tells them."""
    if head == "question-answering":
        return torch.stack([output.start_logits, output.end_logits], dim=-1)
    if head == "table-question-answering":
        aggregation = output.logits_aggregation
        return torch.cat([output.logits.flatten()] + ([] if aggregation is None else [aggregation.flatten()]))
    if head == "none":
        return output.last_hidden_state
    return output.logits


def padding_moved(tensor, mask, direction):
    """The rows of texts moved to the end (1) or back to the beginning (-1)."""
    padding = mask.shape[1] - mask.sum(dim=1)
    return torch.stack([row.roll(direction * int(count), 0) for row, count in zip(tensor, padding)])


def make(architecture, head, seed):
    folder = HERE / architecture.model_type / head
    shutil.rmtree(folder, ignore_errors=True)
    model = make_model(architecture, head, seed)
    head = head.split(".")[0]
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    reference = {}
    for number, batch in enumerate(batches(architecture, head)):
        mask = batch["attention_mask"]
        inputs = dict(batch)
        if architecture.extra:
            inputs |= architecture.extra(**batch)
        if architecture.left_padded:
            inputs = {name: padding_moved(tensor, mask, 1) for name, tensor in inputs.items()}
        if head == "multiple-choice":
            inputs = {name: tensor.unsqueeze(0) for name, tensor in inputs.items()}
        with torch.no_grad():
            # A copy, as BigBird stays with full attention once it has read a short text.
            output = copy.deepcopy(model)(**inputs)
        logits = logits_of(head, output, mask)
        if architecture.left_padded and head not in ("sequence-classification", "multiple-choice"):
            logits = padding_moved(logits, mask, -1)
        reference |= {f"{name}.{number}": tensor.to(torch.int32) for name, tensor in batch.items()}
        reference[f"logits.{number}"] = logits.float().contiguous()
    save_file(reference, folder / "reference.safetensors")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{architecture.model_type} {folder.name}: {size} bytes")


def main():
    wanted = sys.argv[1:]
    for family in FAMILIES:
        for architecture in importlib.import_module(family).ARCHITECTURES:
            if wanted and architecture.model_type not in wanted:
                continue
            shutil.rmtree(HERE / architecture.model_type, ignore_errors=True)
            for seed, head in enumerate(architecture.classes):
                make(architecture, head, seed + 1)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.modules["make_architectures"] = sys.modules["__main__"]
    main()
