"""Versions to bring to a target: those of the demo, and broken ones made of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import demo.assets
from workers.contract.names import ArtifactName, CommitId, Digest, Version
from workers.contract.promotion import Golden, Kind, RegisteredVersion
from workers.ports.target import Wanted

MODELS = Path(demo.assets.__file__).parent / "models"
TOLERANCE = "0.0001"


def digest_of(files: Mapping[str, Path]) -> Digest:
    """SHA-256 over the sorted lines `<sha256> <size> <path>`."""
    lines = []
    for path in sorted(files, key=str.encode):
        content = files[path].read_bytes()
        lines.append(f"{hashlib.sha256(content).hexdigest()} {len(content)} {path}\n")
    return Digest.read("sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest())


def version_of(name: str, version: str, files: Mapping[str, Path], artifact: str | None = None) -> RegisteredVersion:
    return RegisteredVersion(
        artifact=ArtifactName.read(artifact or name),
        kind=Kind.MODEL,
        version=Version.read(version),
        commit=CommitId.read("9fceb02d0ae598e95dc970b74767f19372d61af8"),
        digest=digest_of(files),
        folder=f"models/{name}",
        path="model",
        files=len(files),
        bytes=sum(path.stat().st_size for path in files.values()),
        registered_at="2026-11-23T08:00:00.000Z",
        seq=1,
        entry="model.onnx",
        golden=Golden("golden/input.json", "golden/output.json", TOLERANCE, Digest.read("sha256:" + "0" * 64)),
    )


def wanted(version: str, name: str = "biopsy", artifact: str | None = None) -> Wanted:
    folder = MODELS / name / version
    files = {"model.onnx": folder / "model" / "model.onnx"}
    pair = (folder / "golden" / "input.json").read_bytes(), (folder / "golden" / "output.json").read_bytes()
    return Wanted(version_of(name, version, files, artifact), files, pair)


def corrupt(version: str, folder: Path) -> Wanted:
    """A version whose file is no model."""
    broken = folder / "model.onnx"
    broken.write_bytes(b"not a model at all")
    files = {"model.onnx": broken}
    return Wanted(version_of("biopsy", version, files), files, wanted("v1.0.0").golden)


def with_other_golden(version: str) -> Wanted:
    """A version whose golden output expects 0.25 in row 2, column 1 of the probabilities."""
    good = wanted(version)
    assert good.golden is not None
    expected: dict[str, Any] = json.loads(good.golden[1])
    expected["outputs"][1]["data"][2] = 0.25
    return dataclasses.replace(good, golden=(good.golden[0], json.dumps(expected).encode()))


def without_files(version: Wanted) -> Wanted:
    return dataclasses.replace(version, files={})
