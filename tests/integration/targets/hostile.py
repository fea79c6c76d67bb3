"""A server that answers with exactly the bytes that a test gives it."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stage:
    """The address, and every request that came in."""

    url: str = ""
    seen: list[Request] = field(default_factory=list)


Script = Callable[[Request], Iterable[bytes]]


def says(status: int, body: object, **headers: str) -> list[bytes]:
    """A whole answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Length: {len(content)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return ["\r\n".join([*lines, "", ""]).encode(), content]


@contextmanager
def hostile(script: Script) -> Iterator[Stage]:
    """A server that follows `script`; the connection is closed after each answer."""
    stage = Stage()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            method, path, _ = self.rfile.readline().decode().split()
            headers: dict[str, str] = {}
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            request = Request(method, path, headers, self.rfile.read(int(headers.get("content-length", 0))))
            stage.seen.append(request)
            with suppress(OSError):
                for part in script(request):
                    self.wfile.write(part)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        stage.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stage
        finally:
            server.shutdown()
            thread.join()


def v2(answers: dict[str, Any], extensions: tuple[str, ...] = ("model_repository", "towpath_default")) -> Script:
    """A server of the protocol whose answer to each `METHOD path` is given: a JSON body, or the parts of a whole answer. All else is 404."""

    def script(request: Request) -> Iterable[bytes]:
        if request.path == "/v2":
            return says(200, {"name": "x", "version": "2", "extensions": list(extensions)})
        answer = answers.get(f"{request.method} {request.path}", says(404, {"error": "unknown"}))
        return answer if isinstance(answer, list) else says(200, answer)

    return script
