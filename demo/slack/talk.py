"""Posting, editing and deleting, with the events that follow: one way for the app and for people."""

from typing import Any

from demo.slack.shapes import Json, Refused
from demo.slack.stage import SLACKBOT, Stage
from demo.slack.workspace import Channel


def post(stage: Stage, channel: Channel, message: Json) -> Json:
    """Add a message to a channel and tell the app. Returns it as stored."""
    kept = stage.store.post(channel.id, in_thread(stage, channel, message))
    stage.events.posted(channel, kept)
    return kept


def in_thread(stage: Stage, channel: Channel, message: Json) -> Json:
    """The message with `parent_user_id` if it is a reply. Raises Refused thread_not_found, cannot_reply_to_message."""
    thread_ts = message.get("thread_ts")
    if not thread_ts:
        return {key: value for key, value in message.items() if key != "thread_ts"}
    root = stage.store.find(channel.id, thread_ts)
    if root is None:
        raise Refused("thread_not_found")
    if root.get("thread_ts", thread_ts) != thread_ts:
        raise Refused("cannot_reply_to_message")
    return {**message, "parent_user_id": root["user"]}


def edit(stage: Stage, channel: Channel, before: Json, after: Json) -> Json:
    """Put `after` in the place of `before`, marked as edited, and tell the app."""
    kept = {**after, "ts": before["ts"], "edited": {"user": before["user"], "ts": stage.clock.stamp()}}
    stage.store.change(channel.id, kept)
    stage.events.changed(channel, before, kept)
    return kept


def delete(stage: Stage, channel: Channel, message: Json) -> None:
    """Take a message away and tell the app."""
    stage.store.remove(channel.id, message["ts"])
    stage.events.deleted(channel, message)


def slackbot(stage: Stage, channel: str, user: str, text: str) -> None:
    """What Slack itself says to one person."""
    stage.store.whisper(channel, user, {"user": SLACKBOT, "text": text, "team": stage.workspace.team.id})


def as_app(stage: Stage, content: Json) -> Json:
    """A message of the app with this content (text, blocks, attachments, ...)."""
    app, team = stage.workspace.app, stage.workspace.team
    profile: Json = {"id": app.bot_id, "app_id": app.id, "name": app.name, "team_id": team.id, "deleted": False}
    author: dict[str, Any] = {"user": app.bot_user_id, "bot_id": app.bot_id, "app_id": app.id, "team": team.id}
    return {**author, "bot_profile": profile, **content}
