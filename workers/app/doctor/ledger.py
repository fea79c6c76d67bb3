"""The ledger: it is there, this writer's, known to this host, and every commit of it is signed."""

from __future__ import annotations

from collections.abc import Iterator

from workers.adapters.git.ledger import GitLedger
from workers.app.doctor.finding import WRONG_KEYS, Finding, Patient
from workers.contract.names import CommitId
from workers.domain import layout
from workers.domain.state import WRITER, parse_signers
from workers.perform.reading import Reader
from workers.ports.errors import Untrusted


class Looking(GitLedger):
    """The ledger for somebody who only looks: what is checked here is not thereby accepted."""

    def set_anchor(self, commit: CommitId) -> None:
        """Leave it where it is."""


def look(patient: Patient) -> Iterator[Finding]:
    """As the process sees it that writes."""
    ledger = Looking(patient.mirror, None)
    head = ledger.fetch()
    if head is None:
        yield Finding("ledger", "the repository has no ledger", "Run `towpath init`.")
        return
    known = parse_signers((ledger.read(head, layout.SIGNERS) or b"").decode()).get(WRITER, "")
    if known.split()[:2] != patient.public.split()[:2]:
        yield Finding("ledger", f"at {head[:12]} it does not know this writer's key; nothing is written", WRONG_KEYS)
        return
    if ledger.anchor() is None and patient.settings.towpath_ledger_head != head:
        yield Finding(
            "ledger",
            f"this host has never seen it, and its head is {head}; nothing is written",
            f"See in Slack that this is the newest head, then: towpath accept-head {head}",
        )
        return
    yield _checked(ledger, head, patient.public)


def _checked(ledger: Looking, head: CommitId, public: str) -> Finding:
    """As the process judges it that writes: every commit from the first on."""
    if ledger.anchor() is None:
        return Finding("ledger", f"its head is {head[:12]}, which TOWPATH_LEDGER_HEAD accepts at the start")
    try:
        world = Reader(ledger, public).read()
    except Untrusted as exc:
        return Finding(
            "ledger",
            f"{exc}; nothing is written",
            "Find out who wrote it and compare it with the heads shown in Slack: docs/operations.md, When Towpath cannot work.",
        )
    return Finding("ledger", f"its head is {world.head[:12]}, record {world.seq}; every commit is signed by the writer")
