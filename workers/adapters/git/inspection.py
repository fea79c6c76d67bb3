"""Reading a version's facts from its commit: one pass that gathers every reason against it, so that people mend all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from workers.adapters.git import artifacts, dvc, evidence, mlmodel, outside
from workers.adapters.git import card as model_card
from workers.adapters.git.commits import Commit, Signature
from workers.adapters.git.contents import Contents, Hashed, Refusals, digest_of
from workers.adapters.git.declarations import Declaration, GoldenFiles, Where
from workers.adapters.git.evidence import Metrics
from workers.adapters.git.facts import Facts
from workers.adapters.git.mlmodel import Described
from workers.adapters.git.places import declared, place_of
from workers.contract import wire
from workers.contract.model_cards import ModelCard
from workers.contract.names import ArtifactName, CommitId, Digest, OutputRef, Version
from workers.contract.promotion import Golden, Kind, RegisteredVersion
from workers.ports.errors import BadContent

__all__ = ["Inspection", "authors_of", "declared", "golden_digest", "place_of"]

_SENDERS_OF_NOBODY = ("noreply", "no-reply")
_MOST_SAID = 20


class Inspection:
    """One look at an artifact in a commit. The reasons against it gather in `reasons`."""

    def __init__(self, contents: Contents, root: str, where: Where) -> None:
        self._contents = contents
        self._root = root
        self._where = where
        self.reasons: list[str] = []

    @contextmanager
    def _gathering(self) -> Iterator[None]:
        try:
            yield
        except Refusals as exc:
            self.reasons += exc.reasons

    def version(
        self,
        artifact: ArtifactName,
        version: Version,
        commit: CommitId,
        kind: Kind,
        authors: tuple[str, ...],
        outputs: tuple[OutputRef, ...] = (),
    ) -> RegisteredVersion:
        """What the commit says of the version; `registered_at`, `seq` and `tag` are left empty. Raises BadContent with every reason."""
        said = self._declaration(artifact, kind)
        listing = self._listing(said)
        described = self._described(said, listing)
        entry = self._entry(said, listing, described)
        facts = Facts(kind, entry if entry and entry.lower().endswith(".onnx") else described.file)
        files = self._hashed(listing, facts)
        metrics, metrics_digest = self._metrics(said)
        card_digest, card = self._card(said, metrics)
        trained_on = said.trained_on or described.trained_on
        found = RegisteredVersion(
            artifact=artifact,
            kind=kind,
            version=version,
            commit=commit,
            digest=digest_of(files, outputs),
            folder=said.folder,
            path=said.path,
            files=len(files),
            bytes=sum(file.size for file in files.values()),
            registered_at="",
            seq=0,
            entry=entry,
            owners=said.owners,
            authors=authors,
            metrics=metrics.numbers,
            dataset=metrics.dataset,
            dataset_digest=metrics.dataset_digest,
            metrics_digest=metrics_digest,
            card_digest=card_digest,
            card=card,
            golden=self._golden(said),
            trained_on=trained_on[0] if trained_on else None,
            trained_on_all=trained_on if len(trained_on) > 1 else (),
            code=said.code or described.code,
            signature=facts.signature(described.signature),
            tables=facts.tables(),
            packaging=described.packaging,
            declared_in=said.says,
            unread=tuple(facts.unread),
            description=said.description,
            labels=said.labels,
            outputs=outputs,
            drift=said.drift,
            drift_digest=self._reference(said),
            retrain=said.retrain,
        )
        self.reasons += _few(facts.reasons)
        if said.schema:
            self._named(_below(said.base, said.schema), evidence.LARGEST_CARD)
        if self.reasons:
            raise BadContent(*dict.fromkeys(self.reasons))
        return found

    def declaration(self, artifact: ArtifactName, kind: Kind) -> Declaration:
        """What the commit declares of the artifact. Raises BadContent with every reason."""
        said = self._declaration(artifact, kind)
        if self.reasons:
            raise BadContent(*self.reasons)
        return said

    def _declaration(self, artifact: ArtifactName, kind: Kind) -> Declaration:
        content = self._named(self._where.file, artifacts.LARGEST if self._where.key is None else dvc.LARGEST)
        if content is None:
            raise BadContent(*self.reasons)
        read = artifacts.read if self._where.key is None else dvc.read
        declaration, reasons = read(content, self._where, artifact, kind)
        self.reasons += reasons
        if declaration is None:
            raise BadContent(*self.reasons)
        return declaration

    def _listing(self, said: Declaration) -> Mapping[str, str]:
        """The blob ids of the version's files by path; none when they are not all in Git."""
        place = _place(said)
        if reasons := outside.named(self._contents, self._root, place):
            self.reasons += reasons
            return {}
        listing: Mapping[str, str] = {}
        with self._gathering():
            listing = self._contents.listing(self._root, place)
            self.reasons += outside.pointers(self._contents, self._root, place, listing)
        return listing

    def _described(self, said: Declaration, listing: Mapping[str, str]) -> Described:
        if said.kind is not Kind.MODEL or mlmodel.FILE not in listing:
            return Described()
        where = _below(_place(said), mlmodel.FILE)
        content = self._named(where, mlmodel.LARGEST)
        if content is None:
            return Described()
        described, reasons = mlmodel.read(content, where)
        self.reasons += reasons
        return described

    def _hashed(self, listing: Mapping[str, str], facts: Facts) -> Mapping[str, Hashed]:
        hashed: dict[str, Hashed] = {}
        for path, oid in listing.items():
            with self._gathering():
                hashed[path] = self._contents.hashed(oid, path, facts.look(path))
                facts.finish()
        return hashed

    def _entry(self, said: Declaration, listing: Mapping[str, str], described: Described) -> str | None:
        entry = said.entry
        if entry is None and said.kind is Kind.MODEL:
            guess = next(iter(listing)) if len(listing) == 1 else described.file
            entry = guess if guess in listing else mlmodel.FILE if mlmodel.FILE in listing else None
        if said.kind is Kind.MODEL and listing and entry is None:
            key = "`entry`" if self._where.key is None else "`entry` (in `meta: {towpath: {entry: ...}}`)"
            self.reasons.append(f"{self._where.file} must name the {key}: the file below {_place(said)} that a server loads.")
        if said.entry and listing and said.entry not in listing:
            self.reasons.append(f"The entry {said.entry} does not exist below {_place(said)}.")
        return entry

    def _named(self, place: str, largest: int) -> bytes | None:
        try:
            return self._contents.small(self._root, place, largest)
        except Refusals as exc:
            self.reasons += exc.reasons
            return None

    def _metrics(self, said: Declaration) -> tuple[Metrics, Digest | None]:
        place = _below(said.base, said.metrics or "")
        content = self._named(place, evidence.LARGEST_METRICS) if said.metrics else None
        if content is None:
            return Metrics(), None
        try:
            return evidence.read_metrics(content), _digest(content)
        except evidence.BadEvidence as exc:
            self.reasons.append(f"{place} {exc}.")
            return Metrics(), None

    def _card(self, said: Declaration, metrics: Metrics) -> tuple[Digest | None, ModelCard | None]:
        content = self._named(_below(said.base, said.card), evidence.LARGEST_CARD) if said.card else None
        if content is None:
            return None, None
        return _digest(content), model_card.read(content, metrics.numbers) if said.kind is Kind.MODEL else None

    def _golden(self, said: Declaration) -> Golden | None:
        golden: GoldenFiles | None = said.golden
        if golden is None:
            return None
        pair = [self._tensors(_below(said.folder, golden.input), "inputs"), self._tensors(_below(said.folder, golden.output), "outputs")]
        if pair[0] is None or pair[1] is None:
            return None
        return Golden(golden.input, golden.output, golden.tolerance, golden_digest(pair[0], pair[1]))

    def _reference(self, said: Declaration) -> Digest | None:
        """The digest of the rows that drift is measured against, which may be large: streamed, and never looked into here."""
        if said.drift is None:
            return None
        place = _below(said.folder, said.drift)
        try:
            return Digest.read(f"sha256:{self._contents.file(self._root, place).sha256}")
        except Refusals as exc:
            self.reasons += exc.reasons
            return None

    def _tensors(self, place: str, which: str) -> bytes | None:
        content = self._named(place, evidence.LARGEST_GOLDEN)
        try:
            if content is not None:
                evidence.check_golden(content, which)
        except evidence.BadEvidence as exc:
            self.reasons.append(f"{place} {exc}.")
            return None
        return content


def _place(said: Declaration) -> str:
    return said.folder if said.path == "." else f"{said.folder}/{said.path}"


def _below(base: str, path: str) -> str:
    return f"{base}/{path}" if base else path


def _few(reasons: Iterable[str]) -> list[str]:
    every = list(reasons)
    return every[:_MOST_SAID] + ([f"{len(every) - _MOST_SAID} more files have faults."] if len(every) > _MOST_SAID else [])


def golden_digest(given: bytes, wanted: bytes) -> Digest:
    """The digest of a golden pair: SHA-256 over the input, a NUL and the output."""
    return _digest(given + b"\0" + wanted)


def _digest(content: bytes) -> Digest:
    return Digest.read(wire.sha256(content))


def authors_of(commit: Commit, tagger: Signature | None) -> tuple[str, ...]:
    """Who made a version, as `sha256:` of the lower-cased e-mail addresses: author, committer (unless a host committed) and tagger."""
    people = [commit.author, commit.committer, *([tagger] if tagger else [])]
    addresses = {person.email.strip().lower() for person in people}
    return tuple(sorted(wire.sha256(address.encode()) for address in addresses if address and not _is_nobody(address)))


def _is_nobody(address: str) -> bool:
    return address.partition("@")[0] in _SENDERS_OF_NOBODY or address.endswith("@towpath")
