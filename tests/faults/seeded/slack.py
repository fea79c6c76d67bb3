"""The stand-in Slack in a thread of the scheduler's. What it would deliver to the app lies in `mails` until the scheduler hands it out."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import yaml
from aiohttp import web

from demo.installation import fill
from demo.slack import signing
from demo.slack.client import Workspace
from demo.slack.http_transport import encoded
from demo.slack.parcel import Parcel, Taken
from demo.slack.seen import Transcript
from demo.slack.server import build
from demo.slack.stage import STAGE
from demo.slack.workspace import read

T = TypeVar("T")
Mail = dict[str, str]
WORKSPACE = Path("demo/workspace.yaml")
HERE = Path(__file__).parents[3]


class Mailbox:
    """Carries deliveries as far as the scheduler, signed as Slack signs them; to Slack they were acknowledged."""

    name = "http"

    def __init__(self, secret: str, now: Callable[[], float]) -> None:
        self._secret = secret
        self._now = now
        self.mails: list[Mail] = []

    async def carry(self, parcel: Parcel) -> Taken:
        """Keep it for the scheduler."""
        body, form = encoded(parcel)
        headers = signing.headers(self._secret, body, self._now())
        at, signature = headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"]
        self.mails.append({"body": body.decode(), "form": form, "at": at, "signature": signature})
        return Taken("ok", 200)

    async def close(self) -> None:
        """Nothing is open."""


class StandIn:
    """A workspace that is new for every run. `people` are added to those of the demo's, as members of the channel."""

    def __init__(self, people: tuple[str, ...] = ()) -> None:
        self.secrets = {name: secrets.token_hex(12) for name in ("bot_token", "app_token", "signing_secret")}
        self._people = people
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runner: web.AppRunner | None = None
        self._workspace: Workspace | None = None
        self.mailbox = Mailbox("", lambda: 0.0)

    @property
    def workspace(self) -> Workspace:
        """The connection by which people act."""
        assert self._workspace is not None, "begin() comes first"
        return self._workspace

    @property
    def api_url(self) -> str:
        """Where the bot finds it."""
        return self.workspace.api_url

    def begin(self, now: Callable[[], float]) -> None:
        """A workspace in which nothing was said yet, by this clock."""
        self.do(self._begin(now))

    def seen(self) -> Transcript:
        """Everything that was ever shown."""
        return self.do(self.workspace.seen())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done in the thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        """End it."""
        self.do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _begin(self, now: Callable[[], float]) -> None:
        await self._end()
        app = build(read(self._document()))
        stage = app[STAGE]
        stage.clock.now = now  # type: ignore[method-assign]  # the scheduler's clock
        self.mailbox = Mailbox(self.secrets["signing_secret"], now)
        stage.courier.http = self.mailbox  # type: ignore[assignment]  # the scheduler is the wire
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        stage.origin = f"http://{host}:{port}"
        self._workspace = await Workspace.at(stage.origin).__aenter__()

    def _document(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(fill((HERE / WORKSPACE).read_text(), self.secrets))
        found["users"] += [{"id": id_, "name": id_.lower(), "real_name": id_} for id_ in self._people]
        found["channels"][0]["members"] += self._people
        return found

    async def _end(self) -> None:
        if self._workspace:
            await self._workspace.__aexit__(None, None, None)
        if self._runner:
            await self._runner.cleanup()
        self._workspace = self._runner = None
