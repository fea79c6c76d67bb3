"""The bot, put together: what is made once, what runs beside what, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import structlog
from aiohttp import web
from redis.asyncio import Redis

from bot import clock, webhook
from bot.ask import Ask, Parts
from bot.asked import Waiting
from bot.broker import Appender, connect
from bot.consumer import Consumer
from bot.delivery.epoch import Epoch
from bot.delivery.memory import Memory
from bot.delivery.notices import Notices
from bot.delivery.reminders import Reminders
from bot.delivery.reporter import Reporter
from bot.delivery.search import Search
from bot.delivery.shards import Lease, Shards
from bot.delivery.show import Poster, Show
from bot.delivery.stream import Counter, Stream
from bot.delivery.whisper import Whisper
from bot.dispatch import Dispatcher
from bot.identity import Home, find_home
from bot.inbox import Inbox
from bot.intake import LARGEST, PATHS, Intake
from bot.keys import Keys
from bot.links import GitWeb, Links
from bot.listeners import Listeners
from bot.modals import Modals
from bot.pages import audit
from bot.pages.health import Check, Health, Lanes
from bot.people import People
from bot.projection import Projection
from bot.settings import Settings
from bot.signature import IntakeSigners
from bot.slack import Slack
from bot.sockets import Socket
from bot.together import end, together
from bot.vocabulary import Names
from bot.watchdog import Watchdog
from bot.webhook import Webhook
from workers.contract import lanes

log = structlog.get_logger("bot.app")


@dataclass(frozen=True)
class Base:
    """What needs no answer from Slack to be made."""

    settings: Settings
    keys: Keys
    links: Links
    redis: Redis
    slack: Slack
    inbox: Inbox
    whisper: Whisper
    signers: IntakeSigners
    intake: Intake
    me: str


async def run(settings: Settings, keys: Keys, stop: asyncio.Event) -> None:
    """Run until `stop` is set. Raises identity.WrongToken, and OSError when the port is taken."""
    async with _base(settings, keys) as base:
        bot = Bot(base)
        await bot.listen()
        try:
            await bot.work(stop)
            log.info("stopping")
        finally:
            await bot.stop_listening()
    log.info("stopped")


@contextlib.asynccontextmanager
async def _base(settings: Settings, keys: Keys) -> AsyncIterator[Base]:
    url = settings.redis_url.get_secret_value()
    secret, token = settings.slack_signing_secret, settings.slack_app_token
    signers = IntakeSigners(secret.get_secret_value() if secret else None, token.get_secret_value() if token else None)
    links = Links(settings.towpath_public_url, keys.links, GitWeb.read(settings.towpath_git_web))
    redis, appender = connect(url), Appender(url, lanes.INTAKE)
    async with Slack(settings.slack_bot_token.get_secret_value(), settings.slack_api_url) as slack:
        whisper, inbox = Whisper(slack), Inbox(redis, url)
        intake = Intake(signers, appender, whisper.tell_by)
        try:
            yield Base(settings, keys, links, redis, slack, inbox, whisper, signers, intake, clock.life())
        finally:
            await appender.close()
            await inbox.close()
            await redis.aclose()


class Bot:
    """One life of the bot. The door opens first: what Slack sends is durable before we know who we are."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._consumer: Consumer | None = None
        self._socket: Socket | None = None
        self._web = web.Application(client_max_size=LARGEST)
        self._runner = web.AppRunner(self._web, access_log=None, handle_signals=False, shutdown_timeout=3.0)
        self._projection = Projection(base.redis, base.inbox)
        self._waiting = Waiting(base.redis)
        self._watchdog = Watchdog(base.redis)
        self._people: People | None = None

    async def listen(self) -> None:
        """Open the door and the pages."""
        base, settings = self._base, self._base.settings
        for path in PATHS:
            self._web.router.add_post(path, base.intake.over_http)
        self._web.router.add_get("/healthz", Health(self._checks()).handle)
        self._web.router.add_get("/health", Lanes(self._watchdog).handle)
        if settings.towpath_webhook_secret:
            hook = Webhook(settings.towpath_webhook_secret.get_secret_value(), base.inbox.look)
            self._web.router.add_post(webhook.PATH, hook.over_http)
        audit.attach(self._web, audit.AuditPage(base.links, self._projection, self._names))
        await self._runner.setup()
        site = web.TCPSite(self._runner, settings.towpath_host, settings.towpath_port)
        await site.start()
        port = self._runner.addresses[0][1]
        log.info("listening", host=settings.towpath_host, port=port, http=base.signers.http is not None)
        if settings.slack_app_token:
            self._socket = Socket(settings.slack_app_token.get_secret_value(), settings.slack_api_url, base.intake)

    async def stop_listening(self) -> None:
        """Close the door; what is being answered is answered."""
        if self._socket:
            await self._socket.close()
        await self._runner.cleanup()

    async def work(self, stop: asyncio.Event) -> None:
        """Consume and deliver until `stop` is set."""
        base = self._base
        finding = asyncio.create_task(find_home(base.slack))
        await together(stop.wait(), asyncio.wait([finding]))
        if not finding.done():
            await end([finding])
            return
        home = finding.result()
        log.info("at_home", team=home.team, enterprise=home.enterprise)
        self._people = people = People(base.slack, home)
        self._consumer = consumer = self._consumer_for(home, people)
        epoch = Epoch(base.redis, base.inbox)
        counter = self._counter(home, people, epoch)

        def serving(shard: int, lease: Lease) -> Stream:
            return Stream(shard, lease, counter)

        works = [
            epoch.run(),
            consumer.run(),
            self._watchdog.run(),
            Shards(base.redis, base.me, serving).run(),
            Reminders(self._waiting, base.whisper).run(),
        ]
        if self._socket:
            works.append(self._socket.keep_connected())
        await together(stop.wait(), *works)

    async def _names(self, users: Iterable[str]) -> dict[str, str]:
        """Display names, as far as Slack was reached by now."""
        return await self._people.names(users) if self._people else {}

    def _consumer_for(self, home: Home, people: People) -> Consumer:
        base = self._base
        parts = Parts(
            home, base.keys, base.redis, Names(base.redis), people, base.inbox, self._waiting, base.whisper, base.links,
        )  # fmt: skip
        listeners = Listeners(home, Ask(parts), people, Modals(base.slack, self._projection, people))
        return Consumer(base.redis, base.signers, Dispatcher(home, listeners).dispatch, base.me)

    def _counter(self, home: Home, people: People, epoch: Epoch) -> Counter:
        base = self._base
        memory, search = Memory(base.redis), Search(base.slack, home)
        show = Show(Poster(base.slack, memory, search, people, base.links, Reporter(base.keys, base.inbox, memory)))
        notices = Notices(base.slack, base.redis, search, people, base.links)
        return Counter(base.redis, show, base.whisper, notices, self._waiting, people, base.links, epoch)

    def _checks(self) -> dict[str, Check]:
        async def redis() -> bool:
            return bool(await self._base.redis.ping())

        async def consumer() -> bool:
            return self._consumer is not None and self._consumer.is_alive

        async def socket() -> bool:
            return self._socket is not None and await self._socket.is_connected()

        async def watchdog() -> bool:
            return self._consumer is None or self._watchdog.is_alive

        checks: dict[str, Check] = {"redis": redis, "consumer": consumer, "watchdog": watchdog}
        return {**checks, "socket": socket} if self._base.settings.slack_app_token else checks
