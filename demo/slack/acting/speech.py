"""People's own messages: typed, edited, deleted."""

import uuid

from demo.slack import talk
from demo.slack.acting.who import place
from demo.slack.markup import rich_text, typed
from demo.slack.shapes import CannotDo, Json
from demo.slack.stage import Stage
from demo.slack.workspace import Channel, User


def say(stage: Stage, user: User, body: Json) -> Json:
    """Post a message: {channel, text | markup, thread_ts?} -> {channel, message}. Raises CannotDo, Refused."""
    channel = place(stage, user, body.get("channel"))
    markup = body.get("markup")
    text = typed(str(body.get("text") or ""), stage.workspace) if markup is None else str(markup)
    if not text.strip():
        raise CannotDo("no_text", "an empty message cannot be sent")
    message: Json = {"user": user.id, "team": user.team_id, "text": text, "blocks": [rich_text(text)]}
    message |= {"client_msg_id": str(uuid.uuid4()), "thread_ts": body.get("thread_ts")}
    if user.team_id != stage.workspace.team.id:
        message |= {"user_team": user.team_id, "source_team": user.team_id}
    kept = talk.post(stage, channel, message)
    _hint_absent_app(stage, channel, user, text)
    return {"channel": channel.id, "message": kept}


def _hint_absent_app(stage: Stage, channel: Channel, user: User, text: str) -> None:
    app = stage.workspace.app
    if f"<@{app.bot_user_id}>" in text and not stage.bot_is_in(channel):
        talk.slackbot(stage, channel.id, user.id, f"You mentioned {app.name}, but it is not in this channel.")


def edit(stage: Stage, user: User, body: Json) -> Json:
    """Edit an own message: {channel, ts, text}."""
    channel, message = _own(stage, user, body)
    text = typed(str(body.get("text") or ""), stage.workspace)
    if not text.strip():
        raise CannotDo("no_text", "delete the message instead of emptying it")
    talk.edit(stage, channel, message, {**message, "text": text, "blocks": [rich_text(text)]})
    return {}


def delete(stage: Stage, user: User, body: Json) -> Json:
    """Delete an own message: {channel, ts}."""
    channel, message = _own(stage, user, body)
    talk.delete(stage, channel, message)
    return {}


def _own(stage: Stage, user: User, body: Json) -> tuple[Channel, Json]:
    channel = place(stage, user, body.get("channel"))
    message = stage.store.find(channel.id, str(body.get("ts")))
    if message is None:
        raise CannotDo("message_not_found", "there is no such message")
    if message["user"] != user.id:
        raise CannotDo("not_own_message", "only its author may change a message")
    return channel, message
