"""Who committed what, in which order: the history that the sample repository tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
START = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
BETWEEN = timedelta(days=3)

README = """\
# Cedar Clinic: models and services

- `models/`, `datasets/`, `services/`: one folder per artifact, described by its `artifact.yaml`
- `towpath.yaml`: who may bring what where, and under which conditions

A version is an annotated tag such as `biopsy@v1.0.0` on the commit that holds it.
"""
ATTRIBUTES = "* -text\n*.onnx binary\n"


@dataclass(frozen=True)
class Person:
    """An author; the e-mail is what the policy knows them by."""

    name: str
    email: str


ANA = Person("Ana", "ana@example.com")
BEN = Person("Ben", "ben@example.com")
DANA = Person("Dana", "dana@example.com")


@dataclass(frozen=True)
class Chapter:
    """One commit: `author` brings `version` of the artifact in `folder`; `registered` says whether it is tagged."""

    author: Person
    folder: str
    version: str
    subject: str
    registered: bool = True

    @property
    def name(self) -> str:
        """The artifact's name."""
        return self.folder.rpartition("/")[2]

    def files(self) -> dict[str, bytes]:
        """Return the artifact's files (path in the repository -> content)."""
        source = ASSETS / self.folder / self.version
        found = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {f"{self.folder}/{path.relative_to(source).as_posix()}": path.read_bytes() for path in found}


CHAPTERS = (
    Chapter(BEN, "datasets/biopsies", "v1.0.0", "Add the biopsies that the clinic may learn from"),
    Chapter(ANA, "models/biopsy", "v1.0.0", "Add a first biopsy model on two measurements"),
    Chapter(BEN, "models/wine", "v1.0.0", "Add a wine model on three measurements"),
    Chapter(ANA, "models/digits", "v1.0.0", "Add a digits model for the scanned forms"),
    Chapter(BEN, "services/triage", "v1.0.0", "Add the triage service"),
    Chapter(ANA, "models/biopsy", "v2.0.0", "Use all ten mean measurements for biopsies"),
    Chapter(BEN, "services/triage", "v1.1.0", "Let triage answer which biopsies are urgent"),
    Chapter(ANA, "models/biopsy", "v3.0.0", "Use all thirty measurements for biopsies"),
    Chapter(BEN, "datasets/flights", "v1.0.0", "Add the flights of the winter, with their weather"),
    Chapter(ANA, "models/delay", "v1.0.0", "Add a model of flights that leave late"),
    Chapter(BEN, "datasets/flights", "v2.0.0", "Bring the flights up to the end of July", registered=False),
    Chapter(ANA, "models/biopsy", "v4.0.0", "Try a decision tree for biopsies", registered=False),
    Chapter(BEN, "models/wine", "v1.1.0", "Use all measurements for wine", registered=False),
)


def opening(policy: str) -> dict[str, bytes]:
    """Return the files of the first commit, by Dana: the policy and what explains the repository."""
    return {
        ".gitattributes": ATTRIBUTES.encode(),
        "README.md": README.encode(),
        "towpath.yaml": policy.encode(),
    }


def moment(number: int) -> datetime:
    """Return when commit `number` was made, counted from 0."""
    return START + BETWEEN * number
