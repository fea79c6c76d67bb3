"""The source side of the shared repository over a mirror: branches and tags of people, artifacts at commits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from workers.adapters.git import gto, policy
from workers.adapters.git.checkout import CheckOut
from workers.adapters.git.commits import BadObject, Commit, Signature, read_commit, read_tagger, tag_signer
from workers.adapters.git.contents import Contents, Hashed, Limits, digest_of, manifest_of, read_manifest
from workers.adapters.git.evidence import LARGEST_GOLDEN
from workers.adapters.git.inspection import Inspection, authors_of, golden_digest, place_of
from workers.adapters.git.lfs import LargeFiles, opened
from workers.adapters.git.mirror import HEADS, SOURCE, TAGS, Mirror
from workers.adapters.git.objects import Missing
from workers.adapters.git.outputs import outputs_of
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.room import Room, writable
from workers.adapters.git.store import LIMIT, Store
from workers.adapters.git.trees import BadTree, Trees
from workers.adapters.git.urls import RemoteUrl
from workers.contract.names import ArtifactName, BadName, CommitId, Digest, OutputRef, RefName, Version
from workers.contract.promotion import Kind, RegisteredVersion
from workers.domain.picture import Event, Oddity, Picture
from workers.ports.errors import BadContent
from workers.ports.source import Trainable, VersionTag

_SHORT = re.compile(r"[0-9a-f]{7,40}", re.ASCII)
_LIMITS = Limits()


class GitSource:
    """Reads the source branch and tags of a mirror, and brings files of versions through a store folder of at most `store_limit` bytes.

    Large files of Git LFS come from `lfs_server`, else from where the mirror's remote keeps them.
    """

    def __init__(
        self, mirror: Mirror, store: Path, limits: Limits = _LIMITS, *, store_limit: int = LIMIT, lfs_server: RemoteUrl | None = None
    ) -> None:
        self._mirror = mirror
        self._store = Store(store, store_limit)
        self._trees = Trees(mirror.objects)
        large = LargeFiles(opened(mirror.remote, lfs_server, mirror.logins), self._store)
        self._contents = Contents(mirror.objects, self._trees, large, limits)
        self._policy: tuple[str, tuple[CommitId, str]] | None = None
        self._seen: tuple[bytes, Picture] | None = None

    def fetch(self) -> None:
        """Bring the mirror up to date with the remote's source branch and tags. Raises Unreachable or BadContent."""
        self._mirror.fetch()

    def head(self) -> CommitId:
        """The commit of the source branch. Raises BadContent when there is none."""
        head = self._mirror.ref(SOURCE)
        if head is None:
            raise BadContent(f"The repository has no branch {self._mirror.source_branch}.")
        return head

    def policy(self) -> tuple[CommitId, str] | None:
        """The text of `towpath.yaml` at the source branch, with the last commit that changed it; None when there is no such file.

        That commit is looked for once for each content: it may lie behind tens of thousands of others.
        """
        head = self.head()
        root = self._commit(head).tree
        entry = self._trees.find(root, policy.FILE)
        if entry is None:
            return None
        if self._policy is None or self._policy[0] != entry.oid:
            found = policy.read(self._mirror, self._contents, self._trees, head, root)
            assert found, "the file is there"
            self._policy = (entry.oid, found)
        return self._policy[1]

    def stages(self) -> list[str]:
        """The stages that the source branch's `.gto` allows."""
        return policy.stages(self._contents, self._trees, self._commit(self.head()).tree)

    def version_tags(self) -> Iterator[VersionTag]:
        """All version tags of the mirror, in one pass."""
        for event in self.picture().registered():
            if event.version:
                yield VersionTag(event.artifact, event.version, event.tag, event.commit)

    def picture(self) -> Picture:
        """Everything that the mirror's tags say; read again only when a tag is another one."""
        state = hashlib.sha256()
        for line in self._mirror.git.lines("for-each-ref", "--format=%(objectname) %(refname)", TAGS):
            state.update(line.encode(errors="replace") + b"\n")
        if self._seen is None or self._seen[0] != state.digest():
            self._seen = state.digest(), gto.read(self._mirror)
        return self._seen[1]

    def is_signed(self, event: Event, public: str) -> bool:
        """Whether the tag of an event bears the signature of this public key."""
        return is_signed(self._mirror, event, public)

    def oddities(self) -> list[Oddity]:
        """Tags that were passed over, and refs that could not be fetched."""
        fix = "Find them with `git fsck` in the remote and mend or delete them; until then their last sound state counts."
        left_out = (Oddity(f"The remote's {what} hold unsound objects and were not fetched.", fix) for what in self._mirror.left_out)
        return [*self.picture().oddities, *left_out]

    def resolve(self, ref: RefName) -> CommitId:
        """The commit that a branch, tag or (shortened) commit id of the remote names. Raises BadContent when none or several do."""
        found = {*self._named(ref), *self._shortened(ref)}
        if not found:
            raise BadContent(f"The repository has no branch, tag or commit {str(ref)!r}.")
        if len(found) > 1:
            raise BadContent(f"{str(ref)!r} names {len(found)} different commits; use the full commit id.")
        return found.pop()

    def _named(self, ref: RefName) -> Iterator[CommitId]:
        for name in (f"{HEADS}{ref}", f"{TAGS}{ref}"):
            answer = self._mirror.git.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if answer.good:
                yield CommitId.read(answer.out.decode().strip())

    def _shortened(self, ref: RefName) -> Iterator[CommitId]:
        if not _SHORT.fullmatch(ref):
            return
        for oid in self._mirror.git.run("rev-parse", f"--disambiguate={ref}").lines:
            if self._mirror.objects.header(oid)[0] == "commit" and self._is_of_people(oid):
                yield CommitId.read(oid)

    def _is_of_people(self, oid: str) -> bool:
        """Whether a branch or tag of the remote leads to the commit; the ledger's and forgotten ones are not for registering."""
        return bool(self._mirror.git.run("for-each-ref", "--count=1", f"--contains={oid}", HEADS, TAGS).out)

    def inspect(
        self, artifact: ArtifactName, version: Version, commit: CommitId, kind: Kind | None, outputs: tuple[OutputRef, ...] = ()
    ) -> RegisteredVersion:
        """Read a version's facts from its commit; `registered_at` and `seq` are left empty. Raises BadContent with every reason at once."""
        read = self._commit(commit)
        event = self._registration(artifact, version, commit)
        place = place_of(self._trees, read.tree, artifact, kind)
        authors = authors_of(read, self.tagger(event.tag) if event else None)
        built = outputs_of(outputs, self._mirror.objects.read(event.tag, "tag") if event else b"")
        facts = Inspection(self._contents, read.tree, place[1]).version(artifact, version, commit, place[0], authors, built)
        return replace(facts, tag=event.tag) if event else facts

    def trainable(self, artifact: ArtifactName, commit: CommitId) -> Trainable:
        """How a model is trained, as its commit says. Raises BadContent with every reason when it is no model or says nothing of that."""
        root = self._commit(commit).tree
        place = place_of(self._trees, root, artifact, Kind.MODEL)
        said = Inspection(self._contents, root, place.where).declaration(artifact, place.kind)
        if said.retrain is None:
            raise BadContent(
                f"{place.where} does not say how {artifact} is trained: it has no `retrain` at {commit[:12]} (docs/retraining.md)."
            )
        needs = tuple(f"{said.base}/{path}".lstrip("/") for path in (said.metrics, said.card) if path)
        inside = f"{said.folder}/"
        return Trainable(said.folder, said.path, said.retrain, tuple(one.removeprefix(inside) for one in needs if one.startswith(inside)))

    def tree_of(self, place: str, commit: CommitId) -> str | None:
        """The id of what lies at a place in a commit; None when nothing does. Raises BadContent when there is no such commit."""
        try:
            entry = self._trees.find(self._commit(commit).tree, place)
        except (BadTree, Missing) as exc:
            raise BadContent(f"{place} cannot be read in {commit[:12]}: {exc}.") from exc
        return entry.oid if entry else None

    def _registration(self, artifact: ArtifactName, version: Version, commit: CommitId) -> Event | None:
        """The tag that registers this version on this commit, in any spelling of its name."""
        folders = artifact.split("/")
        names = [f"{'/'.join(folders[:at])}={'/'.join(folders[at:])}@{version}" for at in range(1, len(folders))]
        events = gto.read(self._mirror, f"{artifact}@{version}", *names).events
        return next((event for event in events if (event.artifact, event.version, event.commit) == (artifact, version, commit)), None)

    def tagger(self, tag: str) -> Signature | None:
        """Who made a tag, as it says itself; None when that cannot be read."""
        return read_tagger(self._mirror.objects.read(tag, "tag"))

    def _commit(self, commit: CommitId) -> Commit:
        try:
            return read_commit(self._mirror.objects.read(commit, "commit"))
        except Missing as exc:
            raise BadContent(f"The commit {commit} is not in the repository.") from exc
        except (BadObject, BadName) as exc:
            raise BadContent(f"The commit {commit} cannot be read: {exc}.") from exc

    @contextmanager
    def materialised(self, version: RegisteredVersion) -> Iterator[Mapping[str, Path]]:
        """The files at the version's path, by their path below it, while they are used; the digest is proved again. Raises BadContent or Unreachable.

        They are links to the store that nobody else knows: whatever leaves the store meanwhile stays here.
        """
        with ExitStack() as held:
            with _told():
                places = self._brought(version, held.enter_context(self._store.room()))
            yield places

    def _brought(self, version: RegisteredVersion, room: Room) -> Mapping[str, Path]:
        """What the store has is hashed again before it is believed; the rest is written beside it, and kept once the whole is proved."""
        what = f"{version.artifact} {version.version}"
        files = list(self._contents.weighed(self._commit(version.commit).tree, _place(version)).items())
        self._store.admit(sum(file.size for _, file in files), what)
        known = self._known(version, room)
        hashed: dict[str, Hashed] = {}
        for number, (path, file) in enumerate(files):
            hint = Hashed(file.pointer.sha256, file.size) if file.pointer else known.get(path)
            if hint and room.take(number, hint.sha256, hint.size):
                hashed[path] = hint
        new = [(number, path, file) for number, (path, file) in enumerate(files) if path not in hashed]
        self._store.require(sum(file.size for *_, file in new), what)
        for number, path, file in new:
            hashed[path] = self._contents.bring(file, path, room, number)
        if digest_of(hashed, version.outputs) != version.digest:
            raise Refusals(f"The files of {what} are not those that were registered.")
        for number, path, _ in new:
            room.keep(number, hashed[path].sha256)
        if new:
            room.remember(_hexadecimal(version.digest), manifest_of(hashed, version.outputs))
        return {path: room.path(number) for number, (path, _) in enumerate(files)}

    def _known(self, version: RegisteredVersion, room: Room) -> Mapping[str, Hashed]:
        """What the store remembers of the version's files: its manifest, whose SHA-256 is the version's digest."""
        content = room.remembered(_hexadecimal(version.digest))
        return read_manifest(content) if content else {}

    def check_out(self, commit: CommitId, places: Sequence[str], into: Path, most: int) -> Mapping[str, str]:
        """Write the files below these places of a commit (none: all) into a folder; their SHA-256 by path. Raises BadContent or Unreachable.

        It is a work tree for programs, and no repository: no `.git`, no hooks, no address of ours. Together they have at most so many bytes.
        """
        with _told(), writable():
            return CheckOut(self._contents, self._trees, self._mirror.objects).write(self._commit(commit).tree, places, into, most)

    def golden(self, version: RegisteredVersion) -> tuple[bytes, bytes] | None:
        """The golden input and output files of a model, whose digest is proved again. Raises BadContent or Unreachable."""
        if version.golden is None:
            return None
        root = self._commit(version.commit).tree
        names = (version.golden.input, version.golden.output)
        with _told():
            given, wanted = (self._contents.small(root, f"{version.folder}/{name}", LARGEST_GOLDEN) for name in names)
        if golden_digest(given, wanted) != version.golden.digest:
            raise BadContent(f"The golden files of {version.artifact} {version.version} are not those that were registered.")
        return given, wanted

    @contextmanager
    def reference(self, version: RegisteredVersion) -> Iterator[Path]:
        """The file that drift is measured against while it is read, its digest proved again. Raises BadContent or Unreachable."""
        with ExitStack() as held:
            with _told():
                place = self._reference(version, held.enter_context(self._store.room()))
            yield place

    def _reference(self, version: RegisteredVersion, room: Room) -> Path:
        if version.drift is None or version.drift_digest is None:
            raise Refusals(f"{version.artifact} {version.version} names no rows that drift could be measured against.")
        what, path = f"the reference of {version.artifact} {version.version}", f"{version.folder}/{version.drift}"
        (file,) = self._contents.weighed(self._commit(version.commit).tree, path).values()
        wanted = _hexadecimal(version.drift_digest)
        if room.take(0, wanted, file.size):
            return room.path(0)
        self._store.require(file.size, what)
        if self._contents.bring(file, path, room, 0).sha256 != wanted:
            raise Refusals(f"The file of {what} is not the one that was registered.")
        room.keep(0, wanted)
        return room.path(0)


def is_signed(mirror: Mirror, event: Event, public: str) -> bool:
    """Whether the tag of an event bears the signature of this public key. One that cannot be read bears none."""
    try:
        found = tag_signer(mirror.objects.read(event.tag, "tag"))
    except Missing:
        return False
    return found is not None and found.split()[:2] == public.split()[:2]


def _place(version: RegisteredVersion) -> str:
    return version.folder if version.path == "." else f"{version.folder}/{version.path}"


def _hexadecimal(digest: Digest) -> str:
    return digest.removeprefix("sha256:")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except Refusals as exc:
        raise BadContent(*exc.reasons) from exc
