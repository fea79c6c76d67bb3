"""Brings parcels to the app: events with Slack's retries in the background, commands and clicks once, at once."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from demo.slack.clock import new_secret
from demo.slack.faults import Faults
from demo.slack.feed import Feed
from demo.slack.http_transport import HttpTransport
from demo.slack.parcel import Parcel, Taken, Transport
from demo.slack.socket_mode import SocketTransport
from demo.slack.tuning import Timing
from demo.slack.workspace import App

WITHHELD = Taken("withheld")


class Courier:
    """Chooses the transport, applies delivery faults, retries events and writes every attempt to the feed."""

    def __init__(self, app: App, timing: Timing, faults: Faults, feed: Feed, http: HttpTransport) -> None:
        self._app = app
        self._timing = timing
        self._faults = faults
        self._feed = feed
        self.http = http
        self.sockets = SocketTransport(app, timing)
        self._held: list[Parcel] = []
        self._sent: dict[str, Parcel] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def transport(self) -> Transport:
        """Socket Mode or HTTP, as the app is configured now."""
        return self.sockets if self._app.socket_mode else self.http

    def send(self, parcel: Parcel) -> None:
        """Deliver an event in the background, with retries."""
        if self._faults.flow == "held":
            self._held.append(parcel)
        elif self._faults.flow == "lost":
            self._log(parcel, WITHHELD)
        else:
            for _ in range(self._faults.copies):
                self._background(self._retried(parcel))

    async def bring(self, parcel: Parcel) -> Taken:
        """Deliver a command or an interaction; how the app took it. With copies, how it took the first."""
        if self._faults.flow != "open":
            self._log(parcel, WITHHELD)
            return WITHHELD
        copies = [self._attempt(parcel) for _ in range(self._faults.copies)]
        return (await asyncio.gather(*copies))[0]

    def release(self) -> None:
        """Send the events that were held back, in order."""
        held, self._held = self._held, []
        for parcel in held:
            self.send(parcel)

    async def again(self, times: int, kind: str | None) -> list[Taken]:
        """Deliver the last parcel (of that kind) that many times more."""
        parcel = self._sent.get(kind or "any")
        return [await self._attempt(parcel) for _ in range(times)] if parcel else []

    async def _retried(self, parcel: Parcel) -> None:
        taken = await self._attempt(parcel)
        for attempt, delay in enumerate(self._timing.retry_delays, start=1):
            if taken.ok or taken.final:
                return
            await asyncio.sleep(delay)
            taken = await self._attempt(replace(parcel, attempt=attempt, reason=_reason(taken)))

    async def _attempt(self, parcel: Parcel) -> Taken:
        sent = replace(parcel, envelope=new_secret())
        self._sent[parcel.kind] = self._sent["any"] = parcel
        taken = await self.transport.carry(sent)
        self._log(sent, taken)
        return taken

    def _log(self, parcel: Parcel, taken: Taken) -> None:
        payload = {key: value for key, value in parcel.payload.items() if key != "token"}
        about = {"id": parcel.envelope, "kind": parcel.kind, "label": parcel.label, "transport": self.transport.name}
        tries = {"attempt": parcel.attempt, "reason": parcel.reason}
        self._feed.add("delivery", {**about, **tries, "payload": payload, **taken.as_json()})

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop retrying and end all connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.close()
        await self.sockets.close()


def _reason(taken: Taken) -> str:
    known = {"http_timeout", "too_many_redirects", "connection_failed", "ssl_error", "http_error"}
    return taken.outcome if taken.outcome in known else "unknown_error"
