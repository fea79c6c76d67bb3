"""The lives of one installation under one scheduler: only one of them runs at a time, from boundary to boundary, and time passes when we say."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis

from demo.redis import RedisServer
from workers.contract import lanes

from .channel import TASKS, Channel
from .slack import StandIn
from .zygote import Zygote

STUCK = 60.0
RESTART = 2.5
"""Seconds that a supervisor takes to have a killed process again: half a second of pause, and the imports of a worker."""

_PASS = """
for _, key in ipairs(redis.call('KEYS', '*')) do
    local left = redis.call('PTTL', key)
    if left > 0 then
        if left <= tonumber(ARGV[1]) then redis.call('DEL', key) else redis.call('PEXPIRE', key, left - tonumber(ARGV[1])) end
    end
end
if redis.call('EXISTS', KEYS[1]) == 1 then
    for _, row in ipairs(redis.pcall('XPENDING', KEYS[1], 'bot', '-', '+', 1000)) do
        redis.call('XCLAIM', KEYS[1], 'bot', row[2], 0, row[1], 'IDLE', row[3] + tonumber(ARGV[1]), 'RETRYCOUNT', row[4], 'JUSTID')
    end
end
"""
"""Time passes in Redis: what had so long to live has that much less, and what lies unfinished has lain that much longer."""


class Stuck(AssertionError):
    """A life neither went on nor ended."""


class Life:
    """One forked process, as the scheduler sees it."""

    def __init__(self, pid: int, channel: Channel) -> None:
        self.pid = pid
        self.channel = channel

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        while self.channel.hear() is not None:
            pass
        self.channel.close()


class Cast:
    """Who plays. `at_boundary` is asked at each boundary; it may kill whom it likes."""

    def __init__(self, zygote: Zygote, server: RedisServer, slack: StandIn, keys: Path, port: int) -> None:
        self.zygote, self.server, self.slack, self.keys, self.port = zygote, server, slack, keys, port
        self.folder = self.redis_folder = keys
        self.lives: dict[str, Life] = {}
        self.skews: dict[str, float] = {}
        self.offset = 0.0
        self.lies = self.is_target_away = False
        self.trace: list[str] = []
        self.at_boundary: Callable[[str, str], None] = lambda who, where: None
        self.client = redis.Redis.from_url(server.url, decode_responses=True)

    # -- time --------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The instant by the scheduler's clock, which is Slack's."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def seconds(self) -> float:
        """The same in seconds: the time that really passed, and the time that was only said to pass."""
        return time.time() + self.offset

    def passes(self, seconds: float) -> None:
        """Time passes for everybody, and nobody waits for it."""
        self.offset += seconds
        try:
            self.client.eval(_PASS, 1, lanes.INTAKE, str(int(seconds * 1000)))
        except redis.exceptions.ConnectionError:
            return

    # -- the broker ---------------------------------------------------------------------------------------------------

    def take_task(self, index: int) -> tuple[str, dict[str, Any], int] | None:
        """A task out of the queue, its arguments, and the how-manieth try it is."""
        text: Any = self.client.lindex(TASKS, index)
        if text is None:
            return None
        self.client.lrem(TASKS, 1, text)
        task, fields, number = json.loads(text)
        return task, fields, number

    def put_task(self, task: str, fields: dict[str, Any], number: int = 1) -> None:
        """Into the queue."""
        self.client.rpush(TASKS, json.dumps([task, fields, number]))

    # -- lives -------------------------------------------------------------------------------------------------------

    def begin(self, folder: Path) -> None:
        """A new play in this folder."""
        self.end()
        self.folder, self.offset, self.trace, self.skews = folder, 0.0, [], {}
        self.lies = self.is_target_away = False

    def end(self) -> None:
        """Nobody lives any more."""
        for name in list(self.lives):
            self.kill(name)

    def kill(self, name: str) -> None:
        """SIGKILL."""
        if life := self.lives.pop(name, None):
            life.kill()

    def need(self, name: str) -> Life | None:
        """The life of that name, begun if there is none; None when it did not survive its beginning. Raises Stuck."""
        if name not in self.lives:
            beginning = {
                "role": name.rstrip("0123456789"), "folder": str(self.folder), "keys": str(self.keys), "redis": self.server.url, "port": self.port,
                "slack": self.slack.api_url, "token": self.slack.secrets["bot_token"], "secret": self.slack.secrets["signing_secret"],
                "offset": self._offset(name), "lies": self.lies,
            }  # fmt: skip
            pid, end = self.zygote.fork(beginning)
            self.lives[name] = Life(pid, Channel(end))
            self.lies = self.lies and name != "target"  # a server that was killed has forgotten how to lie
            if name.startswith(("bot", "target")):
                self._until_done(name)
        return self.lives.get(name)

    def ask(self, name: str, **command: Any) -> dict[str, Any] | None:
        """Have a life do something: what it says at the end, or None when it did not live to say it."""
        if name == "effects" and not self.is_target_away:
            self.need("target")
        life = self.need(name)
        if life is None:
            return None
        self.trace.append(f"{name}: {command.get('task') or command.get('do')}")
        life.channel.say(**command, offset=self._offset(name))
        return self._until_done(name)

    def ask_both(self, first: str, second: str, **command: Any) -> None:
        """Have two lives do the same at the same time."""
        for name in (first, second):
            if life := self.need(name):
                life.channel.say(**command, offset=self._offset(name))
        waiting = {first, second}
        while waiting:
            who, said = self._hear()
            if said is None or "done" in said:
                waiting.discard(who)
            else:
                self.lives[who].channel.say(offset=self._offset(who))

    def _until_done(self, name: str) -> dict[str, Any] | None:
        while name in self.lives:
            who, said = self._hear()
            if said is None:
                self.lives.pop(who).channel.close()
            elif "at" in said:
                self.trace.append(f"  {who} {said['at']}")
                self.at_boundary(who, said["at"])
                if who in self.lives:
                    self.lives[who].channel.say(offset=self._offset(who))
            elif who == name:
                found: dict[str, Any] = said["done"]
                if "error" in found:
                    self.trace.append(f"  {who} error {found['error'][:200]}")
                return found
        return None

    def _hear(self) -> tuple[str, dict[str, Any] | None]:
        """The next word of anybody."""
        ready, _, _ = select.select([life.channel for life in self.lives.values()], [], [], STUCK)
        if not ready:
            raise Stuck(f"nobody says anything: {list(self.lives)}")
        name = next(name for name, life in self.lives.items() if life.channel is ready[0])
        return name, self.lives[name].channel.hear()

    def _offset(self, name: str) -> float:
        return self.offset + self.skews.get(name.rstrip("0123456789"), 0.0)
