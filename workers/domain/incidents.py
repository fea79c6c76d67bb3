"""An incident of drift as it is opened, goes on and ends: documents and words, each a pure function of what the watch knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workers.contract.drift import DriftReport, DriftWatch, Fallen, Incident, IncidentState, Level
from workers.contract.names import IncidentId
from workers.domain import decision as d
from workers.domain import lane, windows
from workers.domain.state import World

KEPT_COLUMNS = 5
RETRAIN, ROLLBACK = "retrain", "rollback"
OPENED, CHANGED, OVER = "drift_alert", "drift_changed", "drift_over"


def open_of(world: World, watch: DriftWatch) -> Incident | None:
    """The incident of a lane that is not over."""
    return world.incidents.get(watch.incident) if watch.incident else None


def opened(world: World, case: d.Case, watch: DriftWatch, found: Fallen | None) -> tuple[DriftWatch, Incident]:
    """The incident that people are called with, and the watch that knows of it."""
    report = watch.report
    assert report is not None, "people are called because of a measurement"
    state = windows.said(report, found) or IncidentState.DRIFT
    version = world.version(watch.artifact, report.version)
    incident = Incident(
        id=IncidentId.read(f"I-{world.seq + 1}"),
        artifact=watch.artifact,
        environment=watch.environment,
        version=report.version,
        channel=world.policy.channel_of(watch.artifact) or "",
        requested_at=case.time,
        report=in_short(report),
        state=state,
        in_a_row=watch.in_a_row,
        owners=version.owners if version else (),
        fallen=found,
        offers=offers(world, watch, state),
    )
    text = f"{_times(watch.in_a_row)}. {words(state, report, found)}"
    return replace(watch, incident=incident.id, calm=0), note(world, case, incident, OPENED, text)


def gone_on(world: World, case: d.Case, watch: DriftWatch, incident: Incident, found: Fallen | None) -> Incident:
    """The incident after one more measurement: an event only if the verdict or what moved most is another, else new numbers alone."""
    report = watch.report
    assert report is not None, "there was a measurement"
    state = windows.said(report, found)
    now = incident.state if state is None or state is IncidentState.OVER else state
    fell = found or incident.fallen if now is IncidentState.FALLING else None
    offered = offers(world, watch, now)
    changed = replace(incident, report=in_short(report), in_a_row=watch.in_a_row, fallen=fell, state=now, offers=offered)
    if _looks(changed) == _looks(incident):
        return changed
    if state is IncidentState.OVER:
        text = f"{report.text} One more window like this, and it is over." if watch.calm < windows.CALM else report.text
    else:
        text = words(state, report, found)
    return note(world, case, changed, CHANGED, text)


def _looks(incident: Incident) -> tuple[object, ...]:
    """What is told anew when it is another."""
    return incident.state, incident.report.verdict, set(windows.worst(incident.report))


def over(world: World, case: d.Case, incident: Incident, text: str) -> Incident:
    """The incident at its end."""
    return note(world, case, replace(incident, state=IncidentState.OVER, ended_at=case.time, snooze=None, offers=()), OVER, text)


def note(world: World, case: d.Case, incident: Incident, event: str, text: str, **changed: Any) -> Incident:
    """The incident with one more event."""
    after = replace(incident, **changed)
    return replace(after, events=(*incident.events, d.tell(world, case, event, text, after.state.value)))


def offers(world: World, watch: DriftWatch, state: IncidentState) -> tuple[str, ...]:
    """The verbs of what may be done: nothing about broken input but to mend it; back first where a metric fell; never what could only be refused."""
    release = world.release(watch.environment, watch.artifact)
    back = (ROLLBACK,) if release and lane.last_good(world, release) else ()
    again = (RETRAIN,) if any(version.retrain for version in world.versions.get(watch.artifact, {}).values()) else ()
    if state is IncidentState.DRIFT:
        return (*again, *back)
    return (*back, *again) if state is IncidentState.FALLING else ()


def words(state: IncidentState | None, report: DriftReport, found: Fallen | None) -> str:
    """What is wrong, and what nobody does by itself."""
    if state is IncidentState.BROKEN:
        why = "; ".join(report.problems[:3]) or report.text
        return (
            f"The live rows cannot be compared: {why.rstrip('.')}. Nothing is trained on rows like these; mend where they come from first."
        )
    if state is IncidentState.FALLING and found:
        was = f"it was {found.before} with {found.version}"
        return f"{found.metric} is {found.now} on {found.rows} live rows since {found.promotion}; {was}. Nothing is rolled back by itself."
    return report.text


def _times(row: int) -> str:
    return f"{row} windows in a row" if row > 1 else "One window"


def in_short(report: DriftReport) -> DriftReport:
    """A report as an incident keeps it: what moved most, without what only a picture needs."""
    moved = tuple(one for one in report.columns if one.verdict is not Level.NONE)
    return replace(report, columns=moved[:KEPT_COLUMNS], bars=())
