"""`rollback`: back to what was good, at once, past everything that keeps a promotion waiting, and saying what that was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.names import ActorId
from workers.contract.outcomes import Choose, Reason
from workers.contract.promotion import Placed, Promotion, Release, State
from workers.domain import decision as d
from workers.domain import gates, lane, rights, stops, subject
from workers.domain.decide import promote
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.stops import Stop


def rollback(world: World, case: d.Case, wanted: ask.Rollback) -> d.Decision:
    """Go back at once: a running promotion of the lane is stopped, what is left behind is put on hold."""
    what = f"roll back {wanted.artifact or ''} in {wanted.environment}".replace("  ", " ")
    artifact = subject.find_artifact(world, case, wanted)
    if isinstance(artifact, Choose):
        return d.answer(artifact)
    rules = subject.rules_of(world, wanted.environment, artifact if isinstance(artifact, str) else None)
    if isinstance(rules, Reason) or isinstance(artifact, Reason):
        return d.refuse(world, case, what, *(reason for reason in (rules, artifact) if isinstance(reason, Reason)))
    if reason := rights.may_run(world, case, rules):
        return d.refuse(world, case, what, reason)
    release = world.release(rules.name, artifact)
    to = _goal(world, release, wanted) if release else None
    if release is None or to is None:
        return d.refuse(
            world,
            case,
            what,
            Reason("nothing-good", f"No earlier version of {artifact} has succeeded in {rules.name} and is free of holds."),
        )
    if isinstance(to, Reason):
        return d.refuse(world, case, what, to)
    return _go_back(world, case, rules, release, to)


def _goal(world: World, release: Release, wanted: ask.Rollback) -> Placed | Reason | None:
    if wanted.to is None:
        return lane.last_good(world, release)
    for placed in reversed(release.succeeded):
        if wanted.to.matches(placed.version):
            if hold := world.holder(release.environment, release.artifact, placed.digest):
                return Reason("hold", f"{placed.version} is on hold in {release.environment}: {hold.because}")
            if placed == release.live and not release.in_flight:
                return Reason("already-live", f"{placed.version} is what runs in {release.environment} now.")
            return placed
    return Reason("never-succeeded", f"No version {wanted.to} of {release.artifact} has succeeded in {release.environment}.")


def _go_back(world: World, case: d.Case, rules: Rules, release: Release, to: Placed) -> d.Decision:
    version = world.version(release.artifact, to.version)
    assert version is not None, "what succeeded is registered"
    back = lane.judged(world, promote.new(world, case, rules, version, promote.by(case)), rules)
    left = release.desired if release.in_flight else release.live
    stopped = world.promotions.get(release.in_flight) if release.in_flight else None
    found = stops.of(stops.Place(world, back, rules, case.now))
    passed = [*_passed_over(back, rules, stopped, found)] or ["nothing"]
    back = replace(back, rollback=True, quorum=None, also_needed=(), live=left, gates=(), concerns=_owners(world, back, case))
    text = f"Going back from {left.version if left else 'nothing'} to {to.version}. Passed over: {'; '.join(passed)}."
    begun = lane.start(world, case, back, "requested", text)
    extra: list[Promotion] = []
    if stopped:
        extra.append(
            d.move(world, case, stopped, State.SUPERSEDED, "superseded", f"Stopped by {back.id}, which goes back to {to.version}.")
        )
    holds = (lane.hold_on(back, left, case, case.because or f"left behind by {back.id}"),) if left and left.digest != to.digest else ()
    return replace(begun, documents=(*begun.documents, *extra, *holds))


def _owners(world: World, promotion: Promotion, case: d.Case) -> tuple[ActorId, ...]:
    """Whose lock it passes over, so that they are told; not who goes back themselves."""
    lock = world.locks.get((promotion.environment, promotion.artifact))
    return (lock.by,) if lock and lock.by != case.actor.id else ()


def _passed_over(promotion: Promotion, rules: Rules, stopped: Promotion | None, found: list[Stop]) -> Iterator[str]:
    """Everything that would have kept a promotion from beginning now, by name; a rule that is there and was met is not listed."""
    if rules.approve:
        yield "approval"
    yield from (stop.text for stop in found if stop.code != "lane")
    yield from (f"the gate {gate.gate} ({gate.text})" for gate in gates.stops(promotion.gates))
    if stopped:
        yield f"{stopped.id}, which was {stopped.state.value.replace('_', ' ')}"
