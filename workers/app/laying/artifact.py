"""The files of a new artifact. What is given is copied, never loaded; what is missing is a skeleton that registering refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from workers.adapters.git import artifacts, evidence
from workers.adapters.git.names import fault
from workers.contract.names import ArtifactName
from workers.contract.promotion import Kind

TOPS = {kind: top for top, kind in artifacts.FOLDERS.items()}
_PLACES = {Kind.MODEL: "model", Kind.DATASET: "data", Kind.SERVICE: "release"}
_MODELS = (".onnx", ".safetensors", ".pkl", ".joblib")
_METRICS = b'{\n  "auc": "fill in a number, or take this line out"\n}\n'
_CARD = """\
---
license: fill in
datasets: []
metrics: []
---
# {name}

What it is for, what it was made from, and what it must not be used for.
"""


@dataclass(frozen=True)
class Given:
    """What a person has: the artifact itself (a file or folder), and evidence if there is some."""

    source: Path
    entry: str | None = None
    metrics: Path | None = None
    golden: tuple[Path, Path] | None = None


def files(name: ArtifactName, kind: Kind, given: Given) -> dict[str, bytes | Path]:
    """Every file of the new folder by its whole path. Raises click.ClickException."""
    place = _PLACES[kind]
    copied: dict[str, bytes | Path] = {f"{place}/{path}": file for path, file in _copied(given.source)}
    if not copied:
        raise click.ClickException(f"{given.source} holds no files. Nothing was changed.")
    entry = _entry([path.removeprefix(f"{place}/") for path in copied], given.entry) if kind is Kind.MODEL else None
    found = copied | {
        artifacts.FILE: _declared(name, kind, entry, given).encode(),
        "README.md": _CARD.format(name=name).encode(),
        "metrics.json": _evidence(given.metrics) if given.metrics else _METRICS,
    }
    for path, which, file in zip(("input", "output"), ("inputs", "outputs"), given.golden or (), strict=False):
        found[f"golden/{path}.json"] = _golden(file, which)
    return {f"{TOPS[kind]}/{name}/{path}": content for path, content in found.items()}


def _copied(source: Path) -> Iterator[tuple[str, Path]]:
    found = sorted(source.rglob("*")) if source.is_dir() else [source]
    for file in found:
        path = file.relative_to(source).as_posix() if source.is_dir() else file.name
        if why := next((why for part in path.split("/") if (why := fault(part.encode(errors="surrogateescape")))), None):
            raise click.ClickException(f"The name {path!r} {why}. Nothing was changed.")
        if file.is_symlink() or not (file.is_file() or file.is_dir()):
            raise click.ClickException(f"{path} is a link or no regular file, which is never followed. Nothing was changed.")
        if file.is_file():
            yield path, file


def _entry(paths: list[str], wanted: str | None) -> str:
    if wanted and wanted not in paths:
        raise click.ClickException(f"There is no {wanted} in what was given. Nothing was changed.")
    models = [path for path in paths if path.endswith(_MODELS)]
    likely = [wanted] if wanted else paths if len(paths) == 1 else models
    if len(likely) != 1:
        raise click.ClickException("Say with --entry which file a server loads. Nothing was changed.")
    return likely[0]


def _declared(name: ArtifactName, kind: Kind, entry: str | None, given: Given) -> str:
    lines = [
        f"kind: {kind.value}",
        f"name: {name}",
        f"path: {_PLACES[kind]}  # what is deployed; the version's digest is of these files",
        *([f"entry: {json.dumps(entry, ensure_ascii=False)}  # the file below path that a server loads"] if entry else []),
        "owners: []  # ids of Slack users, such as [U024BE7LH]",
        "metrics: metrics.json  # what gates read",
        "card: README.md",
    ]
    if kind is Kind.MODEL:
        golden = "golden: {input: golden/input.json, output: golden/output.json, tolerance: 0.0001}  # a prediction that it must repeat"
        lines.append(golden if given.golden else f"# {golden}")
    return "\n".join([*lines, ""])


def _evidence(file: Path) -> bytes:
    content = _small(file, evidence.LARGEST_METRICS)
    try:
        evidence.read_metrics(content)
    except evidence.BadEvidence as exc:
        raise click.ClickException(f"{file} {exc}. Nothing was changed.") from None
    return content


def _golden(file: Path, which: str) -> bytes:
    content = _small(file, evidence.LARGEST_GOLDEN)
    try:
        evidence.check_golden(content, which)
    except evidence.BadEvidence as exc:
        raise click.ClickException(f"{file} {exc}. Nothing was changed.") from None
    return content


def _small(file: Path, largest: int) -> bytes:
    if file.stat().st_size > largest:
        raise click.ClickException(f"{file} is larger than {largest} bytes. Nothing was changed.")
    return file.read_bytes()
