"""Slash commands: what Slack's client refuses, what the app gets, and what the person sees of the answer."""

import json

from demo.slack import hooks, talk
from demo.slack.acting.who import place
from demo.slack.markup import command_text, escape
from demo.slack.parcel import Parcel, Taken
from demo.slack.passes import Hook
from demo.slack.shapes import CannotDo, Json, Refused
from demo.slack.stage import Stage
from demo.slack.workspace import Channel, User


async def run(stage: Stage, user: User, body: Json) -> Json:
    """Run {channel, command, text, thread_ts?}; returns how the app took it. Raises CannotDo."""
    channel = place(stage, user, body.get("channel"))
    name, text = str(body.get("command") or ""), str(body.get("text") or "").strip()
    command = stage.workspace.app.command
    if name != command.name or user.team_id != stage.workspace.team.id:
        raise CannotDo("unknown_command", f"{name} is not a valid command.")
    if body.get("thread_ts"):
        raise CannotDo("not_in_threads", f"{name} is not supported in threads. Sorry!")
    sent = command_text(text, stage.workspace) if command.should_escape else escape(text)
    stage.feed.add("command", {"user": user.id, "channel": channel.id, "command": name, "text": text})
    key, hook = stage.passes.new_hook(channel.id, user.id)
    payload = _payload(stage, user, channel, sent) | {"response_url": hooks.url_of(stage, "commands", key)}
    taken = await stage.courier.bring(Parcel("command", name, payload, ""))
    _show(stage, hook, name, taken)
    return taken.as_json()


def _payload(stage: Stage, user: User, channel: Channel, text: str) -> Json:
    team, app = stage.workspace.team, stage.workspace.app
    place_name = "directmessage" if channel.is_im else channel.name
    found: Json = {"token": app.verification_token, "team_id": team.id, "team_domain": team.domain}
    if team.enterprise_id:
        found |= {"enterprise_id": team.enterprise_id, "enterprise_name": team.enterprise_name}
    found |= {"channel_id": channel.id, "channel_name": place_name, "user_id": user.id, "user_name": user.name}
    found |= {"command": app.command.name, "text": text, "api_app_id": app.id, "is_enterprise_install": "false"}
    return found | {"trigger_id": stage.passes.new_trigger(user.id)}


def _show(stage: Stage, hook: Hook, name: str, taken: Taken) -> None:
    if not taken.ok:
        timed_out = taken.outcome in {"http_timeout", "withheld"}
        _failed(stage, hook, name, "operation_timeout" if timed_out else "dispatch_failed")
    elif taken.body.strip():
        try:
            hooks.respond(stage, hook, _answer(taken))
        except Refused as no:
            _failed(stage, hook, name, no.error)


def _answer(taken: Taken) -> Json:
    text = taken.body.decode("utf-8", "replace")
    if not taken.is_json:
        return {"text": text}
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text}
    return found if isinstance(found, dict) else {"text": str(found)}


def _failed(stage: Stage, hook: Hook, name: str, error: str) -> None:
    talk.slackbot(stage, hook.channel, hook.user, f'{name} failed with the error "{error}"')
