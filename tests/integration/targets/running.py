"""The demo's model server, running over a loopback port that the system chose, and clients that ask it."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from aiohttp import web

from demo.model_server.server import build

DEADLINE = 30.0


@contextmanager
def model_server(store: Path) -> Iterator[str]:
    """The address of a model server over an empty folder; it runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(build(store, "under-test"), access_log=None, shutdown_timeout=0.05)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{asyncio.run_coroutine_threadsafe(start(), loop).result(DEADLINE)}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(DEADLINE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def call(url: str, method: str, path: str, body: Any = None) -> Any:
    """The JSON that the server answers to us, beside any adapter."""
    answer = httpx.request(method, url + path, json=body, timeout=DEADLINE, trust_env=False)
    answer.raise_for_status()
    return answer.json()


class Askers:
    """Threads that keep asking the default route, each over one connection that it keeps."""

    def __init__(self, url: str, artifact: str, question: bytes) -> None:
        self.failed: list[str] = []
        self.labels: list[str] = []
        self._to = urlsplit(url)
        self._artifact = artifact
        self._question = question
        self._stop = threading.Event()

    def wait_for(self, label: str) -> None:
        """Return once `label` has answered."""
        until = time.monotonic() + DEADLINE
        while label not in self.labels:
            assert time.monotonic() < until, f"{label} never answered a client"
            self._stop.wait(0.005)

    @contextmanager
    def at_work(self, number: int) -> Iterator[Askers]:
        """`number` threads ask until the block ends."""
        threads = [threading.Thread(target=self._ask) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(self._to.hostname or "", self._to.port, timeout=DEADLINE)
        while not self._stop.is_set():
            try:
                connection.request("POST", f"/v2/models/{self._artifact}/infer", self._question, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
            except OSError as exc:
                self.failed.append(repr(exc))
                continue
            if answer.status == 200:
                self.labels.append(json.loads(content)["model_version"])
            else:
                self.failed.append(f"{answer.status} {content[:200]!r}")
        connection.close()
