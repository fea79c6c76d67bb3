"""Every outcome there is: what became of a request, for the bot to show. A view exists for each one (a test says so)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.contract import wire
from workers.contract.actors import Conversation
from workers.contract.drift import DriftReport, Incident, Snooze
from workers.contract.externals import External
from workers.contract.names import ActorId, ArtifactName, CommitId, Digest, EnvironmentName, PromotionId, RequestId, RetrainingId, Version
from workers.contract.promotion import Hold, Kind, Promotion, RegisteredVersion, Release
from workers.contract.retraining import Retraining
from workers.contract.stopped import Debts, Freezes, Held, Holds, Locks, Queue
from workers.contract.verified import Verification


@dataclass(frozen=True)
class Reason:
    """Why not: a `code` for machines, a sentence for people, and who can clear it or when it clears, if that is known."""

    code: str
    text: str
    clears: str | None = None


@dataclass(frozen=True)
class Refused:
    """The policy (or the state of things) said no. Nothing was changed. `suggestions` are whole sentences that would be understood."""

    what: str
    reasons: tuple[Reason, ...] = ()
    suggestions: tuple[str, ...] = ()
    record: int | None = None


@dataclass(frozen=True)
class Standing:
    """Where a version is live now: since when, and by which promotion (None: it was there before the ledger)."""

    environment: EnvironmentName
    promotion: PromotionId | None
    since: str


@dataclass(frozen=True)
class Kin:
    """A version at the other end of a line: `how` is `trained on` or `evaluated on`. What is not registered is only known by its name."""

    how: str
    artifact: ArtifactName
    version: Version
    registered: bool = False
    live: tuple[Standing, ...] = ()
    succeeded_in: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Descent:
    """What one version came from (`parents`), and what came from it (`children`; `total` counts also those that are not shown).

    `code` is the commit of the code that made it; `retraining` is the one that brought it, `parameters` what that was run with.
    A dataset version that only models speak of has no commit and is not registered.
    """

    version: Version
    commit: CommitId | None = None
    code: CommitId | None = None
    authors: int = 0
    live: tuple[Standing, ...] = ()
    parents: tuple[Kin, ...] = ()
    children: tuple[Kin, ...] = ()
    total: int = 0
    retraining: RetrainingId | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lineage:
    """The answer to `show lineage`: the asked versions, newest first."""

    artifact: ArtifactName
    kind: Kind | None = None
    versions: tuple[Descent, ...] = ()
    total: int = 0
    note: str | None = None


@dataclass(frozen=True)
class Moved:
    """A promotion is new or changed: its whole document, with the commit of each of its records by sequence number (as text).

    `verified` says whether the signatures and links of all those commits were found to hold when `head` was read; None: not looked.
    `descent` is the lineage of the version that it promotes, as it was when the document was published,
    `held` the hold on its bytes there, if there is one.
    """

    promotion: Promotion
    commits: Mapping[str, CommitId] = field(default_factory=dict)
    head: CommitId | None = None
    verified: bool | None = None
    descent: Descent | None = None
    held: Held | None = None


@dataclass(frozen=True)
class Receipt:
    """For the caller's eyes: their request was taken. `text` says what was done with it, `offers` are sentences that may come next."""

    text: str
    promotion: PromotionId | None = None
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choose:
    """The sentence fits several: each option is a label and the whole sentence that picks it."""

    question: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Option:
    """A label for people, and the sentence that means it."""

    label: str
    sentence: str


@dataclass(frozen=True)
class Registered:
    """A version is registered. `environments` say what each environment would refuse today (none: nothing).

    `notes` say which promotions the policy opened of it by itself, or why not.
    """

    version: RegisteredVersion
    commit: CommitId | None = None
    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicyWaits:
    """The source branch proposes a policy: its commit, the difference to the one in force, who may adopt it; or why it is invalid."""

    commit: CommitId
    diff: str
    adopters: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicyAdopted:
    """A policy took force."""

    commit: CommitId
    diff: str
    by: ActorId


@dataclass(frozen=True)
class Status:
    """The answer to `show status`: a release for each artifact and environment that has one, and the holds. `total` counts what is not shown too."""

    releases: tuple[Release, ...] = ()
    environments: tuple[EnvironmentName, ...] = ()
    holds: tuple[Hold, ...] = ()
    head: CommitId | None = None
    as_of: str | None = None
    note: str | None = None
    total: int = 0


@dataclass(frozen=True)
class Versions:
    """The answer to `show versions`: newest first, and where each is live (version -> environments).

    `trained` counts the registered model versions that were trained on one of these, by `name version`.
    """

    artifact: ArtifactName | None = None
    versions: tuple[RegisteredVersion, ...] = ()
    live_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    total: int = 0
    note: str | None = None
    trained: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pending:
    """The answer to `show pending`."""

    promotions: tuple[Promotion, ...] = ()
    total: int = 0
    note: str | None = None


@dataclass(frozen=True)
class Rule:
    """One rule in words. `refined` says for what it is another than the environment's own: `kind service`, `artifact fraud`."""

    topic: str
    text: str
    refined: str | None = None


@dataclass(frozen=True)
class LaneRules:
    """The rules of one environment, for one artifact or in general."""

    environment: EnvironmentName
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class PolicyShown:
    """The answer to `show policy`. `by`, `at`, `record` and `commit` say who adopted it; they are None where it came with the ledger.

    `refinements` says for which kinds and artifacts an environment has other rules, where none was asked for.
    """

    digest: Digest
    lanes: tuple[LaneRules, ...] = ()
    artifact: ArtifactName | None = None
    by: ActorId | None = None
    at: str | None = None
    record: int | None = None
    commit: CommitId | None = None
    refinements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True)
class Planned:
    """The answer to `plan`: what would happen, the promotion as it would be, and all that it would be refused for or wait for."""

    what: str
    would: str
    promotion: Promotion | None = None
    conditions: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    diff: str = ""


@dataclass(frozen=True)
class Able:
    """The answer to `can i`: `yes`, `no` or `cannot tell`, and why; a yes may still be refused for other reasons."""

    what: str
    answer: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Unmet:
    """The answer to `why not`: every condition that is not met. `stands` says where a promotion is now."""

    what: str
    conditions: tuple[Reason, ...] = ()
    stands: str | None = None
    promotion: PromotionId | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HistoryLine:
    """One change of an environment: what came in place of what, by whom, approved by whom, with the ledger commit."""

    time: str
    artifact: ArtifactName
    environment: EnvironmentName
    version: Version
    before: Version | None
    promotion: PromotionId
    requester: ActorId
    outcome: str
    approvers: tuple[ActorId, ...] = ()
    commit: CommitId | None = None


@dataclass(frozen=True)
class Changes:
    """The answer to `history`, newest first; `total` counts what is not shown as well."""

    lines: tuple[HistoryLine, ...] = ()
    total: int = 0
    note: str | None = None


@dataclass(frozen=True)
class Page:
    """The answer to `audit P-n`: the promotion, so that the bot can link its page."""

    moved: Moved


@dataclass(frozen=True)
class Commands:
    """The answer to `help`: the command phrases that the caller may use (keys of the command table), all or of one verb."""

    phrases: tuple[str, ...] = ()
    verb: str | None = None


@dataclass(frozen=True)
class Person:
    """The answer to `whoami`: roles, and for each environment what the caller may do."""

    actor: ActorId
    standing: str
    roles: tuple[str, ...] = ()
    rights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True)
class Late:
    """The request was judged more than fifteen minutes after it was asked, so it was not performed."""

    sentence: str
    minutes: int


@dataclass(frozen=True)
class Trouble:
    """We could not decide now (not a refusal). `what` was being done; the request stays in the inbox when `kept` is true."""

    what: str
    kept: bool


@dataclass(frozen=True)
class Notice:
    """Something that the channel must know that is not about one promotion (writes stopped, a foreign history)."""

    text: str


@dataclass(frozen=True)
class Announcement:
    """What somebody did that concerns a whole channel. Who is in `calls` is notified; `offers` are sentences that may come next."""

    text: str
    calls: tuple[ActorId, ...] = ()
    offers: tuple[str, ...] = ()
    is_emergency: bool = False


@dataclass(frozen=True)
class Externals:
    """What was changed around Towpath, for the channel; or, when `settled`, that it is so no more."""

    found: tuple[External, ...] = ()
    settled: bool = False


@dataclass(frozen=True)
class DriftShown:
    """The answer to `show drift NAME`: what was measured, what was measured before, and a picture (the digest by which it lies in Redis, see
    `lanes.picture`, with its words for whoever cannot see it). `offers` are sentences that may come next, `notes` what was guessed or is missing.
    """

    report: DriftReport
    before: DriftReport | None = None
    picture: Digest | None = None
    picture_text: str = ""
    snooze: Snooze | None = None
    watched: bool = False
    offers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DriftLine:
    """One model in one environment: the last measurement, or why there is none."""

    artifact: ArtifactName
    environment: EnvironmentName
    version: Version
    report: DriftReport | None = None
    why: str | None = None
    snooze: Snooze | None = None


@dataclass(frozen=True)
class DriftTable:
    """The answer to `show drift` without a name: every model that is live somewhere, worst first; `total` counts what is not shown too."""

    lines: tuple[DriftLine, ...] = ()
    total: int = 0
    note: str | None = None


@dataclass(frozen=True)
class IncidentMoved:
    """An incident of drift is new or changed, with the commit of each of its records by sequence number (as text).

    `elsewhere` is the channel that its card goes to when its own can no longer be written to.
    """

    incident: Incident
    commits: Mapping[str, CommitId] = field(default_factory=dict)
    head: CommitId | None = None
    elsewhere: str | None = None


@dataclass(frozen=True)
class RetrainingMoved:
    """A retraining is new or changed, with the commit of each of its records by sequence number (as text)."""

    retraining: Retraining
    commits: Mapping[str, CommitId] = field(default_factory=dict)
    head: CommitId | None = None


@dataclass(frozen=True)
class Silence:
    """A plain thread reply that turned out not to be for us."""


Outcome = (
    Refused | Moved | Receipt | Choose | Registered | PolicyWaits | PolicyAdopted
    | Status | Versions | Lineage | Pending | Changes | Page | Commands | Person
    | Late | Trouble | Notice | Silence | Verification | Externals | PolicyShown | Planned | Able | Unmet
    | Announcement | Queue | Locks | Freezes | Holds | Debts | DriftShown | DriftTable | IncidentMoved | RetrainingMoved
)  # fmt: skip

BY_NAME: dict[str, type[Outcome]] = {
    kind.__name__: kind
    for kind in (
        Refused, Moved, Receipt, Choose, Registered, PolicyWaits, PolicyAdopted,
        Status, Versions, Lineage, Pending, Changes, Page, Commands, Person,
        Late, Trouble, Notice, Silence, Verification, Externals, PolicyShown, Planned, Able, Unmet,
        Announcement, Queue, Locks, Freezes, Holds, Debts, DriftShown, DriftTable, IncidentMoved, RetrainingMoved,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """An outcome on its way to Slack: for whom, in answer to which request, said where. What is about a promotion goes to its card and thread
    (`Moved`); everything else is an answer to `actor`, in the conversation of the request. A delivery without an actor is for the channel.
    """

    outcome: Outcome
    channel: str
    request_id: RequestId | None = None
    actor: ActorId | None = None
    conversation: Conversation | None = None

    def to_wire(self) -> str:
        """The text that lies in the outcome stream."""
        shown = wire.plain(self)
        shown["outcome"]["is"] = type(self.outcome).__name__
        return wire.canonical(shown).decode()

    @classmethod
    def from_wire(cls, text: str | bytes) -> Delivery:
        """What `to_wire` wrote. Raises BadWire."""
        data = wire.load(text)
        if not isinstance(data, dict) or not isinstance(data.get("outcome"), dict):
            raise wire.BadWire("no outcome")
        if unknown := data.keys() - cls.__dataclass_fields__.keys():
            raise wire.BadWire(f"{sorted(unknown)[0][:40]!r} is not known")
        body = dict(data["outcome"])
        kind = BY_NAME.get(str(body.pop("is", "")))
        if kind is None:
            raise wire.BadWire("an unknown outcome")
        return cls(
            outcome=wire.read(kind, body),
            channel=wire.read(str, data.get("channel")),
            request_id=wire.read(RequestId, data["request_id"]) if "request_id" in data else None,
            actor=wire.read(ActorId, data["actor"]) if "actor" in data else None,
            conversation=wire.read(Conversation, data["conversation"]) if "conversation" in data else None,
        )
