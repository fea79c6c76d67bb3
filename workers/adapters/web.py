"""HTTPS to the outside as the environment says: its proxies, its certificates. Vendor errors of httpx end here, in words with the fix."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from workers.ports.errors import RefusedByHost, Unreachable

LARGEST = 4 * 1024 * 1024
SECONDS = 10.0
WHOLE = 30.0

PROXY_LOGIN = "Put the proxy's user and password into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT, each part percent-encoded."
PRIVATE_CA = "Set SSL_CERT_FILE to a PEM file with the company's certificate authority and the public ones, for every process; docs/install/networks.md."


BROKEN = (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, ValueError, ImportError)
"""How asking breaks; the last two are how httpx meets a proxy of a kind that it does not know."""


class Unverified(RefusedByHost):
    """The certificate of the other side (or of a proxy that opens TLS) is of an authority that this host does not trust."""

    fix = PRIVATE_CA


class ProxyWantsLogin(RefusedByHost):
    """The proxy answered 407."""

    fix = PROXY_LOGIN


@dataclass(frozen=True)
class Heard:
    """An answer, redirects unfollowed: status, headers, and the body up to `LARGEST` bytes (None when it is larger, compressed or too slow)."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def data(self) -> Any:
        """The JSON of the body; None when it is none."""
        try:
            return json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None


def client() -> httpx.Client:
    """A client that goes the way the environment names: HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE. One connection a request."""
    return httpx.Client(
        verify=ssl.create_default_context(),
        trust_env=True,
        follow_redirects=False,
        timeout=SECONDS,
        limits=httpx.Limits(max_keepalive_connections=0),
        headers={"User-Agent": "towpath", "Accept-Encoding": "identity"},
    )


def ask(method: str, url: str, headers: Mapping[str, str], body: object = None) -> Heard:
    """One request. Raises Unreachable, Unverified or ProxyWantsLogin, none of which holds a header or a body."""
    where = shown(url)
    try:
        with client() as asking, asking.stream(method, url, headers=headers, json=body) as answer:
            if answer.status_code == 407:
                raise ProxyWantsLogin(f"asking {where}: the proxy wants a login (407)")
            return Heard(answer.status_code, dict(answer.headers), _body(answer))
    except BROKEN as exc:
        raise translated(exc, f"asking {where}") from exc


def translated(exc: Exception, doing: str) -> Unreachable | RefusedByHost:
    """What httpx says, in ours."""
    if isinstance(exc, httpx.ProxyError) and "407" in str(exc):
        return ProxyWantsLogin(f"{doing}: the proxy wants a login (407)")
    if isinstance(exc, httpx.ProxyError):
        return Unreachable(f"{doing}: the proxy makes no connection ({str(exc)[:100]})")
    if "CERTIFICATE_VERIFY_FAILED" in str(exc):
        return Unverified(f"{doing}: its certificate is not of an authority that this host trusts")
    if isinstance(exc, httpx.TimeoutException):
        return Unreachable(f"{doing}: no answer in time")
    if isinstance(exc, ImportError | ValueError):
        return Unreachable(f"{doing}: the proxy of the environment is not an HTTP proxy")
    return Unreachable(f"{doing}: {type(exc).__name__}")


def shown(url: str) -> str:
    """The scheme and host of an address: what may be shown of any."""
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, UnicodeError):
        return "an address that is none"
    if not read.host:
        return "an address that is none"
    return f"{read.scheme}://{read.host}" + (f":{read.port}" if read.port else "")


def _body(answer: httpx.Response) -> bytes | None:
    """The body as it came: an encoded one is not unpacked, for it could unpack to anything."""
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        return None
    parts: list[bytes] = []
    size, until = 0, time.monotonic() + WHOLE
    for part in answer.iter_raw():
        size += len(part)
        if size > LARGEST or time.monotonic() > until:
            return None
        parts.append(part)
    return b"".join(parts)
