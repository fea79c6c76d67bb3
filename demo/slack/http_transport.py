"""Deliveries over HTTP: signed POSTs to the app's request URLs."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp

from demo.slack import signing
from demo.slack.clock import Clock
from demo.slack.faults import Faults
from demo.slack.parcel import Parcel, Taken
from demo.slack.tuning import Timing
from demo.slack.workspace import App

HTTP_OK, HTTP_REDIRECT = 200, 300
MOST_REDIRECTS = 2


class HttpTransport:
    """Each kind goes to its own URL: events as JSON, commands as a form, interactions as `payload=` in a form."""

    name = "http"

    def __init__(self, app: App, clock: Clock, timing: Timing, faults: Faults) -> None:
        self._app = app
        self._clock = clock
        self._timing = timing
        self._faults = faults
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, Callable[[], str | None]] = {
            "event": lambda: app.events_url,
            "command": lambda: app.commands_url,
            "interactive": lambda: app.interactivity_url,
        }

    async def carry(self, parcel: Parcel) -> Taken:
        """POST it. A missing URL counts as a failed connection."""
        url = self._urls[parcel.kind]()
        if not url:
            return Taken("connection_failed")
        body, content_type = encoded(parcel)
        headers = signing.headers(self._app.signing_secret, body, self._clock.now(), self._faults.signing)
        headers |= {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        if parcel.attempt:
            headers |= {"X-Slack-Retry-Num": str(parcel.attempt), "X-Slack-Retry-Reason": parcel.reason}
        return await self._post(url, body, headers)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Taken:
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=True, trust_env=False)
        limit = aiohttp.ClientTimeout(total=self._timing.ack_deadline)
        how = {"data": body, "headers": headers, "timeout": limit, "max_redirects": MOST_REDIRECTS}
        try:
            async with self._session.post(url, **how) as answer:  # type: ignore[arg-type]
                content = await answer.read()
        except TimeoutError:
            return Taken("http_timeout")
        except aiohttp.TooManyRedirects:
            return Taken("too_many_redirects")
        except aiohttp.ClientSSLError:
            return Taken("ssl_error")
        except aiohttp.ClientError:
            return Taken("connection_failed")
        ok = HTTP_OK <= answer.status < HTTP_REDIRECT
        final = answer.headers.get("X-Slack-No-Retry") == "1"
        is_json = answer.content_type == "application/json"
        return Taken("ok" if ok else "http_error", answer.status, content, is_json, final)

    async def close(self) -> None:
        """End the connections."""
        if self._session:
            await self._session.close()


def encoded(parcel: Parcel) -> tuple[bytes, str]:
    """The raw body as Slack sends it, and its content type."""
    if parcel.kind == "event":
        return json.dumps(parcel.payload, separators=(",", ":")).encode(), "application/json"
    form = parcel.payload
    if parcel.kind == "interactive":
        form = {"payload": json.dumps(parcel.payload, separators=(",", ":"))}
    filled = {key: "" if value is None else value for key, value in form.items()}
    return urlencode(filled).encode(), "application/x-www-form-urlencoded"
