"""Everything that one running stand-in consists of, wired once."""

from dataclasses import dataclass
from typing import Self

from aiohttp import web

from demo.slack.clock import Clock
from demo.slack.courier import Courier
from demo.slack.events import Events
from demo.slack.faults import Faults
from demo.slack.feed import Feed
from demo.slack.http_transport import HttpTransport
from demo.slack.passes import Passes
from demo.slack.screens import Screens
from demo.slack.store import Store
from demo.slack.tuning import Timing
from demo.slack.workspace import Channel, User, Workspace

SLACKBOT = "USLACKBOT"


@dataclass
class Stage:
    """The parts; `origin` is this server's own root URL as its callers reach it."""

    workspace: Workspace
    clock: Clock
    timing: Timing
    feed: Feed
    store: Store
    screens: Screens
    passes: Passes
    faults: Faults
    courier: Courier
    events: Events
    origin: str = "http://127.0.0.1"

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """A stage for that workspace, with nothing said yet. Needs a running event loop."""
        clock, timing = Clock(), Timing()
        feed = Feed(clock.now)
        faults = Faults(clock)
        courier = Courier(workspace.app, timing, faults, feed, HttpTransport(workspace.app, clock, timing, faults))
        return cls(
            workspace,
            clock,
            timing,
            feed,
            Store(clock, feed),
            Screens(workspace, clock, feed),
            Passes(clock, timing),
            faults,
            courier,
            Events(workspace, clock, courier),
        )

    def names(self) -> dict[str, str]:
        """What readers see for ids."""
        return {SLACKBOT: "Slackbot", **self.workspace.names()}

    def bot_is_in(self, channel: Channel) -> bool:
        """Whether the app is a member."""
        return self.workspace.app.bot_user_id in channel.members

    def bot(self) -> User:
        """The app's user."""
        return self.workspace.users[self.workspace.app.bot_user_id]


STAGE = web.AppKey("stage", Stage)
