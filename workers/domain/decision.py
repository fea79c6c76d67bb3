"""What a decision is: the record to write, the documents that change with it, the answer, and the effects to start once it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workers.contract.actors import Actor, Conversation
from workers.contract.envelope import Envelope, Sealed, stamp
from workers.contract.names import ArtifactName, EnvironmentName, PromotionId, RefName, RetrainingId, Version, VersionAsk
from workers.contract.outcomes import Outcome, Reason, Refused
from workers.contract.promotion import Event, Kind, Promotion, State
from workers.contract.stories import Told
from workers.contract.wire import plain
from workers.domain.layout import Document
from workers.domain.state import World
from workers.domain.states import check_move


@dataclass(frozen=True)
class Inspect:
    """Effect: read a version's facts and report them. `asked` is the sealed envelope of the person's request that needs them.

    With `retraining` it is the version that this one brought, as the ledger says itself.
    """

    artifact: ArtifactName
    version: VersionAsk
    asked: str
    at: RefName | None = None
    kind: Kind | None = None
    register: Version | None = None
    retraining: RetrainingId | None = None


@dataclass(frozen=True)
class ReadRecipe:
    """Effect: read how an artifact is trained at the head of the source branch, and report it for the person's sealed Retrain `asked`."""

    artifact: ArtifactName
    asked: str


@dataclass(frozen=True)
class Deploy:
    """Effect: bring the promotion's version to the environment's targets. `fresh` only in the decision that began it."""

    promotion: PromotionId
    generation: int
    fresh: bool = False


@dataclass(frozen=True)
class Verify:
    """Effect: prove that the targets serve what was promoted."""

    promotion: PromotionId
    generation: int


@dataclass(frozen=True)
class Restore:
    """Effect: bring back what was live before the promotion."""

    promotion: PromotionId
    generation: int


@dataclass(frozen=True)
class Observe:
    """Effect: look at what the targets report and answer the person whose sealed envelope `asked` is. Nothing is changed."""

    promotion: PromotionId
    generation: int
    asked: str


@dataclass(frozen=True)
class PutBack:
    """Effect: put a person's request back into the inbox in a moment. It was said in a thread whose card is just being reported."""

    asked: str


@dataclass(frozen=True)
class Gather:
    """Effect: look at what the gates of an environment need to know of a version, report it, and put the person's request back.

    `checks` are the names of the evidence that is wanted, `asked` the sealed envelope of the request that needs it.
    """

    artifact: ArtifactName
    version: Version
    environment: EnvironmentName
    checks: tuple[str, ...]
    asked: str


@dataclass(frozen=True)
class Measure:
    """Effect: measure the drift of the version that is live in a lane and report it, because the watch of the lane is due."""

    artifact: ArtifactName
    environment: EnvironmentName


@dataclass(frozen=True)
class Train:
    """Effect: begin a retraining's pipeline if it was not begun yet, look at it, take its result when it has ended."""

    retraining: RetrainingId
    attempt: int


@dataclass(frozen=True)
class EndTraining:
    """Effect: end a retraining's pipeline and take its work tree away."""

    retraining: RetrainingId
    attempt: int


Effect = Inspect | ReadRecipe | Gather | PutBack | Deploy | Verify | Restore | Observe | Measure | Train | EndTraining


@dataclass(frozen=True)
class Case:
    """One request as it is judged: the envelope, its sealed form for the record, the instant, and who stands behind it.

    `sealed` is None only where there is no valid envelope: an anomaly that the writer itself records.
    `asked` is the person's envelope that a report answers, once its own signature was found to hold. `looked` marks a request that was put
    back after the repository was looked at: it is not deferred again. `after` is how far one beat of the clock has come.
    """

    envelope: Envelope
    sealed: Sealed | None
    now: datetime
    asked: Envelope | None = None
    looked: bool = False
    after: PromotionId | None = None

    @property
    def actor(self) -> Actor:
        """The person who asked, or the process that reports."""
        return (self.asked or self.envelope).actor

    @property
    def conversation(self) -> Conversation | None:
        """Where the person asked."""
        return (self.asked or self.envelope).conversation

    @property
    def wire(self) -> str:
        """The sealed envelope as it lay in the inbox."""
        assert self.sealed is not None, "a person's request is sealed"
        return self.sealed.to_wire()

    @property
    def time(self) -> str:
        """The instant of the decision as it is recorded."""
        return stamp(self.now)

    @property
    def because(self) -> str | None:
        """The reason that was given."""
        return getattr((self.asked or self.envelope).request, "because", None)


@dataclass(frozen=True)
class Decision:
    """Without `event` nothing is recorded and nothing changes. `subject` is the commit's first line; `approved_by` goes to its trailers."""

    event: str | None = None
    subject: str = ""
    documents: tuple[Document, ...] = ()
    deleted: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    promotion: Promotion | None = None
    about: tuple[ArtifactName | None, Version | None, EnvironmentName | None] = (None, None, None)
    detail: Mapping[str, Any] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    announce: tuple[Outcome, ...] = ()
    effects: tuple[Effect, ...] = ()


NOTHING = Decision()
FLOOD = 5


def answer(*outcomes: Outcome, effects: tuple[Effect, ...] = ()) -> Decision:
    """Nothing is recorded; the actor gets an answer."""
    return Decision(outcomes=outcomes, effects=effects)


def floods(world: World, case: Case) -> bool:
    """Whether the actor has been refused five times within a minute: what follows is logs, not records."""
    minute = stamp(case.now - timedelta(minutes=1))
    return sum(one.actor == case.actor.id and one.event == "refused" for one in world.recent.since(minute)) >= FLOOD


def refuse(world: World, case: Case, what: str, *reasons: Reason, suggestions: tuple[str, ...] = ()) -> Decision:
    """The answer is no: recorded with its reasons, unless the actor floods."""
    if floods(world, case):
        return answer(Refused(what, reasons, suggestions))
    refused = Refused(what, reasons, suggestions, world.seq + 1)
    return Decision(
        event="refused",
        subject=f"Refused: {what}"[:100],
        detail={"what": what, "reasons": [plain(reason) for reason in reasons]},
        outcomes=(refused,),
    )


def move(world: World, case: Case, promotion: Promotion, state: State, event: str, text: str, **changed: Any) -> Promotion:
    """The promotion after a move that the state table allows, with the event that people are shown."""
    check_move(promotion.state, state)
    return note(world, case, promotion, event, text, state=state, **changed)


def note(world: World, case: Case, promotion: Promotion, event: str, text: str, **changed: Any) -> Promotion:
    """The promotion with one more event, in the state in which it is unless another is given."""
    happened = Event(
        seq=world.seq + 1,
        event=event,
        time=case.time,
        actor=case.actor.id,
        state=changed.get("state", promotion.state),
        text=text,
        because=case.because,
        request_id=case.envelope.request_id,
    )
    return replace(promotion, events=(*promotion.events, happened), **changed)


def tell(world: World, case: Case, event: str, text: str, state: str) -> Told:
    """What the next record adds to an incident or a retraining; `state` says what comes of it."""
    return Told(world.seq + 1, event, case.time, case.actor.id, state, text, case.because, case.envelope.request_id)


def moved(promotion: Promotion, *others: Document, effects: tuple[Effect, ...] = (), **more: Any) -> Decision:
    """The decision that a promotion has moved: its last event names the record."""
    event = promotion.events[-1]
    subject = f"{promotion.id}: {promotion.artifact} {promotion.to.version} to {promotion.environment}: {event.event.replace('_', ' ')}"
    return Decision(
        event=event.event,
        subject=subject,
        documents=(promotion, *others),
        promotion=promotion,
        about=(promotion.artifact, promotion.to.version, promotion.environment),
        effects=effects,
        **more,
    )
