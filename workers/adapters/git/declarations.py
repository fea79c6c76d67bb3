"""What people declare of an artifact, in whichever file: values are taken one by one, and every fault is told with file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.adapters.git.names import relative
from workers.contract.names import ArtifactName, BadName, CommitId, Version
from workers.contract.promotion import Kind
from workers.contract.retraining import Recipe
from workers.domain import strict_yaml

LARGEST = 64 * 1024
_OWNER = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)
_MOST_OWNERS = 50
_MOST_DATASETS = 20
REFERENCES = (".parquet", ".csv")
"""How the file ends that drift is measured against."""


@dataclass(frozen=True)
class GoldenFiles:
    """Where the golden pair lies, and the greatest absolute difference allowed, as text."""

    input: str
    output: str
    tolerance: str


@dataclass(frozen=True)
class Declaration:
    """What a file says of one artifact.

    `path`, the golden pair and the reference of drift are relative to `folder`, the entry to `path`, the other files to `base`.
    A path of `.` is the folder itself; a base of nothing is the root of the repository. `says` is where and how it was declared, for people.
    """

    kind: Kind
    name: ArtifactName
    folder: str
    base: str
    path: str = "."
    entry: str | None = None
    owners: tuple[str, ...] = ()
    metrics: str | None = None
    card: str | None = None
    schema: str | None = None
    golden: GoldenFiles | None = None
    drift: str | None = None
    retrain: Recipe | None = None
    trained_on: tuple[str, ...] = ()
    code: CommitId | None = None
    description: str | None = None
    labels: tuple[str, ...] = ()
    says: str | None = None


@dataclass(frozen=True)
class Where:
    """The file that declares an artifact; in a file for several, also the artifact's key there and its line."""

    file: str
    key: str | None = None
    line: int = 1

    @property
    def folder(self) -> str:
        """The folder of the file; nothing for the root."""
        return self.file.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.key else self.folder


class BadDeclaration(ValueError):
    """A file cannot be read at all; the message is a sentence."""


def load(content: bytes, where: str, largest: int = LARGEST) -> strict_yaml.Document:
    """The document in a file of people's. Raises BadDeclaration."""
    try:
        if len(content) > largest:
            raise strict_yaml.BadYaml(1, f"longer than {largest // 1024} kB")
        return strict_yaml.read(content.decode(), largest)
    except UnicodeDecodeError as exc:
        raise BadDeclaration(f"{where} is not UTF-8.") from exc
    except strict_yaml.BadYaml as exc:
        raise BadDeclaration(f"{where}, {exc}.") from exc


class Reading:
    """A document of people's: takes values by their key and gathers what is wrong. `at` leads to the mapping that is read."""

    def __init__(self, where: str, document: strict_yaml.Document, *at: str) -> None:
        self._where = where
        self._document = document
        self._at = at
        self.reasons: list[str] = []

    def wrong(self, at: Sequence[str | int], why: str) -> None:
        """Note a fault at a place below the mapping."""
        self.reasons.append(f"{self._where}, line {self._document.line((*self._at, *at))}: {why}.")

    def keys(self, data: dict[str, Any], known: Iterable[str], at: tuple[str, ...] = ()) -> None:
        """That a mapping holds known keys alone."""
        for key in data:
            if key not in known:
                self.wrong((*at, key), f"{key[:40]!r} is not known here; known are {', '.join(known)}")

    def text(self, data: dict[str, Any], key: str, *at: str) -> str | None:
        """A printable text of at most 1,024 characters, or None."""
        value = data.get(key)
        if key not in data:
            return None
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 1024:
            self.wrong((*at, key), f"{key} must be a word or a path")
            return None
        return value

    def words(self, data: dict[str, Any], key: str) -> str | None:
        """What people say in one or several lines, on one line and cut to 300 characters, or None."""
        value = data.get(key)
        said = " ".join(value.split()) if isinstance(value, str) else None
        if value is not None and (said is None or not said.isprintable()):
            self.wrong((key,), f"{key} must be text")
            return None
        return (said if len(said) <= 300 else f"{said[:299]}…") if said else None

    def path(self, data: dict[str, Any], key: str, *at: str) -> str | None:
        """A path that stays below the folder it starts from, or None. Only `path` itself may be `.`."""
        text = self.text(data, key, *at)
        path = relative(text) if text else None
        if text and (path is None or (path == "." and key != "path")):
            self.wrong((*at, key), f"{key} must be a path below the artifact's folder, such as `model/model.onnx`")
            return None
        return path

    def owners(self, data: dict[str, Any], *at: str) -> tuple[str, ...]:
        """Slack ids."""
        value = data.get("owners", [])
        if not isinstance(value, list) or len(value) > _MOST_OWNERS:
            self.wrong((*at, "owners"), f"owners must be a list of at most {_MOST_OWNERS} Slack ids")
            return ()
        for i, owner in enumerate(value):
            if not isinstance(owner, str) or not _OWNER.fullmatch(owner):
                self.wrong((*at, "owners", i), f"{str(owner)[:40]!r} is not the id of a Slack user, such as U024BE7LH")
        return tuple(dict.fromkeys(owner for owner in value if isinstance(owner, str)))

    def labels(self, data: dict[str, Any]) -> tuple[str, ...]:
        """A few short words."""
        value = data.get("labels", [])
        good = isinstance(value, list) and len(value) <= _MOST_OWNERS
        if not good or not all(isinstance(one, str) and one.isprintable() and 0 < len(one) <= 80 for one in value):
            self.wrong(("labels",), f"labels must be a list of at most {_MOST_OWNERS} words of at most 80 characters")
            return ()
        return tuple(dict.fromkeys(value))

    def part(self, data: dict[str, Any], key: str, keys: tuple[str, ...], read_it: Callable[[dict[str, Any]], Any], *at: str) -> Any:
        """What a mapping with exactly these keys is read as, or None."""
        if key not in data:
            return None
        part = data[key]
        if not isinstance(part, dict) or (missing := [name for name in keys if name not in part]):
            self.wrong((*at, key), f"{key} must hold {', '.join(keys)}" + (f"; {missing[0]} is missing" if isinstance(part, dict) else ""))
            return None
        self.keys(part, keys, (*at, key))
        return read_it(part)

    def golden(self, data: dict[str, Any], *at: str) -> GoldenFiles | None:
        """The golden pair and its tolerance."""

        def read_it(part: dict[str, Any]) -> GoldenFiles | None:
            given, wanted = self.path(part, "input", *at, "golden"), self.path(part, "output", *at, "golden")
            tolerance = _tolerance(part["tolerance"])
            if tolerance is None:
                self.wrong((*at, "golden", "tolerance"), "tolerance must be a number from 0 to 1000000, such as 0.0001")
            return GoldenFiles(given, wanted, tolerance) if given and wanted and tolerance else None

        found: GoldenFiles | None = self.part(data, "golden", ("input", "output", "tolerance"), read_it, *at)
        return found

    def drift(self, data: dict[str, Any], *at: str) -> str | None:
        """The path of the rows that drift is measured against."""

        def read_it(part: dict[str, Any]) -> str | None:
            path = self.path(part, "reference", *at, "drift")
            if path and not path.lower().endswith(REFERENCES):
                self.wrong((*at, "drift", "reference"), f"reference must be a file that ends in {' or '.join(REFERENCES)}")
            return path

        found: str | None = self.part(data, "drift", ("reference",), read_it, *at)
        return found

    def trained_on(self, data: dict[str, Any], *at: str) -> tuple[str, ...]:
        """Dataset versions as `name@version`: one or a list, each as a mapping or as that text."""
        if "trained_on" not in data:
            return ()
        value = data["trained_on"]
        several = value if isinstance(value, list) else [value]
        if not 0 < len(several) <= _MOST_DATASETS:
            self.wrong((*at, "trained_on"), f"trained_on must name from 1 to {_MOST_DATASETS} dataset versions")
            return ()
        found = (self._dataset(one, (*at, "trained_on", *((i,) if several is value else ()))) for i, one in enumerate(several))
        return tuple(dict.fromkeys(one for one in found if one))

    def _dataset(self, value: Any, at: tuple[str | int, ...]) -> str | None:
        if isinstance(value, dict):
            if missing := [key for key in ("dataset", "version") if key not in value]:
                self.wrong(at, f"trained_on must hold dataset, version; {missing[0]} is missing")
                return None
            self.keys(value, ("dataset", "version"), tuple(str(one) for one in at))
            name, version = value["dataset"], value["version"]
        elif isinstance(value, str):
            name, _, version = value.partition("@")
            name = re.sub("[:=]", "/", name)
        else:
            self.wrong(at, "trained_on must name dataset versions, such as `biopsies@v1.0.0`")
            return None
        try:
            return f"{ArtifactName.read(name)}@{Version.read(version)}"
        except BadName as exc:
            self.wrong(at, str(exc))
            return None

    def code(self, data: dict[str, Any], *at: str) -> CommitId | None:
        """The commit of the training code."""
        if "code" not in data:
            return None
        try:
            return CommitId.read(data["code"])
        except BadName:
            self.wrong((*at, "code"), "code must be the full id of a commit, 40 hexadecimal digits (in quotes)")
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
