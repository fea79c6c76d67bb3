"""A model that is live in prod and whose drift is watched there, and what is measured of it."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.drift import ColumnDrift, DriftReport, DriftWatch, Incident, Level, Realised, Window
from workers.contract.envelope import Envelope, stamp
from workers.contract.names import EnvironmentName, Version
from workers.contract.promotion import RegisteredVersion
from workers.domain import decision as d

from .worlds import BIOPSY, POLICY, PROD, Story, digest_of, version_of

RULES = "{rows: {type: parquet, path: biopsy, time: seen_at}, every: 1d, window: 7d}"


def policy(rules: str = RULES) -> str:
    """Prod is watched by these rules."""
    return POLICY.replace("    soak: 1h\n", f"    soak: 1h\n    drift: {rules}\n")


def owned(version: str) -> RegisteredVersion:
    return replace(version_of(version), owners=("UANA", "UDANA"))


def watched(rules: str = RULES, *further: str) -> Story:
    """`v1.0.0` is live in prod, further versions are registered."""
    story = Story(policy(rules)).registers(*(owned(one) for one in ("v1.0.0", *further)))
    story.live_in_prod("v1.0.0")
    return story


def report(
    level: Level,
    *alerts: str,
    version: str = "v1.0.0",
    environment: EnvironmentName = PROD,
    realised: tuple[Realised, ...] = (),
    **changed: object,
) -> DriftReport:
    """A measurement with these columns as alerts (one, when it is an alert and none is named)."""
    names = alerts or (("radius",) if level is Level.ALERT else ())
    columns = (
        *(ColumnDrift(name, "number", Level.ALERT, psi="0.31") for name in names),
        ColumnDrift("texture", "number", Level.NONE, psi="0.01"),
    )
    problems = ("the column radius is gone.",) if level is Level.BROKEN else ()
    bare = DriftReport(
        BIOPSY, Version.read(version), environment, level, f"It is {level.value}.", Window(None, None, 400), Window(None, None, 300),
        "2026-11-23T08:00:00.000Z", digest_of(repr((level, names, version))), columns, 30, len(names), realised=realised, problems=problems,
    )  # fmt: skip
    return replace(bare, **changed)  # type: ignore[arg-type]


def measures(story: Story, level: Level, *alerts: str, asked: Envelope | None = None, **changed: object) -> d.Decision:
    """The watch measured, a window later than before unless somebody asked."""
    if asked is None:
        story.later(days=1)
    return story.reports(ask.Measured(report(level, *alerts, **changed)), asked=asked)  # type: ignore[arg-type]


def watch(story: Story) -> DriftWatch:
    return story.world.drifts[PROD, BIOPSY]


def incident(story: Story) -> Incident:
    """The last one."""
    return max(story.world.incidents.values(), key=lambda one: one.id.number)


def told(story: Story) -> list[str]:
    """The events of the last incident."""
    return [event.event for event in incident(story).events]


def auc(now: str, rows: int = 300, then: str | None = "0.95") -> tuple[Realised, ...]:
    return (Realised("auc", now, rows, then),)


__all__ = ["RULES", "auc", "incident", "measures", "owned", "policy", "report", "stamp", "told", "watch", "watched"]
