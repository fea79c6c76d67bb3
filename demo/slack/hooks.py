"""Response URLs and direct answers: how the app speaks to whoever ran a command or pressed a button."""

import json
from typing import Any

from aiohttp import web

from demo.slack import content, talk
from demo.slack.api.trouble import troubled
from demo.slack.passes import Hook
from demo.slack.shapes import Json, Refused
from demo.slack.stage import STAGE, Stage

NOT_FOUND, BAD_REQUEST = 404, 400
KEPT = ("thread_ts", "parent_user_id", "metadata")
"""What a replaced message keeps."""
GONE = {"invalid_url", "used_url", "expired_url"}


def url_of(stage: Stage, act: str, key: str) -> str:
    """The response URL for a pass; `act` is commands or actions."""
    return f"{stage.origin}/{act}/{stage.workspace.team.id}/{key}"


def add_routes(app: web.Application) -> None:
    """The addresses behind response URLs."""
    app.router.add_post("/commands/{team}/{key}", _posted)
    app.router.add_post("/actions/{team}/{key}", _posted)


async def _posted(request: web.Request) -> web.StreamResponse:
    stage = request.app[STAGE]
    given = await _body(request)

    async def act() -> tuple[int, Json]:
        try:
            respond(stage, stage.passes.use_hook(request.match_info["key"]), given)
        except Refused as no:
            return (NOT_FOUND if no.error in GONE else BAD_REQUEST), no.answer()
        return 200, {"ok": True}

    answer = await troubled(request, stage, "response_url", given, act)
    return web.Response(text="ok") if answer.status == web.HTTPOk.status_code else answer


async def _body(request: web.Request) -> Json:
    try:
        found = json.loads(await request.text())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def respond(stage: Stage, hook: Hook, given: Json) -> None:
    """Carry out one answer: delete or replace the message it came from, or say something new. Raises Refused."""
    if given.get("delete_original") and hook.original:
        _delete(stage, hook)
    elif hook.original and given.get("replace_original", hook.original_is_whisper):
        _replace(stage, hook, content.must_say_something(content.read(given)))
    else:
        _say(stage, hook, given)


def _delete(stage: Stage, hook: Hook) -> None:
    original = hook.original or ""
    if hook.original_is_whisper:
        stage.store.remove_whisper(original)
    elif message := stage.store.find(hook.channel, original):
        talk.delete(stage, stage.workspace.channels[hook.channel], message)


def _replace(stage: Stage, hook: Hook, found: Json) -> None:
    original = hook.original or ""
    if hook.original_is_whisper:
        if original in stage.store.whispers:
            before = stage.store.whispers[original].message
            stage.store.change_whisper(original, talk.as_app(stage, found) | _thread(before.get("thread_ts")))
    elif before_message := stage.store.find(hook.channel, original):
        kept = {key: before_message[key] for key in KEPT if key in before_message}
        talk.edit(stage, stage.workspace.channels[hook.channel], before_message, talk.as_app(stage, found) | kept)
    else:
        raise Refused("message_not_found")


def _say(stage: Stage, hook: Hook, given: Json) -> None:
    found = content.must_say_something(content.read(given))
    message = talk.as_app(stage, found) | _thread(given.get("thread_ts"))
    if given.get("response_type") == "in_channel":
        talk.post(stage, stage.workspace.channels[hook.channel], message)
    else:
        stage.store.whisper(hook.channel, hook.user, message)


def _thread(thread_ts: Any) -> Json:
    return {"thread_ts": thread_ts} if thread_ts else {}
