"""Sizes that do not fit into memory: a process of its own brings them, and its greatest memory is read when it is done."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from workers.contract.names import CommitId

from .lfs_server import pointer
from .people import People, biopsy, git

GIB = 1 << 30
ZEROS = {5 * GIB: "7f06c62352aebd8125b2a1841e2b9e1ffcbed602f381c3dcb3200200e383d1d5"}
"""SHA-256 of so many zeros."""
MOST = 250 << 20

BRING = """
import re, sys
from dataclasses import replace
from pathlib import Path
from workers.adapters.git import GitSource, Mirror
from workers.adapters.git.contents import Hashed, digest_of
from workers.contract.names import ArtifactName, CommitId, Version

folder, remote, commit, sha256, size = sys.argv[1:]
source = GitSource(Mirror(Path(folder) / "mirror", remote), Path(folder) / "store")
source.fetch()
light = source.inspect(ArtifactName.read("biopsy"), Version.read("v1.0.0"), CommitId.read(commit), None)
version = replace(light, path="model", digest=digest_of({"weights.bin": Hashed(sha256, int(size))}), entry="weights.bin")
with source.materialised(version) as places:
    assert places["weights.bin"].stat().st_size == int(size)
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""


def brought_by_another(people: People, commit: str, sha256: str, size: int) -> int:
    """The most memory (bytes) that a process had which inspected the card alone and then brought the model."""
    command = [sys.executable, "-c", BRING, str(people.remote.parent), str(people.remote), commit, sha256, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def in_folder(declared: str) -> dict[str, str | bytes]:
    """What is inspected is the card; the model lies beside it, so that its bytes are read once only."""
    files = {name: content for name, content in biopsy(declared).items() if not name.endswith("model.onnx")}
    return {**files, "models/biopsy/card/card.txt": "x"}


DECLARED = "kind: model\nname: biopsy\npath: card\n"


@pytest.mark.timeout(300)
def test_five_gigabytes_of_git_lfs_are_streamed(people: People) -> None:
    """Sparse where the remote keeps it and sparse in the store: it is read and hashed byte for byte all the same."""
    ((size, sha256),) = ZEROS.items()
    place = people.remote / "lfs" / "objects" / sha256[:2] / sha256[2:4] / sha256
    place.parent.mkdir(parents=True)
    with place.open("wb") as file:
        file.truncate(size)
    text = pointer(b"").splitlines()[0] + f"\noid sha256:{sha256}\nsize {size}\n"
    commit = people.commit({**in_folder(DECLARED), "models/biopsy/model/weights.bin": text})
    assert brought_by_another(people, commit, sha256, size) < MOST
    kept = people.remote.parent / "store" / "sha256" / sha256[:2] / sha256[2:]
    assert kept.stat().st_size == size


@pytest.mark.timeout(300)
def test_a_large_file_of_git_is_streamed(people: People) -> None:
    """Committed in the remote itself, straight into a pack: pushing it would deflate it three times more."""
    size = 300 << 20
    people.commit(in_folder(DECLARED))
    weights = people.work / "models/biopsy/model/weights.bin"
    weights.parent.mkdir(parents=True)
    with weights.open("wb") as file:
        file.truncate(size)
    there = ("-c", "core.bare=false", f"--git-dir={people.remote}", f"--work-tree={people.work}")
    git(people.work, *there, "-c", "core.compression=1", "-c", "core.bigFileThreshold=1m", "add", "--all")
    git(people.work, *there, "commit", "--quiet", "-m", "Large")
    with weights.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    assert brought_by_another(people, CommitId.read(people.at("refs/heads/main")), sha256, size) < MOST
