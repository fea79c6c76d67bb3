"""Short-lived permissions that Slack hands out: trigger ids (3 s, once) and response URLs (30 min, five uses)."""

from dataclasses import dataclass, field

from demo.slack.clock import Clock, new_secret
from demo.slack.shapes import Json, Refused
from demo.slack.tuning import Timing

USES = 5


@dataclass
class Trigger:
    """May open one modal for a person; `view` is the modal it came from, if any."""

    user: str
    made: float
    view: str | None = None
    used: bool = False


@dataclass
class Hook:
    """May answer one command or action: where, for whom, and which message it may replace."""

    channel: str
    user: str
    made: float
    thread_ts: str | None = None
    original: str | None = None
    original_is_whisper: bool = False
    left: int = USES
    answered: list[Json] = field(default_factory=list)


class Passes:
    """Everything handed out so far."""

    def __init__(self, clock: Clock, timing: Timing) -> None:
        self._clock = clock
        self._timing = timing
        self._triggers: dict[str, Trigger] = {}
        self._hooks: dict[str, Hook] = {}

    def new_trigger(self, user: str, view: str | None = None) -> str:
        """A trigger id for this person's act."""
        key = f"{int(self._clock.now() * 1000)}.{new_secret()}"
        self._triggers[key] = Trigger(user, self._clock.now(), view)
        return key

    def use_trigger(self, key: str) -> Trigger:
        """Spend a trigger. Raises Refused: invalid_trigger_id, exchanged_trigger_id, expired_trigger_id."""
        trigger = self._triggers.get(key)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self._clock.now() - trigger.made > self._timing.trigger_life:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_hook(self, channel: str, user: str) -> tuple[str, Hook]:
        """The secret part of a response URL, and what it may do."""
        key = new_secret()
        self._hooks[key] = Hook(channel, user, self._clock.now())
        return key, self._hooks[key]

    def use_hook(self, key: str) -> Hook:
        """Spend one use. Raises Refused: invalid_url, used_url, expired_url."""
        hook = self._hooks.get(key)
        if hook is None:
            raise Refused("invalid_url")
        if self._clock.now() - hook.made > self._timing.response_url_life:
            raise Refused("expired_url")
        if hook.left <= 0:
            raise Refused("used_url")
        hook.left -= 1
        return hook
