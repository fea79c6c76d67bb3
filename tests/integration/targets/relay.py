"""A wire that breaks where a test says so: it passes requests on to a server, and may lose an answer or the request itself."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Fate(Enum):
    """What becomes of one request."""

    PASSES = "passes"
    ANSWER_LOST = "answer lost"
    REQUEST_LOST = "request lost"


Plan = Callable[[int, str, str], Fate]
"""The number of the request (from 1), its method and its path in, its fate out. It may do something of its own before it answers."""


@contextmanager
def relay(upstream: str, plan: Plan) -> Iterator[str]:
    """The address of a relay to `upstream`."""
    counted = iter(range(1, 10_000))
    to = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
            """Say nothing."""

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fate = plan(next(counted), self.command, self.path)
            self.close_connection = True
            if fate is Fate.REQUEST_LOST:
                return
            connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=10)
            connection.request(self.command, self.path, body or None, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if fate is Fate.ANSWER_LOST:
                return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
