"""The workspace as it is seeded: people, channels, user groups and the one app, read and checked from YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from demo.slack.clock import new_id

T = TypeVar("T")


class BadWorkspace(ValueError):
    """The workspace file is wrong; the text says where and how."""


@dataclass
class Team:
    """The home workspace; `enterprise_id` is set on Enterprise Grid only."""

    id: str
    name: str = "Canal Works"
    domain: str = "canal-works"
    enterprise_id: str | None = None
    enterprise_name: str | None = None


@dataclass
class User:
    """A member or a stranger. `role` is a label for the page; Slack knows nothing of it."""

    id: str
    name: str
    real_name: str = ""
    role: str = ""
    email: str | None = None
    tz: str = "Europe/Amsterdam"
    team_id: str = ""
    is_bot: bool = False
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False


@dataclass
class Channel:
    """A conversation. For a direct message `user` is the person and the id starts with D."""

    id: str
    name: str = ""
    members: list[str] = field(default_factory=list)
    topic: str = ""
    user: str | None = None
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False

    @property
    def is_im(self) -> bool:
        """Whether it is a direct message."""
        return self.user is not None


@dataclass
class Group:
    """A user group (`@ml-leads`)."""

    id: str
    handle: str
    name: str = ""
    users: list[str] = field(default_factory=list)
    date_delete: int = 0


@dataclass
class Command:
    """The app's slash command. With `should_escape`, `@ana` arrives as `<@U1|ana>`."""

    name: str = "/towpath"
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = True


@dataclass
class Shortcut:
    """A message shortcut, offered in the menu of each message."""

    callback_id: str
    name: str


@dataclass
class App:
    """The one installed app: its tokens, where it listens, what it may do and what it hears."""

    id: str
    bot_user_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    name: str = "Towpath"
    bot_id: str = ""
    verification_token: str = field(default_factory=lambda: new_id("", 24))
    command: Command = field(default_factory=Command)
    shortcuts: list[Shortcut] = field(default_factory=list)
    events_url: str | None = None
    commands_url: str | None = None
    interactivity_url: str | None = None
    bot_events: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    app_scopes: list[str] = field(default_factory=lambda: ["connections:write"])
    socket_mode: bool = False


@dataclass
class Workspace:
    """All of it, by id."""

    team: Team
    app: App
    users: dict[str, User]
    channels: dict[str, Channel]
    groups: dict[str, Group]

    def user_called(self, name: str) -> User | None:
        """The person whom `@name` in a composer means."""
        wanted = name.casefold()
        return next((user for user in self.users.values() if user.name.casefold() == wanted), None)

    def user_named(self, name: str) -> User | None:
        """A person by id, name or real name."""
        wanted = name.casefold()
        for user in self.users.values():
            if name == user.id or wanted in {user.name.casefold(), user.real_name.casefold()}:
                return user
        return None

    def channel_named(self, name: str) -> Channel | None:
        """A channel by id or by name, with or without `#`."""
        bare = name.removeprefix("#")
        return self.channels.get(name) or next((c for c in self.channels.values() if c.name == bare), None)

    def names(self) -> dict[str, str]:
        """What a reader sees for each id: people by name, channels and groups too."""
        people = {user.id: user.real_name or user.name for user in self.users.values()}
        groups = {group.id: group.handle for group in self.groups.values()}
        return people | groups | {channel.id: channel.name for channel in self.channels.values()}


def load(path: Path) -> Workspace:
    """Read a workspace file. Raises BadWorkspace."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as exc:
        raise BadWorkspace(f"reading {path}: {exc}") from exc
    return read(document)


def read(document: Any) -> Workspace:
    """Build a workspace from plain data with keys team, app, users, channels, groups. Raises BadWorkspace."""
    if not isinstance(document, Mapping):
        raise BadWorkspace("a workspace is a mapping with team, app, users and channels")
    team = _make(Team, document.get("team"), "team")
    app = _make_app(document.get("app"))
    users = _by_id(User, document.get("users"), "users")
    if app.bot_user_id not in users:
        users[app.bot_user_id] = User(app.bot_user_id, app.name.lower(), app.name, is_bot=True)
    for user in users.values():
        user.team_id = user.team_id or team.id
        user.real_name = user.real_name or user.name
    workspace = Workspace(
        team,
        app,
        users,
        _by_id(Channel, document.get("channels"), "channels"),
        _by_id(Group, document.get("groups") or [], "groups"),
    )
    _check_members(workspace)
    return workspace


def _make_app(given: Any) -> App:
    plain = dict(given) if isinstance(given, Mapping) else {}
    command = plain.pop("command", {})
    shortcuts = plain.pop("shortcuts", [])
    app = _make(App, plain, "app")
    app.command = _make(Command, {"name": command} if isinstance(command, str) else command, "app.command")
    app.shortcuts = [_make(Shortcut, row, "app.shortcuts") for row in shortcuts]
    app.bot_id = app.bot_id or "B" + app.bot_user_id[1:]
    return app


def _make(kind: type[T], given: Any, where: str) -> T:
    if not isinstance(given, Mapping):
        raise BadWorkspace(f"{where} is missing or not a mapping")
    known = {row.name for row in fields(cast(Any, kind))}
    if unknown := set(given) - known:
        raise BadWorkspace(f"{where}: unknown {sorted(map(str, unknown))}; known are {sorted(known)}")
    try:
        return kind(**dict(given))
    except TypeError as exc:
        raise BadWorkspace(f"{where}: {exc}") from exc


def _by_id(kind: type[T], rows: Any, where: str) -> dict[str, T]:
    if not isinstance(rows, list):
        raise BadWorkspace(f"{where} is missing or not a list")
    made = [_make(kind, row, f"{where}[{n}]") for n, row in enumerate(rows)]
    found = {cast(Any, row).id: row for row in made}
    if len(found) != len(made):
        raise BadWorkspace(f"{where}: an id occurs twice")
    return found


def _check_members(workspace: Workspace) -> None:
    for place, ids in [
        *((f"channel {c.id}", c.members) for c in workspace.channels.values()),
        *((f"group {g.id}", g.users) for g in workspace.groups.values()),
    ]:
        if unknown := set(ids) - set(workspace.users):
            raise BadWorkspace(f"{place} names unknown users {sorted(unknown)}")


def direct_channel(workspace: Workspace, user_id: str) -> Channel:
    """The direct message between the app and a person; made at first use."""
    for channel in workspace.channels.values():
        if channel.user == user_id:
            return channel
    made = Channel(new_id("D"), members=[user_id, workspace.app.bot_user_id], user=user_id, is_private=True)
    workspace.channels[made.id] = made
    return made
