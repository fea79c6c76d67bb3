"""What the gate `drift` reads: a version against the live rows of an environment, measured when a promotion asks for it."""

from __future__ import annotations

from workers.contract.promotion import Result
from workers.domain.gates import drift as gate
from workers.effects.gathering import Asked, Finding
from workers.effects.measuring import Measuring


class Drift:
    """The live rows of the environment that is looked at, against the reference of the version that is to go there."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring

    def __call__(self, asked: Asked) -> Finding:
        """What was measured; the gate's own limits judge it. Raises WorldError."""
        if asked.place is None or asked.place.drift is None:
            return Finding(Result.CANNOT_TELL, "the policy does not say where live rows of that environment are: it has no `drift` there")
        found = self._measuring.measure(asked.version, asked.place.drift, asked.place.name)
        return Finding(gate.result(found), f"{found.verdict.value} in {asked.place.name}: {found.text}", found.source, gate.facts(found))
