"""What becomes of a measurement of drift: evidence, what the watch of its lane remembers, and an incident where people must know.

Nothing is ever rolled back or trained because of it: an incident offers that, and a person says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.drift import DriftReport, DriftWatch, Fallen, Incident
from workers.domain import decision as d
from workers.domain import incidents, watching, windows
from workers.domain.bounds import bounded
from workers.domain.gates import drift as gate
from workers.domain.layout import Document
from workers.domain.state import World
from workers.domain.times import is_over
from workers.domain.watching import Watched

MEASURED = "measured"


def measured(world: World, case: d.Case, said: ask.Measured) -> d.Decision:
    """Keep what was found. Dropped is what is of no registered version or no watched lane; what answers nobody and is not of the live version;
    and what answers a question about another window than the policy's: that is the asker's alone.
    """
    report = bounded(said.report, case.time)
    version = world.version(report.artifact, report.version)
    rules = watching.rules_of(world, report.environment, report.artifact, version.kind) if version else None
    if rules is None or is_over(case) or _is_of_another_window(case):
        return d.NOTHING
    release = world.release(report.environment, report.artifact)
    live = release.live if release else None
    if live is None or live.version != report.version:
        return _kept(case, report) if case.asked else d.NOTHING
    return _watched(world, case, report, Watched((report.environment, report.artifact), live, rules))


def _is_of_another_window(case: d.Case) -> bool:
    return case.asked is not None and getattr(case.asked.request, "last", None) is not None


def _kept(case: d.Case, report: DriftReport, *others: Document, event: str = MEASURED) -> d.Decision:
    return d.Decision(
        event=event,
        subject=f"{report.artifact} {report.version} in {report.environment}: drift: {report.verdict.value}",
        documents=(gate.evidence(report, case.time), *others),
        about=(report.artifact, report.version, report.environment),
        detail={"drift": {**dict(gate.facts(report)), "digest": report.digest}},
    )


def _watched(world: World, case: d.Case, report: DriftReport, one: Watched) -> d.Decision:
    """The watch and its incident after a measurement of what is live."""
    before = world.drifts.get(one.lane) or DriftWatch(report.artifact, report.environment)
    incident = incidents.open_of(world, before)
    watch, fell = windows.took(world, case, before, report, one.rules)
    if incident and incident.version != report.version:
        ended = incidents.over(world, case, incident, f"{report.version} is live now.")
        return _kept(case, report, replace(watch, incident=None), ended, event=incidents.OVER)
    if incident and watch.calm >= windows.CALM:
        ended = incidents.over(world, case, replace(incident, report=incidents.in_short(report)), _calm())
        return _kept(case, report, replace(watch, incident=None, calm=0), ended, event=incidents.OVER)
    if incident:
        changed = (incidents.gone_on(world, case, watch, incident, fell),) if watch.looked_at == case.time else ()
        return _kept(case, report, watch, *changed)
    if _calls(watch, one, fell) and not watching.is_silent(watch, one.rules, case.now):
        watch, opened = incidents.opened(world, case, watch, fell)
        return _kept(case, report, watch, opened, event=incidents.OPENED)
    return _kept(case, report, watch)


def _calm() -> str:
    return f"{windows.CALM} windows in a row without an alert."


def _calls(watch: DriftWatch, one: Watched, fell: Fallen | None) -> bool:
    """Whether people must be called: enough windows in a row, and it still holds by the last report, which may be the answer to a question."""
    if watch.report is None or watch.report.version != one.live.version or one.rules.every is None:
        return False
    return watch.in_a_row >= one.rules.in_a_row and windows.said(watch.report, fell) in windows.BAD


def due(world: World, case: d.Case) -> Iterator[d.Decision]:
    """What time and other decisions bring about: an incident whose version is no longer live ends, and one that nobody was called for at night
    is opened if it still holds."""
    for watch in world.drifts.values():
        if watch.incident or watch.in_a_row:
            yield from _due(world, case, watch)


def _due(world: World, case: d.Case, watch: DriftWatch) -> Iterator[d.Decision]:
    one, incident = watching.lane_of(world, watch), incidents.open_of(world, watch)
    if incident:
        if why := _why_over(one, incident):
            yield _of(incidents.over(world, case, incident, why), replace(watch, incident=None, in_a_row=0, calm=0), event=incidents.OVER)
    elif one and watch.report and watch.in_a_row >= one.rules.in_a_row and not watching.is_silent(watch, one.rules, case.now):
        fell = windows.fallen(world, case, watch, watch.report, one.rules)
        if _calls(watch, one, fell):
            watch, opened = incidents.opened(world, case, watch, fell)
            yield _of(opened, watch, event=incidents.OPENED)


def _why_over(one: Watched | None, incident: Incident) -> str | None:
    if one and one.live.version != incident.version:
        return f"{one.live.version} is live now."
    return "The policy no longer watches it." if one is None or one.rules.every is None else None


def _of(incident: Incident, watch: DriftWatch, event: str) -> d.Decision:
    return d.Decision(
        event=event,
        subject=f"{incident.id}: {incident.artifact} {incident.version} in {incident.environment}: {incident.state.value}",
        documents=(watch, incident),
        about=(incident.artifact, incident.version, incident.environment),
        detail={"incident": incident.id},
    )
