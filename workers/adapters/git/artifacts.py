"""`artifact.yaml`: what people declare of an artifact, read strictly, every fault told with its file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.adapters.git.names import relative
from workers.contract.names import ArtifactName, BadName, Version
from workers.contract.promotion import Kind
from workers.domain import strict_yaml

FILE = "artifact.yaml"
FOLDERS = {"models": Kind.MODEL, "datasets": Kind.DATASET, "services": Kind.SERVICE}
LARGEST = 64 * 1024
_KNOWN = {
    Kind.MODEL: ("kind", "name", "path", "owners", "metrics", "card", "entry", "golden", "trained_on"),
    Kind.DATASET: ("kind", "name", "path", "owners", "metrics", "card", "entry", "schema"),
    Kind.SERVICE: ("kind", "name", "path", "owners", "metrics", "card", "entry"),
}
_OWNER = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)
_MOST_OWNERS = 50


@dataclass(frozen=True)
class GoldenFiles:
    """Where the golden pair lies, and the greatest absolute difference allowed, as text."""

    input: str
    output: str
    tolerance: str


@dataclass(frozen=True)
class Declaration:
    """What an `artifact.yaml` says. Paths are relative to its folder, `entry` to `path`; a path of `.` is the folder itself."""

    kind: Kind
    name: ArtifactName
    path: str = "."
    entry: str | None = None
    owners: tuple[str, ...] = ()
    metrics: str | None = None
    card: str | None = None
    schema: str | None = None
    golden: GoldenFiles | None = None
    trained_on: str | None = None


def read(content: bytes, folder: str, name: ArtifactName, kind: Kind) -> tuple[Declaration | None, list[str]]:
    """The declaration in a file below `folder` for this name and kind, and all that is wrong with it (then it must not be used)."""
    where = f"{folder}/{FILE}"
    try:
        if len(content) > LARGEST:
            raise strict_yaml.BadYaml(1, f"longer than {LARGEST // 1024} kB")
        document = strict_yaml.read(content.decode())
    except UnicodeDecodeError:
        return None, [f"{where} is not UTF-8."]
    except strict_yaml.BadYaml as exc:
        return None, [f"{where}, {exc}."]
    if not isinstance(document.data, dict):
        return None, [f"{where}, line 1: a mapping such as `kind: {kind.value}` is expected."]
    reading = _Reading(where, document)
    return reading.declaration(name, kind), reading.reasons


class _Reading:
    """One mapping of the file: takes its values by key and gathers what is wrong."""

    def __init__(self, where: str, document: strict_yaml.Document) -> None:
        self._where = where
        self._document = document
        self.reasons: list[str] = []

    def wrong(self, at: Sequence[str | int], why: str) -> None:
        self.reasons.append(f"{self._where}, line {self._document.line(tuple(at))}: {why}.")

    def declaration(self, name: ArtifactName, kind: Kind) -> Declaration:
        data = self._document.data
        self._keys(data, _KNOWN[kind], ())
        if (said := self._text(data, "kind")) != kind.value:
            self.wrong(("kind",), f"kind is {said!r}, but what lies here is a {kind.value}")
        if (said := self._text(data, "name")) != name:
            self.wrong(("name",), f"name is {said!r}, but the folder is {str(name)!r}")
        return Declaration(
            kind=kind,
            name=name,
            path=self._path(data, "path") or ".",
            entry=self._path(data, "entry"),
            owners=self._owners(data.get("owners", [])),
            metrics=self._path(data, "metrics"),
            card=self._path(data, "card"),
            schema=self._path(data, "schema"),
            golden=self._part(data, "golden", ("input", "output", "tolerance"), self._golden),
            trained_on=self._part(data, "trained_on", ("dataset", "version"), self._trained_on),
        )

    def _keys(self, data: dict[str, Any], known: Iterable[str], at: tuple[str, ...]) -> None:
        for key in data:
            if key not in known:
                self.wrong((*at, key), f"{key[:40]!r} is not known here; known are {', '.join(known)}")

    def _text(self, data: dict[str, Any], key: str, *at: str) -> str | None:
        value = data.get(key)
        if key not in data:
            return None
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 1024:
            self.wrong((*at, key), f"{key} must be a word or a path")
            return None
        return value

    def _path(self, data: dict[str, Any], key: str, *at: str) -> str | None:
        text = self._text(data, key, *at)
        path = relative(text) if text else None
        if text and (path is None or (path == "." and key != "path")):
            self.wrong((*at, key), f"{key} must be a path below the artifact's folder, such as `model/model.onnx`")
            return None
        return path

    def _owners(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > _MOST_OWNERS:
            self.wrong(("owners",), f"owners must be a list of at most {_MOST_OWNERS} Slack ids")
            return ()
        for i, owner in enumerate(value):
            if not isinstance(owner, str) or not _OWNER.fullmatch(owner):
                self.wrong(("owners", i), f"{str(owner)[:40]!r} is not the id of a Slack user, such as U024BE7LH")
        return tuple(dict.fromkeys(owner for owner in value if isinstance(owner, str)))

    def _part(self, data: dict[str, Any], key: str, keys: tuple[str, ...], read_it: Callable[[dict[str, Any]], Any]) -> Any:
        if key not in data:
            return None
        part = data[key]
        if not isinstance(part, dict) or (missing := [name for name in keys if name not in part]):
            self.wrong((key,), f"{key} must hold {', '.join(keys)}" + (f"; {missing[0]} is missing" if isinstance(part, dict) else ""))
            return None
        self._keys(part, keys, (key,))
        return read_it(part)

    def _golden(self, part: dict[str, Any]) -> GoldenFiles | None:
        given, wanted = self._path(part, "input", "golden"), self._path(part, "output", "golden")
        tolerance = _tolerance(part["tolerance"])
        if tolerance is None:
            self.wrong(("golden", "tolerance"), "tolerance must be a number from 0 to 1000000, such as 0.0001")
        return GoldenFiles(given, wanted, tolerance) if given and wanted and tolerance else None

    def _trained_on(self, part: dict[str, Any]) -> str | None:
        try:
            return f"{ArtifactName.read(part['dataset'])}@{Version.read(part['version'])}"
        except BadName as exc:
            self.wrong(("trained_on",), str(exc))
            return None


def _tolerance(value: Any) -> str | None:
    """A number as plain decimal text; YAML takes `1e-4` for a word, people do not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not re.fullmatch(r"[0-9.]+(?:[eE][+-]?\d{1,3})?", str(value)):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return f"{number:f}" if number <= 1_000_000 else None
