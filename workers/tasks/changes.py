"""The changes lane: drain the inbox, sweep what was lost, keep the projections true."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import structlog

from workers.contract import lanes
from workers.contract.drift import Incident
from workers.contract.externals import External
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.outcomes import Delivery, Notice
from workers.contract.promotion import Promotion, RegisteredVersion, Release, State
from workers.contract.retraining import Retraining, Stage
from workers.domain import bundle, reads, reconciliation, retraining, states, unseen, watching
from workers.domain import decision as d
from workers.domain.decide import training
from workers.domain.state import World
from workers.ports.errors import RefusedByHost, WorldError
from workers.ports.source import Assignment
from workers.tasks import key_news
from workers.tasks.foreign import watched
from workers.tasks.wiring import Wiring
from workers.tasks.witness import look as look_at_witness
from workers.tasks.witness import show_head

log = structlog.get_logger()

LEASE = "changes"
LEASE_SECONDS = 5.0
BEGIN_AGAIN_AFTER = 5
"""Seconds in which a step is not begun again once more."""
MEASURE_AGAIN_AFTER = timedelta(minutes=5)
MEASURED_AT_ONCE = 20
"""So many measurements are begun in one sweep; after a long outage all lanes are due."""
LOOKED_THROUGH = 200
LOOK_AT_TRAINING_AFTER = 5
"""Seconds between two looks at a training."""
ENTER_AGAIN = 60
LOOKS_AT_ONCE = 8
"""So many promotions at most, of each sort, have their evidence looked at in one beat."""
LOOK_AGAIN_AFTER = 30
"""Seconds in which the evidence of one promotion is not looked at once more."""
TAGS_EVERY = 60
TOLD_FOR = 24 * 3600
TIDY_EVERY = 3600
ENOUGH = 1_000
"""With so many requests waiting (Git has been away for long) ticks are left out: they must not push people's requests out of the stream."""
_REFUSED = "tags_refused"
_STEPS: dict[State, type[d.Deploy] | type[d.Verify] | type[d.Restore]] = {
    State.DEPLOYING: d.Deploy,
    State.VERIFYING: d.Verify,
    State.ROLLING_BACK: d.Restore,
}


def drain(wiring: Wiring) -> int:
    """Perform until the inbox is empty; how many requests were judged. Whoever does not get the lease leaves it to the one who has it."""
    judged, idle = 0, 0
    while idle < 2 and wiring.inbox.waits():
        with wiring.leases.hold(LEASE, LEASE_SECONDS) as ours:
            if not ours:
                return judged
            before, idle = wiring.loop.known_head, idle + 1
            with watched(wiring):
                while done := wiring.loop.perform():
                    judged, idle = judged + done, 0
            if wiring.loop.known_head != before:
                world = wiring.loop.read()
                _mend(wiring, world)
                show_tags(wiring, world, wiring.loop.touched())
        if (head := wiring.loop.known_head) and head != before:
            show_head(wiring, head)
    return judged


def sweep(wiring: Wiring, tick: str) -> None:
    """What the clock asks for every few seconds: decide what is due, start again what was lost, repair what can be made from Git."""
    if wiring.inbox.waits() < ENOUGH:
        wiring.inbox.put(tick)
    look_at_witness(wiring)
    drain(wiring)
    with wiring.leases.hold(LEASE, LEASE_SECONDS) as ours:
        if not ours:
            return
        with watched(wiring):
            world = wiring.loop.read()
        _resume(wiring, world)
        _measure(wiring, world)
        _refresh(wiring, world)
        _mend(wiring, world)
        key_news.tell(wiring, world)
        if wiring.leases.once("tags", TAGS_EVERY):
            versions = (one for found in world.versions.values() for one in found.values())
            if show_tags(wiring, world, [*world.releases.values(), *versions, *world.externals.values()]):
                wiring.leases.once(lanes.TAGS_SHOWN, TOLD_FOR)
        if wiring.leases.once("tidy:changes", TIDY_EVERY):
            wiring.tidy()


def rebuild_now(wiring: Wiring) -> None:
    """Somebody found the projection missing."""
    with wiring.leases.hold(LEASE, LEASE_SECONDS) as ours:
        if ours:
            rebuild(wiring, wiring.loop.read())


def _mend(wiring: Wiring, world: World) -> None:
    if wiring.board.is_empty(world.head):
        rebuild(wiring, world)


def rebuild(wiring: Wiring, world: World) -> None:
    """The projection from Git, and the outcome of each story that people may still be waiting for, once more."""
    wiring.board.show_all(world, dict(wiring.loop.files()), wiring.loop.commits)
    waiting = [p for p in world.promotions.values() if bundle.leads(p) and (p.state in states.OPEN or _lately(world, p))]
    known: list[Incident | Retraining] = [*world.incidents.values(), *world.retrainings.values()]
    stories = [one for one in known if one.channel and _is_told(world, one)]
    wiring.board.deliver([Delivery(wiring.loop.moved(world, p), p.channel) for p in waiting])
    wiring.board.deliver([Delivery(wiring.loop.told(world, one), one.channel) for one in stories])
    log.info("projection_made", head=world.head, promotions=len(waiting), stories=len(stories))


def _lately(world: World, promotion: Promotion) -> bool:
    return any(one.promotion == promotion.id for one in world.recent)


def _is_told(world: World, story: Incident | Retraining) -> bool:
    """Whether it has not ended, or something was recorded of it within the hour."""
    is_open = story.ended_at is None if isinstance(story, Incident) else story.stage in retraining.OPEN
    return is_open or bool(world.recent and story.events and story.events[-1].seq >= world.recent[0].seq)


def _resume(wiring: Wiring, world: World) -> None:
    """A step without a live lease was lost with its worker: start it again. It looks before it acts."""
    for promotion in reads.under_way(world):
        name = step_name(promotion.id, promotion.generation)
        queued = f"{name}:{promotion.state.value}"
        if not wiring.leases.held(name) and wiring.leases.once(queued, BEGIN_AGAIN_AFTER):
            wiring.board.start([_STEPS[promotion.state](promotion.id, promotion.generation)])
    for one in world.retrainings.values():
        for effect, every in _of_retraining(world, one):
            if wiring.leases.once(f"{type(effect).__name__.lower()}:{one.id}:{one.attempt}", every):
                wiring.board.start([effect])


def _of_retraining(world: World, one: Retraining) -> Iterator[tuple[d.Effect, int]]:
    """What is to be done for a retraining again and again until it has moved, and in how many seconds at the earliest."""
    if one.stage is Stage.RUNNING:
        yield d.Train(one.id, one.attempt), LOOK_AT_TRAINING_AFTER
    elif one.stage is Stage.PUSHED:
        yield training.enter(one), ENTER_AGAIN
    elif _is_told(world, one):
        yield d.EndTraining(one.id, one.attempt), TOLD_FOR


def _measure(wiring: Wiring, world: World) -> None:
    """Have measured what is due, a few lanes at a time. One that was begun is not begun again for a while: somebody is at it, or lies dead."""
    begun = 0
    for one in islice(watching.due(world, wiring.loop.now()), LOOKED_THROUGH):
        environment, artifact = one.lane
        again_after = min(MEASURE_AGAIN_AFTER, one.rules.every / 2) if one.rules.every else MEASURE_AGAIN_AFTER
        if begun < MEASURED_AT_ONCE and wiring.leases.once(f"measure:{environment}:{artifact}", max(int(again_after.total_seconds()), 1)):
            wiring.board.start([d.Measure(artifact, environment)])
            begun += 1


def _refresh(wiring: Wiring, world: World) -> None:
    """Evidence that the ledger lacks is looked at, a few promotions at a beat: first of those that wait for nothing else, in no order that starves one."""
    found = list(unseen.to_refresh(world, wiring.loop.now()))
    for some in ([one for one in found if one.evidence_by], [one for one in found if not one.evidence_by]):
        for promotion in random.sample(some, min(len(some), LOOKS_AT_ONCE)):
            if wiring.leases.once(f"refresh:{promotion.id}", LOOK_AGAIN_AFTER):
                wiring.board.start([d.Refresh(promotion.id)])


def step_name(promotion: str, generation: int) -> str:
    """The lease of a running step."""
    return f"step:{promotion}:{generation}"


def show_tags(wiring: Wiring, world: World, documents: list[RegisteredVersion | Release | External]) -> bool:
    """GTO's tags for these documents; whether all are there. A failure is logged and made good by a later sweep: tags never stop the ledger."""
    versions = {(one.artifact, one.version): one for one in documents if isinstance(one, RegisteredVersion)}
    held = {(one.environment, one.artifact) for one in documents if isinstance(one, Release)}
    for one in documents:
        if isinstance(one, External) and one.environment:
            held.add((one.environment, one.artifact))
        elif isinstance(one, External) and one.version and (version := world.version(one.artifact, one.version)):
            versions[one.artifact, one.version] = version
    if not versions and not held:
        return True
    assignments = [_assignment(world, *lane) for lane in sorted(held)]
    try:
        pushed = wiring.tags.show(iter(versions.values()), iter(assignments), reconciliation.on_record(world))
        log.info("tags_shown", pushed=pushed)
        if pushed:
            wiring.leases.forget(_REFUSED)
    except WorldError as exc:
        log.warning("tags_not_shown", why=str(exc))
        wiring.leases.forget(lanes.TAGS_SHOWN)
        if isinstance(exc, RefusedByHost):
            _tell_of_refusal(wiring, world, exc)
        return False
    return True


def _tell_of_refusal(wiring: Wiring, world: World, exc: RefusedByHost) -> None:
    """Once a day, while it lasts."""
    if wiring.leases.once(_REFUSED, TOLD_FOR):
        text = (
            f"Tags that show what is registered and where could not be pushed: {str(exc)[:400]}. Promotions go on and the record is whole, "
            "but `gto show` lacks them. Let the Git host take new tags from Towpath; it tries again every minute."
        )
        wiring.board.deliver([Delivery(Notice(text), channel) for channel in world.policy.announce])


def _assignment(world: World, environment: EnvironmentName, artifact: ArtifactName) -> Assignment:
    release = world.release(environment, artifact)
    live = release.live if release else None
    message = f"Promotion: {(live.promotion or 'external') if live else 'none'}"
    return Assignment(artifact, environment, live.commit if live else None, message, release)
