"""A workspace, a running stand-in and a running Bolt app, for the tests of this folder."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from demo.slack.client import Workspace
from demo.slack.server import build
from demo.slack.workspace import read

BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-stand-in", "xapp-stand-in", "stand-in-signing-secret"
ANA, BEN, MIA, GIO, STR = "U0ANA", "U0BEN", "U0MIA", "U0GIO", "U0STR"
DEPLOYS, SHARED, QUIET = "C0DEPLOYS", "C0SHARED", "C0QUIET"
BOT = "U0BOT"
SCOPES = [
    *("commands", "chat:write", "app_mentions:read", "users:read", "users:read.email", "usergroups:read"),
    *("channels:read", "channels:history", "im:write", "im:history", "files:write", "reactions:write"),
]
EVENTS = ["app_mention", "message.channels", "app_home_opened", "member_joined_channel", "user_change"]


def document() -> dict[str, Any]:
    """A small workspace, as its YAML would read."""
    return {
        "team": {"id": "T0HOME", "name": "Canal Works", "domain": "canal-works"},
        "users": [
            {"id": ANA, "name": "ana", "real_name": "Ana Lima", "role": "data scientist", "email": "ana@example.com"},
            {"id": BEN, "name": "ben", "real_name": "Ben Okoro", "role": "engineer"},
            {"id": MIA, "name": "mia", "real_name": "Mia Chen", "role": "manager"},
            {"id": GIO, "name": "gio", "is_restricted": True},
            {"id": STR, "name": "stranger", "team_id": "T0OTHER", "is_stranger": True},
        ],
        "channels": [
            {"id": DEPLOYS, "name": "deploys", "members": [ANA, BEN, MIA, BOT]},
            {"id": SHARED, "name": "shared", "members": [ANA, STR, BOT], "is_ext_shared": True},
            {"id": QUIET, "name": "quiet", "members": [ANA, BEN]},
        ],
        "groups": [{"id": "S0LEADS", "handle": "ml-leads", "users": [MIA]}],
        "app": {
            "id": "A0TOWPATH",
            "bot_user_id": BOT,
            "bot_token": BOT_TOKEN,
            "app_token": APP_TOKEN,
            "signing_secret": SIGNING_SECRET,
            "bot_events": list(EVENTS),
            "scopes": list(SCOPES),
            "shortcuts": [{"callback_id": "explain", "name": "Explain this"}],
        },
    }


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """Run an aiohttp application on a free port; yields its root URL."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def standing(changes: Callable[[dict[str, Any]], None] = lambda _: None) -> AsyncIterator[Workspace]:
    """A stand-in and a client of its control API."""
    given = document()
    changes(given)
    async with served(build(read(given))) as url, Workspace.at(url) as workspace:
        yield workspace


def web_client(workspace: Workspace, token: str = BOT_TOKEN) -> AsyncWebClient:
    """The real SDK's client, pointed at the stand-in."""
    return AsyncWebClient(token=token, base_url=workspace.api_url)


def bolt(workspace: Workspace) -> AsyncApp:
    """A real Bolt app that knows the stand-in."""
    return AsyncApp(client=web_client(workspace), signing_secret=SIGNING_SECRET)


@asynccontextmanager
async def bolt_served(workspace: Workspace, app: AsyncApp) -> AsyncIterator[None]:
    """Bolt behind HTTP, configured as the app's request URLs."""
    async with served(app.web_app("/slack/events")) as url:
        address = f"{url}/slack/events"
        await workspace.configure(events_url=address, commands_url=address, interactivity_url=address)
        yield


@asynccontextmanager
async def endpoint(
    workspace: Workspace,
    answer: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[None]:
    """A bare HTTP endpoint in the app's place."""

    async def taken(request: web.Request) -> web.Response:
        return await answer(request)

    server = web.Application()
    server.router.add_post("/in", taken)
    async with served(server) as url:
        await workspace.configure(events_url=f"{url}/in", commands_url=f"{url}/in", interactivity_url=f"{url}/in")
        yield


def section(text: str, **more: Any) -> dict[str, Any]:
    """A section block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    """A button element."""
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": action_id, **more}
