"""Evidence that must be gathered before a request can be judged, and what was gathered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.evidence import Evidence
from workers.contract.promotion import Promotion, Result
from workers.domain import decision as d
from workers.domain import gates, lane, plan, states
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_over

MOST = 20
LONGEST = 1000


def gather_first(world: World, case: d.Case, *items: tuple[Promotion, Rules]) -> d.Decision | None:
    """The decision to look first, if a gate of one of them needs to know something that is not known or no longer true; the request then comes back.

    It comes back once: what was gathered after it was made is not gathered again, and a request that was put back is only deferred when a
    version was not even registered before. Who floods is judged by what is known, and so is what no person asked for.
    """
    if not case.envelope.actor.id.is_person or d.floods(world, case):
        return None
    if case.looked and all(lane.version_of(world, one).registered_at < case.envelope.issued_at for one, _ in items):
        return None
    wanted = tuple(unseen for one, rules in items if (unseen := _unseen(world, case, one, rules)))
    return d.answer(effects=(d.Gather(wanted, case.wire),)) if wanted else None


def _unseen(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> d.Unseen | None:
    version, live = lane.version_of(world, promotion), plan.baseline(world, promotion)
    runs = world.version(promotion.artifact, live.version) if live else None
    needs = gates.to_gather(gates.Candidate(world, rules, version, runs, case.now), case.envelope.issued_at)
    checks = tuple(dict.fromkeys(need.check for need in needs))
    return d.Unseen(version.artifact, version.version, rules.name, checks) if checks else None


def gathered(world: World, case: d.Case, report: ask.Gathered) -> d.Decision:
    """What was seen is kept as it is now, in place of what was seen before; dated by the ledger's own clock."""
    found = tuple(_kept(world, case, report) if case.asked else _for_promotion(world, case, report))
    if is_over(case) or not found:
        return d.NOTHING
    first = found[0]
    checks = ", ".join(f"{one.check} {one.result.value}" for one in found)
    return d.Decision(
        event="gathered",
        subject=f"{first.artifact} {first.version}: looked at: {checks}",
        documents=found,
        about=(first.artifact, first.version, None),
        detail={"checks": {one.key: one.digest for one in found}},
    )


def _kept(world: World, case: d.Case, report: ask.Gathered) -> Iterator[Evidence]:
    """Of registered versions alone, all of the first one's."""
    for one in report.found[:MOST]:
        about = (one.artifact, one.version) == (report.found[0].artifact, report.found[0].version)
        if about and world.version(one.artifact, one.version) and _is_name(one.check):
            yield replace(one, at=case.time, text=one.text[:LONGEST], source=one.source[:100])


def _for_promotion(world: World, case: d.Case, report: ask.Gathered) -> Iterator[Evidence]:
    """What was seen of the version of a promotion that has not begun. That nobody could tell takes the place of nothing that somebody could."""
    promotion = world.promotions.get(report.promotion) if report.promotion else None
    if promotion is None or promotion.state not in states.BEFORE_DEPLOYMENT:
        return
    for one in _kept(world, case, report):
        about = (one.artifact, one.version) == (promotion.artifact, promotion.to.version)
        known = world.seen(one.artifact, one.version, one.check, one.environment)
        if about and not (known and one.result is Result.CANNOT_TELL and _says_no_less(known, one, promotion)):
            yield one


def _says_no_less(known: Evidence, found: Evidence, promotion: Promotion) -> bool:
    return known.result is not Result.CANNOT_TELL or (known.digest == found.digest and known.at >= promotion.requested_at)


def _is_name(check: str) -> bool:
    return check.isascii() and check.replace("-", "a").isalnum() and check == check.lower() and len(check) <= 40
