"""How cases are written, and where their models are."""

import json
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ABSOLUTE = {"absolute": 1e-4}


def folder_of(model, models):
    """The folder of a model; `models` holds the real ones."""
    parent = {"vitrine": ROOT / "www/models", "checkpoints": ROOT / "tests"}.get(model.split("/")[0], models)
    return Path(parent) / model


def rounded(value, digits=6):
    """The value with its floats rounded."""
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    return round(float(value), digits) if hasattr(value, "is_integer") and not isinstance(value, int) else value


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write(tag, name, made_by, model, inputs, parameters, output, tolerance):
    """One case in a file of its own."""
    case = {"made_by": made_by.replace("{tag}", tag), "model": model, "inputs": inputs}
    if parameters:
        case["parameters"] = parameters
    case |= {"output": output, "tolerance": tolerance}
    folder = HERE / tag / name
    folder.mkdir(parents=True)
    lines = [f'  "{key}": {compact(value)}' for key, value in case.items()]
    (folder / "case.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


class Cases:
    """Many cases of one model and one task, in one file, a line each."""

    def __init__(self, tag, made_by, model, run, tolerance=ABSOLUTE):
        self.head = {"made_by": made_by.replace("{tag}", tag), "model": model, "tolerance": tolerance}
        self.tag, self.name, self.run, self.lines = tag, model.split("/")[-1], run, []

    def __call__(self, name, inputs, **parameters):
        """Runs `run(inputs, **parameters)` and keeps what it gives."""
        case = {"name": name, "inputs": inputs, "parameters": parameters,
                "output": rounded(self.run(inputs, **parameters))}
        self.lines.append("    " + compact({key: value for key, value in case.items() if value != {}}))

    def write(self):
        folder = HERE / self.tag / self.name
        folder.mkdir(parents=True, exist_ok=True)
        head = [f'  "{key}": {compact(value)},' for key, value in self.head.items()]
        text = "\n".join(["{", *head, '  "cases": [', ",\n".join(self.lines), "  ]", "}", ""])
        (folder / "cases.json").write_text(text, "utf-8")
