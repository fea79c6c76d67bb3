"""Trouble on demand: what goes wrong with the next API calls and deliveries."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from demo.slack.clock import Clock
from demo.slack.shapes import CannotDo, Json

ApiKind = Literal["rate_limited", "server_error", "error", "drop_answer", "delay"]
API_KINDS = ("rate_limited", "server_error", "error", "drop_answer", "delay")
SIGNINGS = ("good", "wrong_secret", "old_timestamp", "no_signature", "other_body")
FLOWS = ("open", "held", "lost")


@dataclass
class ApiFault:
    """One planned trouble: for `times` calls, or until `until` (seconds since the epoch) if that is set."""

    kind: str
    method: str
    times: int
    until: float
    retry_after: int = 1
    status: int = 503
    code: str = "internal_error"
    by: float = 0.0


@dataclass
class Faults:
    """All planned trouble; the neutral values mean none."""

    clock: Clock
    api: list[ApiFault] = field(default_factory=list)
    copies: int = 1
    signing: str = "good"
    flow: str = "open"
    _paced: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def plan(self, body: Json) -> None:
        """Add trouble for API calls, from the control API's JSON. Raises CannotDo."""
        if body.get("kind") not in API_KINDS or not isinstance(body.get("method"), str):
            raise CannotDo("bad_fault", f"kind is one of {API_KINDS}, method an API method or *")
        seconds = float(body.get("seconds") or 0)
        until = self.clock.now() + seconds if seconds else 0.0
        fault = ApiFault(body["kind"], body["method"], int(body.get("times") or 1), until)
        for name in ("retry_after", "status", "code", "by"):
            if name in body:
                setattr(fault, name, type(getattr(fault, name))(body[name]))
        self.api.append(fault)

    def deliveries(self, body: Json) -> None:
        """Change how deliveries go wrong. Raises CannotDo."""
        if body.get("signing", "good") not in SIGNINGS or body.get("flow", "open") not in FLOWS:
            raise CannotDo("bad_fault", f"signing is one of {SIGNINGS}, flow one of {FLOWS}")
        self.copies = max(1, int(body.get("copies", self.copies)))
        self.signing = body.get("signing", self.signing)
        self.flow = body.get("flow", self.flow)

    def clear(self) -> None:
        """End all of it."""
        self.api.clear()
        self.copies, self.signing, self.flow = 1, "good", "open"

    def met_by(self, method: str) -> list[ApiFault]:
        """What goes wrong with this call; each fault that counts calls is used up by one."""
        now = self.clock.now()
        self.api = [row for row in self.api if (row.until > now if row.until else row.times > 0)]
        found = [row for row in self.api if row.method in {"*", method}]
        for row in found:
            row.times -= 1
        return found

    def too_fast(self, channel: str, gap: float) -> bool:
        """Whether a message to this channel comes within `gap` seconds of the last one that was let through."""
        now = self.clock.now()
        if now - self._paced[channel] < gap:
            return True
        self._paced[channel] = now
        return False
