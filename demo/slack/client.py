"""Act in the stand-in workspace from Python: what tests and the played story are written with.

    async with Workspace.at("http://127.0.0.1:4000") as ws:
        ana = ws.person("ana")
        await ana.command("deploys", "/towpath", "show status")
        card = await ws.until(lambda seen: seen.message("waiting for approval"))
        await ws.person("mia").click(card, "Approve")

Channels may be named by id or name; people by id, name or real name. Everything that Slack's own client would
refuse (a slash command in a thread, a button that is not there) raises CannotDo, as does a wrong id.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from demo.slack.faults_client import Faults
from demo.slack.feed import Happening
from demo.slack.results import Ack, Submitted
from demo.slack.seen import Content, Message, Transcript, View
from demo.slack.shapes import CannotDo, Json

T = TypeVar("T")


class NeverHappened(AssertionError):
    """What was waited for did not happen in time; the text holds the whole transcript."""


class Workspace:
    """A connection to a running stand-in."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http: aiohttp.ClientSession | None = None
        self._about: Json = {}
        self._names: dict[str, str] = {}
        self._transcript = Transcript(self._names)
        self.faults = Faults(self.post)

    @classmethod
    def at(cls, url: str) -> Self:
        """For `async with`; `url` is the root, such as `http://127.0.0.1:4000`."""
        return cls(url)

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        await self.refresh()
        await self._follow(0.0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._http:
            await self._http.close()

    # -- who and where ---------------------------------------------------------------------------------------------

    @property
    def about(self) -> Json:
        """The workspace as last read: team, app, people, channels, groups."""
        return self._about

    @property
    def api_url(self) -> str:
        """The base for Slack clients of the app (`AsyncWebClient(base_url=...)`)."""
        return f"{self._url}/api/"

    async def refresh(self) -> Json:
        """Read people, channels and groups again."""
        self._about = await self.get("workspace")
        self._names.update(self._about["names"])
        return self._about

    def person(self, name: str) -> "Person":
        """A person by id, name or real name."""
        for row in self._about["people"]:
            if name.casefold() in {row["id"].casefold(), row["name"].casefold(), row["real_name"].casefold()}:
                return Person(self, row)
        raise CannotDo("user_not_found", f"nobody is called {name!r}")

    def channel(self, name: str) -> str:
        """A channel's id by id or name (with or without #)."""
        for row in self._about["channels"]:
            if name.removeprefix("#") in {row["id"], row["name"]}:
                return str(row["id"])
        raise CannotDo("channel_not_found", f"no channel is called {name!r}")

    # -- waiting -----------------------------------------------------------------------------------------------------

    def mark(self) -> int:
        """Now, as far as this client has read: for `until(..., since=mark)`."""
        return self._transcript.last

    async def seen(self, since: int = 0) -> Transcript:
        """The transcript up to now."""
        await self._follow(0.0)
        return self._transcript.since(since)

    async def until(self, find: Callable[[Transcript], T | None], deadline: float = 10, since: int = 0) -> T:
        """Wait until `find` returns something true and return that.

        `find` sees the transcript narrowed to what was touched after the mark `since`; `deadline` is in seconds.
        Raises NeverHappened with the whole transcript.
        """
        end = time.monotonic() + deadline
        await self._follow(0.0)
        while True:
            if found := find(self._transcript.since(since)):
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise NeverHappened(f"not within {deadline} s. What happened:\n{self._transcript.since(since).dump()}")
            await self._follow(min(left, 5.0))

    async def _follow(self, seconds: float) -> None:
        while True:
            answer = await self.get("events", after=str(self._transcript.last), timeout=str(seconds))
            for row in answer["events"]:
                self._transcript.add(Happening(row["n"], row["at"], row["kind"], row["body"]))
            if not answer["more"]:
                return

    # -- changing the workspace --------------------------------------------------------------------------------------

    async def configure(self, **settings: Any) -> None:
        """Set fields of the app: events_url, commands_url, interactivity_url, socket_mode, bot_events, scopes, ..."""
        await self.post("app", settings)

    async def verify_events_url(self) -> Ack:
        """Send the `url_verification` challenge as Slack does when a URL is saved."""
        return Ack.read(await self.post("app/verify", {}))

    async def timing(self, **settings: Any) -> None:
        """Set ack_deadline, retry_delays, trigger_life, response_url_life, message_gap: seconds."""
        await self.post("timing", settings)

    async def change_user(self, name: str, **fields: Any) -> None:
        """Set deleted, is_restricted, is_stranger, real_name, email, ... of a user."""
        await self.post(f"users/{self.person(name).id}", fields)

    async def deactivate(self, name: str) -> None:
        """The person has left: cannot act any more, and users.info says `deleted`."""
        await self.change_user(name, deleted=True)

    async def change_group(self, group: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Add people to a user group (id or handle) or remove them."""
        body = {"add": [self.person(n).id for n in add], "remove": [self.person(n).id for n in remove]}
        await self.post(f"groups/{group}", body)

    async def change_channel(self, channel: str, **fields: Any) -> None:
        """Set is_archived, is_ext_shared, name, topic; or `add`/`remove`: lists of user ids."""
        await self.post(f"channels/{self.channel(channel)}", fields)

    async def disconnect_sockets(self, reason: str = "refresh_requested") -> int:
        """Tell every Socket Mode connection to reconnect; how many were told."""
        return int((await self.post("socket/disconnect", {"reason": reason}))["told"])

    async def deliver(self, kind: str, payload: Json) -> Ack:
        """Send any payload to the app, signed: kind is event, command or interactive. For forged and hostile input."""
        return Ack.read(await self.post("deliver", {"kind": kind, "payload": payload}))

    # -- the wire ----------------------------------------------------------------------------------------------------

    async def get(self, path: str, **query: str) -> Json:
        """GET a control address. Raises CannotDo."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """POST JSON to a control address. Raises CannotDo."""
        return await self._ask("POST", path, json=dict(body))

    async def _ask(self, verb: str, path: str, **how: Any) -> Json:
        if self._http is None:
            raise RuntimeError("use `async with Workspace.at(url)`")
        async with self._http.request(verb, f"{self._url}/_/{path}", **how) as answer:
            body: Json = await answer.json()
        if answer.status >= 400:
            raise CannotDo(body.get("error", str(answer.status)), body.get("reason", ""))
        return body


class Person:
    """A person who acts in the workspace. Each act returns once the app has acknowledged it, or has not."""

    def __init__(self, workspace: Workspace, row: Json) -> None:
        self._workspace = workspace
        self.id: str = row["id"]
        self.name: str = row["name"]
        self.real_name: str = row["real_name"]
        self.role: str = row["role"]

    def __repr__(self) -> str:
        return f"Person({self.name})"

    @property
    def mention(self) -> str:
        """Their mention in markup."""
        return f"<@{self.id}>"

    async def say(self, channel: str, text: str, *, thread_ts: str | None = None) -> Message:
        """Type a message: `@name` and addresses become what Slack's composer makes of them, `<` is escaped."""
        return await self._say({"channel": channel, "text": text, "thread_ts": thread_ts})

    async def say_markup(self, channel: str, markup: str, *, thread_ts: str | None = None) -> Message:
        """Post text that already is in Slack's markup."""
        return await self._say({"channel": channel, "markup": markup, "thread_ts": thread_ts})

    async def _say(self, body: Json) -> Message:
        body["channel"] = self._place(body["channel"])
        answer = await self._act("say", body)
        return Message(answer["message"], {}, answer["channel"])

    async def reply(self, message: Message, text: str) -> Message:
        """Type a message in the thread of that one."""
        return await self.say(message.channel, text, thread_ts=message.thread)

    async def edit(self, message: Message, text: str) -> None:
        """Edit an own message."""
        await self._act("edit", {"channel": message.channel, "ts": message.ts, "text": text})

    async def delete(self, message: Message) -> None:
        """Delete an own message."""
        await self._act("delete", {"channel": message.channel, "ts": message.ts})

    async def command(self, channel: str, command: str, text: str = "", *, thread_ts: str | None = None) -> Ack:
        """Run a slash command. With thread_ts it is refused as Slack's client refuses it (CannotDo)."""
        body = {"channel": self._place(channel), "command": command, "text": text, "thread_ts": thread_ts}
        return Ack.read(await self._act("command", body))

    async def click(self, content: Content, what: str) -> Ack:
        """Press the button with that label or action id, saying yes to its confirm dialog."""
        return Ack.read(await self._act("click", {**_where(content), "what": what}))

    async def click_as_seen(self, content: Content, what: str) -> Ack:
        """Press a button of this very snapshot, though the message may have changed since: the click that was late."""
        return Ack.read(await self._act("click", {**_where(content), "what": what, "as_seen": content.raw}))

    async def choose(self, content: Content, option: str, *, menu: str | None = None) -> Ack:
        """Choose an option (its text or value) of a select or overflow menu; `menu` is an action id or placeholder."""
        return Ack.read(await self._act("choose", {**_where(content), "what": menu, "option": option}))

    async def submit(self, view: View, values: Mapping[str, Any] | None = None) -> Submitted:
        """Fill a modal in and submit it; values by block id, action id or label (option texts for menus)."""
        return Submitted.read(await self._act("submit", {"view": view.id, "values": dict(values or {})}))

    async def close(self, view: View) -> None:
        """Close a modal without submitting."""
        await self._act("close", {"view": view.id})

    async def shortcut(self, message: Message, callback_id: str) -> Ack:
        """Use a message shortcut."""
        return Ack.read(await self._act("shortcut", {**_where(message), "callback_id": callback_id}))

    async def open_home(self) -> Ack:
        """Open the app's Home tab; what it shows comes as `seen.home(person.id)`."""
        return Ack.read(await self._act("home", {}))

    async def look(self, channel: str) -> Json:
        """The channel as this person sees it: {channel, messages, threads, ephemerals, modal}."""
        return await self._workspace.get(f"channels/{self._place(channel)}", **{"as": self.id})

    async def read(self, channel: str) -> str:
        """The same as plain text, threads indented."""
        return str((await self._workspace.get(f"channels/{self._place(channel)}", **{"as": self.id}))["plain"])

    def _place(self, channel: str) -> str:
        return self._workspace.channel(channel)

    async def _act(self, act: str, body: Json) -> Json:
        return await self._workspace.post(f"people/{self.id}/{act}", body)


def _where(content: Content) -> Json:
    if isinstance(content, Message):
        return {"channel": content.channel, "ts": content.ts}
    return {"view": content.raw["id"]}
