"""The numbers of Slack's platform that a demo or a test may turn."""

from dataclasses import dataclass, fields
from typing import Any

from demo.slack.shapes import CannotDo


@dataclass
class Timing:
    """Seconds. Slack's own retry delays are about 0, 60 and 300; the demo's are shorter so that people can watch.

    `message_gap` is how far apart messages to one channel must be (Slack: about 1); 0 means as fast as you like.
    """

    ack_deadline: float = 3.0
    retry_delays: tuple[float, ...] = (1.0, 5.0, 15.0)
    trigger_life: float = 3.0
    response_url_life: float = 1800.0
    message_gap: float = 0.0

    def change(self, settings: dict[str, Any]) -> None:
        """Set some of them. Raises CannotDo for an unknown name or a wrong kind of value."""
        known = {row.name for row in fields(self)}
        for name, value in settings.items():
            if name not in known:
                raise CannotDo("unknown_setting", f"{name} is not one of {sorted(known)}")
            setattr(self, name, _read(name, value))


def _read(name: str, value: Any) -> Any:
    numbers = value if isinstance(value, list) else [value]
    if any(isinstance(row, bool) or not isinstance(row, int | float) or row < 0 for row in numbers):
        raise CannotDo("bad_setting", f"{name} is seconds")
    return tuple(map(float, numbers)) if name == "retry_delays" else float(numbers[0])
