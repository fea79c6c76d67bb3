"""The gate `owned`: a version goes nowhere unless enough people are named as its owners."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract.promotion import GateResult, Result
from workers.domain.gates.gate import Dossier, Gate, Settings, closed


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """A pure function of the dossier: no files, no network, no clock. Whatever it raises is *cannot tell*, which stops."""
    owners, wanted = dossier.version.owners, settings.get("at_least", 1)
    if len(owners) >= wanted:
        yield GateResult("owned", Result.PASS, f"{len(owners)} owners: {', '.join(owners)}")
    else:
        yield GateResult(
            "owned", Result.FAIL, f"it has {len(owners)} owners, {wanted} are wanted; name them in artifact.yaml (owners: [U...])"
        )


GATE = Gate(
    name="owned",
    asks="Enough people are named as owners of the version.",
    judge=judge,
    settings=closed({"at_least": {"type": "integer", "minimum": 1, "description": "How many, 1 when not given."}}),
)
