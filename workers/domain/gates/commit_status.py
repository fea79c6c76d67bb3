"""The gate `commit-status`: what CI said at the Git host of the very commit that the version lies on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workers.contract.evidence import Evidence
from workers.contract.promotion import GateResult, Result
from workers.domain.gates.gate import AGE, Dossier, Gate, Need, Settings, closed, duration, not_gathered

CHECK = "commit-status"
GREEN, RED, PENDING, LEFT_OUT = "success", "failure", "pending", "left out"
STATES = (RED, PENDING, GREEN, LEFT_OUT)
"""What a context can be, the worst first. `LEFT_OUT`: it was skipped, or its failure is allowed."""
_SHOWN = 5


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """Every wanted context must be a success; without a list, all that ran, and at least one."""
    need = needs(dossier, settings)
    found = dossier.seen(need)
    if found is None or dossier.is_too_old(need, found):
        yield not_gathered(CHECK, need, found)
        return
    result, text = _judged(found, settings)
    yield GateResult(CHECK, result, text, (found.digest,))


def needs(_: Dossier, settings: Settings) -> Need:
    """A job may be started again, so an answer of yesterday is not one of today."""
    return Need(CHECK, at_most_age=duration(settings.get("at_most_age", "1h")))


def _judged(found: Evidence, settings: Settings) -> tuple[Result, str]:
    if not found.facts:
        return Result.CANNOT_TELL, found.text
    states, wanted = dict(found.facts), settings.get("contexts")
    by = {state: [name for name in wanted or states if states.get(name) == state] for state in STATES}
    if by[RED]:
        return Result.FAIL, f"{found.source} says that {_few(by[RED])} failed at this commit"
    waiting = [*by[PENDING], *(name for name in wanted or () if name not in states or states[name] == LEFT_OUT)]
    if waiting:
        return (
            Result.CANNOT_TELL,
            f"{found.source} has no success of {_few(waiting)} at this commit{_said(waiting, states)}; ask again when CI has ended",
        )
    if not by[GREEN]:
        return Result.CANNOT_TELL, f"{found.source} knows no check that succeeded at this commit; let CI run on it"
    return Result.PASS, f"{found.source} says that {_few(by[GREEN])} succeeded at this commit"


def _said(names: list[str], states: Mapping[str, str]) -> str:
    told = [f"{name} is {states[name]}" for name in names if name in states]
    return f" ({_few(told)})" if told else " (none ran)"


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


GATE = Gate(
    name=CHECK,
    asks="The Git host says that the checks of the version's commit succeeded.",
    judge=judge,
    settings=closed(
        {
            "contexts": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 200},
                "uniqueItems": True,
                "minItems": 1,
                "maxItems": 50,
                "description": "The names of the checks that must have succeeded; when not given, all that ran, and at least one.",
            },
            "at_most_age": AGE,
        }
    ),
    needs=needs,
)
