"""What the gate `drift` reads: a version against the live rows of an environment, measured when a promotion asks for it."""

from __future__ import annotations

from workers.contract.drift import DriftReport, Level
from workers.contract.promotion import Result
from workers.effects.gathering import Asked, Finding
from workers.effects.measuring import Measuring

CHECK = "drift"
UNKNOWN = (Level.TOO_FEW, Level.BROKEN)
_SHOWN = 3


class Drift:
    """The live rows of the environment that is looked at, against the reference of the version that is to go there."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring

    def __call__(self, asked: Asked) -> Finding:
        """Measured is PASS, whatever was found: the gate's own bounds judge the facts. Raises WorldError."""
        if asked.place is None or asked.place.drift is None:
            return Finding(Result.CANNOT_TELL, "the policy does not say where live rows of that environment are: it has no `drift` there")
        found = self._measuring.measure(asked.version, asked.place.drift, asked.place.name)
        result = Result.CANNOT_TELL if found.verdict in UNKNOWN else Result.PASS
        return Finding(result, f"{found.verdict.value} in {asked.place.name}: {found.text}", found.source, facts(found))


def facts(found: DriftReport) -> tuple[tuple[str, str], ...]:
    """What a gate may judge: the verdict, what moved most with its PSI, and how many rows of when it was."""
    worst = "; ".join(f"{one.column} {one.psi or one.verdict.value}" for one in found.columns[:_SHOWN] if one.verdict is not Level.NONE)
    said = {"verdict": found.verdict.value, "rows": str(found.live.rows), "from": found.live.begin, "until": found.live.end, "worst": worst}
    return tuple((key, value) for key, value in said.items() if value)
