"""The shared repository's source side: branches and tags of people, artifacts at commits. Read by commit id, never followed by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workers.contract.names import ArtifactName, CommitId, EnvironmentName, OutputRef, RefName, Version
from workers.contract.promotion import Kind, RegisteredVersion, Release
from workers.contract.retraining import Recipe
from workers.domain.picture import Event, Picture


@dataclass(frozen=True)
class VersionTag:
    """An annotated tag in GTO's grammar, `name@vX.Y.Z`, on a commit: the tag object's id and the commit it names."""

    artifact: ArtifactName
    version: Version
    tag: str
    commit: CommitId


@dataclass(frozen=True)
class Trainable:
    """How a model is trained, as one commit declares it: its folder, where its files lie below that, and which files below it must be there."""

    folder: str
    path: str
    recipe: Recipe
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """What environment tags should say: the commit of the live version of an artifact in an environment, or None for nothing.

    `release` is the lane as the ledger has it, by which what others assigned is told from a picture that only lags behind.
    """

    artifact: ArtifactName
    environment: EnvironmentName
    commit: CommitId | None
    message: str
    release: Release | None = None


class Source(Protocol):
    """Reading the shared repository."""

    def fetch(self) -> None:
        """Bring the mirror up to date with the remote's source branch and tags. Raises Unreachable."""

    def head(self) -> CommitId:
        """The commit of the source branch. Raises BadContent when there is none."""

    def policy(self) -> tuple[CommitId, str] | None:
        """The text of `towpath.yaml` at the source branch, with the last commit that changed it; None when there is no such file."""

    def version_tags(self) -> Iterator[VersionTag]:
        """All version tags of the mirror, in one pass."""

    def picture(self) -> Picture:
        """Everything that the mirror's tags say."""

    def is_signed(self, event: Event, public: str) -> bool:
        """Whether the tag of an event bears the signature of this public key."""

    def resolve(self, ref: RefName) -> CommitId:
        """The commit that a branch, tag or (shortened) commit id of the remote names now. Raises BadContent."""

    def inspect(
        self, artifact: ArtifactName, version: Version, commit: CommitId, kind: Kind | None, outputs: tuple[OutputRef, ...] = ()
    ) -> RegisteredVersion:
        """Read a version's facts from its commit; `registered_at` and `seq` are left empty. Raises BadContent with every reason at once, or Unreachable.

        `outputs` are those that were named to us; the version's tag may name them as well.
        """

    def trainable(self, artifact: ArtifactName, commit: CommitId) -> Trainable:
        """How a model is trained, as its commit says. Raises BadContent with every reason when it is no model or says nothing of that."""

    def tree_of(self, place: str, commit: CommitId) -> str | None:
        """The id of what lies at a place in a commit, the same for the same files; None when nothing does. Raises BadContent."""

    def materialised(self, version: RegisteredVersion) -> AbstractContextManager[Mapping[str, Path]]:
        """The files at the version's path, by their path, from Git by commit id, read-only and there until the end of the context.

        The digest is proved again. To enter raises BadContent, or Unreachable when large files are kept where nobody answers.
        """

    def golden(self, version: RegisteredVersion) -> tuple[bytes, bytes] | None:
        """The golden input and output files of a model, whose digest is proved again. Raises BadContent or Unreachable."""

    def reference(self, version: RegisteredVersion) -> AbstractContextManager[Path]:
        """The file that drift is measured against, from the version's commit, there until the end of the context; its digest is proved again.

        To enter raises BadContent, also for a version that names none, or Unreachable.
        """


class TagProjection(Protocol):
    """GTO's tags as a picture of the ledger in the shared repository."""

    def show(
        self, versions: Iterator[RegisteredVersion], assignments: Iterator[Assignment], on_record: frozenset[str] = frozenset()
    ) -> int:
        """Push the tags that are missing, at most three at a time, the old assignment retired first; how many were pushed. Raises WorldError.

        What others did is left alone until it is `on_record`: ids of assignments that may be retired, names of deleted tags to make again.
        """
