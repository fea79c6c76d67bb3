"""`towpath new` in a fresh clone, up to a version that registering accepts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from demo.repository import build
from tests import warm
from tests.unit.readers.test_onnx import MODEL
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
        (("model", "loans", "--from", "../m.onnx", "--reference", "../in.json"), "ends in .parquet or .csv"),
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


def test_a_golden_prediction_to_fill_in_has_the_tensors_of_the_model(work: Path) -> None:
    (work.parent / "real.onnx").write_bytes(MODEL)
    said = towpath(work, "model", "loans", "--from", "../real.onnx", "--metrics", "../metrics.json").stdout
    assert "Fill in golden/input.json" in said
    given, wanted = (json.loads(git(work, "show", f"new/loans:models/loans/golden/{name}.json")) for name in ("input", "output"))
    assert given == {"inputs": [{"name": "x", "shape": [1, 30], "datatype": "FP32", "data": []}]}
    assert wanted == {"outputs": [{"name": "y", "shape": [1], "datatype": "INT64", "data": []}]}
    source, name = inspected(work, "loans")
    assert source.inspect(name, Version.read("v1.0.0"), source.resolve(RefName.read("new/loans")), None).golden is None


def test_the_rows_that_drift_is_measured_against_are_kept_with_the_version(work: Path) -> None:
    (work.parent / "rows.CSV").write_text("x\n1\n")
    assert (
        towpath(work, "model", "loans", "--from", "../m.onnx", "--metrics", "../metrics.json", "--reference", "../rows.CSV").returncode == 0
    )
    source, name = inspected(work, "loans")
    found = source.inspect(name, Version.read("v1.0.0"), source.resolve(RefName.read("new/loans")), None)
    assert (found.drift, found.drift_digest) == ("drift/reference.csv", "sha256:" + hashlib.sha256(b"x\n1\n").hexdigest())


def test_without_a_reference_the_file_says_how_to_add_one(work: Path) -> None:
    assert "nothing to measure drift against" in towpath(work, "model", "loans", "--from", "../m.onnx").stdout
    assert "# drift: {reference: drift/reference.parquet}" in git(work, "show", "new/loans:models/loans/artifact.yaml")


@pytest.mark.parametrize("in_use", [False, True])
def test_large_files_are_left_to_git_lfs_where_it_is_wanted_or_in_use(work: Path, in_use: bool) -> None:
    large, sha256 = bytes(6 << 20), hashlib.sha256(bytes(6 << 20)).hexdigest()
    (work.parent / "big (1).onnx").write_bytes(large)
    if in_use:
        (work / ".gitattributes").write_text("*.json filter=lfs diff=lfs merge=lfs -text\n")
        git(work, "add", ".gitattributes")
        git(work, "-c", "user.name=D", "-c", "user.email=d@example.org", "commit", "--quiet", "-m", "LFS")
        git(work, "push", "--quiet", "origin", "HEAD:main")
    done = towpath(work, "model", "loans", "--from", "../big (1).onnx", "--metrics", "../metrics.json", *([] if in_use else ["--lfs"]))
    assert (done.returncode, done.stderr) == (0, "")
    assert "git lfs push origin new/loans" in done.stdout
    assert git(work, "show", "new/loans:models/loans/model/big (1).onnx").split()[3:] == [f"sha256:{sha256}", "size", str(len(large))]
    assert git(work, "show", "new/loans:models/loans/.gitattributes") == "/model/big*1*.onnx filter=lfs diff=lfs merge=lfs -text"
    metrics = git(work, "show", "new/loans:models/loans/metrics.json")
    assert metrics.startswith("version https://git-lfs") is in_use, "what the branch leaves to Git LFS already is left to it here too"
    shutil.copytree(work / ".git/lfs", work.parent / "remote.git/lfs")
    source, name = inspected(work, "loans")
    found = source.inspect(name, Version.read("v1.0.0"), source.resolve(RefName.read("new/loans")), None)
    assert (found.bytes, found.metrics) == (len(large), {"auc": "0.9"})


def test_without_git_lfs_a_large_file_is_committed_as_it_is_and_that_is_said(work: Path) -> None:
    (work.parent / "big.onnx").write_bytes(bytes(6 << 20))
    assert "6 MB; it was committed as it is; --lfs" in towpath(work, "model", "loans", "--from", "../big.onnx").stdout
    assert "models/loans/.gitattributes" not in git(work, "ls-tree", "-r", "--name-only", "new/loans")
