"""The stand-in as one aiohttp application: the Web API, response URLs, Socket Mode, the control API and the page."""

from pathlib import Path

from aiohttp import web

from demo.slack import hooks, keeping, page
from demo.slack.api import door
from demo.slack.control import routes
from demo.slack.control.guard import guard
from demo.slack.stage import STAGE, Stage
from demo.slack.workspace import Workspace

MOST_REQUEST_BYTES = 25_000_000


def build(workspace: Workspace, state_dir: Path | None = None) -> web.Application:
    """The application for a workspace; with a folder, the conversation survives a restart."""
    app = web.Application(client_max_size=MOST_REQUEST_BYTES, middlewares=[guard])
    app[STAGE] = Stage.of(workspace)
    door.add_routes(app)
    hooks.add_routes(app)
    app.router.add_get("/link/", _link)
    routes.add_routes(app)
    page.add_routes(app)
    app.on_shutdown.append(_stop)
    if state_dir:
        app.cleanup_ctx.append(keeping.keeper(state_dir))
    return app


async def _link(request: web.Request) -> web.StreamResponse:
    return await request.app[STAGE].courier.sockets.serve(request)


async def _stop(app: web.Application) -> None:
    app[STAGE].feed.close()
    await app[STAGE].courier.close()
