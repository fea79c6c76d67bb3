"""Promotions, outcomes and links to show."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workers.contract.names import ActorId, ArtifactName, CommitId, Digest, EnvironmentName, OutputRef, PromotionId, RequestId, Version
from workers.contract.outcomes import Descent, Kin, Moved, Standing
from workers.contract.promotion import (
    Change,
    Event,
    GateResult,
    Hold,
    Kind,
    Member,
    Placed,
    Promotion,
    Quorum,
    RegisteredVersion,
    Release,
    Result,
    State,
    Step,
    Vote,
)

ANA = ActorId("U0ANA111@T0TEAM11")
LEA = ActorId("U0LEA222@T0TEAM11")
MAX = ActorId("U0MAX333@T0TEAM11")
EFFECTS = ActorId("effects@towpath")
NAMES = {ANA.user: "Ana", LEA.user: "Léa", MAX.user: "Max"}
P = PromotionId("P-142")
PLAN = Digest("sha256:1a2b3c4d5e6f" + "0" * 52)
COMMIT = CommitId("9fceb02d0ae598e95dc970b74767f19372d61af8")
TIME = "2026-11-23T08:00:00.123Z"
UNIX = 1795420800


@dataclass(frozen=True)
class Pages:
    """Links to pages of ours."""

    root: str = "https://towpath.example"

    def audit(self, promotion_id: PromotionId) -> str | None:
        return f"{self.root}/audit/{promotion_id}?token=a&b=c"

    def drift(self, environment: EnvironmentName, artifact: ArtifactName) -> str | None:
        return f"{self.root}/drift/{environment}/{artifact}?token=a&b=c"

    def commit(self, commit_id: CommitId) -> str | None:
        return f"{self.root}/commit/{commit_id}"


class NoPages:
    """A host without pages."""

    def audit(self, promotion_id: PromotionId) -> str | None:
        return None

    def drift(self, environment: EnvironmentName, artifact: ArtifactName) -> str | None:
        return None

    def commit(self, commit_id: CommitId) -> str | None:
        return None


def placed(version: str, promotion: str = "P-142") -> Placed:
    digest = Digest("sha256:" + f"{abs(hash(version)) % 16**12:012x}" + "1" * 52)
    return Placed(Version(version), COMMIT, digest, PromotionId(promotion), TIME)


def event(name: str, state: State = State.WAITING, actor: ActorId = ANA, seq: int = 7, text: str = "", because: str | None = None) -> Event:
    return Event(seq, name, TIME, actor, state, text or f"It {name}.", because)


def vote(actor: ActorId = LEA, plan: Digest = PLAN, because: str | None = "the metrics hold") -> Vote:
    return Vote(actor, "approved", TIME, plan, "ml-leads", because)


def promotion(state: State = State.WAITING, **changed: object) -> Promotion:
    bare = Promotion(
        id=P,
        artifact=ArtifactName("biopsy"),
        kind=Kind.MODEL,
        environment=EnvironmentName("prod"),
        to=placed("v3.0.0"),
        state=state,
        requester=ANA,
        requested_at=TIME,
        channel="C0FRAUD",
        plan=PLAN,
        policy=PLAN,
        request_id=RequestId("R-mzxw6ytboi3dkzlom5xq"),
        live=placed("v2.0.0", "P-100"),
        because="it misses fewer cases",
        gates=(
            GateResult("model-card", Result.PASS, "names its limits"),
            GateResult("metrics", Result.FAIL, "auc 0.89 is below 0.90"),
            GateResult("soak", Result.NOT_APPLICABLE, ""),
        ),
        changes=(Change("digest", "aaa", "bbb"), Change("auc", "0.991", "0.996 (+0.005)"), Change("rows", "143", "150 (+7)")),
        quorum=Quorum(2, ("ml-leads",), ("U0LEA222", "U0ANA111"), ("S0614TZR7",), ("requester", "author")),
        expires_at=TIME if state is State.WAITING else None,
        targets=("eu", "us"),
        events=(event("requested", text="Asked for approval.", because="it misses fewer cases"),),
    )
    return replace(bare, **changed)  # type: ignore[arg-type]


def bundled(state: State = State.WAITING, other: State | None = None, **changed: object) -> Promotion:
    """A model that leads, and the service that moves with it."""
    checkout, lead = ArtifactName("checkout"), promotion(state)
    members = (
        Member(P, lead.artifact, lead.kind, lead.to, state, lead.live),
        Member(PromotionId("P-143"), checkout, Kind.SERVICE, placed("v41.0.0", "P-143"), other or state),
    )
    return replace(lead, bundle=(P, PromotionId("P-143")), members=members, **changed)  # type: ignore[arg-type]


EVENTS: dict[str, tuple[State, ActorId]] = {
    "requested": (State.WAITING, ANA),
    "refused": (State.REFUSED, ANA),
    "registered": (State.CHECKING, ANA),
    "approved": (State.DEPLOYING, LEA),
    "stale": (State.WAITING, LEA),
    "withdrawn": (State.WAITING, LEA),
    "reminded": (State.WAITING, EFFECTS),
    "proved": (State.VERIFYING, EFFECTS),
    "bundle_moved": (State.VERIFYING, EFFECTS),
    "bundle_ended": (State.ROLLED_BACK, EFFECTS),
    "disputed": (State.SUCCEEDED, LEA),
    "disputed_late": (State.SUCCEEDED, LEA),
    "rejected": (State.REJECTED, LEA),
    "cancelled": (State.CANCELLED, MAX),
    "expired": (State.EXPIRED, EFFECTS),
    "queued": (State.QUEUED, LEA),
    "superseded": (State.SUPERSEDED, LEA),
    "deploying": (State.DEPLOYING, EFFECTS),
    "retried": (State.DEPLOYING, MAX),
    "verifying": (State.VERIFYING, EFFECTS),
    "paused": (State.QUEUED, MAX),
    "continued": (State.QUEUED, MAX),
    "aborted": (State.ROLLING_BACK, MAX),
    "succeeded": (State.SUCCEEDED, EFFECTS),
    "failed": (State.FAILED, EFFECTS),
    "rolling_back": (State.ROLLING_BACK, EFFECTS),
    "rolled_back": (State.ROLLED_BACK, EFFECTS),
    "needs_attention": (State.NEEDS_ATTENTION, EFFECTS),
}
"""Every event that people are shown, with the state it leads to and who causes it."""


def moved(one: Promotion) -> Moved:
    return Moved(one, {str(happened.seq): COMMIT for happened in one.events}, COMMIT)


def after(name: str, **changed: object) -> tuple[Moved, Event]:
    """A promotion whose last event is this one."""
    state, actor = EVENTS[name]
    happened = event(name, state, actor, seq=9)
    first = () if name in ("requested",) else (event("requested", text="Asked for approval."),)
    one = promotion(state, events=(*first, happened), reasons=("auc 0.89 is below 0.90",), step=Step("verified", "eu", "fine"))
    one = replace(one, **changed)  # type: ignore[arg-type]
    return moved(one), one.events[-1]


IMAGE = OutputRef("registry.example/team/bi__opsy@sha256:" + "ab" * 32)


def registered(version: str = "v3.0.0") -> RegisteredVersion:
    return RegisteredVersion(
        artifact=ArtifactName("biopsy"),
        kind=Kind.MODEL,
        version=Version(version),
        commit=COMMIT,
        digest=PLAN,
        folder="models/biopsy",
        path="model",
        files=1,
        bytes=1234,
        registered_at=TIME,
        seq=3,
        metrics={"auc": "0.996", "rows": "150"},
    )


def kin(how: str, *, live: bool = False) -> Kin:
    where = (Standing(EnvironmentName("prod"), P, TIME),) if live else ()
    return Kin(how, ArtifactName("biopsies"), Version("v1.0.0"), live, where)


def descent(**changed: object) -> Descent:
    bare = Descent(Version("v3.0.0"), COMMIT, COMMIT, 1, (), (kin("trained on"), kin("evaluated on", live=True)))
    return replace(bare, **changed)  # type: ignore[arg-type]


def release(live: str | None = "v2.0.0") -> Release:
    succeeded = (placed(live),) if live else ()
    return Release(ArtifactName("biopsy"), Kind.MODEL, EnvironmentName("prod"), 3, placed("v3.0.0"), P, succeeded)


def hold(because: str = "it times out") -> Hold:
    return Hold(ArtifactName("biopsy"), EnvironmentName("prod"), Version("v1.0.0"), PLAN, because, LEA, TIME)
