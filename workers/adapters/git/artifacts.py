"""`artifact.yaml`: one artifact, declared in its own folder. Read strictly, every fault told with its file and line."""

from __future__ import annotations

from workers.adapters.git.declarations import LARGEST, BadDeclaration, Declaration, Reading, Where, load
from workers.adapters.git.recipes import recipe
from workers.contract.names import ArtifactName
from workers.contract.promotion import Kind

__all__ = ["FILE", "FOLDERS", "LARGEST", "read"]

FILE = "artifact.yaml"
FOLDERS = {"models": Kind.MODEL, "datasets": Kind.DATASET, "services": Kind.SERVICE}
_ALL = ("kind", "name", "path", "owners", "metrics", "card", "entry", "code")
_KNOWN = {Kind.MODEL: (*_ALL, "golden", "drift", "retrain", "trained_on"), Kind.DATASET: (*_ALL, "schema"), Kind.SERVICE: _ALL}


def read(content: bytes, where: Where, name: ArtifactName, kind: Kind) -> tuple[Declaration | None, list[str]]:
    """The declaration in the file for this name and kind, and all that is wrong with it (then it must not be used)."""
    try:
        document = load(content, where.file)
    except BadDeclaration as exc:
        return None, [str(exc)]
    data = document.data
    if not isinstance(data, dict):
        return None, [f"{where.file}, line 1: a mapping such as `kind: {kind.value}` is expected."]
    reading = Reading(where.file, document)
    reading.keys(data, _KNOWN[kind])
    if (said := reading.text(data, "kind")) != kind.value:
        reading.wrong(("kind",), f"kind is {said!r}, but what lies here is a {kind.value}")
    if (said := reading.text(data, "name")) != name:
        reading.wrong(("name",), f"name is {said!r}, but the folder is {str(name)!r}")
    found = Declaration(
        kind=kind,
        name=name,
        folder=where.folder,
        base=where.folder,
        path=reading.path(data, "path") or ".",
        entry=reading.path(data, "entry"),
        owners=reading.owners(data),
        metrics=reading.path(data, "metrics"),
        card=reading.path(data, "card"),
        schema=reading.path(data, "schema"),
        golden=reading.golden(data),
        drift=reading.drift(data),
        retrain=recipe(reading, data),
        trained_on=reading.trained_on(data),
        code=reading.code(data),
    )
    return found, reading.reasons
