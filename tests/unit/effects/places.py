"""The ports as an effect meets them, in memory: a ledger that holds a story's files, a repository, targets that say what they are told to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.unit.domain.worlds import KEYS, REPO, Story, commit_of
from workers.contract import requests as ask
from workers.contract.envelope import Sealed, Sender
from workers.contract.names import ArtifactName, CommitId, OutputRef, RefName, Version
from workers.contract.promotion import Kind, RegisteredVersion
from workers.domain.chain import Step
from workers.domain.picture import Act, Event, Picture
from workers.domain.policy import TargetRule
from workers.effects.deployment import Attempt, Deployment
from workers.effects.inspection import Inspection
from workers.effects.observation import Observation
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.errors import BadContent, Untrusted
from workers.ports.ledger import Draft, Link, Push
from workers.ports.source import Trainable, VersionTag
from workers.ports.target import Answer, Applied, Capabilities, Fence, Live, Verdict, Wanted


class Shelf:
    """Implements ports.ledger.LedgerBranch for readers, over a story. Heads older than the anchor are foreign."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.heads: list[CommitId] = []
        self.public: str | None = KEYS["writer"].public
        self.kept: CommitId | None = None

    def fetch(self) -> CommitId | None:
        head = self.story.world.head
        if head not in self.heads:
            self.heads.append(head)
        return head

    def anchor(self) -> CommitId | None:
        return self.kept

    def set_anchor(self, commit: CommitId) -> None:
        self.kept = commit

    def links(self, after: CommitId | None, head: CommitId) -> Iterator[Link]:
        if after and self.heads.index(after) > self.heads.index(head):
            raise Untrusted("wound back")
        yield Link(head, (after,) if after else (), "", 0, self.public)

    def commits(self, after: CommitId | None, head: CommitId) -> list[CommitId]:
        raise AssertionError("an effect reads documents")

    def steps(self, after: CommitId | None, head: CommitId) -> Iterator[Step]:
        raise AssertionError("an effect reads documents")

    def changed(self, before: CommitId, after: CommitId) -> Mapping[str, str | None]:
        return dict.fromkeys(self.story.files, "sha256:")

    def signer(self, commit: CommitId) -> str | None:
        return self.public

    def read(self, commit: CommitId, path: str) -> bytes | None:
        return self.story.files.get(path)

    def read_below(self, commit: CommitId, folder: str) -> Iterator[tuple[str, bytes]]:
        return ((path, data) for path, data in self.story.files.items() if path.startswith(f"{folder}/"))

    def build(self, parent: CommitId | None, drafts: Iterable[Draft]) -> list[CommitId]:
        raise AssertionError("an effect never writes")

    def build_over(self, base: CommitId, parent: CommitId, draft: Draft) -> CommitId:
        raise AssertionError("an effect never writes")

    def push(self, head: CommitId, expected: CommitId | None) -> Push:
        raise AssertionError("an effect never writes")


@dataclass
class Repository:
    """Implements ports.source.Source: tags, versions by commit, and a policy. `lent` is how many versions' files are in use."""

    tags: list[VersionTag] = field(default_factory=list)
    versions: dict[CommitId, RegisteredVersion] = field(default_factory=dict)
    proposed: tuple[CommitId, str] | None = None
    broken: Exception | None = None
    unreadable: Exception | None = None
    lent: int = 0
    folder: Path = Path()

    def fetch(self) -> None:
        if self.broken:
            raise self.broken

    def head(self) -> CommitId:
        return commit_of("biopsy v1.0.0")

    def policy(self) -> tuple[CommitId, str] | None:
        return self.proposed

    def version_tags(self) -> Iterator[VersionTag]:
        return iter(self.tags)

    def picture(self) -> Picture:
        return Picture([Event(f"{t.artifact}@{t.version}", t.tag, t.commit, 1, 0, Act.REGISTER, t.artifact, t.version) for t in self.tags])

    def is_signed(self, event: Event, public: str) -> bool:
        return False

    def resolve(self, ref: RefName) -> CommitId:
        if ref == "gone" or "@" in ref:
            raise BadContent("no such branch")
        return commit_of(str(ref))

    def inspect(
        self, artifact: ArtifactName, version: Version, commit: CommitId, kind: Kind | None, outputs: tuple[OutputRef, ...] = ()
    ) -> RegisteredVersion:
        if self.unreadable:
            raise self.unreadable
        if commit not in self.versions:
            raise BadContent(f"{artifact} is not at {commit[:7]}", "and it has no card")
        return replace(self.versions[commit], artifact=artifact, version=version, outputs=outputs)

    @contextmanager
    def materialised(self, version: RegisteredVersion) -> Iterator[Mapping[str, Path]]:
        if problem := self.broken or self.unreadable:
            raise problem
        self.lent += 1
        try:
            yield {"model.onnx": self.folder / "model.onnx"}
        finally:
            self.lent -= 1

    def golden(self, version: RegisteredVersion) -> tuple[bytes, bytes] | None:
        return None

    def trainable(self, artifact: ArtifactName, commit: CommitId) -> Trainable:
        raise BadContent(f"{artifact} does not say how it is trained")

    def tree_of(self, place: str, commit: CommitId) -> str | None:
        return None

    @contextmanager
    def reference(self, version: RegisteredVersion) -> Iterator[Path]:
        yield self.folder / "reference.parquet"


Told = Exception | Answer
DONE = Answer(Applied.DONE, "switched")
MATCHES = Answer(Verdict.MATCHES, "digest matches")


@dataclass
class Place:
    """Implements ports.target.Target: answers in turn, the last one for ever; `asked` is what it was asked to do."""

    name: str
    applies: list[Told] = field(default_factory=lambda: [DONE])
    verifies: list[Told] = field(default_factory=lambda: [MATCHES])
    restores: list[Told] = field(default_factory=lambda: [DONE])
    kinds: tuple[Kind, ...] = (Kind.MODEL,)
    asked: list[tuple[str, int]] = field(default_factory=list)
    former: list[Wanted | None] = field(default_factory=list)
    live: Live | Exception = field(default_factory=lambda: Live(None, None, None))
    fence: Fence = Fence.ENFORCED
    reports_digest: bool = True

    def capabilities(self) -> Capabilities:
        return Capabilities(self.kinds, self.fence, self.reports_digest)

    def observe(self, artifact: str) -> Live:
        if isinstance(self.live, Exception):
            raise self.live
        return self.live

    def apply(self, wanted: Wanted, operation_id: str, fence: int) -> Answer:
        self.asked.append((operation_id, fence))
        return _told(self.applies)

    def verify(self, wanted: Wanted) -> Answer:
        return _told(self.verifies)

    def restore(self, former: Wanted | None, artifact: str, operation_id: str, fence: int) -> Answer:
        self.asked.append((operation_id, fence))
        self.former.append(former)
        return _told(self.restores)


@dataclass
class Lending(Place):
    """A target that notes how many versions' files were in use when it was asked to take one."""

    source: Repository = field(default_factory=Repository)
    lent: list[int] = field(default_factory=list)

    def apply(self, wanted: Wanted, operation_id: str, fence: int) -> Answer:
        self.lent.append(self.source.lent)
        return super().apply(wanted, operation_id, fence)


def _told(answers: list[Told]) -> Answer:
    found = answers.pop(0) if len(answers) > 1 else answers[0]
    if isinstance(found, Exception):
        raise found
    return found


class Bench:
    """The effects over a story. `said` are their reports, opened with their key; `put` everything that they laid into the inbox."""

    def __init__(self, story: Story, *places: Place) -> None:
        self.story = story
        self.shelf = Shelf(story)
        self.source = Repository()
        self.places = {place.name: place for place in places}
        self.put: list[tuple[Sealed | str, bool]] = []
        view = LedgerView(self.shelf, KEYS["writer"].public)
        reporter = Reporter(KEYS["effects"], REPO, self._lay, lambda: story.now)
        self.view = view
        self.deployment = Deployment(view, self.source, self._open, reporter)
        self.observation = Observation(view, self._open, reporter)
        self.inspection = Inspection(view, self.source, reporter, lambda: True)

    def _open(self, rule: TargetRule) -> Place:
        return self.places.setdefault(rule.name, Place(rule.name))

    def _lay(self, sealed: Sealed | str, *, looked: bool = False) -> None:
        self.put.append((sealed, looked))

    @property
    def said(self) -> Sequence[ask.Request]:
        sealed = [one for one, _ in self.put if isinstance(one, Sealed)]
        assert all(one.sender is Sender.EFFECTS for one in sealed)
        return [one.open(KEYS["effects"].public, REPO).request for one in sealed]

    def attempt(self, id_: str = "P-1", fresh: bool = True, number: int = 1) -> Attempt:
        promotion = self.story.promotion(id_)
        return Attempt(promotion.id, promotion.generation, fresh, number)
