"""Who acts and where: refused as Slack's client would refuse it."""

from typing import Any

from demo.slack.shapes import CannotDo, Json
from demo.slack.stage import Stage
from demo.slack.workspace import Channel, User


def actor(stage: Stage, user_id: str) -> User:
    """A person who can act. Raises CannotDo: user_not_found, account_inactive, is_bot."""
    user = stage.workspace.users.get(user_id)
    if user is None:
        raise CannotDo("user_not_found", f"there is no user {user_id}")
    if user.deleted:
        raise CannotDo("account_inactive", f"{user.name} is deactivated and cannot sign in")
    if user.is_bot:
        raise CannotDo("is_bot", f"{user.name} is a bot; bots act by the API")
    return user


def place(stage: Stage, user: User, channel_id: Any) -> Channel:
    """A channel that the person is in. Raises CannotDo: channel_not_found, not_in_channel, is_archived."""
    channel = stage.workspace.channels.get(str(channel_id))
    if channel is None:
        raise CannotDo("channel_not_found", f"there is no channel {channel_id}")
    if user.id not in channel.members:
        raise CannotDo("not_in_channel", f"{user.name} is not in #{channel.name}")
    if channel.is_archived:
        raise CannotDo("is_archived", f"#{channel.name} is archived")
    return channel


def actor_json(stage: Stage, user: User) -> Json:
    """The user and team of an interactive payload."""
    team, app = stage.workspace.team, stage.workspace.app
    home: Json = {"id": team.id, "domain": team.domain}
    enterprise: Json | None = None
    if team.enterprise_id:
        home |= {"enterprise_id": team.enterprise_id, "enterprise_name": team.enterprise_name}
        enterprise = {"id": team.enterprise_id, "name": team.enterprise_name}
    person = {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}
    common: Json = {"api_app_id": app.id, "token": app.verification_token, "is_enterprise_install": False}
    return {"user": person, "team": home, "enterprise": enterprise, **common}
