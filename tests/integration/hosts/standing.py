"""A stand-in for a Git host's API: documented answers by path, over HTTP on this host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.integration.network.servers import serving
from workers.adapters.hosts import HostPlace


@dataclass
class Said:
    """An answer: JSON (or raw bytes), a status, further headers."""

    body: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class HostApi:
    """`answers` by the whole path; what is not there is 404. `asked` are the paths with the header that held the token."""

    answers: dict[str, Said] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    site: str = ""

    def says(self, path: str, body: object, status: int = 200, **headers: str) -> None:
        self.answers[path] = Said(body, status, headers)

    def place(self, kind: str, path: str = "bank/models", *, by_key: bool = False) -> HostPlace:
        return HostPlace(kind, self.site, path, by_key)


@contextmanager
def standing() -> Iterator[HostApi]:
    api = HostApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
            api.asked.append((self.path, token))
            said = api.answers.get(self.path, Said({"message": "Not Found"}, 404))
            body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in ({"Content-Length": str(len(body))} | said.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as port:
        api.site = f"http://127.0.0.1:{port}"
        yield api


def rule(kind: str, ruleset: int = 1, **parameters: Any) -> dict[str, Any]:
    """A rule as GitHub lists those of a branch."""
    return {
        "type": kind,
        "ruleset_id": ruleset,
        "ruleset_source_type": "Repository",
        "ruleset_source": "bank/models",
        "parameters": parameters,
    }


def ruleset(number: int, target: str, refs: list[str], kinds: list[str], bypass: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A ruleset as GitHub tells one."""
    found: dict[str, Any] = {
        "id": number, "name": f"rules {number}", "target": target, "enforcement": "active",
        "conditions": {"ref_name": {"include": refs, "exclude": []}}, "rules": [{"type": kind} for kind in kinds],
    }  # fmt: skip
    return found if bypass is None else found | {"bypass_actors": bypass}


OUR_APP = {"actor_id": 123, "actor_type": "Integration", "bypass_mode": "always"}
DEPLOY = {"actor_id": None, "actor_type": "DeployKey", "bypass_mode": "always"}
ADMINS = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
