"""Opening a WebSocket (RFC 6455) to see whether the way is free, and closing it. What is said over one is the bot's."""

from __future__ import annotations

import base64
import hashlib
import secrets
from urllib.parse import urlsplit

from workers.adapters import web
from workers.ports.errors import RefusedByHost

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CLOSE = bytes((0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8))
"""A close frame with the code 1000, masked with zeros (sections 5.5.1 and 5.3)."""
_SCHEMES = {"wss": "https", "ws": "http"}


class NoSocket(RefusedByHost):
    """The other side, or a proxy between, does not let a WebSocket through."""

    fix = "Let the proxy pass WebSockets to wss://*.slack.com (CONNECT, without opening TLS), or use HTTP mode: docs/install/networks.md."


def shake_hands(address: str) -> None:
    """Open a WebSocket at an address (`wss://...`), by the environment's proxy, and close it. Raises NoSocket, Unreachable, Unverified, ..."""
    url = urlsplit(address)
    if url.scheme not in _SCHEMES or not url.hostname:
        raise NoSocket("opening a WebSocket: Slack gave an address that is none")
    key = base64.b64encode(secrets.token_bytes(16))
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key.decode()}
    doing = f"opening a WebSocket to {web.shown(address)}"
    try:
        with web.client() as asking, asking.stream("GET", url._replace(scheme=_SCHEMES[url.scheme]).geturl(), headers=headers) as answer:
            if answer.status_code == 407:
                raise web.ProxyWantsLogin(f"{doing}: the proxy wants a login (407)")
            # SHA-1 is what the protocol asks for; nothing secret rests on it.
            wanted = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()
            if answer.status_code != 101 or answer.headers.get("sec-websocket-accept") != wanted:
                raise NoSocket(f"{doing}: the answer was {answer.status_code}, not a WebSocket")
            answer.extensions["network_stream"].write(_CLOSE, timeout=web.SECONDS)
    except web.BROKEN as exc:
        raise web.translated(exc, doing) from exc
