"""Slack: the bot's token and its scopes, and the way by which deliveries come in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workers.adapters import web
from workers.adapters.websocket import shake_hands
from workers.app.doctor.finding import Finding, Patient

SCOPES = (
    "commands",
    "chat:write",
    "app_mentions:read",
    "users:read",
    "usergroups:read",
    "channels:history",
    "groups:history",
    "im:history",
    "files:write",
)
_MEND_SOCKET = "Set SLACK_APP_TOKEN to an app-level token (xapp-...) with connections:write: Basic Information on api.slack.com/apps."


def look(patient: Patient) -> Iterator[Finding]:
    """The token, the scopes, and Socket Mode or the signing secret."""
    token = patient.setting("SLACK_BOT_TOKEN")
    if not token:
        yield Finding("slack", "SLACK_BOT_TOKEN is not set here", "Set it to the bot token of the app (xoxb-...), also for this command.")
    elif not re.fullmatch(r"xox[be](?:\.xox[bp])?-[\w-]{3,}", token, re.ASCII):
        yield Finding("slack", "SLACK_BOT_TOKEN is not a bot token", "Set it to the bot token of the app (xoxb-...).")
    else:
        yield from _bot(patient, token)
    yield from _way_in(patient)


def _bot(patient: Patient, token: str) -> Iterator[Finding]:
    heard = web.ask("POST", patient.slack_url + "auth.test", {"Authorization": f"Bearer {token}"})
    told = heard.data
    if heard.status != 200:
        yield Finding("slack", f"auth.test answered {heard.status}", "Check SLACK_API_URL and https://slack-status.com.")
    elif not isinstance(told, dict) or told.get("ok") is not True:
        error = _word(told.get("error")) if isinstance(told, dict) else "nothing of Slack's"
        yield Finding("slack", f"auth.test said {error}", "Install the app in the workspace again and copy its bot token.")
    else:
        yield Finding("slack", f"the bot is {_word(told.get('user_id'))} in {_word(told.get('team_id'))}")
        yield from _scopes(heard.headers.get("x-oauth-scopes"))


def _scopes(granted: str | None) -> Iterator[Finding]:
    """Slack's Web API names the scopes of a token in the header `X-OAuth-Scopes` of each answer; another server may not."""
    missing = [scope for scope in SCOPES if scope not in re.split(r",\s*", granted)] if granted else []
    if missing:
        yield Finding(
            "slack", f"the app lacks {', '.join(missing)}", "Add the scopes (manifest.yaml has them all) and install the app again."
        )


def _way_in(patient: Patient) -> Iterator[Finding]:
    """Socket Mode needs a connection that we open; HTTP mode the secret that proves who sent a delivery."""
    token = patient.setting("SLACK_APP_TOKEN")
    if token and not re.fullmatch(r"xapp-[\w-]{3,}", token, re.ASCII):
        yield Finding("slack", "SLACK_APP_TOKEN is not an app-level token", _MEND_SOCKET)
    elif token:
        yield from _socket(patient, token)
    elif patient.setting("SLACK_SIGNING_SECRET"):
        yield Finding(
            "slack", "deliveries come over HTTP, proved by the signing secret; whether Slack can reach us, Slack's page of the app says"
        )
    else:
        yield Finding(
            "slack",
            "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set here, so the way in was not looked at",
            "Set the one that `web` has, also for this command.",
        )


def _socket(patient: Patient, token: str) -> Iterator[Finding]:
    """`apps.connections.open` names an address for one connection; it is opened by the way that the bot goes, and closed."""
    told = web.ask("POST", patient.slack_url + "apps.connections.open", {"Authorization": f"Bearer {token}"}).data
    address = told.get("url") if isinstance(told, dict) else None
    if not isinstance(told, dict) or told.get("ok") is not True or not isinstance(address, str):
        error = _word(told.get("error")) if isinstance(told, dict) else "nothing of Slack's"
        yield Finding("slack", f"apps.connections.open said {error}", _MEND_SOCKET)
        return
    shake_hands(address)
    yield Finding("slack", f"a WebSocket to {web.shown(address)} was opened and closed")


def _word(value: Any) -> str:
    return re.sub(r"[^\w.:-]", "", str(value))[:60]
