"""One call of a Web API method: its arguments and who calls, read and checked as Slack does."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from demo.slack.shapes import Json, Refused
from demo.slack.stage import Stage
from demo.slack.workspace import Channel, User

TokenKind = Literal["bot", "app", "none"]
STRUCTURED = ("blocks", "attachments", "metadata", "view", "files")
"""Arguments that come as JSON text in a form."""
PAGE = 100


@dataclass
class Call:
    """`given` holds the arguments; `origin` is the server's root URL as the caller used it."""

    stage: Stage
    method: str
    given: Json
    origin: str

    def text(self, name: str) -> str | None:
        """An argument as text; None when absent or empty."""
        value = self.given.get(name)
        return None if value is None or value == "" else str(value)

    def need(self, name: str, error: str = "invalid_arguments") -> str:
        """An argument that must be there. Raises Refused."""
        value = self.text(name)
        if value is None:
            hint = {"response_metadata": {"messages": [f"[ERROR] missing required field: {name}"]}}
            raise Refused(error, hint if error == "invalid_arguments" else None)
        return value

    def flag(self, name: str) -> bool:
        """A boolean argument, also as `true` or `1` in a form."""
        return str(self.given.get(name, "")).lower() in {"true", "1"}

    def structured(self, name: str, error: str) -> Any:
        """An argument that is JSON, or JSON text in a form. Raises Refused with that error."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if value == "":
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(error) from None

    def content(self) -> Json:
        """The message arguments with JSON text read."""
        found: Json = {"text": self.given.get("text"), "markdown_text": self.given.get("markdown_text")}
        found["blocks"] = self.structured("blocks", "invalid_blocks_format")
        found["attachments"] = self.structured("attachments", "invalid_attachments")
        found["metadata"] = self.structured("metadata", "invalid_metadata_format")
        return found

    def channel(self, name: str = "channel") -> Channel:
        """The channel named by id. Raises Refused channel_not_found; a private one unknown to the app is not found."""
        channel = self.stage.workspace.channels.get(self.text(name) or "")
        if channel is None or (channel.is_private and not self.stage.bot_is_in(channel)):
            raise Refused("channel_not_found")
        return channel

    def user(self, name: str = "user") -> User:
        """The user named by id. Raises Refused user_not_found."""
        user = self.stage.workspace.users.get(self.text(name) or "")
        if user is None:
            raise Refused("user_not_found")
        return user

    def must_have(self, *scopes: str) -> None:
        """Raises Refused missing_scope unless the app has one of them."""
        provided = self.stage.workspace.app.scopes
        if not set(scopes) & set(provided):
            raise Refused("missing_scope", {"needed": ",".join(scopes), "provided": ",".join(provided)})

    def page(self, rows: list[Any], default: int = PAGE, most: int = 1000) -> tuple[list[Any], Json]:
        """One page of rows by cursor and limit, and the response_metadata with the next cursor. Raises Refused."""
        limit = self._number("limit", default)
        start = 0
        if cursor := self.text("cursor"):
            head, _, tail = cursor.partition("-")
            if head != "next" or not tail.isdigit():
                raise Refused("invalid_cursor")
            start = int(tail)
        if not 1 <= limit <= most:
            raise Refused("invalid_limit")
        end = start + limit
        return rows[start:end], {"response_metadata": {"next_cursor": f"next-{end}" if end < len(rows) else ""}}

    def _number(self, name: str, default: int) -> int:
        value = self.text(name)
        try:
            return int(value) if value else default
        except ValueError:
            raise Refused("invalid_limit") from None


@dataclass(frozen=True)
class Method:
    """A row of the method table. `scopes`: one of them is needed (none: no scope). `takes_json`: reads a JSON body;
    the reading methods of Slack take form or query arguments only and do not look into JSON."""

    name: str
    run: Callable[[Call], Awaitable[Json]]
    scopes: tuple[str, ...] = ()
    token: TokenKind = "bot"  # noqa: S105  # A kind of token, not one.
    takes_json: bool = True
