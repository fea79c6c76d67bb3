"""What one measured window says: an alert, broken input, a metric that fell after a promotion, that all is calm, or nothing; and how the watch
counts it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from workers.contract.drift import DriftReport, DriftWatch, Fallen, IncidentState, Level, Realised
from workers.contract.envelope import read_stamp
from workers.contract.names import Version
from workers.contract.promotion import Placed, State
from workers.domain import lane, watching
from workers.domain.decision import Case
from workers.domain.gates.metrics import Bound, is_number
from workers.domain.policy import Rules
from workers.domain.policy.rules import DriftRules
from workers.domain.state import World

BAD = (IncidentState.DRIFT, IncidentState.BROKEN, IncidentState.FALLING)
CALM = 2
"""So many windows in a row without an alert end an incident."""
SHORTLY = 2
"""So many windows after a promotion a fall of a metric is told as one that came with it."""
WORSE_BY = 0.02
"""How much worse a share (between 0 and 1) may be where the policy gives no bound."""
_LOWER_IS_BETTER = ("loss", "error", "mae", "mse", "rmse", "mape", "brier")
"""Parts of the names of metrics that are better when lower, where the policy says nothing else."""


def took(world: World, case: Case, watch: DriftWatch, report: DriftReport, rules: DriftRules) -> tuple[DriftWatch, Fallen | None]:
    """The watch after a measurement of the version that is live, and the metric that fell, if one did.

    What is not a window of its own takes the place of the last report and is not counted.
    """
    watch = _of_version(watch, report.version)
    found = fallen(world, case, watch, report, rules)
    if not watching.counts(watch, rules, case.now):
        return replace(watch, report=report), found
    return replace(_counted(watch, said(report, found)), report=report, before=_in_short(watch.report), looked_at=case.time), found


def said(report: DriftReport, found: Fallen | None) -> IncidentState | None:
    """What the window says; `OVER`: it is calm, None: nothing can be told (too few rows)."""
    if report.verdict is Level.BROKEN:
        return IncidentState.BROKEN
    if found:
        return IncidentState.FALLING
    if report.verdict is Level.TOO_FEW:
        return None
    return IncidentState.DRIFT if report.verdict is Level.ALERT else IncidentState.OVER


def _counted(watch: DriftWatch, state: IncidentState | None) -> DriftWatch:
    """Too few rows say nothing: the row of windows is neither longer nor broken off."""
    if state is None:
        return watch
    if state is IncidentState.OVER:
        return replace(watch, in_a_row=0, calm=watch.calm + 1 if watch.incident else 0)
    return replace(watch, in_a_row=watch.in_a_row + 1, calm=0)


def _of_version(watch: DriftWatch, version: Version) -> DriftWatch:
    """The watch as it begins anew when another version is live; what the former one was worth on live rows is kept."""
    last = watch.report
    if last is None or last.version == version:
        return watch
    fresh = DriftWatch(watch.artifact, watch.environment, snooze=watch.snooze, incident=watch.incident)
    return replace(fresh, former_version=last.version, former=_certain(last.realised))


def _in_short(report: DriftReport | None) -> DriftReport | None:
    """The window before, without what only a picture needs."""
    return replace(report, bars=()) if report else None


def _certain(realised: Iterable[Realised]) -> tuple[Realised, ...]:
    return tuple(one for one in realised if not one.estimated)


def fallen(world: World, case: Case, watch: DriftWatch, report: DriftReport, rules: DriftRules) -> Fallen | None:
    """The metric that fell most since the promotion that brought the version, if that was not long ago; estimates and few rows prove nothing."""
    live = _promoted_lately(world, case, report, rules)
    if live is None or live.promotion is None:
        return None
    promoted = world.promotions[live.promotion]
    bounds = _bounds(world.policy.rules_for(report.environment, report.artifact, promoted.kind))
    worst: tuple[float, Fallen] | None = None
    for one in _certain(report.realised):
        before, version = _before(watch, one, report.version)
        if before is None or one.rows < rules.at_least or not (is_number(one.now) and is_number(before)):
            continue
        by = _worse_by(one.metric, float(before), float(one.now), bounds)
        if by is not None and (worst is None or by > worst[0]):
            worst = by, Fallen(one.metric, before, one.now, one.rows, version, live.promotion, live.since)
    return worst[1] if worst else None


def _promoted_lately(world: World, case: Case, report: DriftReport, rules: DriftRules) -> Placed | None:
    """What is live, if a promotion (no rollback) brought it not long ago and there is something to go back to."""
    release = world.release(report.environment, report.artifact)
    live = release.live if release else None
    if (
        release is None
        or live is None
        or live.version != report.version
        or live.promotion is None
        or lane.last_good(world, release) is None
    ):
        return None
    promotion = world.promotions.get(live.promotion)
    if promotion is None or promotion.state is not State.SUCCEEDED or promotion.rollback:
        return None
    return live if case.now - read_stamp(live.since) <= SHORTLY * rules.window else None


def _before(watch: DriftWatch, now: Realised, version: Version) -> tuple[str | None, Version]:
    """What the metric was with the version that ran before; where nobody measured that, what it was at this one's registration."""
    former = next((one.now for one in watch.former if one.metric == now.metric), None)
    return (former, watch.former_version) if former and watch.former_version else (now.then, version)


def _bounds(rules: Rules | None) -> dict[str, Bound]:
    return dict(rules.metrics) if rules else {}


def _worse_by(metric: str, before: float, now: float, bounds: dict[str, Bound]) -> float | None:
    """By how much more than is allowed it is worse; None: it is not, or nobody can say how much is much."""
    bound = bounds.get(metric, Bound())
    worse = now - before if _is_lower_better(metric, bound) else before - now
    allowed = bound.not_worse_than_live_by
    if allowed is None:
        allowed = WORSE_BY if 0 <= before <= 1 and 0 <= now <= 1 else None
    return round(worse - allowed, 12) if allowed is not None and round(worse, 12) > allowed else None


def _is_lower_better(metric: str, bound: Bound) -> bool:
    if bound.at_least is not None or bound.at_most is not None:
        return bound.at_least is None
    return any(part in metric.lower() for part in _LOWER_IS_BETTER)


def worst(report: DriftReport) -> tuple[str, ...]:
    """The names of the columns that are an alert, worst first, at most five, the prediction in front."""
    return tuple(_worst(report))[:5]


def _worst(report: DriftReport) -> Iterator[str]:
    found = [*([report.prediction] if report.prediction else []), *report.columns]
    yield from (one.column for one in found if one.verdict is Level.ALERT)
