"""Drift reports to show."""

from __future__ import annotations

from dataclasses import replace

from workers.contract.drift import Bars, ColumnDrift, DriftReport, Level, Realised, Snooze, Window
from workers.contract.names import ArtifactName, Digest, EnvironmentName, Instant, Version

from .samples import LEA, TIME

LATER = Instant("2026-11-30T08:00:00.000Z")
AREA = ColumnDrift(
    "mean_area", "number", Level.ALERT, psi="0.412", ks="0.31", wasserstein_normalised="0.83", missing_change="0.02", q="0.00001",
    notes=("12 in 100 lie above all that it learned from",),
)  # fmt: skip
SCANNER = ColumnDrift("scanner", "category", Level.WARNING, psi="0.12", cramers_v="0.22", missing_change="0", notes=("new: “mk4”",))
RADIUS = ColumnDrift("mean_radius", "number", Level.NONE, psi="0.021")
HIGHER = Bars("mean_area", ("below 400", "400 to 800", "above 800"), ("0.33", "0.33", "0.34"), ("0.1", "0.2", "0.7"))
SCANNERS = Bars("scanner", ("mk2", "mk3", "other"), ("0.6", "0.38", "0.02"), ("0.3", "0.5", "0.2"))


def report(verdict: Level = Level.ALERT, **changes: object) -> DriftReport:
    """A report of biopsy v3 in prod in which two of thirty features drifted."""
    found = DriftReport(
        artifact=ArtifactName("biopsy"),
        version=Version("v3.0.0"),
        environment=EnvironmentName("prod"),
        verdict=verdict,
        text="2 of 30 features drifted, mean_area most.",
        reference=Window(None, None, 426),
        live=Window("2026-11-16T08:00:00.000Z", TIME, 12345),
        at=TIME,
        digest=Digest("sha256:" + "ab" * 32),
        columns=(AREA, SCANNER, RADIUS),
        total=30,
        drifted=2,
        prediction=ColumnDrift("malignant", "category", Level.WARNING, psi="0.14", cramers_v="0.2"),
        realised=(Realised("auc", "0.951", 310, "0.996", "26.5"), Realised("auc", "0.94", 12345, "0.996", estimated=True)),
        bars=(HIGHER, SCANNERS),
        source="parquet biopsy/",
        warning="0.1",
        alert="0.25",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def earlier(**changes: object) -> DriftReport:
    """What was measured the day before: only the scanner had drifted."""
    was = (replace(SCANNER, psi="0.11"), replace(AREA, verdict=Level.NONE, psi="0.08"))
    found = report(Level.WARNING, columns=was, drifted=1, digest=Digest("sha256:" + "cd" * 32), at="2026-11-22T08:00:00.000Z")
    return replace(found, **changes)  # type: ignore[arg-type]


SNOOZED = Snooze(LEA, TIME, LATER, "the new scanner is being calibrated")
