"""Trouble on demand, from Python: what `workspace.faults` offers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from demo.slack.results import Ack
from demo.slack.shapes import Json

Post = Callable[[str, Mapping[str, Any]], Awaitable[Json]]


class Faults:
    """Each lasts for the next `times` calls, or for `seconds`; `method` is an API method, `response_url` or `*`."""

    def __init__(self, post: Post) -> None:
        self._post = post

    async def rate_limit(self, method: str, *, retry_after: int = 1, times: int = 1, seconds: float = 0) -> None:
        """Answer 429 with Retry-After; nothing is done."""
        await self._api("rate_limited", method, times, seconds, retry_after=retry_after)

    async def server_error(self, method: str, *, status: int = 503, times: int = 1, seconds: float = 0) -> None:
        """Answer with a 5xx; nothing is done."""
        await self._api("server_error", method, times, seconds, status=status)

    async def error(self, method: str, code: str, *, times: int = 1, seconds: float = 0) -> None:
        """Answer `{"ok": false, "error": code}`; nothing is done."""
        await self._api("error", method, times, seconds, code=code)

    async def drop_answer(self, method: str, *, times: int = 1, seconds: float = 0) -> None:
        """Do what is asked, then cut the connection without an answer."""
        await self._api("drop_answer", method, times, seconds)

    async def delay(self, method: str, by: float, *, times: int = 1, seconds: float = 0) -> None:
        """Wait `by` seconds before doing what is asked."""
        await self._api("delay", method, times, seconds, by=by)

    async def _api(self, kind: str, method: str, times: int, seconds: float, **more: Any) -> None:
        await self._post("faults/api", {"kind": kind, "method": method, "times": times, "seconds": seconds, **more})

    async def copies(self, count: int) -> None:
        """Deliver every payload that many times (1 is normal), at once."""
        await self._post("faults/delivery", {"copies": count})

    async def sign(self, how: str) -> None:
        """Sign deliveries with: good, wrong_secret, old_timestamp, no_signature, other_body."""
        await self._post("faults/delivery", {"signing": how})

    async def hold(self) -> None:
        """Keep events back until `release`; commands and clicks reach nobody and time out."""
        await self._post("faults/delivery", {"flow": "held"})

    async def lose(self) -> None:
        """Lose every delivery until `release`."""
        await self._post("faults/delivery", {"flow": "lost"})

    async def release(self) -> None:
        """Deliver again, first what was held."""
        await self._post("faults/delivery", {"flow": "open"})

    async def redeliver(self, times: int = 1, *, kind: str | None = None) -> list[Ack]:
        """Send the last delivery (of that kind: event, command, interactive) again, with the same ids."""
        answer = await self._post("faults/redeliver", {"times": times, "kind": kind})
        return [Ack.read(row) for row in answer["acks"]]

    async def clear(self) -> None:
        """End all faults and release what was held."""
        await self._post("faults/clear", {})
