"""chat.*: what the app says, changes and takes back."""

import re

from demo.slack import content, talk
from demo.slack.api.call import Call, Method
from demo.slack.shapes import Json, Refused
from demo.slack.workspace import Channel, direct_channel

_STAMP = re.compile(r"\d{10}\.\d{6}")


async def post_message(call: Call) -> Json:
    """chat.postMessage, also to a person's id; in a public channel the app need not be in with chat:write.public."""
    channel = _place(call)
    _may_write(call, channel)
    found = content.must_say_something(content.read(call.content()))
    gap = call.stage.timing.message_gap
    if gap and call.stage.faults.too_fast(channel.id, gap):
        raise Refused("ratelimited")
    message = talk.as_app(call.stage, found) | _thread(call)
    if call.flag("reply_broadcast") and "thread_ts" in message:
        message |= {"subtype": "thread_broadcast"}
    kept = talk.post(call.stage, channel, message)
    return {"channel": channel.id, "ts": kept["ts"], "message": kept}


async def post_ephemeral(call: Call) -> Json:
    """chat.postEphemeral: the reader must be in the channel."""
    channel = _place(call)
    _may_write(call, channel)
    user = call.need("user", "user_not_in_channel")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    found = content.must_say_something(content.read(call.content()))
    found.pop("metadata", None)
    message = talk.in_thread(call.stage, channel, talk.as_app(call.stage, found) | _thread(call))
    return {"message_ts": call.stage.store.whisper(channel.id, user, message)["ts"]}


async def update(call: Call) -> Json:
    """chat.update: blocks, attachments and metadata that are not given stay as they were; `[]` or `{}` removes them."""
    channel = call.channel()
    before = _own(call, channel, "cant_update_message")
    if len(str(call.given.get("text") or "")) > content.MOST_UPDATED_TEXT:
        raise Refused("msg_too_long")
    found = content.read(call.content())
    if not ({"text", "blocks", "attachments"} & set(found)):
        raise Refused("no_text")
    after = content.must_say_something(before | found)
    after = {key: value for key, value in after.items() if value not in ([], {})}
    kept = talk.edit(call.stage, channel, before, after)
    return {"channel": channel.id, "ts": kept["ts"], "text": kept["text"], "message": kept}


async def delete(call: Call) -> Json:
    """chat.delete: own messages only."""
    channel = call.channel()
    message = _own(call, channel, "cant_delete_message")
    talk.delete(call.stage, channel, message)
    return {"channel": channel.id, "ts": message["ts"]}


async def get_permalink(call: Call) -> Json:
    """chat.getPermalink: a link into this stand-in's page."""
    channel = call.channel()
    stamp = call.need("message_ts", "message_not_found")
    message = call.stage.store.find(channel.id, stamp)
    if message is None:
        raise Refused("message_not_found")
    link = f"{call.origin}/archives/{channel.id}/p{stamp.replace('.', '')}"
    if message.get("thread_ts", stamp) != stamp:
        link += f"?thread_ts={message['thread_ts']}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _place(call: Call) -> Channel:
    wanted = call.need("channel", "channel_not_found")
    user = call.stage.workspace.users.get(wanted)
    return direct_channel(call.stage.workspace, user.id) if user else call.channel()


def _may_write(call: Call, channel: Channel) -> None:
    if channel.is_archived:
        raise Refused("is_archived")
    public = not channel.is_private and "chat:write.public" in call.stage.workspace.app.scopes
    if not call.stage.bot_is_in(channel) and not (public and call.method == "chat.postMessage"):
        raise Refused("not_in_channel")


def _thread(call: Call) -> Json:
    thread_ts = call.text("thread_ts")
    if thread_ts and not _STAMP.fullmatch(thread_ts):
        raise Refused("invalid_thread_ts")
    return {"thread_ts": thread_ts} if thread_ts else {}


def _own(call: Call, channel: Channel, error: str) -> Json:
    message = call.stage.store.find(channel.id, call.need("ts", "message_not_found"))
    if message is None or message.get("subtype") == "tombstone":
        raise Refused("message_not_found")
    if message.get("bot_id") != call.stage.workspace.app.bot_id:
        raise Refused(error)
    return message


_WRITE = ("chat:write",)
METHODS = (
    Method("chat.postMessage", post_message, _WRITE),
    Method("chat.postEphemeral", post_ephemeral, _WRITE),
    Method("chat.update", update, _WRITE),
    Method("chat.delete", delete, _WRITE),
    Method("chat.getPermalink", get_permalink, takes_json=False),
)
