"""The bot between a stand-in Slack and a real Redis; the workers' side is played by the test, through the contract alone."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from redis.asyncio import Redis

from bot.app import run
from bot.clock import now
from bot.keys import Keys
from bot.settings import Settings
from demo.processes import free_port
from demo.redis import RedisServer
from demo.slack.client import Workspace
from demo.slack.server import build
from demo.slack.stage import STAGE
from demo.slack.workspace import read
from workers.contract import lanes, outcomes, wire
from workers.contract.envelope import Envelope, Sealed, request_id, stamp
from workers.contract.names import ActorId, ArtifactName, CommitId, Digest, EnvironmentName, PromotionId, RequestId, Version
from workers.contract.promotion import Event, Kind, Placed, Promotion, Quorum, State

T = TypeVar("T")

TEAM, BOT_USER = "T0HOME", "U0BOT"
BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-stand-in", "xapp-stand-in", "stand-in-signing-secret"
ANA, BEN, MIA, GIO, STRANGER = "U0ANA", "U0BEN", "U0MIA", "U0GIO", "U0STR"
DEPLOYS, SHARED = "C0DEPLOYS", "C0SHARED"
OTHER = next(name for n in range(999) if lanes.shard_of(name := f"C0OTHER{n}") == lanes.shard_of(DEPLOYS))
"""A channel that the same shard serves as the first."""
REPO_ID = "repo-0123456789"
DIGEST = Digest("sha256:" + "ab" * 32)
COMMIT = CommitId("9fceb02d0ae598e95dc970b74767f19372d61af8")

_SCOPES = (
    "commands", "chat:write", "app_mentions:read", "users:read", "usergroups:read", "channels:history", "groups:history", "im:history",
)  # fmt: skip
_EVENTS = ("app_mention", "message.channels", "message.groups", "message.im", "user_change", "subteam_updated", "subteam_members_changed")


def workspace_document(socket_mode: bool) -> dict[str, Any]:
    """A small workspace: a data scientist, an engineer, a manager, a guest, a stranger of another workspace."""
    everybody = [ANA, BEN, MIA, GIO, BOT_USER]
    return {
        "team": {"id": TEAM},
        "users": [
            {"id": ANA, "name": "ana", "real_name": "Ana Lima"},
            {"id": BEN, "name": "ben", "real_name": "Ben Okoro"},
            {"id": MIA, "name": "mia", "real_name": "Mia Chen"},
            {"id": GIO, "name": "gio", "is_restricted": True},
            {"id": STRANGER, "name": "stranger", "team_id": "T0OTHER", "is_stranger": True},
        ],
        "channels": [
            {"id": DEPLOYS, "name": "deploys", "members": everybody},
            {"id": OTHER, "name": "other", "members": everybody},
            {"id": SHARED, "name": "shared", "members": [ANA, STRANGER, BOT_USER], "is_ext_shared": True},
        ],
        "groups": [{"id": "S0LEADS", "handle": "ml-leads", "users": [MIA]}],
        "app": {
            "id": "A0TOWPATH", "bot_user_id": BOT_USER, "bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "signing_secret": SECRET,
            "bot_events": list(_EVENTS), "scopes": list(_SCOPES), "socket_mode": socket_mode,
        },
    }  # fmt: skip


def make_keys(folder: Path) -> Keys:
    """A keys folder as the operator makes it."""
    folder.mkdir(exist_ok=True)
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (folder / "bot").touch(mode=0o600)
    (folder / "bot").write_bytes(private)
    (folder / "links").write_text("a secret of thirty-two characters")
    (folder / "repo_id").write_text(REPO_ID)
    return Keys.load(folder)


async def until(look: Callable[[], Awaitable[T | None]], seconds: float = 15.0) -> T:
    """What `look` finds, once it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := await look():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")


@dataclass
class Stage:
    """All that a test acts with."""

    ws: Workspace
    redis: Redis
    server: RedisServer
    keys: Keys
    folder: Path
    port: int
    runner: web.AppRunner

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The bot's settings."""
        return {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": self.ws.api_url,
            "REDIS_URL": self.server.url,
            "TOWPATH_KEYS": str(self.folder / "keys"),
            "TOWPATH_PUBLIC_URL": self.url,
            "TOWPATH_PORT": str(self.port),
            "TOWPATH_GIT_WEB": "github https://github.com/org/repo",
        }

    # -- the workers' side ---------------------------------------------------------------------------------------------

    async def sealed(self) -> list[Sealed]:
        """All that lies in the inbox."""
        rows: list[Any] = await self.redis.xrange(lanes.INBOX) or []
        return [Sealed.from_wire(fields["envelope"]) for _, fields in rows]

    async def envelopes(self, verb: str = "") -> list[Envelope]:
        """What lies in the inbox, opened; `verb` narrows it to one kind of request."""
        opened = [sealed.open(self.keys.bot.public, REPO_ID) for sealed in await self.sealed()]
        return [one for one in opened if verb in ("", type(one.request).__name__)]

    async def envelope(self, verb: str) -> Envelope:
        """The first envelope of that kind, once it is there."""

        async def look() -> Envelope | None:
            return next(iter(await self.envelopes(verb)), None)

        return await until(look)

    async def tasks(self, queue: str) -> list[tuple[str, dict[str, Any]]]:
        """The Celery tasks in a queue: name and arguments."""
        rows = [json.loads(text) for text in await self.redis.lrange(queue, 0, -1)]
        return [(row["headers"]["task"], json.loads(base64.b64decode(row["body"]))[1]) for row in rows]

    async def question(self, number: int = 0) -> Envelope:
        """That question of those that were asked (the first is 0), once it was."""

        async def look() -> Envelope | None:
            asked = [given["envelope"] for task, given in reversed(await self.tasks("queries")) if task == lanes.ANSWER]
            return Sealed.from_wire(asked[number]).open(self.keys.bot.public, REPO_ID) if len(asked) > number else None

        return await until(look)

    async def look(self) -> Envelope:
        """The question that somebody asked of Git itself, once they did."""

        async def asked() -> Envelope | None:
            given = [given["envelope"] for task, given in await self.tasks("effects") if task == lanes.VERIFY_RECORD]
            return Sealed.from_wire(given[0]).open(self.keys.bot.public, REPO_ID) if given else None

        return await until(asked)

    async def publish(
        self, outcome: outcomes.Outcome, to: str | None = None, asked: RequestId | None = None, channel: str = DEPLOYS
    ) -> None:
        """Publish an outcome as the workers do."""
        actor = ActorId(f"{to}@{TEAM}") if to else None
        delivery = outcomes.Delivery(outcome, channel, asked, actor)
        await self.redis.xadd(lanes.outcomes(lanes.shard_of(channel)), {"delivery": delivery.to_wire()})

    async def move(self, promotion: Promotion) -> None:
        """Publish a promotion as it is now, and its document."""
        moved = as_moved(promotion)
        await self.redis.set(lanes.document(f"promotion:{promotion.id}"), wire.canonical(moved).decode())
        await self.publish(moved, channel=promotion.channel)

    # -- what Slack shows ----------------------------------------------------------------------------------------------

    async def cards(self, promotion: str = "P-1") -> list[Any]:
        """The messages that are a promotion's card."""
        seen = await self.ws.seen()
        return [
            row for row in seen.messages() if _story(row.metadata.get("event_payload", {})) == promotion and row.thread_ts in (None, row.ts)
        ]

    async def thread_seqs(self, promotion: str = "P-1") -> list[int]:
        """The events in a promotion's thread, in the order in which they stand there."""
        seen = await self.ws.seen()
        rows = (row for row in seen.messages() if row.thread_ts not in (None, row.ts))
        payloads = (row.metadata.get("event_payload", {}) for row in rows)
        return [payload["seq"] for payload in payloads if _story(payload) == promotion]

    async def shown(self, seqs: Iterable[int], promotion: str = "P-1", seconds: float = 20.0) -> None:
        """Wait until the thread shows these events (at least), then see that it shows each once and in order."""
        wanted = list(seqs)

        async def look() -> bool:
            return set(wanted) <= set(await self.thread_seqs(promotion))

        await until(look, seconds)
        found = await self.thread_seqs(promotion)
        assert found == wanted, (await self.ws.seen()).dump()

    async def over_tls(self, context: ssl.SSLContext) -> int:
        """Slack at one more port, over TLS; the port."""
        await web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=context).start()
        return int(self.runner.addresses[-1][1])

    async def restart_redis(self) -> None:
        """Start Redis again after it was killed (or stop and start it), with what it had."""
        await asyncio.to_thread(self.server.restart)
        await self.redis.connection_pool.disconnect()

    async def idle(self) -> None:
        """Wait until all that was published is delivered."""

        async def look() -> bool:
            for shard in range(lanes.SHARDS):
                last = await self.redis.xrevrange(lanes.outcomes(shard), count=1)
                if last and await self.redis.get(f"towpath:bot:position:{shard}") != last[0][0]:
                    return False
            return True

        await until(look, 30.0)

    @asynccontextmanager
    async def bot(self, **changes: str | None) -> AsyncIterator[None]:
        """The bot in this process; `changes` are settings (None takes one away)."""
        stop = asyncio.Event()
        given = {**self.environment, **changes}
        settings = Settings(**{name.lower(): value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        task = asyncio.create_task(run(settings, self.keys, stop))
        try:
            await self.well(task)
            yield
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await task

    @asynccontextmanager
    async def bot_process(self, **changes: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The bot as a process of its own; `changes` are settings."""
        given = {**os.environ, **self.environment, **changes}
        log = (self.folder / "bot.log").open("ab")
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", env=given, stdout=log, stderr=log)
        try:
            await self.well()
            yield process
        finally:
            log.close()
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
            await process.wait()

    async def well(self, task: asyncio.Task[None] | None = None) -> None:
        """Wait until the bot says that it is well."""

        async def look() -> bool:
            if task and task.done():
                task.result()
            try:
                async with aiohttp.ClientSession() as http, http.get(f"{self.url}/healthz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await until(look, 30.0)


@asynccontextmanager
async def stage(folder: Path, *, socket_mode: bool = False) -> AsyncIterator[Stage]:
    """Slack and Redis, ready for a bot."""
    app = build(read(workspace_document(socket_mode)))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    app[STAGE].origin = f"http://{host}:{port}"
    server = RedisServer(folder / "redis")
    try:
        server.start()
        async with Workspace.at(f"http://{host}:{port}") as ws:
            redis = Redis.from_url(server.url, decode_responses=True)
            here = Stage(ws, redis, server, make_keys(folder / "keys"), folder, free_port(), runner)
            address = f"{here.url}/slack/events"
            await ws.configure(events_url=address, commands_url=address, interactivity_url=address)
            yield here
            await redis.aclose()
    finally:
        await runner.cleanup()
        server.kill()


def promotion(number: int = 1, channel: str = DEPLOYS, **changes: Any) -> Promotion:
    """A promotion that waits for approval: requested by Ana, with one event."""
    at = stamp_now()
    found = Promotion(
        id=PromotionId(f"P-{number}"),
        artifact=ArtifactName("biopsy"),
        kind=Kind.MODEL,
        environment=EnvironmentName("prod"),
        to=Placed(Version("v3.0.0"), COMMIT, DIGEST, PromotionId(f"P-{number}"), at),
        state=State.WAITING,
        requester=ActorId(f"{ANA}@{TEAM}"),
        requested_at=at,
        channel=channel,
        plan=DIGEST,
        policy=DIGEST,
        request_id=request_id("asked", str(number)),
        quorum=Quorum(1, ("ml-leads",), users=(MIA,)),
        events=(event(1, "requested", State.WAITING),),
    )
    return replace(found, **changes)


def event(seq: int, kind: str, state: State, text: str = "", by: str = ANA) -> Event:
    """A record in short."""
    return Event(seq, kind, stamp_now(), ActorId(f"{by}@{TEAM}"), state, text or f"step {seq} of the story")


def grown(before: Promotion, *kinds: str, state: State = State.DEPLOYING) -> Promotion:
    """The promotion with more events."""
    last = before.events[-1].seq
    more = tuple(event(last + n, kind, state) for n, kind in enumerate(kinds, 1))
    return replace(before, state=state, events=before.events + more)


def _story(payload: Mapping[str, Any]) -> str | None:
    """The id of the promotion or other story that a post's metadata names."""
    return payload.get("promotion") or payload.get("story")


def as_moved(shown: Promotion) -> outcomes.Moved:
    """Its outcome."""
    return outcomes.Moved(shown, {str(one.seq): COMMIT for one in shown.events}, COMMIT, verified=True)


def stamp_now() -> str:
    """The present instant, as documents carry it."""
    return stamp(now())
