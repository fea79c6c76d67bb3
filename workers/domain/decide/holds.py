"""`hold`: people say that a version is not good enough for an environment; and what becomes of the promotions that were on their way there."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.names import PromotionId
from workers.contract.outcomes import Announcement, Choose, Option, Reason, Receipt
from workers.contract.promotion import Hold, Promotion, RegisteredVersion, State
from workers.contract.stopped import Held
from workers.domain import affected, lane, rights, states, subject
from workers.domain import decision as d
from workers.domain.decide.places import rules_at
from workers.domain.state import World
from workers.domain.times import is_past


def hold(world: World, case: d.Case, wanted: ask.Hold) -> d.Decision:
    """Put a version on hold: it is promoted there no more and is no last good one. What runs goes on running."""
    what = f"hold {wanted.artifact} {wanted.version} in {wanted.environment}"
    rules = rules_at(world, wanted.environment, wanted.artifact)
    if isinstance(rules, list):
        return d.refuse(world, case, what, *rules)
    if reason := rights.may_run(world, case, rules):
        return d.refuse(world, case, what, reason)
    found = subject.matching(world, wanted.artifact, wanted.version)
    if not found:
        return d.refuse(world, case, what, subject.unknown_version(world, wanted.artifact, wanted.version))
    if len(found) > 1:
        return d.answer(_menu(wanted, found))
    if reasons := list(_unfit(world, case, wanted, found[0])):
        return d.refuse(world, case, what, *reasons)
    return _put_on(world, case, wanted, found[0])


def _put_on(world: World, case: d.Case, wanted: ask.Hold, version: RegisteredVersion) -> d.Decision:
    made = Hold(
        version.artifact, wanted.environment, version.version, version.digest, wanted.because, case.actor.id, case.time,
        affected_since=wanted.since,
    )  # fmt: skip
    found = affected.held(world, made)
    said = _said(world, found)
    offers = (f"rollback {made.artifact} in {made.environment} because {made.because}",) if _can_go_back(world, found) else ()
    return d.Decision(
        event="held",
        subject=f"{made.artifact} {made.version} in {made.environment}: held",
        documents=(made,),
        about=(made.artifact, made.version, made.environment),
        detail={"hold": wire.plain(made), "live": found.is_live, "affected": [wire.plain(one) for one in found.affected]},
        outcomes=(Receipt(said, offers=offers),),
        announce=(Announcement(f"{said} By {made.by}: {made.because}", offers=offers),),
    )


def of(world: World, promotion: Promotion) -> Hold | None:
    """The hold that keeps a promotion from ever beginning."""
    return world.holder(promotion.environment, promotion.artifact, promotion.to.digest)


def refused(world: World, case: d.Case, promotion: Promotion, found: Hold) -> d.Decision:
    """What waits for its turn or for approval does not wait for a hold: it ends, and its requester is told."""
    fix = f"unhold {found.artifact} {found.version} in {found.environment} because ..."
    text = f"on hold in {found.environment} since {found.since} by {found.by}: {found.because} (to lift it: {fix})"
    said = "The version was put on hold."
    return d.moved(d.move(world, case, promotion, State.REFUSED, "refused", said, reasons=(text,), expires_at=None, look_at=None))


def _said(world: World, found: Held) -> str:
    hold_, waiting = found.hold, _waiting(world, found.hold)
    said = f"{hold_.artifact} {hold_.version} is on hold in {hold_.environment}: it is not promoted there any more, nor gone back to."
    if found.is_live:
        said += f" It runs there now and goes on running; to go back, say rollback {hold_.artifact} in {hold_.environment}."
    if (coming := _coming(world, hold_)) and not found.is_live:
        said += f" {coming} is bringing it there now and goes on; to stop it, say rollback {hold_.artifact} in {hold_.environment}."
    if found.affected:
        periods = "; ".join(f"{one.since} to {one.until or 'now'}" for one in found.affected[-3:])
        said += f" It was live while it was bad: {periods}."
    elif hold_.affected_since:
        said += f" It was not live there since {hold_.affected_since}."
    return said + (f" {', '.join(waiting)} will be refused." if waiting else "")


def _can_go_back(world: World, found: Held) -> bool:
    release = world.release(found.hold.environment, found.hold.artifact)
    return bool(release and (found.is_live or _coming(world, found.hold)) and lane.last_good(world, release))


def _coming(world: World, made: Hold) -> PromotionId | None:
    """The promotion under way that brings the bytes there."""
    release = world.release(made.environment, made.artifact)
    is_it = release and release.desired and release.desired.digest == made.digest
    return release.in_flight if release and is_it else None


def _waiting(world: World, made: Hold) -> list[PromotionId]:
    here = world.in_lane(made.environment, made.artifact)
    return [one.id for one in here if one.state in states.BEFORE_DEPLOYMENT and one.to.digest == made.digest]


def _unfit(world: World, case: d.Case, wanted: ask.Hold, version: RegisteredVersion) -> Iterator[Reason]:
    if known := world.holder(wanted.environment, version.artifact, version.digest):
        text = f"{known.version} is on hold there since {known.since} by {known.by}: {known.because}"
        yield Reason("held", text, f"unhold {known.artifact} {known.version} in {known.environment} because ...")
    if wanted.since and not is_past(wanted.since, case):
        yield Reason("to-come", f"{wanted.since} is yet to come; after `since` stands a time that is past.")
    if not wanted.because.strip():
        yield Reason("because", "A hold needs a reason: because ...")


def _menu(wanted: ask.Hold, found: list[RegisteredVersion]) -> Choose:
    rest = f"in {wanted.environment}{f' since {wanted.since}' if wanted.since else ''} because {wanted.because}"
    options = (Option(one.version, f"hold {one.artifact} {one.version} {rest}") for one in found[:100])
    return Choose(f"{wanted.artifact} has several versions that {wanted.version} could mean. Which one?", tuple(options))
