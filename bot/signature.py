"""Slack's request signature, version v0: HMAC-SHA256 over `v0:<timestamp>:<raw body>` (docs.slack.dev, Verifying requests from Slack)."""

from __future__ import annotations

import hmac

SKEW = 300


class Signer:
    """Makes and checks v0 signatures with one secret."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def __repr__(self) -> str:
        return "Signer(...)"

    def sign(self, timestamp: str, body: bytes) -> str:
        """`v0=` and the hexadecimal HMAC."""
        return "v0=" + hmac.digest(self._key, b"v0:" + timestamp.encode("ascii", "replace") + b":" + body, "sha256").hex()

    def holds(self, timestamp: str, body: bytes, signature: str) -> bool:
        """Whether the signature is ours over these very bytes; compared in constant time."""
        return hmac.compare_digest(self.sign(timestamp, body).encode(), signature.encode("utf-8", "replace"))


def is_fresh(timestamp: str, now: float) -> bool:
    """Whether the timestamp is a number of seconds, at most five minutes from now. Text that is no number is not."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    return abs(now - int(timestamp)) <= SKEW


class IntakeSigners:
    """What may lie in the intake stream: what Slack signed, or what came over our own socket and was signed with the app token.

    The stream is in Redis, and whoever can write to Redis must not be able to put words into a manager's mouth.
    """

    def __init__(self, signing_secret: str | None, app_token: str | None) -> None:
        self.http = Signer(signing_secret) if signing_secret else None
        self.socket = Signer("towpath-intake:" + app_token) if app_token else None

    def hold(self, timestamp: str, body: bytes, signature: str) -> bool:
        """Whether one of the signers signed these bytes."""
        return any(signer.holds(timestamp, body, signature) for signer in (self.http, self.socket) if signer)
