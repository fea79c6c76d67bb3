"""`towpath new` in a fresh clone, up to a version that registering accepts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from demo.repository import build
from tests import warm
from workers.adapters.git import GitSource, Mirror
from workers.contract.names import ArtifactName, RefName, Version
from workers.contract.promotion import Kind
from workers.ports.errors import BadContent

from .people import ENVIRONMENT, GIVEN, WANTED, git


@pytest.fixture
def work(tmp_path: Path) -> Path:
    build(tmp_path / "remote.git", "version: 1\n")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "remote.git"), "work")
    for name, content in (
        ("m.onnx", b"\0onnx"),
        ("metrics.json", b'{"auc": 0.9}'),
        ("in.json", GIVEN.encode()),
        ("out.json", WANTED.encode()),
    ):
        (tmp_path / name).write_bytes(content)
    return tmp_path / "work"


def towpath(work: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(work.parent), **ENVIRONMENT}
    return warm.towpath("new", *words, env=environ, cwd=work)


def inspected(work: Path, name: str) -> tuple[GitSource, ArtifactName]:
    git(work, "push", "--quiet", "origin", f"new/{name}")
    source = GitSource(Mirror(work.parent / "mirror", str(work.parent / "remote.git")), work.parent / "store")
    source.fetch()
    return source, ArtifactName.read(name)


def test_a_model_is_laid_out_and_can_be_registered(work: Path) -> None:
    (work / "towpath.yaml").write_text("# being edited\n")
    before = (git(work, "status", "--porcelain"), git(work, "rev-parse", "HEAD"), git(work, "ls-files", "--stage"))
    evidence = ("--metrics", "../metrics.json", "--golden-input", "../in.json", "--golden-output", "../out.json")
    done = towpath(work, "model", "risk/loans", "--from", "../m.onnx", *evidence)
    assert (done.returncode, done.stderr) == (0, "")
    assert "register risk/loans v1.0.0 at new/risk/loans" in done.stdout
    assert (git(work, "status", "--porcelain"), git(work, "rev-parse", "HEAD"), git(work, "ls-files", "--stage")) == before
    source, name = inspected(work, "risk/loans")
    found = source.inspect(name, Version.read("v1.0.0"), source.resolve(RefName.read("new/risk/loans")), Kind.MODEL)
    assert (found.entry, found.metrics, found.files) == ("m.onnx", {"auc": "0.9"}, 1)
    assert found.golden is not None
    assert found.card_digest is not None


def test_without_metrics_registering_is_refused_until_they_are_filled_in(work: Path) -> None:
    assert "Fill in metrics.json" in towpath(work, "model", "loans", "--from", "../m.onnx").stdout
    source, name = inspected(work, "loans")
    with pytest.raises(BadContent, match="finite numbers alone"):
        source.inspect(name, Version.read("v1.0.0"), source.resolve(RefName.read("new/loans")), None)


def test_a_dataset_of_a_folder(work: Path) -> None:
    (work.parent / "rows/part").mkdir(parents=True)
    (work.parent / "rows/part/a.csv").write_text("x\n1\n")
    assert towpath(work, "dataset", "rows", "--from", "../rows", "--metrics", "../metrics.json").returncode == 0
    source, name = inspected(work, "rows")
    found = source.inspect(name, Version.read("v1.0.0"), source.resolve(RefName.read("new/rows")), Kind.DATASET)
    assert (found.files, found.path) == (1, "data")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("service", "biopsy", "--from", "../m.onnx"), "models/biopsy is there already"),
        (("model", "../up", "--from", "../m.onnx"), "artifact name"),
        (("model", "loans", "--from", "../linked"), "link"),
        (("model", "loans", "--from", "../several"), "--entry"),
        (("model", "loans", "--from", "../m.onnx", "--metrics", "../in.json"), "finite numbers alone"),
        (("model", "loans", "--from", "../m.onnx", "--golden-input", "../in.json"), "go together"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(work: Path, words: tuple[str, ...], said: str) -> None:
    for folder in ("linked", "several"):
        (work.parent / folder).mkdir()
    (work.parent / "linked/key").symlink_to("/etc/passwd")
    for name in ("a.onnx", "b.onnx"):
        (work.parent / "several" / name).write_bytes(b"x")
    refs = git(work, "for-each-ref")
    done = towpath(work, *words)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert git(work, "for-each-ref") == refs


def test_a_branch_that_is_there_is_left_alone(work: Path) -> None:
    assert towpath(work, "model", "loans", "--from", "../m.onnx").returncode == 0
    refs = git(work, "for-each-ref")
    again = towpath(work, "model", "loans", "--from", "../m.onnx")
    assert again.returncode == 1
    assert "new/loans is there already" in again.stderr
    assert git(work, "for-each-ref") == refs
