"""Every request there is: one frozen dataclass each. What a person types becomes one of these, and what our own processes report does too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from workers.contract import wire
from workers.contract.drift import DriftReport, Taken
from workers.contract.evidence import Evidence
from workers.contract.externals import External
from workers.contract.names import (
    ArtifactName,
    CommitId,
    DebtId,
    Duration,
    EnvironmentName,
    GateName,
    Instant,
    OutputRef,
    PromotionId,
    RefName,
    RetrainingId,
    StoryId,
    Version,
    VersionAsk,
)
from workers.contract.promotion import Kind, RegisteredVersion
from workers.contract.retraining import Compared, Recipe
from workers.contract.stories import Card

MOST_OUTPUTS = 10
"""So many images may one version have."""

# What people ask.


@dataclass(frozen=True)
class Register:
    """Make this the version of the artifact at `at` (default: the head of the source branch). `outputs` are images that were built from it."""

    artifact: ArtifactName
    version: Version
    kind: Kind | None = None
    at: RefName | None = None
    outputs: tuple[OutputRef, ...] = ()


@dataclass(frozen=True)
class Deprecate:
    """Let a version be promoted no more, anywhere, with the reason."""

    artifact: ArtifactName
    version: VersionAsk
    because: str


@dataclass(frozen=True)
class Undeprecate:
    """Let a deprecated version be promoted again, with the reason."""

    artifact: ArtifactName
    version: VersionAsk
    because: str


@dataclass(frozen=True)
class Item:
    """One more version that moves together with the first."""

    artifact: ArtifactName
    version: VersionAsk
    kind: Kind | None = None


@dataclass(frozen=True)
class Promote:
    """Bring a version into an environment, first into `via` where that is said.

    Without `artifact` the core finds it (thread, channel, only one) or offers a menu. `at` is the instant before which it does not
    begin. With `also` it is a bundle: all of them, or none.
    """

    version: VersionAsk | None
    environment: EnvironmentName
    artifact: ArtifactName | None = None
    kind: Kind | None = None
    source: EnvironmentName | None = None
    because: str | None = None
    via: EnvironmentName | None = None
    at: Instant | None = None
    also: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Approve:
    """Vote for a promotion. `plan` is the start of the plan digest that was on the card, when a button was pressed.

    `signature` is the person's own over `contract.approval.statement`, where a click is not enough.
    """

    promotion: PromotionId | None = None
    plan: str | None = None
    because: str | None = None
    signature: str | None = None


@dataclass(frozen=True)
class Reject:
    """Vote against a promotion: it ends."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class Withdraw:
    """Take one's own approval back, before deployment begins."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class Dispute:
    """Say that one's own approval was wrong, once deployment has begun: somebody must settle that."""

    because: str
    promotion: PromotionId | None = None


@dataclass(frozen=True)
class Cancel:
    """Take back a promotion that has not begun to deploy."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class Retry:
    """Deploy again what needs a person's attention."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class Pause:
    """Keep a promotion that has not begun to deploy from beginning, until somebody lets it continue."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class Continue:
    """Let a paused promotion go on."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class Abort:
    """Stop a deployment under way, and bring back what was live before."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class AcceptLive:
    """Let what the targets report now be the end of a promotion that needs attention."""

    promotion: PromotionId | None = None
    because: str | None = None


@dataclass(frozen=True)
class Rollback:
    """Go back to the last good version of an environment (or to `to`, if that succeeded there)."""

    environment: EnvironmentName
    artifact: ArtifactName | None = None
    to: VersionAsk | None = None
    because: str | None = None


@dataclass(frozen=True)
class EmergencyPromote:
    """Break-glass: bring a version into an environment past exactly what is named. Opens a debt."""

    version: VersionAsk | None
    environment: EnvironmentName
    because: str
    artifact: ArtifactName | None = None
    kind: Kind | None = None
    source: EnvironmentName | None = None
    skipping: tuple[GateName, ...] = ()


@dataclass(frozen=True)
class CloseDebt:
    """A debt is settled: by whom the act says, how the reason."""

    debt: DebtId
    because: str


@dataclass(frozen=True)
class Freeze:
    """Let nothing begin to deploy in an environment until an instant."""

    environment: EnvironmentName
    until: Instant
    because: str


@dataclass(frozen=True)
class Unfreeze:
    """Lift the freeze of an environment before its time."""

    environment: EnvironmentName
    because: str | None = None


@dataclass(frozen=True)
class Lock:
    """Keep an artifact in an environment to oneself: nobody else's promotion begins there. Without `lasts` until it is lifted."""

    artifact: ArtifactName
    environment: EnvironmentName
    because: str
    lasts: Duration | None = None


@dataclass(frozen=True)
class Unlock:
    """Lift a lock."""

    artifact: ArtifactName
    environment: EnvironmentName
    because: str | None = None


@dataclass(frozen=True)
class StealLock:
    """Take somebody's lock over; they are told."""

    artifact: ArtifactName
    environment: EnvironmentName
    because: str


@dataclass(frozen=True)
class Hold:
    """Let a version be promoted into an environment no more, and be no last good one. `since`: since when it was bad there."""

    artifact: ArtifactName
    version: VersionAsk
    environment: EnvironmentName
    because: str
    since: Instant | None = None


@dataclass(frozen=True)
class Unhold:
    """Lift the hold on a version in an environment."""

    artifact: ArtifactName
    version: VersionAsk
    environment: EnvironmentName
    because: str | None = None


@dataclass(frozen=True)
class Adopt:
    """Request the promotion of the version that somebody assigned to an environment around Towpath."""

    artifact: ArtifactName
    environment: EnvironmentName
    because: str | None = None


@dataclass(frozen=True)
class Revert:
    """The ledger stays: undo in the tags what somebody changed in an environment around Towpath."""

    artifact: ArtifactName
    environment: EnvironmentName
    because: str | None = None


@dataclass(frozen=True)
class AdoptPolicy:
    """Put the policy that the source branch proposes into force. `commit` is the start of the commit id that was shown."""

    commit: str | None = None


@dataclass(frozen=True)
class Retrain:
    """Run an artifact's own pipeline at the head of the source branch, and request the promotion of what comes out."""

    artifact: ArtifactName | None = None
    because: str | None = None


@dataclass(frozen=True)
class StopRetraining:
    """End a retraining that runs; nothing of it is kept."""

    artifact: ArtifactName
    because: str | None = None


@dataclass(frozen=True)
class SnoozeDrift:
    """Call nobody for a model's drift until an instant."""

    artifact: ArtifactName
    until: Instant
    environment: EnvironmentName | None = None
    because: str | None = None


@dataclass(frozen=True)
class UnsnoozeDrift:
    """Call people for a model's drift again."""

    artifact: ArtifactName
    environment: EnvironmentName | None = None
    because: str | None = None


@dataclass(frozen=True)
class ShowStatus:
    """What is where."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class ShowVersions:
    """Which versions are registered."""

    artifact: ArtifactName | None = None


@dataclass(frozen=True)
class ShowLineage:
    """Which dataset versions and code a version came from; of a dataset, which models were trained on it. Without a version: of all."""

    artifact: ArtifactName | None = None
    version: VersionAsk | None = None


@dataclass(frozen=True)
class ShowPending:
    """Which promotions have not ended, and what each waits for."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class ShowPolicy:
    """What is in force for an artifact in an environment (without them: for the subject of the conversation, everywhere)."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class ShowQueue:
    """What is under way and what waits, lane by lane, in order, with reasons and the next look."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class ShowLocks:
    """Who keeps which artifact to themselves where."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class ShowFreezes:
    """Which environments are frozen until when."""

    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class ShowHolds:
    """Which versions are on hold where, and in which periods they were live while they were bad."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class ShowDrift:
    """How far live rows are from what a model learned, in the last window (or the `last` one asked for); without a name: of all models."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None
    last: Duration | None = None


@dataclass(frozen=True)
class AuditDebts:
    """What emergencies and disputes left to be settled."""


@dataclass(frozen=True)
class Nested:
    """A request that a question is about: its sentence, its verb, and its fields as canonical JSON. Nothing acts on it."""

    text: str
    verb: str
    body: str

    @classmethod
    def of(cls, request: Request, text: str) -> Nested:
        """The request, with the sentence that it is."""
        return cls(text, type(request).__name__, wire.canonical(request).decode())

    @property
    def request(self) -> Request:
        """The request again. Raises BadWire, also for a question inside a question."""
        kind = BY_VERB.get(self.verb)
        if kind not in PEOPLE or kind in NESTING:
            raise wire.BadWire("no request of people")
        return wire.read(kind, wire.load(self.body))


@dataclass(frozen=True)
class Plan:
    """What would happen if this were said now."""

    wanted: Nested


@dataclass(frozen=True)
class CanI:
    """Whether the caller's rights are enough to say this."""

    wanted: Nested


@dataclass(frozen=True)
class WhyNot:
    """Everything that keeps a promotion (or something that could be said) from being done, and who can clear it when."""

    promotion: PromotionId | None = None
    wanted: Nested | None = None


@dataclass(frozen=True)
class History:
    """How and when an artifact or environment was last changed, newest first."""

    artifact: ArtifactName | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class Audit:
    """The record of one promotion, with a link to its page."""

    promotion: PromotionId | None = None


@dataclass(frozen=True)
class AuditVerify:
    """Whether the whole record is as it was written."""


@dataclass(frozen=True)
class Help:
    """The commands that the caller may use, or one verb in full."""

    verb: str | None = None


@dataclass(frozen=True)
class Whoami:
    """What Towpath knows of the caller: id, standing, roles, rights."""


# What our own processes report. Each is signed by the process it comes from; none carries a decision.


class Seen(Enum):
    """What an effect saw. `UNCLEAR` is not a failure: look again, then ask a person."""

    DONE = "done"
    REFUSED = "refused"
    MISMATCH = "mismatch"
    UNREACHABLE = "unreachable"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Inspected:
    """A version's facts as read from the commit it lies on. `asked_by` is the person's request that asked for it, if one did."""

    found: RegisteredVersion
    asked_by: str | None = None


@dataclass(frozen=True)
class NotInspected:
    """A version could not be read; `reasons` say why, for people."""

    artifact: ArtifactName
    version: Version
    reasons: tuple[str, ...]
    asked_by: str | None = None


@dataclass(frozen=True)
class Gathered:
    """What was seen of a version, for the gates that a person's request needs. What could not be looked at says so itself."""

    found: tuple[Evidence, ...]
    asked_by: str


@dataclass(frozen=True)
class PolicyProposed:
    """The source branch holds a policy that is not in force."""

    commit: CommitId
    text: str


@dataclass(frozen=True)
class ExternalsSeen:
    """Tags that were changed around Towpath and do not agree with the ledger."""

    found: tuple[External, ...]


@dataclass(frozen=True)
class ExternalsSettled:
    """What was changed around Towpath is so no more: the tags and the ledger agree on it again."""

    found: tuple[External, ...]


@dataclass(frozen=True)
class Deployed:
    """The end of the effect `deploy`, at one generation of the lane."""

    promotion: PromotionId
    generation: int
    seen: Seen
    target: str
    text: str


@dataclass(frozen=True)
class Verified:
    """The end of the effect `verify`: what the target reports and answers, compared with what was promoted."""

    promotion: PromotionId
    generation: int
    seen: Seen
    target: str
    text: str


@dataclass(frozen=True)
class Restored:
    """The end of the effect `restore`: the former version serves again, or not."""

    promotion: PromotionId
    generation: int
    seen: Seen
    target: str
    text: str


@dataclass(frozen=True)
class Sighting:
    """What one target reports as its default: label and digest (None: nothing serves there). `trouble` says why nobody can tell."""

    target: str
    label: str | None = None
    digest: str | None = None
    trouble: str | None = None


@dataclass(frozen=True)
class Observed:
    """What every target of a promotion's environment reports, because a person asked to accept it (`asked_by`, their sealed envelope)."""

    promotion: PromotionId
    generation: int
    found: tuple[Sighting, ...]
    asked_by: str


@dataclass(frozen=True)
class CardPosted:
    """The bot posted the card of a promotion, an incident or a retraining."""

    about: StoryId
    card: Card


@dataclass(frozen=True)
class Measured:
    """Drift was measured: for a person who asked (`asked_by`, their sealed envelope), or because the watch was due. It is of a version that
    is live there, or of one that a promotion would bring there."""

    report: DriftReport
    asked_by: str | None = None


@dataclass(frozen=True)
class RecipeRead:
    """How an artifact is trained, as the head of the source branch (`base`) says, for the person whose sealed Retrain `asked_by` is. Without a
    recipe `reasons` say why there is none, for people."""

    artifact: ArtifactName
    asked_by: str
    base: CommitId | None = None
    folder: str = ""
    recipe: Recipe | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What a retraining's pipeline was seen to do, at one attempt: it still runs (`UNCLEAR`), it ended well (`DONE`: then `taken`
    is its result on its branch), or it did not (any other)."""

    retraining: RetrainingId
    attempt: int
    seen: Seen
    text: str
    progress: str | None = None
    log: str | None = None
    taken: Taken | None = None
    ran: Mapping[str, str] = field(default_factory=dict)
    compared: tuple[Compared, ...] = ()


@dataclass(frozen=True)
class Tick:
    """The clock: act on what is due."""


PEOPLE = (
    Register, Deprecate, Undeprecate, Promote, Approve, Reject, Withdraw, Dispute, Cancel, Retry, Pause, Continue, Abort, AcceptLive,
    Rollback, Unhold, AdoptPolicy, Adopt, Revert,
    EmergencyPromote, CloseDebt, Freeze, Unfreeze, Lock, Unlock, StealLock, Hold,
    Retrain, StopRetraining, SnoozeDrift, UnsnoozeDrift, ShowDrift,
    ShowStatus, ShowVersions, ShowLineage, ShowPending, ShowPolicy, History, Audit, Help, Whoami, AuditVerify, Plan, CanI, WhyNot,
    ShowQueue, ShowLocks, ShowFreezes, ShowHolds, AuditDebts,
)  # fmt: skip
LOOKS = (AuditVerify, ShowDrift)
"""Questions that the projection cannot answer: Git itself is looked at, or live rows."""
SIGNED = (Approve, Reject, Withdraw, Dispute)
"""What a person may ask with a key of their own, without Slack."""
READS = (
    ShowStatus, ShowVersions, ShowLineage, ShowPending, ShowPolicy, History, Audit, Help, Whoami, Plan, CanI, WhyNot,
    ShowQueue, ShowLocks, ShowFreezes, ShowHolds, AuditDebts,
)  # fmt: skip
NESTING = (Plan, CanI, WhyNot)
"""Questions about another request."""
REPORTS = (
    Inspected,
    NotInspected,
    Gathered,
    PolicyProposed,
    Deployed,
    Verified,
    Restored,
    Observed,
    ExternalsSeen,
    ExternalsSettled,
    Measured,
    RecipeRead,
    Trained,
)

Request = (
    Register | Deprecate | Undeprecate | Promote | Approve | Reject | Withdraw | Dispute | Cancel | Retry
    | Pause | Continue | Abort | AcceptLive | Rollback | Unhold | AdoptPolicy | Adopt | Revert
    | Retrain | StopRetraining | SnoozeDrift | UnsnoozeDrift | ShowDrift | Measured | RecipeRead | Trained
    | EmergencyPromote | CloseDebt | Freeze | Unfreeze | Lock | Unlock | StealLock | Hold
    | ShowStatus | ShowVersions | ShowLineage | ShowPending | ShowPolicy | History | Audit | Help | Whoami | AuditVerify
    | ShowQueue | ShowLocks | ShowFreezes | ShowHolds | AuditDebts | Plan | CanI | WhyNot
    | Inspected | NotInspected | Gathered | PolicyProposed | Deployed | Verified | Restored | Observed | ExternalsSeen | ExternalsSettled
    | CardPosted | Tick
)  # fmt: skip

BY_VERB: dict[str, type[Request]] = {kind.__name__: kind for kind in (*PEOPLE, *REPORTS, CardPosted, Tick)}
