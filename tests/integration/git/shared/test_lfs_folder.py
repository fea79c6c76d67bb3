"""Large files of a remote on this host: the objects are where `git lfs push` to a bare repository puts them; its program is not needed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from workers.adapters.git import GitSource, Limits, Mirror
from workers.contract.names import CommitId
from workers.contract.promotion import RegisteredVersion
from workers.ports.errors import BadContent

from .lfs_server import pointer
from .people import GIVEN, METRICS, WANTED, People, biopsy, git
from .test_git_source import brought, looked, refused, sha256

BIG = bytes(range(256)) * 8192


def place_of(people: People, content: bytes) -> Path:
    name = sha256(content)
    return people.remote / "lfs" / "objects" / name[:2] / name[2:4] / name


def kept(people: People, content: bytes) -> str:
    """Put an object where the remote keeps it; its pointer."""
    place = place_of(people, content)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return pointer(content)


def left(folder: Path) -> list[str]:
    """The files that a store holds, those that wait in rooms included."""
    return sorted(place.name for place in folder.rglob("*") if not place.is_dir()) if folder.exists() else []


def test_a_pointer_is_registered_and_deployed_as_what_it_stands_for(source: GitSource, people: People, tmp_path: Path) -> None:
    version = looked(source, people.commit(biopsy(model__model_dot_onnx=kept(people, BIG))))
    assert version.digest == "sha256:" + sha256(f"{sha256(BIG)} {len(BIG)} model.onnx\n")
    assert (version.files, version.bytes, version.entry) == (1, len(BIG), "model.onnx")
    assert brought(source, version) == {"model.onnx": BIG}
    assert sha256(BIG)[2:] in left(tmp_path / "store")


def test_the_digest_is_the_same_whether_a_file_lies_in_git_or_in_lfs(source: GitSource, people: People) -> None:
    plain = looked(source, people.commit(biopsy(model__model_dot_onnx=BIG)))
    by_lfs = looked(source, people.commit(biopsy(model__model_dot_onnx=kept(people, BIG))))
    assert plain.digest == by_lfs.digest
    assert brought(source, plain) == brought(source, by_lfs)


def test_evidence_may_lie_in_lfs_too(source: GitSource, people: People) -> None:
    files = {"metrics_dot_json": METRICS, "README_dot_md": "# Card\n", "golden__input_dot_json": GIVEN, "golden__output_dot_json": WANTED}
    version = looked(source, people.commit(biopsy(**{name: kept(people, text.encode()) for name, text in files.items()})))
    assert version.metrics["auc"] == "0.9478"
    assert version.metrics_digest == "sha256:" + sha256(METRICS)
    assert version.card_digest == "sha256:" + sha256("# Card\n")
    assert source.golden(version) == (GIVEN.encode(), WANTED.encode())


def test_an_empty_file_needs_no_object(source: GitSource, people: People) -> None:
    assert looked(source, people.commit(biopsy(model__empty_dot_bin=pointer(b"")))).files == 2
    lying = pointer(b"").replace("e3b0", "0000")
    assert "its SHA-256 is another" in refused(source, people.commit(biopsy(model__empty_dot_bin=lying)))


@pytest.mark.parametrize("address", ["{}", "file://{}", "{}/"])
def test_every_way_to_name_a_remote_on_this_host(people: People, tmp_path: Path, address: str) -> None:
    commit = people.commit(biopsy(model__model_dot_onnx=kept(people, BIG)))
    source = GitSource(Mirror(tmp_path / "m", address.format(people.remote)), tmp_path / "store")
    assert looked(source, commit).bytes == len(BIG)


def test_a_remote_with_a_work_tree_and_one_without_its_suffix(people: People, tmp_path: Path) -> None:
    commit = people.commit(biopsy(model__model_dot_onnx=kept(people, BIG)))
    short = GitSource(Mirror(tmp_path / "m1", str(people.remote).removesuffix(".git")), tmp_path / "store")
    assert looked(short, commit).bytes == len(BIG)
    (people.remote / "lfs").rename(people.work / ".git" / "lfs")
    whole = GitSource(Mirror(tmp_path / "m2", str(people.work)), tmp_path / "store2")
    assert looked(whole, commit).bytes == len(BIG)


def _missing(place: Path) -> None:
    place.unlink()


def _shorter(place: Path) -> None:
    place.write_bytes(BIG[:-1])


def _longer(place: Path) -> None:
    place.write_bytes(BIG + b"x")


def _other(place: Path) -> None:
    place.write_bytes(BIG[:-1] + b"x")


def _link(place: Path) -> None:
    elsewhere = place.with_name("elsewhere")
    place.rename(elsewhere)
    place.symlink_to(elsewhere)


def _linked_folder(place: Path) -> None:
    moved = place.parents[1].with_name("moved")
    place.parents[1].rename(moved)
    place.parents[1].symlink_to(moved)


def _pipe(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


def _folder(place: Path) -> None:
    place.unlink()
    place.mkdir()


FAULTS = [
    (_missing, "does not hold it; push it with `git lfs push`"),
    (_shorter, "has 2097151 bytes in the repository's LFS store, but its pointer says 2097152"),
    (_longer, "has 2097153 bytes in the repository's LFS store, but its pointer says 2097152"),
    (_other, "its SHA-256 is another"),
    (_link, "cannot be read from the repository's LFS store"),
    (_linked_folder, "LFS store"),
    (_pipe, "does not hold it"),
    (_folder, "does not hold it"),
]


@pytest.mark.parametrize(("spoil", "why"), FAULTS, ids=[spoil.__name__ for spoil, _ in FAULTS])
def test_an_object_that_is_not_there_or_not_itself_is_refused_and_leaves_nothing(
    source: GitSource, people: People, mirror: Mirror, tmp_path: Path, spoil: object, why: str
) -> None:
    commit = people.commit(biopsy(model__model_dot_onnx=kept(people, BIG)))
    good = looked(GitSource(mirror, tmp_path / "another"), commit)
    assert callable(spoil)
    spoil(place_of(people, BIG))
    said = refused(source, commit)
    assert said.startswith(("model.onnx ", "What Git LFS gives for model.onnx "))
    assert why in said
    with pytest.raises(BadContent, match=why.replace(".", r"\.")):
        brought(source, good)
    assert left(tmp_path / "store") == []


def test_every_missing_object_is_told_at_once(source: GitSource, people: People) -> None:
    said = refused(source, people.commit(biopsy(model__model_dot_onnx=pointer(b"1"), metrics_dot_json=pointer(b"2"))))
    assert "model.onnx is kept in Git LFS" in said
    assert "models/biopsy/metrics.json is kept in Git LFS" in said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pointer(b"x").replace("\n", "\r\n"), "begins like a pointer of Git LFS and is none"),
        (pointer(b"x") + "x" * 2000, "begins like a pointer of Git LFS and is longer than one can be"),
        (pointer(b"x").replace("oid", "ext-0-a sha256:" + "b" * 64 + "\noid"), "with extensions"),
    ],
    ids=["crlf", "long", "extension"],
)
def test_what_only_looks_like_a_pointer_is_never_promoted(source: GitSource, people: People, content: str, why: str) -> None:
    said = refused(source, people.commit(biopsy(model__model_dot_onnx=content)))
    assert said.startswith("model.onnx ") and why in said
    assert "models/biopsy/metrics.json" in refused(source, people.commit(biopsy(metrics_dot_json=content)))


def test_limits_count_the_real_size(people: People, mirror: Mirror, tmp_path: Path) -> None:
    commit = people.commit(biopsy(model__model_dot_onnx=kept(people, BIG), model__more_dot_bin=kept(people, BIG[1:])))
    one = GitSource(mirror, tmp_path / "s", Limits(largest_file=len(BIG) - 1))
    assert "model.onnx has 2097152 bytes; at most 2097151 are allowed" in refused(one, commit)
    whole = GitSource(mirror, tmp_path / "s", Limits(largest_version=2 * len(BIG) - 2))
    assert "models/biopsy/model has 4194303 bytes in all; at most 4194302 are allowed" in refused(whole, commit)
    evidence = people.commit(biopsy(metrics_dot_json=kept(people, BIG)))
    assert "metrics.json has 2097152 bytes; at most 262144 are allowed" in refused(one, evidence)


def test_nothing_in_the_tree_says_where_objects_come_from(source: GitSource, people: People) -> None:
    """An attacker may commit both files; then the address must not be asked, and no filter must run."""
    touched = people.work / "touched"
    git(people.work, "config", "filter.lfs.smudge", f"touch {touched}")
    hostile = {".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:1/\n", ".gitattributes": "*.onnx filter=lfs diff=lfs merge=lfs -text\n"}
    version = looked(source, people.commit({**biopsy(model__model_dot_onnx=kept(people, BIG)), **hostile}))
    assert brought(source, version) == {"model.onnx": BIG}
    assert not touched.exists()


def test_what_the_store_has_is_not_asked_for_again_and_what_is_torn_there_is(source: GitSource, people: People, tmp_path: Path) -> None:
    version = looked(source, people.commit(biopsy(model__model_dot_onnx=kept(people, BIG))))
    place_of(people, BIG).rename(tmp_path / "aside")
    assert brought(source, version) == {"model.onnx": BIG}
    inside = tmp_path / "store" / "sha256" / sha256(BIG)[:2] / sha256(BIG)[2:]
    inside.chmod(0o644)
    inside.write_bytes(BIG[:-1] + b"x")
    with pytest.raises(BadContent, match="does not hold it"):
        brought(source, version)
    assert not inside.exists()
    (tmp_path / "aside").rename(place_of(people, BIG))
    assert brought(source, version) == {"model.onnx": BIG}


def test_a_pointer_that_was_swapped_after_registration_is_noticed(source: GitSource, people: People) -> None:
    version: RegisteredVersion = looked(source, people.commit(biopsy(model__model_dot_onnx=kept(people, BIG))))
    other: CommitId = people.commit(biopsy(model__model_dot_onnx=kept(people, BIG[::-1])))
    source.fetch()
    with pytest.raises(BadContent, match="not those that were registered"):
        brought(source, replace(version, commit=other))
