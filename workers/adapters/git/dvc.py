"""The `artifacts:` section of a `dvc.yaml`, and GTO's older `artifacts.yaml`: several artifacts in one file, taken up as they are.

In a folder's `dvc.yaml` an artifact is called after the folder, too: `sub/dir:name` to DVC and GTO, `sub/dir/name` to us.
Source: https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#artifacts
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workers.adapters.git.declarations import BadDeclaration, Declaration, Reading, Where, load
from workers.adapters.git.recipes import recipe
from workers.contract.names import ArtifactName, BadName
from workers.contract.promotion import Kind
from workers.domain import strict_yaml

FILE = "dvc.yaml"
OLD = "artifacts.yaml"
LARGEST = strict_yaml.LARGEST
_KINDS = {"model": Kind.MODEL, "dataset": Kind.DATASET, "datasets": Kind.DATASET, "data": Kind.DATASET, "features": Kind.DATASET}
_KEYS = {FILE: ("path", "type", "desc", "labels", "meta"), OLD: ("path", "type", "description", "labels", "custom", "virtual")}
_OURS = ("owners", "metrics", "card", "entry", "schema", "golden", "drift", "retrain")


@dataclass
class Listed:
    """What a file lists: kind and place by our name. `faults` are about entries that could not be taken, a sentence each."""

    found: dict[ArtifactName, tuple[Kind, Where]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def kind_of(type_: str) -> Kind:
    """What an artifact of DVC's type is to us: whatever is neither a model nor a dataset is a service."""
    return _KINDS.get(type_.lower(), Kind.SERVICE)


def listed(content: bytes, file: str) -> Listed:
    """The artifacts that a file declares. A file that cannot be read declares none and has one fault."""
    listing = Listed()
    try:
        document = load(content, file, LARGEST)
        at, entries = _entries(document, file)
    except BadDeclaration as exc:
        listing.faults.append(str(exc))
        return listing
    for key, entry in entries.items():
        where = Where(file, key, document.line((*at, key)))
        try:
            name = ArtifactName.read(f"{where.folder}/{key}".lstrip("/"))
        except BadName as exc:
            listing.faults.append(f"{where}: {exc}; names are in lower case here: rename it, and tag its versions by the new name.")
            continue
        type_ = entry.get("type") if isinstance(entry, dict) else None
        if isinstance(type_, str) and type_:
            listing.found[name] = (kind_of(type_), where)
        else:
            listing.faults.append(f"{where}: {key[:60]!r} has no type; write `type: model`, `type: dataset` or `type: service`.")
    return listing


def _entries(document: strict_yaml.Document, file: str) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Where the entries stand in the file, and the entries."""
    is_old = file.rpartition("/")[2] == OLD
    data = document.data if document.data is not None else {}
    if isinstance(data, dict) and not is_old:
        data = data.get("artifacts") or {}
    if not isinstance(data, dict):
        line = document.line(() if is_old else ("artifacts",))
        raise BadDeclaration(f"{file}, line {line}: a mapping from artifacts' names is expected.")
    return (() if is_old else ("artifacts",)), data


def read(content: bytes, where: Where, name: ArtifactName, kind: Kind) -> tuple[Declaration | None, list[str]]:
    """The declaration under the file's key, and all that is wrong with it (then it must not be used)."""
    assert where.key is not None, "it was found under a key"
    try:
        document = load(content, where.file, LARGEST)
        at, entries = _entries(document, where.file)
    except BadDeclaration as exc:
        return None, [str(exc)]
    entry = entries.get(where.key)
    if not isinstance(entry, dict):
        return None, [f"{where}: a mapping with `path` and `type` is expected."]
    reading = Reading(where.file, document, *at, where.key)
    form = where.file.rpartition("/")[2]
    reading.keys(entry, _KEYS[form])
    declaration = _declaration(reading, entry, where, name, kind)
    return (_of_dvc if form == FILE else _of_gto)(reading, entry, declaration), reading.reasons


def _declaration(reading: Reading, entry: dict[str, Any], where: Where, name: ArtifactName, kind: Kind) -> Declaration:
    """What both forms have. The root of a repository is nobody's folder: there, the first part of the path is taken for it."""
    path = reading.path(entry, "path")
    if path in (None, "."):
        if not reading.reasons:
            reading.wrong(("path",), "path must be a path below the folder of this file, such as `models/churn.onnx`")
        path = "missing"
    assert path is not None, "it was just named"
    folder, _, below = path.partition("/") if not where.folder else (where.folder, "", path)
    said = str(entry.get("type"))[:40]
    return Declaration(
        kind=kind,
        name=name,
        folder=folder,
        base=where.folder,
        path=below or ".",
        labels=reading.labels(entry),
        says=f"{where.file}, type {said}" + ("" if said.lower() == kind.value else f", taken as a {kind.value}"),
    )


def _of_dvc(reading: Reading, entry: dict[str, Any], declaration: Declaration) -> Declaration:
    """The rest of a dvc.yaml's entry. `meta` is anybody's; only what stands under its key `towpath`, and the lineage, is ours."""
    meta = entry.get("meta") or {}
    ours = meta.get("towpath", {}) if isinstance(meta, dict) else {}
    if not isinstance(meta, dict) or not isinstance(ours, dict):
        reading.wrong(("meta",), "meta, and towpath in it, must be mappings")
        return declaration
    at = ("meta", "towpath")
    reading.keys(ours, _OURS, at)
    found = replace(
        declaration,
        description=reading.words(entry, "desc"),
        owners=reading.owners(ours, *at),
        metrics=reading.path(ours, "metrics", *at),
        card=reading.path(ours, "card", *at),
        entry=reading.path(ours, "entry", *at),
        schema=reading.path(ours, "schema", *at),
        retrain=recipe(reading, ours, *at),
        trained_on=reading.trained_on(meta, "meta"),
        code=reading.code(meta, "meta"),
    )
    return _drift(reading, ours, _golden(reading, ours, found))


def _golden(reading: Reading, ours: dict[str, Any], found: Declaration) -> Declaration:
    """The golden pair is looked up again later, below the artifact's folder, so it must lie there."""
    golden = reading.golden(ours, "meta", "towpath")
    if golden is None or found.base:
        return replace(found, golden=golden)
    inside = f"{found.folder}/"
    if not (golden.input.startswith(inside) and golden.output.startswith(inside)):
        reading.wrong(("meta", "towpath", "golden"), f"the golden files must lie below {inside}, where the artifact is")
        return found
    pair = replace(golden, input=golden.input.removeprefix(inside), output=golden.output.removeprefix(inside))
    return replace(found, golden=pair)


def _drift(reading: Reading, ours: dict[str, Any], found: Declaration) -> Declaration:
    """The reference of drift, which is looked up again later like the golden pair."""
    path, inside = reading.drift(ours, "meta", "towpath"), f"{found.folder}/"
    if path and not found.base and not path.startswith(inside):
        reading.wrong(("meta", "towpath", "drift"), f"the reference must lie below {inside}, where the artifact is")
        return found
    return replace(found, drift=path if path is None or found.base else path.removeprefix(inside))


def _of_gto(reading: Reading, entry: dict[str, Any], declaration: Declaration) -> Declaration:
    """The rest of an artifacts.yaml's entry; `custom` is anybody's."""
    if entry.get("virtual") not in (None, False):
        reading.wrong(
            ("virtual",), "what is virtual has its bytes outside of Git, where they cannot be read; commit them or declare their folder"
        )
    return replace(declaration, description=reading.words(entry, "description"))
