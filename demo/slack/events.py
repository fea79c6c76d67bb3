"""The Events API: which happenings the app hears of, and the envelope each comes in."""

from demo.slack.clock import Clock, new_id
from demo.slack.courier import Courier
from demo.slack.parcel import Parcel
from demo.slack.shapes import Json
from demo.slack.workspace import Channel, Workspace


class Events:
    """Tells the app what it subscribed to, if it is in the place where it happened."""

    def __init__(self, workspace: Workspace, clock: Clock, courier: Courier) -> None:
        self._workspace = workspace
        self._clock = clock
        self._courier = courier

    def posted(self, channel: Channel, message: Json) -> None:
        """A new message: as `message`, and also as `app_mention` (an event of its own) if it mentions the app."""
        told = {key: value for key, value in message.items() if key != "metadata"}
        told |= {"channel": channel.id, "event_ts": message["ts"]}
        self._tell_in(channel, message_event(channel), {**told, "channel_type": channel_type(channel)})
        bot = self._workspace.app.bot_user_id
        if f"<@{bot}>" in message.get("text", "") and message.get("user") != bot and not channel.is_im:
            self._tell_in(channel, "app_mention", {**told, "type": "app_mention"})

    def changed(self, channel: Channel, before: Json, after: Json) -> None:
        """An edit: `message_changed`."""
        self._hidden(channel, "message_changed", {"message": after, "previous_message": before})

    def deleted(self, channel: Channel, message: Json) -> None:
        """A deletion: `message_deleted`."""
        self._hidden(channel, "message_deleted", {"deleted_ts": message["ts"], "previous_message": message})

    def _hidden(self, channel: Channel, subtype: str, more: Json) -> None:
        stamp = self._clock.stamp()
        event: Json = {"type": "message", "subtype": subtype, "hidden": True, "channel": channel.id, "ts": stamp}
        event |= {"event_ts": stamp, "channel_type": channel_type(channel)} | more
        self._tell_in(channel, message_event(channel), event)

    def joined(self, channel: Channel, user: str) -> None:
        """Somebody, perhaps the app itself, became a member."""
        event: Json = {"type": "member_joined_channel", "user": user, "channel": channel.id}
        event |= {"channel_type": "C", "team": self._workspace.team.id}
        self._tell_in(channel, "member_joined_channel", event)

    def tell(self, event: Json, channel: Channel | None = None) -> None:
        """Any event that needs no membership (app_home_opened, subteam_updated, user_change, ...)."""
        if event["type"] in self._workspace.app.bot_events:
            event.setdefault("event_ts", self._clock.stamp())
            self._courier.send(Parcel("event", event["type"], self.wrapped(event, channel), ""))

    def _tell_in(self, channel: Channel, subscription: str, event: Json) -> None:
        app = self._workspace.app
        if subscription in app.bot_events and app.bot_user_id in channel.members:
            event.setdefault("event_ts", self._clock.stamp())
            self._courier.send(Parcel("event", event["type"], self.wrapped(event, channel), ""))

    def wrapped(self, event: Json, channel: Channel | None) -> Json:
        """The outer event: ids, whose installation hears it, and whether the channel is shared with others."""
        team, app = self._workspace.team, self._workspace.app
        heard = {"enterprise_id": team.enterprise_id, "team_id": team.id, "user_id": app.bot_user_id}
        outer: Json = {"token": app.verification_token, "team_id": team.id, "api_app_id": app.id, "event": event}
        outer |= {"context_team_id": team.id, "context_enterprise_id": team.enterprise_id}
        if team.enterprise_id:
            outer["enterprise_id"] = team.enterprise_id
        outer |= {"type": "event_callback", "event_id": new_id("Ev"), "event_time": int(self._clock.now())}
        outer["authorizations"] = [{**heard, "is_bot": True, "is_enterprise_install": False}]
        outer["is_ext_shared_channel"] = bool(channel and channel.is_ext_shared)
        return outer | {"event_context": new_id("EC", 20)}


def message_event(channel: Channel) -> str:
    """The subscription that brings this channel's messages."""
    if channel.is_im:
        return "message.im"
    return "message.groups" if channel.is_private else "message.channels"


def channel_type(channel: Channel) -> str:
    """As events name it."""
    if channel.is_im:
        return "im"
    return "group" if channel.is_private else "channel"
