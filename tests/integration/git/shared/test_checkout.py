"""A work tree of a commit: plain files with Git LFS resolved, and nothing that leads out of it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from workers.adapters.git import GitSource
from workers.ports.errors import BadContent

from .people import People, git
from .test_git_source import sha256
from .test_lfs_folder import BIG, kept


def test_files_keep_their_paths_content_and_mode(source: GitSource, people: People, tmp_path: Path) -> None:
    people.write({"a/run.sh": "#!/bin/sh\n", "a/b/c.txt": "c", "README.md": "x"})
    (people.work / "a/run.sh").chmod(0o755)
    (people.work / "a/b/up").symlink_to("../../README.md")
    commit = people.commit({"big.bin": kept(people, BIG)})
    source.fetch()
    into = tmp_path / "tree"
    found = source.check_out(commit, (), into, 10**9)
    assert found == {"a/run.sh": sha256("#!/bin/sh\n"), "a/b/c.txt": sha256("c"), "README.md": sha256("x"), "big.bin": sha256(BIG)}
    assert (into / "big.bin").read_bytes() == BIG
    assert (into / "a/b/up").read_text() == "x"
    assert [bool((into / one).stat().st_mode & stat.S_IXUSR) for one in ("a/run.sh", "README.md")] == [True, False]
    assert sorted(one.name for one in into.iterdir()) == ["README.md", "a", "big.bin"], "no repository"
    (into / "big.bin").write_bytes(b"changed")
    again = tmp_path / "again"
    source.check_out(commit, ("big.bin", "a/b"), again, 10**9)
    assert (again / "big.bin").read_bytes() == BIG, "the store has its own"
    assert sorted(one.name for one in again.iterdir()) == ["a", "big.bin"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "a/../../x", "a/..", "..", "../../..", "a/../b"])
def test_a_link_that_may_lead_out_is_refused(source: GitSource, people: People, tmp_path: Path, target: str) -> None:
    people.write({"a/file": "x"})
    (people.work / "link").symlink_to(target)
    commit = people.commit({})
    source.fetch()
    with pytest.raises(BadContent, match="The link link leads out of the repository"):
        source.check_out(commit, (), tmp_path / "tree", 10**9)
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", "a\nb"])
def test_a_name_that_git_keeps_for_itself_is_refused(source: GitSource, people: People, tmp_path: Path, name: str) -> None:
    blob = git(people.work, "hash-object", "-w", "--stdin", given=b"x")
    tree = git(people.work, "mktree", "-z", given=f"100644 blob {blob}\t{name}\0".encode())
    commit = people.commit_tree(tree)
    with pytest.raises(BadContent):
        source.fetch()
        source.check_out(commit, (), tmp_path / "tree", 10**9)
    assert not (tmp_path / "tree").exists()


def test_what_is_too_much_is_refused_before_anything_is_written(source: GitSource, people: People, tmp_path: Path) -> None:
    commit = people.commit({"big.bin": kept(people, BIG), "small/x": "x"})
    source.fetch()
    with pytest.raises(BadContent, match=r"The work tree has 2\.1 MB, and the training may use 1\.0 MB of disk.*`inputs`"):
        source.check_out(commit, (), tmp_path / "tree", 10**6)
    assert not (tmp_path / "tree").exists()
    assert source.check_out(commit, ("small",), tmp_path / "tree", 10**6) == {"small/x": sha256("x")}


def test_a_place_that_is_not_there_is_named(source: GitSource, people: People, tmp_path: Path) -> None:
    commit = people.commit({"x": "x"})
    source.fetch()
    with pytest.raises(BadContent, match="models/none does not exist in this commit"):
        source.check_out(commit, ("models/none",), tmp_path / "tree", 10**6)
