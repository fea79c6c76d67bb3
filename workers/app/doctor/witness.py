"""The witness, where there is one: it answers, and agrees with the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from workers.adapters.git.mirror import Mirror
from workers.app.doctor.finding import Finding, Patient
from workers.app.place import place
from workers.app.settings import GitSettings
from workers.ports.errors import WorldError
from workers.tasks.wiring import Wiring

FIX = "Check TOWPATH_WITNESS, the network and the credentials of Git; the ledger goes on without it."
DIFFERS = "Accept no head before both were compared: docs/operations.md, The witness."


def look(patient: Patient) -> Iterator[Finding]:
    """Nothing without a witness."""
    return beside(patient.settings, patient.mirror)


def beside(settings: GitSettings, mirror: Mirror) -> Iterator[Finding]:
    """Its head beside the ledger's."""
    witness = Wiring(place(settings), lambda _task, _fields: None).witness
    if witness is None:
        return
    try:
        head = mirror.fetch_ledger()
        if head is None:
            theirs = witness.head()
            says = f"it has {theirs[:12]}, and the repository has no ledger" if theirs else "it answers, without a ledger"
            yield Finding("witness", says, DIFFERS if theirs else None)
            return
        found = witness.compare(head)
    except WorldError as exc:
        yield Finding("witness", str(exc)[:300], FIX)
        return
    yield Finding("witness", found.words, DIFFERS if found.is_amiss else None)
