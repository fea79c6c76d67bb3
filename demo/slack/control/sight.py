"""What somebody sees: the workspace, and a channel with its threads and what only that person is shown."""

from demo.slack.emoji import EMOJI
from demo.slack.feed import Happening
from demo.slack.shapes import CannotDo, Json
from demo.slack.stage import Stage
from demo.slack.text import render
from demo.slack.workspace import Channel, User


def workspace(stage: Stage) -> Json:
    """{team, app, people, channels, groups, names, emoji, last}; no token and no secret."""
    space = stage.workspace
    app = space.app
    shortcuts = [{"callback_id": row.callback_id, "name": row.name} for row in app.shortcuts]
    command = {"name": app.command.name, "description": app.command.description, "hint": app.command.usage_hint}
    about: Json = {"id": app.id, "name": app.name, "bot_user_id": app.bot_user_id, "command": command}
    about |= {"shortcuts": shortcuts, "socket_mode": app.socket_mode}
    return {
        "team": {"id": space.team.id, "name": space.team.name},
        "app": about,
        "people": [_person(row) for row in space.users.values()],
        "channels": [_channel(row) for row in space.channels.values()],
        "groups": [{"id": row.id, "handle": row.handle, "users": row.users} for row in space.groups.values()],
        "names": stage.names(),
        "emoji": EMOJI,
        "last": stage.feed.last,
    }


def channel(stage: Stage, channel_id: str, user_id: str | None) -> Json:
    """{channel, messages, threads, ephemerals, modal, home, plain} as that person sees it (None: public things).

    Raises CannotDo when the person is not in the channel.
    """
    place = stage.workspace.channels.get(channel_id)
    if place is None or (user_id and user_id not in place.members):
        raise CannotDo("channel_not_found", f"no channel {channel_id} for {user_id}")
    roots = stage.store.roots(channel_id)
    threads = {row["ts"]: stage.store.replies(channel_id, row["ts"]) for row in roots if row.get("reply_count")}
    whispers = stage.store.whispered(channel_id, user_id) if user_id else []
    seen: Json = {"channel": _channel(place), "messages": roots, "threads": threads, "ephemerals": whispers}
    seen["modal"] = stage.screens.top(user_id) if user_id else None
    seen["home"] = stage.screens.home(user_id) if user_id else None
    return seen | {"plain": _plain(stage, seen), "last": stage.feed.last}


def news(stage: Stage, after: int, user_id: str | None) -> list[Happening]:
    """What happened after a number, as far as that person may know (None: the tester, who sees all)."""
    found = stage.feed.after(after)
    if user_id is None:
        return found
    mine = {row.id for row in stage.workspace.channels.values() if user_id in row.members}
    return [row for row in found if row.shown_to(user_id, mine)]


def _person(user: User) -> Json:
    shown = ("id", "name", "real_name", "role", "team_id", "is_bot", "deleted", "is_restricted", "is_stranger")
    return {key: getattr(user, key) for key in shown}


def _channel(place: Channel) -> Json:
    shown = ("id", "name", "members", "topic", "user", "is_private", "is_archived", "is_ext_shared")
    return {key: getattr(place, key) for key in shown}


def _plain(stage: Stage, seen: Json) -> str:
    """The whole channel as text; replies and ephemerals stand where a reader finds them."""
    names = stage.names()
    lines: list[str] = []
    inside = {row["ts"]: list(seen["threads"].get(row["ts"], [])) for row in seen["messages"]}
    outside: list[Json] = list(seen["messages"])
    for whisper in seen["ephemerals"]:
        inside.get(whisper.get("thread_ts", ""), outside).append(whisper)
    for root in sorted(outside, key=lambda row: str(row["ts"])):
        lines.append(_said(root, names, ""))
        answers = sorted(inside.get(root["ts"], []), key=lambda row: str(row["ts"]))
        lines += [_said(row, names, "    ") for row in answers]
    return "\n".join(lines)


def _said(message: Json, names: dict[str, str], indent: str) -> str:
    marks = " (only visible to you)" if message.get("is_ephemeral") else ""
    marks += " (edited)" if message.get("edited") else ""
    text = f"{names.get(message['user'], message['user'])}{marks}:\n{render(message, names)}"
    return "\n".join(indent + line for line in text.replace("\n", "\n  ").splitlines())
