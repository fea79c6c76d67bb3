"""How an effect says what it saw: a request of its own, signed with the effects' key, through the same inbox as everybody's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.actors import PROCESSES
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import CommitId, RequestId
from workers.contract.signatures import Signer


class Put(Protocol):
    """Lays an envelope into the inbox and wakes the loop that writes."""

    def __call__(self, sealed: Sealed | str, *, looked: bool = False) -> None:
        """Put it; `looked` marks a person's request that was put back."""


class Reporter:
    """Signs and sends reports. The id of a report follows from what it is about, so that a step that ran twice reports once."""

    def __init__(self, key: Signer, repo_id: str, put: Put, now: Callable[[], datetime]) -> None:
        self._key = key
        self.repo_id = repo_id
        self._put = put
        self.now = now

    def step(self, report: ask.Deployed | ask.Verified | ask.Restored) -> None:
        """A step of a deployment."""
        about = (type(report).__name__, report.promotion, str(report.generation))
        self._send(report, request_id(self.repo_id, *about))

    def observed(self, report: ask.Observed) -> None:
        """What targets report, for a person who asked."""
        self._send(report, request_id(self.repo_id, "Observed", report.promotion, str(report.generation), report.asked_by))

    def version(self, report: ask.Inspected | ask.NotInspected) -> None:
        """A version that was read, or could not be."""
        if isinstance(report, ask.Inspected):
            about: tuple[str, ...] = (report.found.artifact, report.found.version, report.found.commit, report.found.digest)
        else:
            about = (report.artifact, report.version, *report.reasons)
        self._send(report, request_id(self.repo_id, type(report).__name__, *about, report.asked_by or ""))

    def recipe(self, report: ask.RecipeRead) -> None:
        """How an artifact is trained, once for each request, whatever the source branch says at a second look."""
        self._send(report, request_id(self.repo_id, "RecipeRead", report.asked_by))

    def trained(self, report: ask.Trained, after: int) -> None:
        """How a training stands; `after` is the number of the last record that told of it. It ends once."""
        how = (report.progress or report.text, str(after)) if report.seen is ask.Seen.UNCLEAR else ("end",)
        self._send(report, request_id(self.repo_id, "Trained", report.retraining, str(report.attempt), *how))

    def evidence(self, report: ask.Gathered) -> None:
        """What was seen of a version for somebody's request."""
        about = (wire.sha256(report.asked_by.encode()), *(f"{one.check}@{one.environment}:{one.digest}" for one in report.found))
        self._send(report, request_id(self.repo_id, type(report).__name__, *about))

    def measured(self, report: ask.Measured) -> None:
        """Drift that was measured, for a person who asked or because it was due."""
        one = report.report
        about = (one.environment, one.artifact, one.version, one.digest, wire.sha256((report.asked_by or one.at).encode()))
        self._send(report, request_id(self.repo_id, "Measured", *about))

    def policy(self, report: ask.PolicyProposed) -> None:
        """A policy on the source branch that is not in force."""
        self._send(report, request_id(self.repo_id, "policy", report.commit, report.text))

    def externals(self, report: ask.ExternalsSeen | ask.ExternalsSettled, head: CommitId) -> None:
        """What was changed around us, as compared with the ledger at this head."""
        self._send(report, request_id(self.repo_id, type(report).__name__, head, wire.sha256(wire.canonical(report))))

    def put_back(self, sealed: str) -> None:
        """A person's request that waited for a look at the repository goes back into the inbox as it was."""
        self._put(sealed, looked=True)

    def _send(self, request: ask.Request, id_: RequestId) -> None:
        now = self.now()
        envelope = Envelope(id_, self.repo_id, stamp(now), stamp(now + LIFETIME), PROCESSES["effects"], request)
        self._put(seal(envelope, Sender.EFFECTS, self._key))
