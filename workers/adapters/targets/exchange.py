"""One HTTP request to a target and its answer, over httpx, whose errors end here. The other side is not trusted: see `Exchange`."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from workers.adapters.targets.golden import NotJson, read_json
from workers.adapters.targets.words import one_line
from workers.ports.errors import BadContent, Unclear, Unreachable

LARGEST_ANSWER = 32 * 1024 * 1024
PATIENCE = 3
"""A whole answer may take this many timeouts, however steadily it trickles in."""

NOT_SENT, LOST = Unreachable, Unclear
ERRORS: Mapping[type[httpx.TransportError], tuple[type[Unreachable] | type[Unclear], str]] = {
    httpx.ConnectError: (NOT_SENT, "no connection can be made"),
    httpx.ConnectTimeout: (NOT_SENT, "no connection could be made in time"),
    httpx.PoolTimeout: (NOT_SENT, "no connection was free in time"),
    httpx.ProxyError: (NOT_SENT, "the proxy makes no connection"),
    httpx.UnsupportedProtocol: (NOT_SENT, "its address is neither http nor https"),
    httpx.ReadTimeout: (LOST, "no answer came in time"),
    httpx.WriteTimeout: (LOST, "it did not take the whole request in time"),
    httpx.TimeoutException: (LOST, "it took too long"),
    httpx.ReadError: (LOST, "the connection broke before the answer"),
    httpx.WriteError: (LOST, "the connection broke while the request was sent"),
    httpx.CloseError: (LOST, "the connection broke while it was closed"),
    httpx.NetworkError: (LOST, "the connection broke"),
    httpx.RemoteProtocolError: (LOST, "it broke off or does not speak HTTP"),
    httpx.LocalProtocolError: (LOST, "the request is not HTTP"),
    httpx.ProtocolError: (LOST, "what was said is not HTTP"),
    httpx.TransportError: (LOST, "the connection failed"),
}
"""Every way in which httpx fails: whether the request can have had an effect, and what people are told."""

_TOKEN = re.compile(r"[!-~]{1,4096}", re.ASCII)


@dataclass(frozen=True)
class Reply:
    """An answer: `body` is None when it was larger than `LARGEST_ANSWER`, compressed, or took too long."""

    status: int
    body: bytes | None

    @property
    def content(self) -> Mapping[str, Any]:
        """The JSON object in the body. Raises NotJson."""
        if self.body is None:
            raise NotJson(f"it is larger than {LARGEST_ANSWER // 2**20} MiB, compressed or too slow")
        return read_json(self.body)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The `parameters` of the body; empty when there are none."""
        try:
            found = self.content.get("parameters")
        except NotJson:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def error(self) -> str:
        """What the other side gives as the reason, as it came: `error` of the JSON, else the text."""
        try:
            reason = self.content.get("error")
        except NotJson:
            return (self.body or b"")[:4096].decode(errors="replace")
        return reason if isinstance(reason, str) else ""


class Exchange:
    """HTTP to one base address, a new connection for each request, so that none is lost to one that the other side has just closed.

    Redirects are not followed, the environment's proxies not used, answers read up to `LARGEST_ANSWER`. The token goes out as
    `Authorization: Bearer` and nowhere else. `timeout` is in seconds, for connecting and for each pause. Raises BadContent for a bad address or token.
    """

    def __init__(self, name: str, url: str, token: str | None, timeout: float) -> None:
        self.name = name
        self._base = _checked_base(name, url)
        self._token = token
        self._timeout = timeout
        self._client = httpx.Client(
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "towpath", **_authorization(name, token)},
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            verify=ssl.create_default_context() if self._base.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )

    def get(self, path: str) -> Reply:
        """Read. Raises Unreachable."""
        return self._harmless("GET", path, None)

    def ask(self, path: str, body: bytes) -> Reply:
        """POST something that changes nothing. Raises Unreachable."""
        return self._harmless("POST", path, body)

    def change(self, path: str, body: bytes, timeouts: int = 1) -> Reply:
        """POST a change, waiting `timeouts` times the timeout for the answer. Raises Unreachable when it was not sent, Unclear when the answer was lost."""
        return self._send("POST", path, body, self._timeout * timeouts)

    def clean(self, text: str) -> str:
        """`text` from the other side, fit to be shown."""
        return one_line(text, self._token)

    def about(self, reply: Reply) -> str:
        """What an answer that is no success says, in words."""
        reason = self.clean(reply.error)
        return f"{reply.status}: {reason}" if reason else f"{reply.status} without a reason"

    def _harmless(self, method: str, path: str, body: bytes | None) -> Reply:
        try:
            return self._send(method, path, body, self._timeout)
        except Unclear as exc:
            raise Unreachable(str(exc)) from exc

    def _send(self, method: str, path: str, body: bytes | None, wait: float) -> Reply:
        headers = {} if body is None else {"Content-Type": "application/json"}
        timeout = httpx.Timeout(self._timeout, read=wait, write=wait)
        until = time.monotonic() + PATIENCE * wait
        try:
            with self._client.stream(method, self._base + path, content=body, headers=headers, timeout=timeout) as response:
                return Reply(response.status_code, _body(response, until))
        except httpx.TransportError as exc:
            kind, words = _told(exc)
            raise kind(f"{self.name}: {words}") from exc


def _told(exc: httpx.TransportError) -> tuple[type[Unreachable] | type[Unclear], str]:
    return next(ERRORS[kind] for kind in type(exc).__mro__ if kind in ERRORS)


def _body(response: httpx.Response, until: float) -> bytes | None:
    """The body as it came over the wire; an encoded one is not unpacked, for it could unpack to anything."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return None
    parts: list[bytes] = []
    size = 0
    for part in response.iter_raw():
        size += len(part)
        if size > LARGEST_ANSWER or time.monotonic() > until:
            return None
        parts.append(part)
    return b"".join(parts)


def _checked_base(name: str, url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as exc:
        raise BadContent(f"the address of target {name} cannot be used") from exc
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo or parsed.query or parsed.fragment:
        raise BadContent(f"the address of target {name} must be http or https, a host and a path, without user, query or fragment")
    return str(parsed).rstrip("/?#")


def _authorization(name: str, token: str | None) -> dict[str, str]:
    if token is None:
        return {}
    if not _TOKEN.fullmatch(token):
        raise BadContent(f"the token of target {name} is empty or holds characters that a header cannot")
    return {"Authorization": f"Bearer {token}"}
