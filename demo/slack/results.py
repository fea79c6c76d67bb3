"""What came of an act of a person, as the control API tells it."""

import json
from dataclasses import dataclass
from typing import Self

from demo.slack.shapes import Json


@dataclass(frozen=True)
class Ack:
    """How the app took a delivery.

    `outcome` is ok, http_error, http_timeout, connection_failed, too_many_redirects, not_subscribed or withheld;
    `status` is the HTTP status (200 for an acknowledged Socket Mode envelope), `body` what the app answered.
    """

    outcome: str
    status: int | None = None
    body: str = ""

    @property
    def ok(self) -> bool:
        """Whether the app acknowledged it in time."""
        return self.outcome == "ok"

    def json(self) -> Json:
        """The answer's JSON object; {} when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the control API's JSON."""
        return cls(str(answer["outcome"]), answer.get("status"), str(answer.get("body") or ""))


@dataclass(frozen=True)
class Submitted:
    """What a modal did after it was submitted: `action` is clear, close, errors, update, push or failed."""

    action: str
    errors: dict[str, str]
    ack: Ack

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the control API's JSON."""
        return cls(str(answer["action"]), dict(answer.get("errors") or {}), Ack.read(answer["ack"]))
