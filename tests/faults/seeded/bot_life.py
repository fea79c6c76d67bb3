"""The bot as a life: the real intake, consumer, listeners and delivery, each turned by the scheduler."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import redis

from bot import clock
from bot.ask import Ask, Parts
from bot.asked import Waiting
from bot.broker import Appender, connect
from bot.consumer import Consumer, Pace
from bot.delivery.epoch import Epoch
from bot.delivery.memory import Memory
from bot.delivery.notices import Notices
from bot.delivery.pictures import Pictures
from bot.delivery.reporter import Reporter
from bot.delivery.search import Search
from bot.delivery.shards import Lease
from bot.delivery.show import Poster, Show
from bot.delivery.stream import Counter, Stream
from bot.delivery.whisper import Whisper
from bot.dispatch import Dispatcher
from bot.identity import find_home
from bot.inbox import Inbox
from bot.intake import Delivery, Intake
from bot.keys import Keys
from bot.links import GitWeb, Links
from bot.listeners import Listeners
from bot.modals import Modals
from bot.people import People
from bot.projection import Projection
from bot.signature import IntakeSigners
from bot.slack import Slack
from bot.together import end
from bot.vocabulary import Names
from workers.contract import lanes

PACE = Pace(deadline=12.0, retry_after=15.0, look_every=0.0, pause=0.01, block=0.001, courtesy=0.0)
Command = dict[str, Any]


class Broker:
    """Where the bot's tasks go: the list that the scheduler hands out."""

    def __init__(self, url: str, name: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._name = name

    def send_task(self, task: str, kwargs: Command | None = None, **_: Any) -> None:
        """Queue a task, as Celery's client does."""
        self._client.rpush(self._name, json.dumps([task, kwargs or {}, 1]))

    def close(self) -> None:
        """End the connection."""
        self._client.close()


class BotLife:
    """One life of a bot. `perform` does one turn of one part."""

    def __init__(self, consumer: Consumer, intake: Intake, counter: Counter, inbox: Inbox) -> None:
        self._consumer = consumer
        self._intake = intake
        self._counter = counter
        self._inbox = inbox

    @classmethod
    @asynccontextmanager
    async def begun(cls, beginning: Command, tasks: str) -> AsyncIterator[BotLife]:
        """As `bot.app` puts it together."""
        url, keys = beginning["redis"], Keys.load(Path(beginning["keys"]))
        client, appender = connect(url), Appender(url, lanes.INTAKE)
        async with Slack(beginning["token"], beginning["slack"]) as slack:
            home = await find_home(slack)
            people, whisper, inbox = People(slack, home), Whisper(slack), Inbox(client, url)
            inbox._celery = Broker(url, tasks)  # type: ignore[assignment]  # the scheduler is the broker
            signers = IntakeSigners(beginning["secret"], None)
            links, waiting = Links("http://127.0.0.1:1", keys.links, GitWeb.read(None)), Waiting(client)
            parts = Parts(home, keys, client, Names(client), people, inbox, waiting, whisper, links)
            listeners = Listeners(home, Ask(parts), people, Modals(slack, Projection(client, inbox), people))
            consumer = Consumer(client, signers, Dispatcher(home, listeners).dispatch, clock.life(), PACE)
            memory, search = Memory(client), Search(slack, home)
            show = Show(Poster(slack, memory, search, people, links, Reporter(keys, inbox, memory)))
            notices, epoch = Notices(slack, client, search, people, links), Epoch(client, inbox)
            counter = Counter(client, show, whisper, notices, Pictures(slack, client), waiting, people, links, epoch)
            yield cls(consumer, Intake(signers, appender, whisper.tell_by), counter, inbox)

    async def perform(self, command: Command) -> Any:
        """`take` a delivery in, `turn` the consumer, `show` what the outcome stream says, `look` whether Redis is new."""
        match command["do"]:
            case "take":
                refusal = await self._intake.take(Delivery(command["body"].encode(), command["form"], command["at"], command["signature"]))
                return refusal is None
            case "turn":
                for _ in range(2):  # in the first it may find that its group is gone, and make it
                    await self._consumer._turn()
                    await self._consumer.finish()
                await self._inbox._drain.heard(3)
            case "look":
                await self._counter.epoch.look()
            case "show":
                await self._show(command["shard"], command["within"])
        return None

    async def _show(self, shard: int, within: float) -> None:
        """Serve the shard until everything in its stream is delivered."""
        lease = Lease()
        lease.renew(clock.ticks() + 3600)
        await self._counter.epoch.look()
        serving = asyncio.create_task(Stream(shard, lease, self._counter).run())
        try:
            async with asyncio.timeout(within):
                while not await self._is_shown(shard):  # noqa: ASYNC110  # the position is in Redis, which tells nobody when it moves
                    await asyncio.sleep(0.004)
        finally:
            await end([serving])
            await self._inbox._drain.heard(3)

    async def _is_shown(self, shard: int) -> bool:
        last: Any = await self._counter.redis.xrevrange(lanes.outcomes(shard), count=1)
        return not last or await self._counter.redis.get(f"towpath:bot:position:{shard}") == last[0][0]
