"""A stand-in for the CI of GitHub and GitLab over HTTP: it starts what it is asked to start, and can be slow to show it, or lose its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.integration.network.servers import serving
from workers.adapters.hosts import HostPlace


@dataclass
class CiHost:
    """`runs` are what it started. `hides` says that lists do not show the newest yet, `loses` that the next answer to a start is lost, `refuses`
    the status and message of the next."""

    kind: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    hides: bool = False
    loses: bool = False
    refuses: tuple[int, str] | None = None
    names_runs: bool = True
    site: str = ""

    @property
    def place(self) -> HostPlace:
        return HostPlace(self.kind, self.site, "bank/models")

    def get(self, path: str) -> tuple[int, Any]:
        seen = self.runs[:-1] if self.hides else self.runs
        newest = list(reversed(seen))
        if match := re.search(r"/(?:runs|pipelines)/(\d+)(/variables)?$", path):
            one = next((run for run in seen if run["id"] == int(match[1])), None)
            if one is None:
                return 404, {"message": "Not Found"}
            return 200, one["variables"] if match[2] else one
        if path.endswith("/workflows/retrain.yaml/runs"):
            return 200, {"total_count": len(newest), "workflow_runs": newest}
        return (200, newest) if path.endswith("/pipelines") else (404, {"message": "Not Found"})

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        if self.refuses:
            (status, message), self.refuses = self.refuses, None
            return status, {"message": message}
        if match := re.search(r"/(\d+)/cancel$", path):
            one = next(run for run in self.runs if run["id"] == int(match[1]))
            one.update({"status": "completed", "conclusion": "cancelled"} if self.kind == "github" else {"status": "canceled"})
            return (202 if self.kind == "github" else 200), one
        self.started.append(body)
        number = 100 + len(self.runs)
        if self.kind == "github":
            title = body["inputs"]["towpath"] if self.names_runs else "retrain"
            page = f"{self.site}/bank/models/actions/runs/{number}"
            self.runs.append({"id": number, "display_title": title, "status": "queued", "conclusion": None, "html_url": page})
            return 204, None
        page = f"{self.site}/bank/models/-/pipelines/{number}"
        self.runs.append({"id": number, "status": "created", "web_url": page, "variables": body["variables"]})
        return 201, self.runs[-1]

    def ends(self, how: str) -> None:
        self.runs[-1].update({"status": "completed", "conclusion": how} if self.kind == "github" else {"status": how})


@contextmanager
def ci_host(kind: str) -> Iterator[CiHost]:
    host = CiHost(kind)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*host.get(unquote(urlsplit(self.path).path)))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = host.post(unquote(urlsplit(self.path).path), json.loads(content) if content else None)
            if host.loses:
                host.loses = False
                self.close_connection = True
                return
            self._answer(*answer)

        def _answer(self, status: int, body: Any) -> None:
            host.tokens.add(self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or "")
            content = b"" if status == 204 else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as port:
        host.site = f"http://127.0.0.1:{port}"
        yield host
