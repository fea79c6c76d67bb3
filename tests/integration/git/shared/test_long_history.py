"""A repository with a long past: fifty thousand commits are no reason to wait at every look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.adapters.git import GitSource, Mirror
from workers.contract.names import ArtifactName, CommitId, RefName, Version
from workers.contract.promotion import Kind

from .people import People, biopsy, git

COMMITS = 50_000
BIOPSY, V1 = ArtifactName.read("biopsy"), Version.read("v1.0.0")


def _history() -> Iterator[bytes]:
    """In the language of `git fast-import`: the policy first and never touched again, then one file that changes."""
    for number in range(COMMITS):
        yield b"commit refs/heads/main\ncommitter Dana <dana@example.org> %d +0000\ndata 1\nx\n" % (1_600_000_000 + number * 60)
        path, text = (b"towpath.yaml", b"version: 1\nenvironments: {prod: {}}\n") if number == 0 else (b"src/app.py", b"%d" % number)
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (path, len(text), text)
    yield b"done\n"


@pytest.mark.timeout(240)
def test_a_version_at_the_end_of_fifty_thousand_commits(people: People, mirror: Mirror, source: GitSource, tmp_path: Path) -> None:
    git(people.remote, "fast-import", "--quiet", "--done", given=b"".join(_history()))
    git(people.work, "pull", "--quiet", "origin", "main")
    first = git(people.remote, "rev-list", "--max-parents=0", "main")
    head = people.commit(biopsy())
    people.tag("biopsy@v1.0.0")
    source.fetch()
    assert source.head() == head
    assert source.policy() == (CommitId.read(first), "version: 1\nenvironments: {prod: {}}\n")
    assert source.resolve(RefName.read(head[:12])) == head
    found = source.inspect(BIOPSY, V1, head, None)
    assert (found.kind, found.files, found.commit) == (Kind.MODEL, 1, head)
    assert [tag.commit for tag in source.version_tags()] == [head]
    assert source.policy() == (CommitId.read(first), "version: 1\nenvironments: {prod: {}}\n")
