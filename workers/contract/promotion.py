"""The documents of the ledger that people are shown: a version, a promotion, an environment's release. Stored as they are defined here.

Numbers with a fraction are text (`"0.991"`), times are RFC 3339 in UTC (`2026-11-23T08:00:00.123Z`): the bytes must not depend on a platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from workers.contract.drift import DriftColumns
from workers.contract.model_cards import ModelCard
from workers.contract.names import (
    ActorId,
    ArtifactName,
    CommitId,
    Digest,
    EnvironmentName,
    OutputRef,
    PromotionId,
    RequestId,
    RetrainingId,
    Version,
)
from workers.contract.retraining import Recipe
from workers.contract.safety import Safety
from workers.contract.stories import Card


class Kind(Enum):
    """What an artifact is."""

    MODEL = "model"
    DATASET = "dataset"
    SERVICE = "service"


class State(Enum):
    """Where a promotion stands. The arrows between the states are in `workers.domain.states`."""

    CHECKING = "checking"
    REFUSED = "refused"
    WAITING = "waiting"
    REJECTED = "rejected"
    EXPIRED = "expired"
    QUEUED = "queued"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    DEPLOYING = "deploying"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    NEEDS_ATTENTION = "needs_attention"


class Result(Enum):
    """What a gate says. `CANNOT_TELL` stops a promotion just as `FAIL` does; `NOT_APPLICABLE` is of another kind of artifact.

    `PASSED_OVER` would stop it, had an emergency not named the gate.
    """

    PASS = "pass"  # noqa: S105  # a word, no secret
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"
    NOT_APPLICABLE = "not applicable"
    PASSED_OVER = "passed over"


@dataclass(frozen=True)
class Golden:
    """One prediction that a model must repeat: paths below the artifact's folder, and the greatest absolute difference allowed (as text)."""

    input: str
    output: str
    tolerance: str
    digest: Digest


@dataclass(frozen=True)
class Deprecated:
    """Why a version is promoted no more: who said so, when, and the reason."""

    by: ActorId
    at: str
    because: str


@dataclass(frozen=True)
class Column:
    """One column of a table, or one input or output of a model: its name, and its type as text (`float32[?, 30]` for a tensor)."""

    name: str
    type: str


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives, and who says so (`MLmodel`, or the path of an ONNX file). `total` counts also what is not kept here."""

    source: str
    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class Table:
    """Files of a dataset that have the same columns: the first one's path, how many, their rows. `total` counts also columns not kept here."""

    name: str
    format: str
    rows: int
    total: int
    columns: tuple[Column, ...] = ()
    files: int = 1


@dataclass(frozen=True)
class Packaging:
    """What the `MLmodel` of a model folder says of its making."""

    flavors: tuple[str, ...] = ()
    model_uuid: str | None = None
    run_id: str | None = None
    mlflow_version: str | None = None


@dataclass(frozen=True)
class RegisteredVersion:
    """An artifact's version as the ledger knows it; written once, at registration. `authors` are digests of e-mail addresses.

    `folder` is the artifact's folder in the commit, `path` what is deployed, relative to it. `digest` is the SHA-256 over the sorted lines
    `<sha256> <size> <path>` of the files at `path`, and over one line for each of the `outputs` (`docs/ledger.md` has the whole recipe).
    `tag` is the object id of the annotated tag if one existed when it was registered. Only `succeeded_in` and `deprecated` change later.

    `trained_on` is the first dataset version (`name@version`) that a model was trained on; `trained_on_all` holds them all when there are several.
    `code` is the commit of the training code when that is another one. `drift` is the file, below `folder`, that drift is measured against, and
    `drift_digest` the SHA-256 of its content. `declared_in` says which file declares it, `unread` which facts are
    missing and why. `drift_columns` and `retrain` are what it says of measuring drift and of training it again; `retraining` is the one that
    brought it, `parameters` what that was run with. `card` is what its model card says, `safety` what a look at its files found; None where nobody looked.
    """

    artifact: ArtifactName
    kind: Kind
    version: Version
    commit: CommitId
    digest: Digest
    folder: str
    path: str
    files: int
    bytes: int
    registered_at: str
    seq: int
    entry: str | None = None
    tag: str | None = None
    owners: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    metrics: Mapping[str, str] = field(default_factory=dict)
    dataset: str | None = None
    dataset_digest: Digest | None = None
    metrics_digest: Digest | None = None
    card_digest: Digest | None = None
    golden: Golden | None = None
    trained_on: str | None = None
    succeeded_in: Mapping[EnvironmentName, str] = field(default_factory=dict)
    outputs: tuple[OutputRef, ...] = ()
    deprecated: Deprecated | None = None
    trained_on_all: tuple[str, ...] = ()
    code: CommitId | None = None
    signature: Signature | None = None
    tables: tuple[Table, ...] = ()
    packaging: Packaging | None = None
    declared_in: str | None = None
    unread: tuple[str, ...] = ()
    description: str | None = None
    labels: tuple[str, ...] = ()
    card: ModelCard | None = None
    safety: Safety | None = None
    drift: str | None = None
    drift_digest: Digest | None = None
    drift_columns: DriftColumns | None = None
    retrain: Recipe | None = None
    retraining: RetrainingId | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def trained(self) -> tuple[str, ...]:
        """Every dataset version that it was trained on, as `name@version`."""
        return self.trained_on_all or ((self.trained_on,) if self.trained_on else ())


@dataclass(frozen=True)
class Placed:
    """A version that is (or was) in an environment: by which promotion (None: it was there before the ledger began), since when."""

    version: Version
    commit: CommitId
    digest: Digest
    promotion: PromotionId | None
    since: str
    outputs: tuple[OutputRef, ...] = ()

    @property
    def label(self) -> str:
        """The version label that targets know: it holds the start of the digest, so that a label never means two contents."""
        return f"{self.version}-{self.digest.short}"


@dataclass(frozen=True)
class Release:
    """An artifact in an environment: what is desired, and what last succeeded there (`succeeded`, oldest first, at most ten).

    `generation` grows with every deployment begun and is the fence that targets are given; `in_flight` names the promotion under way.
    """

    artifact: ArtifactName
    kind: Kind
    environment: EnvironmentName
    generation: int = 0
    desired: Placed | None = None
    in_flight: PromotionId | None = None
    succeeded: tuple[Placed, ...] = ()

    @property
    def live(self) -> Placed | None:
        """What last succeeded here, so what runs unless a promotion is in flight."""
        return self.succeeded[-1] if self.succeeded else None


@dataclass(frozen=True)
class Hold:
    """A digest that may not be promoted into an environment until a named person lifts the hold.

    `since` is when it was put on; `affected_since` is since when the version is said to have been bad there, if somebody said so.
    """

    artifact: ArtifactName
    environment: EnvironmentName
    version: Version
    digest: Digest
    because: str
    by: ActorId
    since: str
    promotion: PromotionId | None = None
    affected_since: str | None = None


@dataclass(frozen=True)
class GateResult:
    """What one gate said of one promotion, in words for people, with the digests of the evidence it read."""

    gate: str
    result: Result
    text: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quorum:
    """Whose approval is needed: `count` different people out of the users and user groups of the roles. `signed`: only a signed vote counts."""

    count: int
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    signed: bool = False


@dataclass(frozen=True)
class Vote:
    """One person's decision on one plan. `role` is the first in which it counted.

    `groups` are those user groups of the quorums in which Slack had the person at the click (None: an older vote, of which that is not known).
    A signed one keeps the detached `signature` over the statement that is signed, and the public `key` that the policy then named.
    """

    actor: ActorId
    decision: str
    time: str
    plan: Digest
    role: str
    because: str | None = None
    groups: tuple[str, ...] | None = None
    signature: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Event:
    """One record of a promotion in short: `seq` is the record's number in the ledger, `text` says in words what happened."""

    seq: int
    event: str
    time: str
    actor: ActorId
    state: State
    text: str
    because: str | None = None
    request_id: RequestId | None = None


@dataclass(frozen=True)
class Change:
    """One line of what differs between the version that would go live and the one that runs now, as text for people."""

    what: str
    now: str
    then: str


@dataclass(frozen=True)
class Step:
    """What the deployment saw last: the step's name, a target's name, words, and how often it was tried."""

    name: str
    target: str
    text: str
    attempt: int = 1


@dataclass(frozen=True)
class Paused:
    """Somebody keeps a promotion from starting until it is continued."""

    by: ActorId
    since: str
    because: str | None = None


@dataclass(frozen=True)
class Member:
    """One promotion of a bundle, as the leader's card shows it."""

    id: PromotionId
    artifact: ArtifactName
    kind: Kind
    to: Placed
    state: State
    live: Placed | None = None


@dataclass(frozen=True)
class Promotion:
    """One promotion as it stands now: the whole story of its card and thread. `plan` is the digest that approvals bind.

    `rollback` marks one that goes back to a version that succeeded here before; it needs no approval. `reasons` say why a queued, refused or
    stuck one does not move; `look_at` is the instant of the next look, if time alone will move it.

    Every one of the `quorums` must be met. `start_at` is the instant before which it does not begin, `skipped` what an emergency passes over,
    `bundle` the ids of all promotions that move with it, itself among them: they begin and end together. `reminded_at`: when approvers were
    reminded. `rules` are the lane's rules as they were when the plan was made, `authors` the users who made the version, as far as the policy
    names them. The first of a `bundle` leads it: it alone has votes and a card, and `members` says how all of them stand. `proved_at`: one is
    proved and waits for the others; `taken_back_with`: one that had to go back only because of another. `then_to`: where it is to be promoted once it has
    succeeded here. `concerns`: whom its first post notifies besides, such as the owner of a lock that a rollback passes over. `retraining`: the one
    that brought the version and had this requested.
    """

    id: PromotionId
    artifact: ArtifactName
    kind: Kind
    environment: EnvironmentName
    to: Placed
    state: State
    requester: ActorId
    requested_at: str
    channel: str
    plan: Digest
    policy: Digest
    request_id: RequestId
    live: Placed | None = None
    rollback: bool = False
    because: str | None = None
    gates: tuple[GateResult, ...] = ()
    changes: tuple[Change, ...] = ()
    quorum: Quorum | None = None
    votes: tuple[Vote, ...] = ()
    expires_at: str | None = None
    look_at: str | None = None
    reasons: tuple[str, ...] = ()
    generation: int = 0
    step: Step | None = None
    targets: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    card: Card | None = None
    also_needed: tuple[Quorum, ...] = ()
    start_at: str | None = None
    paused: Paused | None = None
    skipped: tuple[str, ...] = ()
    bundle: tuple[PromotionId, ...] = ()
    reminded_at: str | None = None
    then_to: EnvironmentName | None = None
    concerns: tuple[ActorId, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    authors: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    proved_at: str | None = None
    taken_back_with: PromotionId | None = None
    retraining: RetrainingId | None = None

    @property
    def quorums(self) -> tuple[Quorum, ...]:
        """Every quorum that must be met; empty where nobody needs to approve."""
        return (self.quorum, *self.also_needed) if self.quorum else ()

    @property
    def arrived(self) -> Event:
        """The event that brought it to the state in which it is; what was said or seen of it since then did not move it."""
        found = self.events[-1]
        for event in reversed(self.events):
            if event.state is not found.state:
                break
            found = event
        return found
