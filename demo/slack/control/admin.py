"""Changing the workspace: the app's settings, people, groups, channels; and the events that tell the app of it."""

from dataclasses import fields
from typing import Any

from aiohttp import web

from demo.slack.control.guard import body_of
from demo.slack.parcel import Parcel
from demo.slack.shapes import CannotDo, Json
from demo.slack.stage import STAGE, Stage
from demo.slack.workspace import App, Channel, Group, User

FIXED = {"id", "bot_user_id", "bot_id", "command", "shortcuts"}


def add_routes(app: web.Application) -> None:
    """POST app, app/verify, timing, users/.., groups/.., channels/..."""
    app.router.add_post("/_/app", _app)
    app.router.add_post("/_/app/verify", _verify)
    app.router.add_post("/_/timing", _timing)
    app.router.add_post("/_/users/{id}", _user)
    app.router.add_post("/_/groups/{id}", _group)
    app.router.add_post("/_/channels/{id}", _channel)
    app.router.add_post("/_/socket/disconnect", _disconnect)


async def _app(request: web.Request) -> web.Response:
    settings = await body_of(request)
    _set(request.app[STAGE].workspace.app, settings, {row.name for row in fields(App)} - FIXED)
    return web.json_response({})


async def _verify(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    app = stage.workspace.app
    payload: Json = {"token": app.verification_token, "challenge": stage.clock.stamp(), "type": "url_verification"}
    taken = await stage.courier.http.carry(Parcel("event", "url_verification", payload, ""))
    if taken.ok and payload["challenge"] not in taken.body.decode("utf-8", "replace"):
        raise CannotDo("challenge_failed", "the app did not answer with the challenge")
    return web.json_response(taken.as_json())


async def _timing(request: web.Request) -> web.Response:
    request.app[STAGE].timing.change(await body_of(request))
    return web.json_response({})


async def _user(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    user = stage.workspace.users.get(request.match_info["id"])
    if user is None:
        raise CannotDo("user_not_found", request.match_info["id"])
    _set(user, await body_of(request), {row.name for row in fields(User)} - {"id"})
    stage.feed.add("membership", {"what": "user", "id": user.id})
    about = {"id": user.id, "team_id": user.team_id, "name": user.name, "deleted": user.deleted}
    stage.events.tell({"type": "user_change", "user": about})
    return web.json_response({})


async def _group(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    wanted = request.match_info["id"].removeprefix("@")
    group = next((row for row in stage.workspace.groups.values() if wanted in {row.id, row.handle}), None)
    if group is None:
        raise CannotDo("no_such_subteam", wanted)
    body = await body_of(request)
    before = list(group.users)
    group.users = _changed(stage, before, body)
    _set(group, body, {row.name for row in fields(Group)} - {"id", "users"})
    stage.feed.add("membership", {"what": "group", "id": group.id})
    _tell_group(stage, group, before)
    return web.json_response({"users": group.users})


def _tell_group(stage: Stage, group: Group, before: list[str]) -> None:
    common: Json = {"subteam_id": group.id, "team_id": stage.workspace.team.id}
    common |= {"date_previous_update": 0, "date_update": int(stage.clock.now())}
    added = [name for name in group.users if name not in before]
    removed = [name for name in before if name not in group.users]
    counts = {"added_users_count": len(added), "removed_users_count": len(removed)}
    who: Json = {"added_users": added, "removed_users": removed, **counts}
    stage.events.tell({"type": "subteam_members_changed", **common, **who})
    about = {"id": group.id, "handle": group.handle, "users": group.users, "date_delete": group.date_delete}
    stage.events.tell({"type": "subteam_updated", "subteam": about})


async def _channel(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    channel = stage.workspace.channels.get(request.match_info["id"])
    if channel is None:
        raise CannotDo("channel_not_found", request.match_info["id"])
    body = await body_of(request)
    before, was_shared = list(channel.members), channel.is_ext_shared
    channel.members = _changed(stage, before, body)
    _set(channel, body, {row.name for row in fields(Channel)} - {"id", "members", "user"})
    stage.feed.add("membership", {"what": "channel", "id": channel.id})
    for user in channel.members:
        if user not in before:
            stage.events.joined(channel, user)
    if channel.is_ext_shared != was_shared:
        kind = "channel_shared" if channel.is_ext_shared else "channel_unshared"
        stage.events.tell({"type": kind, "channel": channel.id}, channel)
    return web.json_response({"members": channel.members})


async def _disconnect(request: web.Request) -> web.Response:
    body = await body_of(request)
    told = await request.app[STAGE].courier.sockets.disconnect(str(body.get("reason") or "refresh_requested"))
    return web.json_response({"told": told})


def _changed(stage: Stage, before: list[str], body: Json) -> list[str]:
    add, remove = list(body.pop("add", [])), list(body.pop("remove", []))
    if unknown := {*add, *remove} - set(stage.workspace.users):
        raise CannotDo("user_not_found", str(sorted(unknown)))
    return [name for name in before if name not in remove] + [name for name in add if name not in before]


def _set(thing: Any, settings: Json, allowed: set[str]) -> None:
    if unknown := set(settings) - allowed:
        raise CannotDo("unknown_setting", f"{sorted(unknown)}; known are {sorted(allowed)}")
    for name, value in settings.items():
        setattr(thing, name, value)
