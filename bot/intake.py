"""The front door: a delivery from Slack is checked, made durable, and answered. Nothing else happens before the answer.

Over HTTP the signature is checked on the raw body; the body goes as it is into the intake stream, with its timestamp and signature, and is
read by whoever consumes the stream. Nothing is parsed on the way, except where there is no other way to answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import structlog
from aiohttp import web

from bot import clock
from bot.broker import Appender, NotTaken, Unclear
from bot.signature import IntakeSigners, is_fresh

log = structlog.get_logger("bot.intake")

LARGEST = 1024 * 1024
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PATHS = ("/slack/events", "/slack/commands", "/slack/interactive")

NOT_TAKEN = "Towpath cannot reach its inbox at the moment. *Nothing was changed.* Please ask again in a minute."
UNCLEAR = "Towpath's inbox did not answer in time. If it took your request, the answer follows here; otherwise nothing was changed."

Tell = Callable[[str, str], Coroutine[Any, Any, None]]
"""Sends a text to a response_url, for the eyes of the caller."""


@dataclass(frozen=True)
class Delivery:
    """What Slack sent: the raw body, its content type (`socket` for Socket Mode), its timestamp and its signature."""

    body: bytes
    form: str
    timestamp: str
    signature: str

    def fields(self) -> dict[str, str | bytes]:
        """As it lies in the intake stream."""
        return {"body": self.body, "form": self.form, "at": self.timestamp, "signature": self.signature}


@dataclass(frozen=True)
class Refusal:
    """The delivery was not made durable: words for the caller."""

    text: str


class Intake:
    """Takes deliveries in. `tell` is how a person is told who cannot be answered otherwise."""

    def __init__(self, signers: IntakeSigners, appender: Appender, tell: Tell) -> None:
        self.signers = signers
        self._appender = appender
        self._tell = tell
        self._telling: set[asyncio.Task[None]] = set()
        self._turned_away = 0
        self._next_word = 0.0

    async def take(self, delivery: Delivery) -> Refusal | None:
        """Make a delivery durable; None when it is."""
        try:
            await self._appender.append(delivery.fields())
        except NotTaken:
            log.warning("intake_not_taken", form=delivery.form)
            return Refusal(NOT_TAKEN)
        except Unclear:
            log.warning("intake_unclear", form=delivery.form)
            return Refusal(UNCLEAR)
        return None

    async def over_http(self, request: web.Request) -> web.Response:
        """Answer one request of Slack's: 200 once it is durable, 401 if it is not Slack's, 413 if it is too large, 503 if it cannot be kept."""
        headers = request.headers
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        body = await request.read()
        signature = headers.get("X-Slack-Signature", "")
        signer = self.signers.http
        if not (signer and is_fresh(timestamp, clock.epoch_seconds()) and signer.holds(timestamp, body, signature)):
            self._turn_away()
            return web.Response(status=401, text="the signature does not hold")
        form = JSON if request.content_type == JSON else FORM
        if form == JSON and b'"url_verification"' in body and (challenge := _challenge(body)):
            return web.Response(text=challenge)
        refusal = await self.take(Delivery(body, form, timestamp, signature))
        return self._refused(refusal, form, body) if refusal else web.Response()

    def _refused(self, refusal: Refusal, form: str, body: bytes) -> web.Response:
        if form == JSON:
            return web.Response(status=503, text="not kept: deliver it again")
        if not body.startswith(b"payload="):
            return web.json_response(ephemeral(refusal))
        self.tell_of(refusal, _interaction(body))
        return web.Response(status=503, text="not kept")

    def _turn_away(self) -> None:
        """Count what is not Slack's (or is signed with another secret than ours), and say so now and then."""
        self._turned_away += 1
        if clock.ticks() >= self._next_word:
            log.warning("turned_away", count=self._turned_away, signing_secret="set" if self.signers.http else "missing")
            self._turned_away, self._next_word = 0, clock.ticks() + 10.0

    def tell_of(self, refusal: Refusal, payload: dict[str, Any]) -> None:
        """Afterwards, tell a person whose click was not kept."""
        url = payload.get("response_url")
        if isinstance(url, str):
            task = asyncio.create_task(self._tell(url, refusal.text))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)


def ephemeral(refusal: Refusal) -> dict[str, str]:
    """The body that answers a slash command with a refusal."""
    return {"response_type": "ephemeral", "text": refusal.text}


def _challenge(body: bytes) -> str | None:
    payload = _json(body)
    challenge = payload.get("challenge")
    return challenge if payload.get("type") == "url_verification" and isinstance(challenge, str) else None


def _interaction(body: bytes) -> dict[str, Any]:
    found = parse_qs(body.decode("utf-8", "replace")).get("payload", [""])
    return _json(found[0].encode())


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
