"""Slash commands as Slack sends them over HTTP (docs.slack.dev, Slash commands; Verifying requests from Slack): a signed form. Without a response_url."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from bot.signature import Signer
from gauging.callers import post

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Door:
    """An app's address for slash commands, as far as its requests must know it."""

    path: str
    secret: str


def signed(door: Door, number: int, text: str = "show status") -> Iterator[bytes]:
    """So many commands, each with a trigger of its own, signed now: all are made before the first is given out."""
    return iter([_signed(door, text) for _ in range(number)])


def _signed(door: Door, text: str) -> bytes:
    timestamp, key = str(int(time.time())), secrets.token_hex(12)
    form = {
        "token": "0" * 24, "team_id": "T0CEDAR", "team_domain": "cedar-clinic", "channel_id": "C0BIOPSY", "channel_name": "biopsy",
        "user_id": "U0ANA", "user_name": "ana", "command": "/towpath", "text": text, "api_app_id": "A0TOWPATH",
        "is_enterprise_install": "false", "trigger_id": f"{timestamp}.1.{key}",
    }  # fmt: skip
    body = urlencode(form).encode()
    signature = Signer(door.secret).sign(timestamp, body)
    return post(door.path, body, {"Content-Type": FORM, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature})
