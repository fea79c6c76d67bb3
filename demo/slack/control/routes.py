"""The addresses of the control API that read and act; `admin` and `trouble` have the rest."""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from demo.slack.acting import actions, commands, modals, speech
from demo.slack.acting.who import actor
from demo.slack.api.files import PICTURES
from demo.slack.control import admin, sight, trouble
from demo.slack.control.guard import body_of
from demo.slack.shapes import CannotDo, Json
from demo.slack.stage import STAGE, Stage
from demo.slack.workspace import User, direct_channel

MOST_EVENTS = 500
LONGEST_WAIT = 30.0
HEARTBEAT = 15.0


async def _say(stage: Stage, user: User, body: Json) -> Json:
    return speech.say(stage, user, body)


async def _edit(stage: Stage, user: User, body: Json) -> Json:
    return speech.edit(stage, user, body)


async def _delete(stage: Stage, user: User, body: Json) -> Json:
    return speech.delete(stage, user, body)


async def _dismiss(stage: Stage, user: User, body: Json) -> Json:
    found = stage.store.whispers.get(str(body.get("ts")))
    if found and found.user == user.id:
        stage.store.remove_whisper(str(body["ts"]))
    return {}


async def _direct(stage: Stage, user: User, body: Json) -> Json:
    return {"channel": direct_channel(stage.workspace, user.id).id}


ACTS: dict[str, Callable[[Stage, User, Json], Awaitable[Json]]] = {
    "say": _say,
    "edit": _edit,
    "delete": _delete,
    "dismiss": _dismiss,
    "direct": _direct,
    "command": commands.run,
    "click": actions.click,
    "choose": actions.choose,
    "shortcut": actions.shortcut,
    "submit": modals.submit,
    "close": modals.close,
    "home": modals.home,
}


def add_routes(app: web.Application) -> None:
    """All of `/_/`."""
    app.router.add_get("/_/workspace", _workspace)
    app.router.add_get("/_/channels/{id}", _channel)
    app.router.add_get("/_/events", _events)
    app.router.add_get("/_/stream", _stream)
    app.router.add_get("/_/files/{id}", _file)
    app.router.add_post("/_/people/{id}/{act}", _act)
    admin.add_routes(app)
    trouble.add_routes(app)


async def _workspace(request: web.Request) -> web.Response:
    return web.json_response(sight.workspace(request.app[STAGE]))


async def _channel(request: web.Request) -> web.Response:
    return web.json_response(sight.channel(request.app[STAGE], request.match_info["id"], request.query.get("as")))


async def _act(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    act = ACTS.get(request.match_info["act"])
    if act is None:
        raise CannotDo("unknown_act", f"people can {sorted(ACTS)}")
    user = actor(stage, request.match_info["id"])
    return web.json_response(await act(stage, user, await body_of(request)))


async def _events(request: web.Request) -> web.Response:
    """`?after=N&timeout=S&as=U`: what came after N, waiting up to S seconds for the first; `more`: ask again."""
    feed = request.app[STAGE].feed
    after = _number(request, "after")
    await feed.wait(int(after), min(_number(request, "timeout"), LONGEST_WAIT))
    found = sight.news(request.app[STAGE], int(after), request.query.get("as"))
    rows = [row.as_json() for row in found[:MOST_EVENTS]]
    return web.json_response({"events": rows, "more": len(found) > MOST_EVENTS, "last": feed.last})


async def _stream(request: web.Request) -> web.StreamResponse:
    """The same as server-sent events, for the page."""
    feed = request.app[STAGE].feed
    after = int(float(request.headers.get("Last-Event-ID") or _number(request, "after")))
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await answer.prepare(request)
    try:
        while not feed.closed:
            rows = sight.news(request.app[STAGE], after, request.query.get("as"))
            lines = [f"id: {row.n}\ndata: {json.dumps(row.as_json())}\n\n" for row in rows]
            await answer.write("".join(lines or [": still here\n\n"]).encode())
            after = feed.last
            await feed.wait(after, HEARTBEAT)
    except ConnectionError:
        pass
    return answer


async def _file(request: web.Request) -> web.Response:
    store = request.app[STAGE].store
    file = store.files.get(request.match_info["id"])
    if file is None or file["id"] not in store.bytes:
        raise CannotDo("file_not_found", request.match_info["id"])
    picture = PICTURES.get(file["filetype"])
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
    if not picture:
        headers["Content-Disposition"] = "attachment"
    kind = picture or "application/octet-stream"
    return web.Response(body=store.bytes[file["id"]], content_type=kind, headers=headers)


def _number(request: web.Request, name: str) -> float:
    try:
        return max(0.0, float(request.query.get(name) or 0))
    except ValueError as exc:
        raise CannotDo("bad_number", name) from exc
