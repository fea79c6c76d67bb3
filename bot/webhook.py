"""`POST /git/push`: the Git host says that something was pushed. It brings no information in; it only lets us look at once.

What was pushed is read from Git itself, so a signed delivery that comes twice, late or from somebody who kept it makes us look once more
and changes nothing. That is why no delivery id is remembered.

GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
GitLab: https://docs.gitlab.com/user/project/integrations/webhooks/
Gitea and Forgejo: https://docs.gitea.com/usage/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

import structlog
from aiohttp import web

from bot import clock

log = structlog.get_logger("bot.webhook")

PATH = "/git/push"
SIGNATURES = {"X-Hub-Signature-256": "sha256=", "X-Gitea-Signature": "", "X-Forgejo-Signature": ""}
"""Headers that hold the hexadecimal HMAC-SHA256 of the raw body, with what stands before it."""
TOKEN = "X-Gitlab-Token"  # noqa: S105  # the header's name; it holds the secret itself


class Webhook:
    """Knows the host by the secret that both have, and then has the source looked at."""

    def __init__(self, secret: str, look: Callable[[], None]) -> None:
        self._secret = secret.encode()
        self._look = look
        self._turned_away = 0
        self._next_word = 0.0

    def __repr__(self) -> str:
        return "Webhook(...)"

    async def over_http(self, request: web.Request) -> web.Response:
        """202 when we look, 200 for the host's own try, 401 for what is not the host's, 413 for what is too large to be read."""
        body = await request.read()
        if not self._is_the_hosts(request.headers, body):
            self._turn_away()
            return web.Response(status=401, text="not accepted")
        if request.headers.get("X-GitHub-Event") == "ping":
            return web.Response(text="heard")
        self._look()
        return web.Response(status=202, text="looking")

    def _is_the_hosts(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Every header is compared, each in constant time. One that holds is enough: hosts send several, and all need the secret."""
        digest = hmac.digest(self._secret, body, "sha256").hex()
        wanted = {name: f"{before}{digest}".encode() for name, before in SIGNATURES.items()} | {TOKEN: self._secret}
        return sum(_is_same(headers.get(name, ""), value) for name, value in wanted.items()) > 0

    def _turn_away(self) -> None:
        """Count what is not the host's (or is signed with another secret than ours), and say so now and then."""
        self._turned_away += 1
        if clock.ticks() >= self._next_word:
            log.warning("push_turned_away", count=self._turned_away)
            self._turned_away, self._next_word = 0, clock.ticks() + 10.0


def _is_same(given: str, wanted: bytes) -> bool:
    """Compared by their hashes, so that not even the length of the secret can be measured."""
    hashes = (hashlib.sha256(one).digest() for one in (given.encode("utf-8", "surrogateescape"), wanted))
    return hmac.compare_digest(*hashes)
