"""The files of a new artifact. What is given is copied, never loaded; what is missing is a skeleton that registering refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from workers.adapters.git import artifacts, evidence
from workers.adapters.git.declarations import REFERENCES
from workers.adapters.git.names import fault
from workers.app.laying import golden, large
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
    """What a person has: the artifact itself (a file or folder), evidence if there is some, and the rows that drift is measured against."""

    source: Path
    entry: str | None = None
    metrics: Path | None = None
    golden: tuple[Path, Path] | None = None
    reference: Path | None = None


def files(name: ArtifactName, kind: Kind, given: Given) -> dict[str, bytes | Path]:
    """Every file of the new folder by its whole path. Raises click.ClickException."""
    place = _PLACES[kind]
    copied: dict[str, bytes | Path] = {f"{place}/{path}": file for path, file in _copied(given.source)}
    if not copied:
        raise click.ClickException(f"{given.source} holds no files. Nothing was changed.")
    entry = _entry([path.removeprefix(f"{place}/") for path in copied], given.entry) if kind is Kind.MODEL else None
    found = copied | {
        artifacts.FILE: _declared(name, kind, entry, given).encode(),
        **(_for_model(dict(copied), entry, given) if entry else {}),
        "README.md": _CARD.format(name=name).encode(),
        "metrics.json": _evidence(given.metrics) if given.metrics else _METRICS,
    }
    return {f"{TOPS[kind]}/{name}/{path}": content for path, content in found.items()}


def _for_model(copied: dict[str, bytes | Path], entry: str, given: Given) -> dict[str, bytes | Path]:
    """What only a model has: the golden prediction, or one to fill in, and the rows that drift is measured against."""
    model = copied[f"{_PLACES[Kind.MODEL]}/{entry}"]
    assert isinstance(model, Path), "what was given is copied from where it lies"
    found: dict[str, bytes | Path] = dict(golden.skeleton(model))
    for (path, which), file in zip(golden.FILES.items(), given.golden or (), strict=False):
        found[path] = _golden(file, which)
    if given.reference:
        found[_reference(given.reference)] = given.reference
    return found


def _reference(file: Path) -> str:
    if file.is_symlink() or file.suffix.lower() not in REFERENCES:
        raise click.ClickException(f"{file} is no file that ends in {' or '.join(REFERENCES)}. Nothing was changed.")
    return f"drift/reference{file.suffix.lower()}"


def with_attributes(files: dict[str, bytes | Path], folder: str) -> dict[str, bytes | Path]:
    """The files, with lines that leave the large ones of the folder to Git LFS."""
    heavy = [path.removeprefix(f"{folder}/") for path, content in files.items() if size(content) > large.LARGE]
    return {f"{folder}/{large.FILE}": large.attributes(heavy), **files} if heavy else files


def size(content: bytes | Path) -> int:
    """Bytes."""
    return content.stat().st_size if isinstance(content, Path) else len(content)


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
        lines += [*_golden_lines(given), *_drift_lines(given), *_retrain_lines()]
    return "\n".join([*lines, ""])


def _golden_lines(given: Given) -> list[str]:
    line = "golden: {input: golden/input.json, output: golden/output.json, tolerance: 0.0001}  # a prediction that it must repeat"
    return [line] if given.golden else ["# Fill in the values of both files, then take the # away:", f"# {line}"]


def _drift_lines(given: Given) -> list[str]:
    if given.reference:
        return [
            f"drift: {{reference: {_reference(given.reference)}}}  # rows that the model learned from; live ones are compared with them"
        ]
    return [
        "# Drift is measured against rows that the model learned from: its inputs as columns, some ten thousand rows drawn at random.",
        "# Put them here as Parquet or CSV, then take the # away:",
        "# drift: {reference: drift/reference.parquet}",
    ]


def _retrain_lines() -> list[str]:
    return [
        "# How it is trained again when somebody says `retrain`: a command that writes into this folder (docs/retraining.md).",
        "# retrain: {command: [python, train.py], parameters: {epochs: 10}, minutes: 60}",
    ]


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
