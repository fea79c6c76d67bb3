"""Reading a version's facts from its commit: one pass that gathers every reason against it, so that people mend all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from workers.adapters.git import artifacts, evidence
from workers.adapters.git.artifacts import Declaration, GoldenFiles
from workers.adapters.git.commits import Commit, Signature
from workers.adapters.git.contents import Contents, Hashed, Refusals, digest_of
from workers.adapters.git.evidence import Metrics
from workers.adapters.git.trees import FOLDER, BadTree, Trees
from workers.contract import wire
from workers.contract.names import ArtifactName, CommitId, Digest, OutputRef, Version
from workers.contract.promotion import Golden, Kind, RegisteredVersion
from workers.ports.errors import BadContent

_DEEPEST_NAME = 4
_SENDERS_OF_NOBODY = ("noreply", "no-reply")


def declared(trees: Trees, root: str) -> dict[str, list[tuple[Kind, str]]]:
    """Every artifact of a commit: its name, with the kind and folder of each place where it is declared."""
    found: dict[str, list[tuple[Kind, str]]] = {}
    for top, kind in artifacts.FOLDERS.items():
        entry = trees.find(root, top)
        if entry and entry.mode == FOLDER:
            for name in _declared_below(trees, entry.oid, ""):
                found.setdefault(name, []).append((kind, f"{top}/{name}"))
    return found


def _declared_below(trees: Trees, oid: str, below: str) -> Iterator[str]:
    entries = trees.at(oid).entries
    if below and artifacts.FILE.encode() in entries:
        yield below.removesuffix("/")
        return
    for name, entry in entries.items():
        if entry.mode == FOLDER and below.count("/") < _DEEPEST_NAME:
            yield from _declared_below(trees, entry.oid, below + name.decode(errors="replace") + "/")


def place_of(trees: Trees, root: str, artifact: ArtifactName, kind: Kind | None) -> tuple[Kind, str]:
    """The kind and folder of an artifact in a commit. Raises BadContent when it is not there, there twice, or of another kind."""
    try:
        known = declared(trees, root)
    except (BadTree, LookupError) as exc:
        raise BadContent(f"The commit's folders cannot be read: {exc}.") from exc
    places = known.get(artifact, [])
    if not places:
        others = ", ".join(sorted(known)[:10]) or "none"
        raise BadContent(f"No {artifacts.FILE} declares {artifact} at this commit; the artifacts there: {others}.")
    if len(places) > 1:
        raise BadContent(
            f"{artifact} is declared more than once: {', '.join(folder for _, folder in places)}; names are unique across kinds."
        )
    if kind not in (None, places[0][0]):
        raise BadContent(f"{artifact} is a {places[0][0].value}, not a {kind.value}." if kind else "")
    return places[0]


class Inspection:
    """One look at an artifact in a commit. The reasons against it gather in `reasons`."""

    def __init__(self, contents: Contents, root: str, folder: str) -> None:
        self._contents = contents
        self._root = root
        self._folder = folder
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
        files = self._files(said)
        metrics, metrics_digest = self._metrics(said.metrics)
        facts = RegisteredVersion(
            artifact=artifact,
            kind=kind,
            version=version,
            commit=commit,
            digest=digest_of(files, outputs),
            folder=self._folder,
            path=said.path,
            files=len(files),
            bytes=sum(file.size for file in files.values()),
            registered_at="",
            seq=0,
            entry=self._entry(said, files),
            owners=said.owners,
            authors=authors,
            metrics=metrics.numbers,
            dataset=metrics.dataset,
            dataset_digest=metrics.dataset_digest,
            metrics_digest=metrics_digest,
            card_digest=self._card(said.card),
            golden=self._golden(said.golden),
            trained_on=said.trained_on,
            outputs=outputs,
        )
        if said.schema:
            self._named(said.schema, evidence.LARGEST_CARD)
        if self.reasons:
            raise BadContent(*dict.fromkeys(self.reasons))
        return facts

    def _declaration(self, artifact: ArtifactName, kind: Kind) -> Declaration:
        content = self._named(artifacts.FILE, artifacts.LARGEST)
        if content is None:
            raise BadContent(*self.reasons)
        declaration, reasons = artifacts.read(content, self._folder, artifact, kind)
        self.reasons += reasons
        if declaration is None:
            raise BadContent(*self.reasons)
        return declaration

    def _files(self, said: Declaration) -> Mapping[str, Hashed]:
        place = self._folder if said.path == "." else f"{self._folder}/{said.path}"
        hashed: dict[str, Hashed] = {}
        with self._gathering():
            for path, oid in self._contents.listing(self._root, place).items():
                with self._gathering():
                    hashed[path] = self._contents.hashed(oid, path)
        return hashed

    def _entry(self, said: Declaration, files: Mapping[str, Hashed]) -> str | None:
        entry = said.entry or (next(iter(files)) if len(files) == 1 and said.kind is Kind.MODEL else None)
        if said.kind is Kind.MODEL and files and entry is None:
            self.reasons.append(f"{self._folder}/{artifacts.FILE} must name the `entry`: the file below {said.path} that a server loads.")
        if said.entry and files and said.entry not in files:
            self.reasons.append(f"The entry {said.entry} does not exist below {self._folder}/{said.path}.")
        return entry

    def _named(self, path: str, largest: int) -> bytes | None:
        try:
            return self._contents.small(self._root, f"{self._folder}/{path}", largest)
        except Refusals as exc:
            self.reasons += exc.reasons
            return None

    def _metrics(self, path: str | None) -> tuple[Metrics, Digest | None]:
        content = self._named(path, evidence.LARGEST_METRICS) if path else None
        if content is None:
            return Metrics(), None
        try:
            return evidence.read_metrics(content), _digest(content)
        except evidence.BadEvidence as exc:
            self.reasons.append(f"{self._folder}/{path} {exc}.")
            return Metrics(), None

    def _card(self, path: str | None) -> Digest | None:
        content = self._named(path, evidence.LARGEST_CARD) if path else None
        return None if content is None else _digest(content)

    def _golden(self, said: GoldenFiles | None) -> Golden | None:
        if said is None:
            return None
        pair = [self._tensors(said.input, "inputs"), self._tensors(said.output, "outputs")]
        if pair[0] is None or pair[1] is None:
            return None
        return Golden(said.input, said.output, said.tolerance, golden_digest(pair[0], pair[1]))

    def _tensors(self, path: str, which: str) -> bytes | None:
        content = self._named(path, evidence.LARGEST_GOLDEN)
        try:
            if content is not None:
                evidence.check_golden(content, which)
        except evidence.BadEvidence as exc:
            self.reasons.append(f"{self._folder}/{path} {exc}.")
            return None
        return content


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
