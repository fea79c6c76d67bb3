"""Signatures of deliveries. Source: Slack's "Verifying requests": `v0=` HMAC-SHA256 over `v0:timestamp:raw body`."""

import hashlib
import hmac

AN_HOUR = 3600


def headers(secret: str, body: bytes, now: float, how: str = "good") -> dict[str, str]:
    """The two signature headers; `how` is `good` or one of the faults (see faults.SIGNINGS)."""
    if how == "no_signature":
        return {}
    timestamp = str(int(now) - (AN_HOUR if how == "old_timestamp" else 0))
    key = "not-" + secret if how == "wrong_secret" else secret
    signed = body + b" " if how == "other_body" else body
    base = b"v0:" + timestamp.encode() + b":" + signed
    digest = hmac.new(key.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}
