"""Who we are in Slack: the workspace (or enterprise) that is home, and our own bot user."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from bot.slack import Later, SaidNo, Slack, Unknown

log = structlog.get_logger("bot.identity")


class WrongToken(Exception):
    """Slack does not accept the bot token; the message is Slack's code."""


@dataclass(frozen=True)
class Home:
    """The workspace that the app is installed in, and the app's bot user there."""

    team: str
    bot_user: str
    bot_id: str
    enterprise: str | None = None

    @property
    def realm(self) -> str:
        """What stands behind the `@` of an actor: the enterprise on Grid, else the workspace."""
        return self.enterprise or self.team

    def is_home(self, team: object, enterprise: object = None) -> bool:
        """Whether a workspace (or enterprise) is ours."""
        return team == self.team or (self.enterprise is not None and self.enterprise in (team, enterprise))

    def wrote(self, message: dict[str, Any]) -> bool:
        """Whether a message of Slack's is one of our own."""
        return message.get("user") == self.bot_user or (bool(self.bot_id) and message.get("bot_id") == self.bot_id)


async def find_home(slack: Slack) -> Home:
    """Ask Slack who we are, for as long as Slack cannot be reached. Raises WrongToken when it says no."""
    pause = 0.5
    while True:
        try:
            answer = await slack.call("auth.test")
        except SaidNo as exc:
            raise WrongToken(exc.code) from exc
        except (Later, Unknown) as exc:
            pause = exc.seconds if isinstance(exc, Later) else min(pause * 2, 15.0)
            log.warning("slack_unreachable", again_in=pause)
            await asyncio.sleep(pause)
        else:
            team, user, bot = (str(answer.get(key) or "") for key in ("team_id", "user_id", "bot_id"))
            return Home(team, user, bot, answer.get("enterprise_id") or None)
