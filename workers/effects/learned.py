"""Which registered dataset versions a training has seen: those whose files lay at the commit that it was begun at, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from workers.contract.names import ArtifactName, CommitId, Version
from workers.contract.promotion import Kind, RegisteredVersion
from workers.contract.retraining import Retraining
from workers.ports.errors import BadContent
from workers.ports.source import Source

Versions = Mapping[ArtifactName, Mapping[Version, RegisteredVersion]]


def with_data(source: Source, versions: Versions, trained: Retraining, found: RegisteredVersion) -> RegisteredVersion:
    """The version with the dataset versions that it was trained on in the place of those that its files declare.

    Those that it declares by name are looked for, and those that lie in the recipe's `inputs`. One whose files at the base are of no registered
    version is told in `unread`; one that does not lie in the repository at all stays as it was declared.
    """
    declared = {one.partition("@")[0]: one for one in found.trained}
    said, unread = dict(declared), list(found.unread)
    for name, known in versions.items():
        newest = max(known.values(), key=lambda one: one.version.order)
        if newest.kind is not Kind.DATASET or not (name in declared or _is_input(newest, trained.recipe.inputs)):
            continue
        if version := _same(source, known.values(), trained.base):
            said[name] = f"{name}@{version}"
        elif _tree(source, newest, trained.base):
            said.pop(name, None)
            unread.append(f"the files of {name} at {trained.base[:12]}, on which it was trained, are those of no registered version")
    every = tuple(said.values())
    return replace(found, trained_on=every[0] if every else None, trained_on_all=every if len(every) > 1 else (), unread=tuple(unread))


def _same(source: Source, known: Iterable[RegisteredVersion], base: CommitId) -> Version | None:
    """The newest version whose files are those at the base."""
    fitting = (one.version for one in known if (tree := _tree(source, one, base)) and tree == _tree(source, one, one.commit))
    return max(fitting, key=lambda one: one.order, default=None)


def _tree(source: Source, dataset: RegisteredVersion, commit: CommitId) -> str | None:
    """What lies at its place in a commit; nothing in one that the repository has lost."""
    try:
        return source.tree_of(_place(dataset), commit)
    except BadContent:
        return None


def _is_input(dataset: RegisteredVersion, inputs: Iterable[str]) -> bool:
    return any(_above(path, _place(dataset)) or _above(_place(dataset), path) for path in inputs)


def _above(one: str, other: str) -> bool:
    return other == one or other.startswith(f"{one}/")


def _place(version: RegisteredVersion) -> str:
    return version.folder if version.path == "." else f"{version.folder}/{version.path}"
