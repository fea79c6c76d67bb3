"""Trainings on this host: who runs them, and that whoever does can read nothing of ours. Found out by trying."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from workers.adapters.pipelines.cells import UNCONFINED, try_out
from workers.adapters.pipelines.opening import Grounds, isolation
from workers.app.doctor.finding import Finding, Patient
from workers.app.place import place
from workers.ports.errors import WorldError

FIX = "Correct TOWPATH_TRAINING_USER, or run doctor as the user of the process `training`: docs/retraining.md, What runs it."


def look(patient: Patient) -> Iterator[Finding]:
    """Make the place that a training would have, and try to read from there what must not be read."""
    grounds = place(patient.settings, patient.environ).trainings
    if grounds is None or not grounds.user:
        yield Finding("training", "TOWPATH_TRAINING_USER is not set: recipes with a command are refused, those of CI are not")
        return
    try:
        says = _tried(grounds)
    except WorldError as exc:
        yield Finding("training", str(exc), FIX)
        return
    if says == UNCONFINED:
        yield Finding("training", f"trainings run {says}", "Set TOWPATH_TRAINING_USER to a user of its own before anything real lies here.")
        return
    yield Finding("training", f"trainings run as: {says}")
    if grounds.network == "host" and not urlsplit(patient.settings.redis_url.get_secret_value()).password:
        yield Finding(
            "training", "trainings reach this host's network, where Redis asks for no password", "Give Redis a password (requirepass)."
        )


def _tried(grounds: Grounds) -> str:
    cell = isolation(grounds)
    try_out(cell, grounds.folder)
    return cell.says
