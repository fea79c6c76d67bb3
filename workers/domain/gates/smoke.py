"""The gate `smoke`: the version answers its golden input where it runs already, in the environment before this one."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract.promotion import GateResult, Kind, Result
from workers.domain.gates.gate import AGE, Dossier, Gate, Need, Settings, closed, duration, not_gathered

CHECK = "smoke"


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """What the targets of the earlier environment answered."""
    if dossier.after is None:
        yield GateResult(CHECK, Result.CANNOT_TELL, f"no environment comes before {dossier.environment}, so there is nowhere to ask")
        return
    need = needs(dossier, settings)
    found = dossier.seen(need)
    if found is None or dossier.is_too_old(need, found):
        yield not_gathered(CHECK, need, found)
        return
    yield GateResult(CHECK, found.result, found.text, (found.digest,))


def needs(dossier: Dossier, settings: Settings) -> Need:
    """An hour later somebody may have changed what runs there."""
    return Need(CHECK, dossier.after, duration(settings.get("at_most_age", "1h")))


GATE = Gate(
    name=CHECK,
    asks="In the environment before this one, its targets report the version's digest and repeat its golden prediction.",
    judge=judge,
    settings=closed({"at_most_age": AGE}),
    kinds=(Kind.MODEL,),
    needs=needs,
    wants_after=True,
)
