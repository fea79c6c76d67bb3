"""A lane is one artifact in one environment: at most one promotion is under way in it. Here one waits, starts, and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from workers.contract.envelope import stamp
from workers.contract.promotion import GateResult, Hold, Placed, Promotion, RegisteredVersion, Release, Result, State, Step
from workers.domain import bundle, calendar, gates, plan, rights, staleness, stops
from workers.domain import decision as d
from workers.domain.policy import Rules
from workers.domain.state import World

DEADLINE = timedelta(minutes=3)
"""How long a step may stay without an answer before a person must look."""
KEPT = 10


def release_of(world: World, promotion: Promotion) -> Release:
    """The lane's release, new if nothing was ever there."""
    found = world.release(promotion.environment, promotion.artifact)
    return found or Release(promotion.artifact, promotion.kind, promotion.environment)


def judged(world: World, promotion: Promotion, rules: Rules, now: datetime | None = None) -> Promotion:
    """The promotion with its gates, plan, quorum and differences as they are on this state of the ledger; the leader of a bundle for all of it.

    With `now` the age of evidence counts.
    """
    own, *rest = (alone(world, one, its, now) for one, its in items(world, promotion, rules))
    return bundle.joined(own, rest) if promotion.bundle and bundle.leads(promotion) else own


def alone(world: World, promotion: Promotion, rules: Rules, now: datetime | None = None) -> Promotion:
    """The same for one promotion, whatever moves with it."""
    live, version, runs = _compared(world, promotion)
    results = passed_over(promotion, gates.judge(gates.Candidate(world, rules, version, runs, now)))
    asked = () if "approval" in promotion.skipped else plan.quorums(rules, promotion)
    return replace(
        promotion,
        live=live,
        gates=results,
        plan=plan.digest(promotion, live, rules, results),
        policy=world.policy.digest,
        quorum=asked[0] if asked else None,
        also_needed=asked[1:],
        changes=plan.changes(version, runs),
        targets=tuple(target.name for target in rules.targets),
        rules=staleness.written(rules),
        authors=rights.authors(world, promotion),
    )


def passed_over(promotion: Promotion, results: tuple[GateResult, ...]) -> tuple[GateResult, ...]:
    """The results, with those marked that would stop it, had an emergency not named their gates."""
    stopping = {id(one) for one in gates.stops(results) if gate_of(one) in promotion.skipped}
    return tuple(replace(one, result=Result.PASSED_OVER) if id(one) in stopping else one for one in results)


def gate_of(result: GateResult) -> str:
    """The gate's name without the part of it that was judged: `metrics` of `metrics: auc`."""
    return result.gate.partition(":")[0]


def is_stale(world: World, promotion: Promotion, rules: Rules) -> bool:
    """Whether the plan that was approved is another now. A sweep asks this of everything queued, so it is the digest alone, at half the cost."""
    if promotion.bundle:
        return judged(world, promotion, rules).plan != promotion.plan
    live, version, runs = _compared(world, promotion)
    return plan.digest(promotion, live, rules, gates.judge(gates.Candidate(world, rules, version, runs))) != promotion.plan


def with_authors(world: World, promotion: Promotion) -> Promotion:
    """The promotion with those who made the version (of a bundle, all versions), as the policy names them now: they may not count for it."""
    every = (promotion, *bundle.others(world, promotion))
    authors = tuple(sorted({author for one in every for author in rights.authors(world, one)}))
    return promotion if authors == promotion.authors else replace(promotion, authors=authors)


def _compared(world: World, promotion: Promotion) -> tuple[Placed | None, RegisteredVersion, RegisteredVersion | None]:
    """What the lane will run before it, the version that is promoted, and the version that it is compared with."""
    live = plan.baseline(world, promotion)
    return live, version_of(world, promotion), world.version(promotion.artifact, live.version) if live else None


def version_of(world: World, promotion: Promotion) -> RegisteredVersion:
    """The registered version that is promoted."""
    found = world.version(promotion.artifact, promotion.to.version)
    assert found is not None, f"{promotion.id} names a version that the ledger does not hold"
    return found


@dataclass(frozen=True)
class Waits:
    """Why an approved promotion cannot start yet; when time alone will let it (None: it will not); when time alone changes any of it."""

    reasons: tuple[str, ...]
    look: datetime | None
    otherwise: datetime

    @property
    def look_at(self) -> str | None:
        """The instant of the next look as it is recorded."""
        return stamp(self.look) if self.look else None


def waits(world: World, promotion: Promotion, rules: Rules, now: datetime) -> Waits:
    """What stops a promotion now."""
    found = [stop for place in places(world, promotion, rules, now) for stop in stops.of(place)]
    reasons = tuple(dict.fromkeys(stop.text for stop in found))
    return Waits(reasons, next_look(found), min([*_ends(found), *_begins(rules, now)], default=_NEVER))


_NEVER = datetime.max.replace(tzinfo=UTC)


def _ends(found: Iterable[stops.Stop]) -> Iterator[datetime]:
    yield from (stop.until for stop in found if stop.until)


def _begins(rules: Rules, now: datetime) -> Iterator[datetime]:
    """When the policy's next freeze begins."""
    coming = calendar.following(rules.freeze, now) if rules.freeze else None
    if coming and coming.begins > now:
        yield coming.begins


def next_look(found: Iterable[stops.Stop]) -> datetime | None:
    """When time alone will have cleared all of the stops that it clears."""
    return max(_ends(found), default=None)


def told_anew(world: World, case: d.Case, promotion: Promotion, found: Waits) -> d.Decision | None:
    """A queued promotion is stopped by other things than it was told; who stands ahead of it in the lane is no news. None: nothing is new."""
    was, now = ({one for one in some if not one.startswith(stops.BEHIND)} for some in (promotion.reasons, found.reasons))
    if was == now:
        return None
    text = f"Still queued: {'; '.join(found.reasons)}."
    return d.moved(d.note(world, case, promotion, "queued", text, reasons=found.reasons, look_at=found.look_at, evidence_by=None))


def waiting(world: World, promotion: Promotion, rules: Rules, now: datetime) -> Promotion:
    """A queued promotion with the reasons that it has now."""
    found = waits(world, promotion, rules, now)
    return replace(promotion, reasons=found.reasons, look_at=found.look_at)


def places(world: World, promotion: Promotion, rules: Rules, now: datetime) -> list[stops.Place]:
    """What stops one of a bundle stops all of it."""
    return [stops.Place(world, one, its, now) for one, its in items(world, promotion, rules)]


def items(world: World, promotion: Promotion, rules: Rules) -> list[tuple[Promotion, Rules]]:
    """The promotion with its rules; for the leader of a bundle, all of it."""
    rest = bundle.others(world, promotion) if bundle.leads(promotion) else []
    return [(promotion, rules), *((one, _rules_of(world, one) or rules) for one in rest)]


def _rules_of(world: World, promotion: Promotion) -> Rules | None:
    return world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)


def proceed(world: World, case: d.Case, promotion: Promotion, rules: Rules, event: str, said: str) -> d.Decision:
    """An approved promotion (or one that needs no approval) starts, or is queued with the reasons."""
    found = waits(world, promotion, rules, case.now)
    if found.reasons:
        text = f"{said} Queued: {'; '.join(found.reasons)}.".strip()
        why = {"reasons": found.reasons, "look_at": found.look_at, "expires_at": None}
        return d.moved(d.move(world, case, promotion, State.QUEUED, event, text, **why))
    return start(world, case, promotion, event, f"{said} Deployment begins.".strip())


def start(world: World, case: d.Case, promotion: Promotion, event: str, text: str) -> d.Decision:
    """Deployment begins: the desired state and the promotion change in one commit.

    It is `fresh` only when the lane was at rest. After another deployment whose end nobody saw, targets may run what that one sent.
    """
    release = release_of(world, promotion)
    generation = release.generation + 1
    to = replace(promotion.to, since=case.time)
    started = d.move(
        world, case, promotion, State.DEPLOYING, event, text,
        generation=generation, to=to, reasons=(), expires_at=None, look_at=stamp(case.now + DEADLINE), step=None, evidence_by=None,
    )  # fmt: skip
    lane = replace(release, generation=generation, desired=to, in_flight=promotion.id)
    return d.moved(started, lane, effects=(d.Deploy(promotion.id, generation, fresh=release.in_flight is None),))


def go_back(world: World, case: d.Case, promotion: Promotion, event: str, text: str, step: Step | None) -> d.Decision:
    """What was live before is brought back, at a generation of its own: a deployment that is still at it somewhere is refused by its fence."""
    release = release_of(world, promotion)
    generation = release.generation + 1
    moved = d.move(
        world, case, promotion, State.ROLLING_BACK, event, text,
        generation=generation, step=step, reasons=(), look_at=stamp(case.now + DEADLINE),
    )  # fmt: skip
    return d.moved(moved, replace(release, generation=generation), effects=(d.Restore(promotion.id, generation),))


def settled(world: World, promotion: Promotion) -> bool:
    """Whether the lane was at rest when this deployment began, so that a target which did nothing still runs what is live."""
    stopped_another = promotion.rollback and promotion.live != release_of(world, promotion).live
    return not stopped_another and all(event.event != "retried" for event in promotion.events)


def succeeded(world: World, promotion: Promotion, time: str) -> tuple[Release, RegisteredVersion]:
    """The lane and the version after a success."""
    release = release_of(world, promotion)
    placed = replace(promotion.to, since=time)
    version = version_of(world, promotion)
    lane = replace(release, desired=placed, in_flight=None, succeeded=(*release.succeeded, placed)[-KEPT:])
    return lane, replace(version, succeeded_in={**version.succeeded_in, promotion.environment: time})


def gone_back(world: World, promotion: Promotion) -> Release:
    """The lane after a failure or a rollback: desired is again what is live."""
    release = release_of(world, promotion)
    return replace(release, desired=release.live, in_flight=None)


def hold_on(promotion: Promotion, placed: Placed, case: d.Case, because: str) -> Hold:
    """A hold on the bytes that a promotion had to leave behind."""
    return Hold(promotion.artifact, promotion.environment, placed.version, placed.digest, because, case.actor.id, case.time, promotion.id)


def last_good(world: World, release: Release) -> Placed | None:
    """What a rollback goes back to: the newest success that is not what is left behind, and not on hold."""
    left = release.desired if release.in_flight else release.live
    for placed in reversed(release.succeeded):
        held = world.holder(release.environment, release.artifact, placed.digest)
        if held is None and (left is None or placed.digest != left.digest):
            return placed
    return None
