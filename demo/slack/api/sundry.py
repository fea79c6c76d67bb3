"""The small methods: who am I, is anybody there, a Socket Mode address, a bot's name, a reaction."""

import re

from demo.slack.api.call import Call, Method
from demo.slack.shapes import Json, Refused
from demo.slack.socket_mode import MOST_CONNECTIONS

_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


async def auth_test(call: Call) -> Json:
    """auth.test."""
    team, app = call.stage.workspace.team, call.stage.workspace.app
    found: Json = {"url": f"{call.origin}/", "team": team.name, "user": call.stage.bot().name, "team_id": team.id}
    found |= {"user_id": app.bot_user_id, "bot_id": app.bot_id, "is_enterprise_install": False}
    return found | ({"enterprise_id": team.enterprise_id} if team.enterprise_id else {})


async def api_test(call: Call) -> Json:
    """api.test: echoes; `error` makes it fail."""
    if error := call.text("error"):
        raise Refused(error, {"args": call.given})
    return {"args": call.given}


async def connections_open(call: Call) -> Json:
    """apps.connections.open: a WebSocket address, good for one connection."""
    if not call.stage.workspace.app.socket_mode:
        raise Refused("socket_mode_not_enabled")
    if call.stage.courier.sockets.connections >= MOST_CONNECTIONS:
        raise Refused("too_many_websockets")
    return {"url": f"{call.origin.replace('http', 'ws', 1)}/link/?ticket={call.stage.courier.sockets.ticket()}"}


async def bots_info(call: Call) -> Json:
    """bots.info: the one bot."""
    app = call.stage.workspace.app
    if call.need("bot", "bot_not_found") != app.bot_id:
        raise Refused("bot_not_found")
    return {"bot": {"id": app.bot_id, "app_id": app.id, "user_id": app.bot_user_id, "name": app.name, "deleted": False}}


async def reactions_add(call: Call) -> Json:
    """reactions.add: each name once per message by the app."""
    channel = call.channel()
    name = call.need("name", "invalid_name").strip(":")
    if not _EMOJI.fullmatch(name):
        raise Refused("invalid_name")
    message = call.stage.store.find(channel.id, call.need("timestamp", "bad_timestamp"))
    if message is None:
        raise Refused("message_not_found")
    bot = call.stage.bot().id
    reactions: list[Json] = message.setdefault("reactions", [])
    row = next((found for found in reactions if found["name"] == name), None)
    if row and bot in row["users"]:
        raise Refused("already_reacted")
    if row is None:
        row = {"name": name, "users": [], "count": 0}
        reactions.append(row)
    row["users"].append(bot)
    row["count"] += 1
    call.stage.store.change(channel.id, message)
    return {}


METHODS = (
    Method("auth.test", auth_test),
    Method("api.test", api_test, token="none"),  # noqa: S106  # A kind of token, not one.
    Method("apps.connections.open", connections_open, ("connections:write",), "app"),
    Method("bots.info", bots_info, ("users:read",), takes_json=False),
    Method("reactions.add", reactions_add, ("reactions:write",)),
)
