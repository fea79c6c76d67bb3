"""The gate `metrics`: the numbers of the version's metrics file against bounds, and against the live version's on the same data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from workers.contract.promotion import GateResult, Kind, RegisteredVersion, Result
from workers.domain.gates.gate import Dossier, Gate, Settings, closed


@dataclass(frozen=True)
class Bound:
    """What a metric must be."""

    at_least: float | None = None
    at_most: float | None = None
    not_worse_than_live_by: float | None = None


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """A result for each metric."""
    proof = (dossier.version.metrics_digest,) if dossier.version.metrics_digest else ()
    for name, bound in settings.items():
        result, text = _metric(name, Bound(**bound), dossier)
        yield GateResult(f"metrics: {name}", result, text, proof)


def _metric(name: str, bound: Bound, dossier: Dossier) -> tuple[Result, str]:
    have = dossier.version.metrics.get(name)
    if have is None or not is_number(have):
        return Result.CANNOT_TELL, f"{name} is not in the version's metrics"
    value = float(have)
    if bound.at_least is not None and value < bound.at_least:
        return Result.FAIL, f"{name} is {have}, below {bound.at_least}"
    if bound.at_most is not None and value > bound.at_most:
        return Result.FAIL, f"{name} is {have}, above {bound.at_most}"
    limits = [f"at least {bound.at_least}"] if bound.at_least is not None else []
    limits += [f"at most {bound.at_most}"] if bound.at_most is not None else []
    if bound.not_worse_than_live_by is None or dossier.live is None:
        return Result.PASS, f"{name} is {have}" + (f", {' and '.join(limits)} is needed" if limits else "")
    return _against_live(name, have, bound, dossier.live, dossier.version)


def _against_live(name: str, have: str, bound: Bound, live: RegisteredVersion, version: RegisteredVersion) -> tuple[Result, str]:
    allowed = bound.not_worse_than_live_by or 0.0
    was = live.metrics.get(name)
    if was is None or not is_number(was):
        return Result.CANNOT_TELL, f"the live version {live.version} has no {name} to compare with"
    if (live.dataset, live.dataset_digest) != (version.dataset, version.dataset_digest):
        text = f"{name} was measured on {version.dataset or 'nobody says what'}, the live version's on {live.dataset or 'nobody says what'}"
        return Result.CANNOT_TELL, f"{text}: not comparable"
    lower_is_better = bound.at_least is None and bound.at_most is not None
    worse = (float(have) - float(was)) if lower_is_better else (float(was) - float(have))
    said = f"{name} is {have}, the live {live.version} has {was}"
    if round(worse, 12) > allowed:
        return Result.FAIL, f"{said}: worse by {worse:.4g}, {allowed} is allowed"
    return Result.PASS, said


def is_number(text: str) -> bool:
    """Whether a metric's text is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


_BOUND = closed(
    {
        "at_least": {"type": "number", "description": "The version's metric must be this or more."},
        "at_most": {"type": "number", "description": "The version's metric must be this or less."},
        "not_worse_than_live_by": {
            "type": "number",
            "minimum": 0,
            "description": "How much worse than the live version's it may be. Worse means lower, or higher where only `at_most` is given.",
        },
    }
) | {"minProperties": 1}
GATE = Gate(
    name="metrics",
    asks="The numbers of the metrics file are within bounds, and not worse than those of what runs now, measured on the same data.",
    judge=judge,
    settings={"type": "object", "additionalProperties": False, "patternProperties": {r"^[a-zA-Z][a-zA-Z0-9_.-]{0,60}$": _BOUND}},
    kinds=(Kind.MODEL,),
)
