"""The few words that every room of the stand-in shares: what JSON is, and the two ways to say no."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """Slack's answer to a bad API call: `{"ok": false, "error": <code>, ...}`.

    `extra` holds what Slack adds for this error (`needed`, `response_metadata`, ...).
    """

    def __init__(self, error: str, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.extra: Json = dict(extra or {})

    def answer(self) -> Json:
        """The JSON body."""
        return {"ok": False, "error": self.error, **self.extra}


class CannotDo(Exception):
    """What a person tried is impossible in a Slack client: `code` for programs, `reason` in words for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
