"""conversations.*: places, their members and what was said in them."""

from demo.slack.api.call import Call, Method
from demo.slack.shapes import Json, Refused
from demo.slack.workspace import Channel, direct_channel

HISTORY_PAGE, MOST_HISTORY = 100, 999


async def info(call: Call) -> Json:
    """conversations.info."""
    channel = call.channel()
    call.must_have(_scope(channel, "read"))
    found = as_channel(call, channel)
    return {"channel": found | ({"num_members": len(channel.members)} if call.flag("include_num_members") else {})}


async def list_all(call: Call) -> Json:
    """conversations.list: by default public channels only."""
    types = (call.text("types") or "public_channel").split(",")
    rows = [row for row in call.stage.workspace.channels.values() if _type(row) in types]
    rows = [row for row in rows if not row.is_private or call.stage.bot_is_in(row)]
    if call.flag("exclude_archived"):
        rows = [row for row in rows if not row.is_archived]
    page, more = call.page(rows)
    return {"channels": [as_channel(call, row) for row in page], **more}


async def members(call: Call) -> Json:
    """conversations.members: ids."""
    channel = call.channel()
    call.must_have(_scope(channel, "read"))
    page, more = call.page(channel.members)
    return {"members": page, **more}


async def history(call: Call) -> Json:
    """conversations.history: newest first; metadata only with include_all_metadata."""
    channel = _readable(call)
    rows = _within(call, call.stage.store.roots(channel.id))[::-1]
    page, more = call.page(rows, HISTORY_PAGE, MOST_HISTORY)
    has_more = bool(more["response_metadata"]["next_cursor"])
    answer: Json = {"messages": [_shown(call, row) for row in page], "has_more": has_more, "pin_count": 0}
    return answer | (more if has_more else {})


async def replies(call: Call) -> Json:
    """conversations.replies: the root, then its replies, oldest first."""
    channel = _readable(call)
    stamp = call.need("ts", "thread_not_found")
    named = call.stage.store.find(channel.id, stamp)
    if named is None:
        raise Refused("thread_not_found")
    root = call.stage.store.find(channel.id, named.get("thread_ts", stamp))
    if root is None:
        raise Refused("thread_not_found")
    answers = _within(call, call.stage.store.replies(channel.id, root["ts"]))
    rows = [call.stage.store.summed(channel.id, root), *answers]
    page, more = call.page(rows, HISTORY_PAGE * 10)
    has_more = bool(more["response_metadata"]["next_cursor"])
    answer: Json = {"messages": [_shown(call, row) for row in page], "has_more": has_more}
    return answer | (more if has_more else {})


async def open_direct(call: Call) -> Json:
    """conversations.open: the direct message with one person."""
    users = [name for name in (call.text("users") or "").split(",") if name]
    if call.text("channel"):
        return {"channel": {"id": call.channel().id}}
    if len(users) != 1:
        raise Refused("users_list_not_supplied" if not users else "too_many_users")
    user = call.stage.workspace.users.get(users[0])
    if user is None:
        raise Refused("user_not_found")
    if user.deleted:
        raise Refused("user_disabled")
    known = {channel.user for channel in call.stage.workspace.channels.values()}
    channel = direct_channel(call.stage.workspace, user.id)
    return {"channel": {"id": channel.id}} | ({"no_op": True, "already_open": True} if user.id in known else {})


def as_channel(call: Call, channel: Channel) -> Json:
    """A channel object."""
    common: Json = {"id": channel.id, "is_archived": channel.is_archived, "is_im": channel.is_im}
    if channel.is_im:
        return {**common, "user": channel.user, "is_org_shared": False}
    member = call.stage.bot_is_in(channel)
    kind: Json = {
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_private": channel.is_private,
    }
    shared: Json = {"is_ext_shared": channel.is_ext_shared, "is_shared": channel.is_ext_shared, "is_org_shared": False}
    names: Json = {"name": channel.name, "name_normalized": channel.name, "topic": {"value": channel.topic}}
    return {**common, **names, **kind, **shared, "is_member": member, "context_team_id": call.stage.workspace.team.id}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.must_have(_scope(channel, "history"))
    if not call.stage.bot_is_in(channel):
        raise Refused("not_in_channel")
    return channel


def _within(call: Call, rows: list[Json]) -> list[Json]:
    oldest, latest = call.text("oldest") or "0", call.text("latest")
    inclusive = call.flag("inclusive")

    def kept(row: Json) -> bool:
        stamp = float(row["ts"])
        low, high = float(oldest), float(latest) if latest else float("inf")
        return low <= stamp <= high if inclusive else low < stamp < high

    try:
        return [row for row in rows if kept(row)]
    except ValueError:
        raise Refused("invalid_ts_oldest") from None


def _shown(call: Call, message: Json) -> Json:
    if call.flag("include_all_metadata"):
        return message
    return {key: value for key, value in message.items() if key != "metadata"}


def _type(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _scope(channel: Channel, what: str) -> str:
    return {"im": "im", "private_channel": "groups", "public_channel": "channels"}[_type(channel)] + f":{what}"


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
METHODS = (
    Method("conversations.info", info, _READ, takes_json=False),
    Method("conversations.list", list_all, _READ, takes_json=False),
    Method("conversations.members", members, _READ, takes_json=False),
    Method("conversations.history", history, _HISTORY, takes_json=False),
    Method("conversations.replies", replies, _HISTORY, takes_json=False),
    Method("conversations.open", open_direct, ("im:write", "channels:manage", "groups:write", "mpim:write")),
)
