"""What the server says no with: an HTTP status, a reason, and a word that programs can act on."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A request that is answered with an error and changes nothing.

    `result` goes into the log of operations and, with `details`, into the answer's `parameters`.
    """

    def __init__(self, status: int, reason: str, result: str, **details: Any) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.result = result
        self.details = details

    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer; the protocol asks for `error`."""
        return {"error": self.reason, "parameters": {"result": self.result, **self.details}}


def malformed(reason: str) -> Refused:
    """The request itself is wrong: 400."""
    return Refused(400, reason, "malformed")


def unknown(reason: str) -> Refused:
    """There is no such model or version: 404."""
    return Refused(404, reason, "unknown")


def not_ready(model: str) -> Refused:
    """The model has versions, but none answers for callers that name none: 400, as for any model that is not ready."""
    return Refused(400, f"model {model} is not ready: no default version is set", "not_ready")


def stale_fence(fence: int, seen: int) -> Refused:
    """Somebody with a newer fence was here first: 409."""
    return Refused(409, f"stale fence {fence}: {seen} was seen", "stale_fence", fence=seen)


def conflict(reason: str, **details: Any) -> Refused:
    """The version label already stands for something else: 409."""
    return Refused(409, reason, "conflict", **details)


def corrupt(reason: str) -> Refused:
    """The files do not make a model that answers: 409."""
    return Refused(409, reason, "corrupt")
