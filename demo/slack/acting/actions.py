"""Buttons, menus and message shortcuts: `block_actions` and `message_action` payloads."""

from dataclasses import dataclass
from typing import Any

from demo.slack import hooks
from demo.slack.acting import filled
from demo.slack.acting.who import actor_json, place
from demo.slack.parcel import Parcel
from demo.slack.shapes import CannotDo, Json
from demo.slack.stage import Stage
from demo.slack.workspace import Channel, User

MENUS = {"static_select", "overflow", "multi_static_select", "users_select", "checkboxes", "radio_buttons"}
MENUS |= {"datepicker", "timepicker", "datetimepicker"}
SHOWN = ("text", "value", "style", "url", "confirm", "placeholder", "initial_option")


@dataclass(frozen=True)
class _Scene:
    """Where an element stands: its content now, and what the payload says of the place."""

    content: Json
    payload: Json
    kept: Json


async def click(stage: Stage, user: User, body: Json) -> Json:
    """Press a button: {channel, ts | view, what, block?, as_seen?, values?}; how the app took it. Raises CannotDo."""
    scene = _scene(stage, user, body)
    block, element = filled.find(_seen(scene, body), str(body.get("what")), {"button"}, body.get("block"))
    return await _send(stage, user, scene, body, _action(stage, block, element))


async def choose(stage: Stage, user: User, body: Json) -> Json:
    """Choose in a menu: {channel, ts | view, what?, block?, as_seen?, option}; returns how the app took it. Raises CannotDo."""
    scene = _scene(stage, user, body)
    option, what = body.get("option"), body.get("what")
    if what is None:
        block, element = filled.find_option(_seen(scene, body), str(option), MENUS)
    else:
        block, element = filled.find(_seen(scene, body), str(what), MENUS, body.get("block"))
    if element["type"] == "users_select":
        named = stage.workspace.user_named(str(option))
        option = named.id if named else option
    value = filled.chosen(element, option)
    if body.get("view"):
        held = {"type": element["type"], **value}
        stage.screens.keep(body["view"], block["block_id"], element["action_id"], held)
        scene = _scene(stage, user, body)
    return await _send(stage, user, scene, body, _action(stage, block, element) | value)


def _seen(scene: _Scene, body: Json) -> Json:
    """What the person had before them: the app may have edited the message since."""
    return body["as_seen"] if isinstance(body.get("as_seen"), dict) else scene.content


async def shortcut(stage: Stage, user: User, body: Json) -> Json:
    """Use a message shortcut: {channel, ts, callback_id}; returns how the app took it. Raises CannotDo."""
    channel = place(stage, user, body.get("channel"))
    message = stage.store.find(channel.id, str(body.get("ts")))
    known = {row.callback_id for row in stage.workspace.app.shortcuts}
    if message is None or body.get("callback_id") not in known:
        raise CannotDo("no_such_shortcut", f"needs a message and one of {sorted(known)}")
    payload = _on_message(stage, user, channel, message)
    payload |= {"type": "message_action", "callback_id": body["callback_id"], "action_ts": stage.clock.stamp()}
    payload |= {"message_ts": message["ts"], "trigger_id": stage.passes.new_trigger(user.id)}
    payload.pop("container")
    return (await stage.courier.bring(Parcel("interactive", "message_action", payload, ""))).as_json()


async def _send(stage: Stage, user: User, scene: _Scene, body: Json, action: Json) -> Json:
    values = body.get("values") if isinstance(body.get("values"), dict) else {}
    payload = {"type": "block_actions", **scene.payload, "actions": [action]}
    payload["trigger_id"] = stage.passes.new_trigger(user.id, body.get("view"))
    if "view" in payload:
        payload["view"]["state"] = filled.state(scene.content, values or {}, scene.kept)
    else:
        payload["state"] = filled.state(scene.content, values or {}, scene.kept)
    return (await stage.courier.bring(Parcel("interactive", "block_actions", payload, ""))).as_json()


def _action(stage: Stage, block: Json, element: Json) -> Json:
    shown = {key: element[key] for key in SHOWN if key in element}
    ids = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    return {**ids, **shown, "action_ts": stage.clock.stamp()}


def _scene(stage: Stage, user: User, body: Json) -> _Scene:
    if body.get("view"):
        return _in_view(stage, user, str(body["view"]))
    channel = place(stage, user, body.get("channel"))
    stamp = str(body.get("ts"))
    whisper = stage.store.whispers.get(stamp)
    if whisper and (whisper.channel, whisper.user) == (channel.id, user.id):
        return _Scene(whisper.message, _on_whisper(stage, user, channel, whisper.message), {})
    message = stage.store.find(channel.id, stamp)
    if message is None:
        raise CannotDo("message_not_found", "there is no such message")
    return _Scene(message, _on_message(stage, user, channel, stage.store.summed(channel.id, message)), {})


def _in_view(stage: Stage, user: User, view_id: str) -> _Scene:
    view = stage.screens.find(view_id)
    if view is None or stage.screens.owner(view_id) != user.id:
        raise CannotDo("view_not_found", "that view is not open on this person's screen")
    container = {"type": "view", "view_id": view_id}
    kept: Any = view["state"]["values"]
    return _Scene(view, {**actor_json(stage, user), "container": container, "view": view}, kept)


def _on_message(stage: Stage, user: User, channel: Channel, message: Json) -> Json:
    payload = _at(stage, user, channel, message) | {"message": message}
    payload["container"]["is_ephemeral"] = False
    return payload


def _on_whisper(stage: Stage, user: User, channel: Channel, message: Json) -> Json:
    payload = _at(stage, user, channel, message)
    payload["container"]["is_ephemeral"] = True
    return payload


def _at(stage: Stage, user: User, channel: Channel, message: Json) -> Json:
    key, hook = stage.passes.new_hook(channel.id, user.id)
    hook.original, hook.original_is_whisper = message["ts"], message["ts"] in stage.store.whispers
    container: Json = {"type": "message", "message_ts": message["ts"], "channel_id": channel.id}
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    where = {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name}
    link = hooks.url_of(stage, "actions", key)
    return {**actor_json(stage, user), "container": container, "channel": where, "response_url": link}
