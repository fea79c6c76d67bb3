"""What travels to the app and how it was taken, whichever the transport."""

from dataclasses import dataclass
from typing import Literal, Protocol

from demo.slack.shapes import Json

Kind = Literal["event", "command", "interactive"]
KINDS: tuple[Kind, ...] = ("event", "command", "interactive")


@dataclass(frozen=True)
class Parcel:
    """One payload. `label` says what is inside (an event type, `block_actions`, ...) for the log; `envelope` is its id
    in Socket Mode; `attempt` counts from 0 and `reason` is why there was a retry."""

    kind: Kind
    label: str
    payload: Json
    envelope: str
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Taken:
    """How the app took it. `outcome` as in results.Ack; `final` forbids further retries (X-Slack-No-Retry: 1)."""

    outcome: str
    status: int | None = None
    body: bytes = b""
    is_json: bool = False
    final: bool = False

    @property
    def ok(self) -> bool:
        """Acknowledged in time."""
        return self.outcome == "ok"

    def as_json(self) -> Json:
        """For the control API: outcome, status, body."""
        return {"outcome": self.outcome, "status": self.status, "body": self.body.decode("utf-8", "replace")}


class Transport(Protocol):
    """Carries parcels by HTTP or by Socket Mode."""

    name: str

    async def carry(self, parcel: Parcel) -> Taken:
        """Bring it to the app and wait for the acknowledgement, no longer than the deadline."""
        ...
