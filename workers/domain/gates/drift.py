"""The gate `drift`: the live rows of the environment are not too far from what the version learned from.

What was measured is kept as evidence by `evidence`, whoever measured it: the watch, a person's question, or a request that waits for it. An
approval binds the verdict and not its numbers: the rows of tomorrow are others.
"""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract import wire
from workers.contract.drift import DriftReport, Level
from workers.contract.evidence import Evidence
from workers.contract.names import Digest
from workers.contract.promotion import GateResult, Kind, Result
from workers.domain.gates.gate import AGE, Dossier, Gate, Need, Settings, closed, duration, not_gathered

CHECK = "drift"
LIMITS = {"none": Level.NONE, "warning": Level.WARNING, "alert": Level.ALERT}
"""What may be written as `at_most`, the mildest first."""
_ORDER = tuple(LIMITS.values())
_SHOWN = 3


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """What the last measurement says. Where nothing runs yet and nothing could be measured, there is nothing that can have drifted."""
    need = needs(dossier, settings)
    found = dossier.seen(need)
    level = _level(found)
    if dossier.live is None and level not in _ORDER:
        text = f"nothing runs in {dossier.environment} yet, so there are no live rows that can have drifted"
        yield GateResult(CHECK, Result.PASS, text)
    elif found is None or dossier.is_too_old(need, found):
        yield not_gathered(CHECK, need, found)
    elif level not in _ORDER:
        yield GateResult(CHECK, Result.CANNOT_TELL, f"{found.text}; ask again when that is mended", (_bound(found, level),))
    else:
        result, text = _judged(dict(found.facts), level, LIMITS[settings.get("at_most", "warning")])
        yield GateResult(CHECK, result, text, (_bound(found, level),))


def needs(dossier: Dossier, settings: Settings) -> Need:
    """Rows go on arriving: a verdict of last week says nothing of today."""
    return Need(CHECK, dossier.environment, duration(settings.get("at_most_age", "24h")))


def facts(report: DriftReport) -> tuple[tuple[str, str], ...]:
    """What the gate reads of a measurement, as text: the verdict, how many live rows, of when, and what moved most."""
    worst = "; ".join(f"{one.column} {one.psi or one.verdict.value}" for one in report.columns[:_SHOWN] if one.verdict is not Level.NONE)
    window = report.live
    found = {"verdict": report.verdict.value, "rows": str(window.rows), "from": window.begin, "until": window.end, "worst": worst}
    return tuple((name, value) for name, value in found.items() if value)


def result(report: DriftReport) -> Result:
    """What a measurement is worth where no limit is written."""
    if report.verdict not in _ORDER:
        return Result.CANNOT_TELL
    return Result.FAIL if report.verdict is Level.ALERT else Result.PASS


def evidence(report: DriftReport, at: str) -> Evidence:
    """A measurement as the ledger keeps it for the gate and for whoever checks the record: the digest of the whole report, and its summary."""
    return Evidence(
        report.artifact,
        report.version,
        CHECK,
        result(report),
        report.text,
        at,
        report.digest,
        report.environment,
        report.source,
        facts(report),
    )


def _level(found: Evidence | None) -> Level | None:
    said = dict(found.facts).get("verdict") if found else None
    return next((level for level in Level if level.value == said), None)


def _judged(said: dict[str, str], level: Level, limit: Level) -> tuple[Result, str]:
    rows = f"{said.get('rows', '0')} live rows" + (f" until {said['until']}" if said.get("until") else "")
    text = f"{level.value} on {rows}" + (f" ({said['worst']})" if said.get("worst") else "")
    if _ORDER.index(level) > _ORDER.index(limit):
        return Result.FAIL, f"{text}; at most {limit.value} is allowed"
    return Result.PASS, text


def _bound(found: Evidence, level: Level | None) -> Digest:
    """What an approval binds: of which version, where, and the verdict."""
    said = [found.artifact, found.version, found.environment, level.value if level else found.result.value]
    return Digest.read(wire.sha256(wire.canonical({"check": CHECK, "said": said})))


GATE = Gate(
    name=CHECK,
    asks="The live rows of this environment are close enough to those that the version learned from, and so are its predictions.",
    judge=judge,
    settings=closed(
        {
            "at_most": {"enum": list(LIMITS), "description": "The worst verdict that passes; `warning` when not given."},
            "at_most_age": AGE,
        }
    ),
    kinds=(Kind.MODEL,),
    needs=needs,
)
