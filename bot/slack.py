"""Slack's Web API as the bot calls it: one session, one table that turns Slack's troubles into ours, no hidden retries.

A retry of a post whose answer was lost would post it twice; whether to try again is for the caller, who knows how to look first.
"""

from __future__ import annotations

import logging
import urllib.request
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

PATIENCE = 8.0
_HOOK_HOSTS = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")
_AS_FORM = ("conversations.", "users.", "usergroups.", "auth.", "team.", "files.getUploadURLExternal")


class SlackTrouble(Exception):
    """Slack could not be asked, or said no.

    SlackTrouble
        Later       nothing happened; ask again after `seconds`
        Unknown     it may have happened: the answer was lost
        SaidNo      Slack answered `code`; asking again changes nothing
    """


class Later(SlackTrouble):
    """Slack did nothing and wants to be asked again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"ask again in {seconds:g} s")
        self.seconds = seconds


class Unknown(SlackTrouble):
    """The answer was lost: what was asked for may have happened."""


class SaidNo(SlackTrouble):
    """Slack answered `{"ok": false, "error": code}`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def is_lockout(self) -> bool:
        """Whether it is the app that Slack turns away: the same call works once its token or its scopes are mended."""
        return self.code in _LOCKED_OUT


LOCKED_OUT_PAUSE = 30.0
_LOCKED_OUT = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "org_login_required"}
_BROKEN = {"internal_error", "fatal_error", "request_timeout"}
_BUSY = {"ratelimited", "rate_limited", "service_unavailable", "team_added_to_org", "accesslimited"}


class Slack:
    """The Web API with the bot's token. Use it as `async with Slack(...)`."""

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self.api_url = api_url
        self._session: aiohttp.ClientSession | None = None
        self.client = AsyncWebClient(base_url=api_url, retry_handlers=[], logger=logging.getLogger("slack_sdk.web"))

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE), trust_env=True)
        self.client.session = self._session
        self.client.token = self._token
        self.client.proxy = None  # The session finds the proxy itself, and obeys NO_PROXY, which the SDK does not.
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Slack's answer to one call. Raises Later, Unknown or SaidNo."""
        how = {"params": arguments} if method.startswith(_AS_FORM) else {"json": arguments}
        try:
            answer = await self.client.api_call(method, http_verb="GET" if "params" in how else "POST", **how)
        except SlackApiError as exc:
            raise _trouble(exc) from None
        except aiohttp.ClientConnectorError as exc:
            raise Later(2.0) from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise Unknown(f"asking Slack for {method}") from exc
        return answer.data if isinstance(answer.data, dict) else {}

    async def respond(self, url: str, message: dict[str, Any]) -> None:
        """Post to a response_url. Raises Later, Unknown or SaidNo (`used_url`, `expired_url`, ... or the HTTP status).

        Only addresses of Slack's own are posted to: the address comes out of Redis.
        """
        if self._session is None or not self._is_hook(url):
            raise SaidNo("not_an_address_of_slack")
        try:
            async with self._session.post(url, json=message, allow_redirects=False) as answer:
                status, after, text = answer.status, answer.headers.get("Retry-After", "1"), (await answer.text())[:500]
        except aiohttp.ClientConnectorError as exc:
            raise Later(2.0) from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise Unknown("answering by response_url") from exc
        if status == 429:
            raise Later(_seconds(after))
        if status >= 500:
            raise Unknown(f"answering by response_url: {status}")
        if status != 200 or '"ok":false' in text.replace(" ", ""):
            raise SaidNo(f"response_url_{status}")

    async def upload(self, url: str, content: bytes) -> None:
        """Send a file's bytes to the address that `files.getUploadURLExternal` gave. Raises Later, Unknown or SaidNo."""
        if self._session is None:
            raise SaidNo("not_open")
        try:
            async with self._session.post(
                url, data=content, headers={"Content-Type": "application/octet-stream"}, allow_redirects=False
            ) as answer:
                status, after = answer.status, answer.headers.get("Retry-After", "1")
        except aiohttp.ClientConnectorError as exc:
            raise Later(2.0) from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise Unknown("uploading a file") from exc
        if status == 429:
            raise Later(_seconds(after))
        if status >= 500:
            raise Unknown(f"uploading a file: {status}")
        if status != 200:
            raise SaidNo(f"upload_{status}")

    def _is_hook(self, url: str) -> bool:
        here, api = urlsplit(url), urlsplit(self.api_url)
        return url.startswith(_HOOK_HOSTS) or (api.hostname != "slack.com" and here[:2] == api[:2])


def _trouble(exc: SlackApiError) -> SlackTrouble:
    answer = exc.response
    status = int(getattr(answer, "status_code", None) or getattr(answer, "status", None) or 0)
    if status == 429:
        return Later(_seconds(answer.headers.get("Retry-After", "1")))
    if status >= 500:
        return Unknown(f"Slack answered {status}")
    data = getattr(answer, "data", None)
    code = str(data.get("error", "unknown_error")) if isinstance(data, dict) else "no_answer"
    if code in _BUSY:
        return Later(5.0)
    return Unknown(code) if code in _BROKEN or code == "no_answer" else SaidNo(code)


def _seconds(text: str) -> float:
    try:
        return min(max(float(text), 0.1), 3600.0)
    except ValueError:
        return 1.0


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for an address, unless NO_PROXY excepts it."""
    parts = urlsplit(url)
    if parts.hostname is None or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)
