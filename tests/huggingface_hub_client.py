"""The unmodified huggingface_hub against `vitrine serve`: every reading call of it, with answers checked independently.

Usage: HF_ENDPOINT=http://… HF_HOME=… python huggingface_hub_client.py FOLDER, where FOLDER is what the server serves
(`repositories` in tests/serve/host.rs makes it).
"""

import hashlib
import os
import sys
from pathlib import Path

from huggingface_hub import (
    HfApi,
    HfFileSystem,
    ModelCard,
    __version__,
    file_exists,
    get_hf_file_metadata,
    get_safetensors_metadata,
    hf_hub_download,
    hf_hub_url,
    repo_exists,
    revision_exists,
    snapshot_download,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

FOLDER = Path(sys.argv[1])
SAMPLE = FOLDER / "owner" / "sample"
LARGE = 1_000_000  # from here on a file is of the LFS type, as are weights
api = HfApi()


def git_sha1(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def published(folder):
    """What must be served of a folder: regular files that are not hidden, and links that stay within the library."""
    for place in sorted(folder.rglob("*")):
        path = place.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in path.split("/"))
        if place.is_file() and not hidden and not path.startswith("up/") and path not in ("outside.txt", "token.txt"):
            yield path, place.read_bytes()


def raises(error, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except error as raised:
        return raised
    raise AssertionError(f"{call} raised no {error.__name__}")


def is_lfs(path, content):
    return len(content) >= LARGE or path.endswith((".safetensors", ".bin"))


def check_info():
    files = dict(published(SAMPLE))
    plain = api.model_info("owner/sample")
    assert api.model_info("owner/sample", revision="main").sha == plain.sha
    assert api.model_info("owner/sample", revision=plain.sha).id == "owner/sample"
    assert len(plain.sha) == 40 and (plain.author, plain.private, plain.gated) == ("owner", False, False)
    assert (plain.pipeline_tag, plain.library_name) == ("text-classification", "transformers")
    assert plain.config == {"architectures": ["BertForSequenceClassification"], "model_type": "bert"}
    assert plain.card_data.license == "mit" and plain.card_data.language == ["en", "de"]
    assert {"glass", "license:mit", "dataset:imdb", "bert", "safetensors"} <= set(plain.tags)
    assert plain.safetensors.parameters == {"F32": 6, "I64": 3} and plain.safetensors.total == 9
    assert plain.last_modified.timestamp() >= plain.created_at.timestamp() > 1_500_000_000
    assert {sibling.rfilename for sibling in plain.siblings} == set(files)

    detailed = api.model_info("owner/sample", files_metadata=True)
    for sibling in detailed.siblings:
        content = files[sibling.rfilename]
        assert sibling.size == len(content), sibling
        if is_lfs(sibling.rfilename, content):
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content)}\nsize {len(content)}\n"
            assert sibling.lfs.sha256 == sha256(content) and sibling.lfs.size == len(content), sibling
            assert sibling.lfs.pointer_size == len(pointer) and sibling.blob_id == git_sha1(pointer.encode()), sibling
        else:
            assert sibling.lfs is None and sibling.blob_id == git_sha1(content), sibling
    assert api.model_info("owner/sample", expand=["pipeline_tag", "sha"]).sha == plain.sha
    assert api.model_info("solo").id == "solo"
    assert api.model_info("owner/second").pipeline_tag == "fill-mask"


def check_list():
    def ids(**options):
        return [model.id for model in api.list_models(**options)]

    everything = ["other/third", "owner/many", "owner/sample", "owner/second", "solo"]
    assert ids() == everything
    assert ids(search="sam") == ["owner/sample"]
    assert ids(author="owner") == ["owner/many", "owner/sample", "owner/second"]
    assert ids(author="own") == []
    assert ids(filter="text-classification") == ["owner/sample"]
    assert ids(filter=["safetensors", "bert"]) == ["owner/sample"]
    assert ids(filter="license:mit") == ["owner/sample", "owner/second"]
    assert ids(pipeline_tag="fill-mask") == ["owner/second"]
    assert ids(search="nothing like it") == []
    assert ids(limit=2) == everything[:2]
    assert sorted(ids(sort="last_modified", limit=10)) == everything
    assert sorted(ids(sort="downloads")) == everything
    full = next(iter(api.list_models(search="sample", full=True, cardData=True)))
    assert full.sha == api.model_info("owner/sample").sha and full.card_data.license == "mit" and full.siblings


def check_tree():
    files = dict(published(SAMPLE))
    assert set(api.list_repo_files("owner/sample")) == set(files)
    tree = {entry.path: entry for entry in api.list_repo_tree("owner/sample", recursive=True, expand=True)}
    folders = {"a folder", "sub", "sub/deeper"}
    assert set(tree) == set(files) | folders
    for path, content in files.items():
        entry = tree[path]
        assert entry.size == len(content) and entry.last_commit.oid == api.model_info("owner/sample").sha, entry
        assert (entry.lfs and entry.lfs.sha256) == (sha256(content) if is_lfs(path, content) else None), entry
        assert entry.xet_hash is None, entry
    assert all(hasattr(tree[folder], "tree_id") for folder in folders)
    assert {entry.path for entry in api.list_repo_tree("owner/sample", "sub")} == {
        "sub/config.json",
        "sub/deeper",
        "sub/large.txt",
    }
    raises(EntryNotFoundError, lambda: list(api.list_repo_tree("owner/sample", "no such folder")))
    assert len(api.list_repo_files("owner/many")) == 1006

    infos = api.get_paths_info("owner/sample", ["hello.txt", "sub", "absent", "a folder/ü #1 50%2F.txt"], expand=True)
    assert [info.path for info in infos] == ["hello.txt", "sub", "a folder/ü #1 50%2F.txt"]
    assert infos[0].blob_id == git_sha1(files["hello.txt"]) and infos[2].size == len(files[infos[2].path])

    refs = api.list_repo_refs("owner/sample")
    commits = api.list_repo_commits("owner/sample")
    sha = api.model_info("owner/sample").sha
    assert [(branch.name, branch.ref, branch.target_commit) for branch in refs.branches] == [
        ("main", "refs/heads/main", sha)
    ]
    assert refs.tags == [] and [commit.commit_id for commit in commits] == [sha]


def check_downloads():
    files = dict(published(SAMPLE))
    folder = Path(snapshot_download("owner/sample"))
    found = {place.relative_to(folder).as_posix(): place for place in folder.rglob("*") if place.is_file()}
    assert set(found) == set(files)
    for path, place in found.items():
        assert place.read_bytes() == files[path], path
    times = {path: (place.stat().st_mtime_ns, place.stat().st_ino) for path, place in found.items()}
    assert Path(snapshot_download("owner/sample")) == folder
    assert times == {path: (place.stat().st_mtime_ns, place.stat().st_ino) for path, place in found.items()}
    assert Path(snapshot_download("owner/sample", local_files_only=True)) == folder

    local = Path(os.environ["HF_HOME"]) / "local"
    picked = snapshot_download("owner/sample", local_dir=local, allow_patterns=["sub/*", "*.json"])
    assert Path(picked) == local and (local / "sub/large.txt").read_bytes() == files["sub/large.txt"]
    assert not (local / "hello.txt").exists()

    sha = api.model_info("owner/sample").sha
    other = Path(os.environ["HF_HOME"]) / "other"
    for options in [{}, {"revision": sha}, {"revision": "main", "force_download": True}]:
        for path in ["hello.txt", "sub/deeper/digits.bin", "a folder/ü #1 50%2F.txt", "empty.txt"]:
            place = hf_hub_download("owner/sample", path, cache_dir=other, **options)
            assert Path(place).read_bytes() == files[path], (path, options)
    deeper = hf_hub_download("owner/sample", "digits.bin", subfolder="sub/deeper")
    assert Path(deeper).read_bytes() == b"0123456789"
    assert Path(hf_hub_download("solo", "config.json")).read_bytes() == (FOLDER / "solo/config.json").read_bytes()

    metadata = get_hf_file_metadata(hf_hub_url("owner/sample", "sub/large.txt"))
    assert metadata.etag == sha256(files["sub/large.txt"]) and metadata.size == len(files["sub/large.txt"])
    assert metadata.commit_hash == sha and metadata.xet_file_data is None
    assert get_hf_file_metadata(hf_hub_url("owner/sample", "hello.txt")).etag == git_sha1(files["hello.txt"])


def check_contents():
    card = ModelCard.load("owner/sample")
    assert card.data.license == "mit" and card.data.tags == ["glass"] and card.text.strip() == "# Sample"

    metadata = get_safetensors_metadata("owner/sample")
    assert metadata.parameter_count == {"F32": 6, "I64": 3} and not metadata.sharded
    tensors = metadata.files_metadata["model.safetensors"].tensors
    assert tensors["weight"].shape == [2, 3] and tensors["ids"].data_offsets == (24, 48)

    files = HfFileSystem()
    assert files.ls("owner/sample/sub", detail=False) == [
        f"owner/sample/sub/{name}" for name in ("config.json", "deeper", "large.txt")
    ]
    assert files.cat_file("owner/sample/sub/deeper/digits.bin", start=3, end=6) == b"345"
    assert files.glob("owner/sample/**/*.bin") == ["owner/sample/sub/deeper/digits.bin"]
    with files.open("owner/sample/hello.txt", "rt") as lines:
        assert lines.read() == "hello\n"


def check_errors():
    old = "0123456789" * 4
    raises(RepositoryNotFoundError, api.model_info, "nobody/nothing")
    raises(RepositoryNotFoundError, hf_hub_download, "nobody/nothing", "config.json")
    raises(RepositoryNotFoundError, snapshot_download, "nobody/nothing")
    raises(RepositoryNotFoundError, api.model_info, "not-a-repository")
    raises(RepositoryNotFoundError, ModelCard.load, "nobody/nothing")
    raises(RevisionNotFoundError, api.model_info, "owner/sample", revision="dev")
    raises(RevisionNotFoundError, api.model_info, "owner/sample", revision="refs/pr/1")
    raises(RevisionNotFoundError, hf_hub_download, "owner/sample", "hello.txt", revision=old)
    raises(RevisionNotFoundError, snapshot_download, "owner/sample", revision="dev")
    raises(EntryNotFoundError, hf_hub_download, "owner/sample", "absent.txt")
    for hidden in [".env", ".git/config", "outside.txt", "token.txt", "up/secret.txt"]:
        raises(EntryNotFoundError, hf_hub_download, "owner/sample", hidden)
    assert file_exists("owner/sample", "hello.txt") and not file_exists("owner/sample", "absent.txt")
    assert file_exists("owner/sample", "sub/config.json") and not file_exists("owner/sample", "hello.txt", revision="dev")
    assert repo_exists("owner/sample") and not repo_exists("nobody/nothing")
    assert revision_exists("owner/sample", "main") and not revision_exists("owner/sample", "dev")
    assert raises(HfHubHTTPError, api.whoami, token="hf_none").response.status_code == 401
    raises(HfHubHTTPError, api.create_repo, "owner/new", token="hf_none")


if __name__ == "__main__":
    assert __version__ == "2.4.0", __version__
    for check in [check_info, check_list, check_tree, check_downloads, check_contents, check_errors]:
        check()
        print(check.__name__, "passed", flush=True)
    print("all checks passed")
