"""Time and chance enter the stand-in here and nowhere else."""

import secrets
import string
import time
from dataclasses import dataclass

_LETTERS = string.ascii_uppercase + string.digits


@dataclass
class Clock:
    """Wall time in seconds; message timestamps (`"1700000000.000100"`) are strictly increasing and so unique."""

    _last_micro: int = 0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def stamp(self) -> str:
        """A new message timestamp, later than every other one."""
        micro = max(int(self.now() * 1_000_000), self._last_micro + 1)
        self._last_micro = micro
        return f"{micro // 1_000_000}.{micro % 1_000_000:06d}"

    def not_before(self, stamp: str) -> None:
        """Make every later stamp follow this one (used when kept messages are loaded)."""
        seconds, _, micro = stamp.partition(".")
        self._last_micro = max(self._last_micro, int(seconds) * 1_000_000 + int(micro or 0))


def new_id(prefix: str, length: int = 10) -> str:
    """An id in Slack's manner: a prefix letter and random capitals and digits."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))


def new_secret() -> str:
    """An unguessable lower-case word for URLs."""
    return secrets.token_hex(12)
