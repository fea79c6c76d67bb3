"""Incidents of drift to show."""

from __future__ import annotations

from dataclasses import replace

from workers.contract.drift import ColumnDrift, DriftReport, Fallen, Incident, IncidentState, Level, Realised, Window
from workers.contract.names import ArtifactName, EnvironmentName, IncidentId, PromotionId, Version
from workers.contract.outcomes import IncidentMoved
from workers.contract.stories import Told

from .samples import ANA, COMMIT, EFFECTS, LEA, PLAN, TIME

FELL = Fallen("auc", "0.95", "0.88", 320, Version("v2.0.0"), PromotionId("P-100"), TIME)


def report(level: Level = Level.ALERT, **changed: object) -> DriftReport:
    columns = (
        ColumnDrift("mean radius", "number", Level.ALERT, psi="0.41", missing_change="0.12", notes=("7 values were never seen before",)),
        ColumnDrift("texture", "number", Level.WARNING, psi="0.14", missing_change="-0.03"),
        ColumnDrift("smoothness", "number", Level.NONE, psi="0.01"),
    )
    bare = DriftReport(
        ArtifactName("biopsy"), Version("v3.0.0"), EnvironmentName("prod"), level, "Live rows are far from what it learned.",
        Window(None, None, 400), Window(TIME, TIME, 320), TIME, PLAN, columns, 30, 2, realised=(Realised("auc", "0.88", 320, "0.95", "6"),),
    )  # fmt: skip
    return replace(bare, **changed)  # type: ignore[arg-type]


def told(name: str, seq: int = 7, text: str = "", by_person: object = None, because: str | None = None) -> Told:
    return Told(seq, name, TIME, LEA if by_person else EFFECTS, "drift alert", text or f"It {name}.", because)


def incident(state: IncidentState = IncidentState.DRIFT, **changed: object) -> Incident:
    bare = Incident(
        IncidentId("I-7"), ArtifactName("biopsy"), EnvironmentName("prod"), Version("v3.0.0"), "C0FRAUD", TIME, report(), state,
        (told("drift_alert"),), in_a_row=2, owners=(ANA.user, "dana@example.com"), offers=("retrain", "rollback"),
    )  # fmt: skip
    return replace(bare, **changed)  # type: ignore[arg-type]


def moved(one: Incident) -> IncidentMoved:
    return IncidentMoved(one, {str(event.seq): COMMIT for event in one.events}, COMMIT)
