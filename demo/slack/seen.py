"""What a test or a story sees of the workspace: messages, views and the transcript of everything that happened."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from demo.slack.feed import Happening
from demo.slack.shapes import Json
from demo.slack.text import options_of, render

T = TypeVar("T")


def elements_of(content: Json) -> Iterator[tuple[Json, Json]]:
    """Each interactive element of a message or view with the block that holds it, in reading order."""
    blocks = list(content.get("blocks") or [])
    for attachment in content.get("attachments") or []:
        blocks += attachment.get("blocks") or []
    for block in blocks:
        inside = [*(block.get("elements") or []), block.get("accessory"), block.get("element")]
        for element in inside:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def label_of(element: Json) -> str:
    """The words on a button, or the placeholder of a menu."""
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", "")) if isinstance(text, dict) else ""


@dataclass(frozen=True)
class Content:
    """Something with blocks: what Slack stores (`raw`) and how a person reads it."""

    raw: Json
    people: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def plain(self) -> str:
        """Readable text of it all, blocks included."""
        return render(self.raw, self.people)

    @property
    def buttons(self) -> list[str]:
        """The labels of its buttons."""
        return [label_of(element) for _, element in elements_of(self.raw) if element.get("type") == "button"]

    @property
    def options(self) -> list[str]:
        """The options of all its menus."""
        return [row["text"]["text"] for _, element in elements_of(self.raw) for row in options_of(element)]

    def __contains__(self, words: str) -> bool:
        """`"approved" in message`: in its readable text or its notification text."""
        return words in self.plain or words in str(self.raw.get("text", ""))


@dataclass(frozen=True)
class Message(Content):
    """A message. `only_for` names the one reader of an ephemeral message; `changes` counts edits seen."""

    channel: str = ""
    only_for: str | None = None
    deleted: bool = False
    changes: int = 0
    first: int = 0
    touched: int = 0

    @property
    def ts(self) -> str:
        """Its timestamp, which is its id in the channel."""
        return str(self.raw["ts"])

    @property
    def thread_ts(self) -> str | None:
        """The thread it belongs to, also on its root."""
        return self.raw.get("thread_ts")

    @property
    def thread(self) -> str:
        """What to answer with as `thread_ts`."""
        return self.thread_ts or self.ts

    @property
    def user(self) -> str:
        """Who wrote it."""
        return str(self.raw.get("user", ""))

    @property
    def text(self) -> str:
        """The notification text, in Slack's markup."""
        return str(self.raw.get("text", ""))

    @property
    def metadata(self) -> Json:
        """Slack metadata: {event_type, event_payload}, or {}."""
        return self.raw.get("metadata") or {}


@dataclass(frozen=True)
class View(Content):
    """A modal or Home tab as it is now."""

    user: str = ""
    touched: int = 0

    @property
    def id(self) -> str:
        """Slack's id of the view."""
        return str(self.raw["id"])

    @property
    def title(self) -> str:
        """The modal's title."""
        return str((self.raw.get("title") or {}).get("text", ""))


@dataclass
class _State:
    """The fold of all happenings."""

    happenings: list[Happening] = field(default_factory=list)
    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    modals: dict[str, View | None] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)


class Transcript:
    """Everything that happened, and the state it led to. `since` narrows it to what was touched after a mark."""

    def __init__(self, people: Mapping[str, str], state: _State | None = None, mark: int = 0) -> None:
        self._people = people
        self._state = state or _State()
        self._mark = mark

    @property
    def last(self) -> int:
        """The number of the newest happening: a mark for `since`."""
        return self._state.happenings[-1].n if self._state.happenings else 0

    def since(self, mark: int) -> "Transcript":
        """The same, showing only what was posted, changed, called or delivered after the mark."""
        return Transcript(self._people, self._state, mark)

    def add(self, happening: Happening) -> None:
        """Take in one more happening."""
        self._state.happenings.append(happening)
        body, kind = happening.body, happening.kind
        if kind.startswith(("message", "ephemeral")):
            self._add_message(happening)
        elif kind == "modal":
            self._state.modals[body["user"]] = View(body["view"], self._people, body["user"], happening.n)
        elif kind == "modal_closed":
            self._state.modals[body["user"]] = None
        elif kind == "home":
            self._state.homes[body["user"]] = View(body["view"], self._people, body["user"], happening.n)

    def _add_message(self, happening: Happening) -> None:
        body = happening.body
        key = (body["channel"], body["message"]["ts"])
        before = self._state.messages.get(key)
        self._state.messages[key] = Message(
            body["message"],
            self._people,
            body["channel"],
            body.get("user") if happening.kind.startswith("ephemeral") else None,
            happening.kind.endswith("deleted"),
            before.changes + 1 if before else 0,
            before.first if before else happening.n,
            happening.n,
        )

    # -- what is there now -----------------------------------------------------------------------------------------

    def messages(
        self, containing: str = "", *, channel: str | None = None, thread: str | None = None, by: str | None = None
    ) -> list[Message]:
        """Messages that everybody sees, oldest first; `thread` gives a thread's replies, `by` is a user id."""
        return [
            row
            for row in self._touched()
            if row.only_for is None
            and containing in row
            and channel in {None, row.channel}
            and by in {None, row.user}
            and (thread is None or (row.thread_ts == thread and row.ts != thread))
        ]

    def message(
        self, containing: str = "", *, channel: str | None = None, thread: str | None = None, by: str | None = None
    ) -> Message | None:
        """The newest of `messages`, or None."""
        found = self.messages(containing, channel=channel, thread=thread, by=by)
        return found[-1] if found else None

    def ephemerals(self, containing: str = "", *, to: str | None = None, channel: str | None = None) -> list[Message]:
        """Messages that only one person sees (`to`: a user id), oldest first."""
        return [
            row
            for row in self._touched()
            if row.only_for and to in {None, row.only_for} and channel in {None, row.channel} and containing in row
        ]

    def ephemeral(self, containing: str = "", *, to: str | None = None, channel: str | None = None) -> Message | None:
        """The newest of `ephemerals`, or None."""
        found = self.ephemerals(containing, to=to, channel=channel)
        return found[-1] if found else None

    def modal(self, of: str, containing: str = "") -> View | None:
        """The modal open on that person's screen, if it was touched after the mark."""
        view = self._state.modals.get(of)
        return view if view and view.touched > self._mark and containing in view else None

    def home(self, of: str, containing: str = "") -> View | None:
        """That person's Home tab."""
        view = self._state.homes.get(of)
        return view if view and view.touched > self._mark and containing in view else None

    # -- what happened -----------------------------------------------------------------------------------------------

    def happenings(self, *kinds: str) -> list[Happening]:
        """What happened after the mark, of these kinds (none given: all)."""
        return [row for row in self._state.happenings if row.n > self._mark and (not kinds or row.kind in kinds)]

    def api_calls(self, method: str | None = None) -> list[Json]:
        """Calls of the app: {method, args, status, answer}."""
        return [row.body for row in self.happenings("api_call") if method in {None, row.body["method"]}]

    def deliveries(self, kind: str | None = None) -> list[Json]:
        """Attempts to deliver to the app: {id, kind, transport, attempt, reason, outcome, status, payload, body}."""
        return [row.body for row in self.happenings("delivery") if kind in {None, row.body["kind"]}]

    def _touched(self) -> list[Message]:
        rows = (row for row in self._state.messages.values() if row.touched > self._mark and not row.deleted)
        return sorted(rows, key=lambda row: row.ts)

    def dump(self) -> str:
        """All of it as readable lines; what a failing wait shows."""
        return "\n".join(_line(row, self._people) for row in self.happenings())


def _line(row: Happening, people: Mapping[str, str]) -> str:
    body = row.body
    head = f"{row.n:4} {row.kind:18}"
    who = people.get(str(body.get("user") or (body.get("message") or {}).get("user")), "")
    writers: dict[str, Callable[[], str]] = {
        "api_call": lambda: f"{body['method']} -> {body['status']} {body['answer'].get('error', 'ok')}",
        "delivery": lambda: f"{body['kind']} by {body['transport']}, attempt {body['attempt']} -> {body['outcome']}",
        "command": lambda: f"{who}: {body['command']} {body['text']}",
        "modal": lambda: f"{who} sees {render(body['view'], people)}",
        "home": lambda: f"{who} sees {render(body['view'], people)}",
        "modal_closed": lambda: who,
        "membership": lambda: f"{body['what']} {body['id']}",
    }
    if row.kind in writers:
        words = writers[row.kind]()
    else:
        place = people.get(body["channel"], body["channel"])
        words = f"#{place} {body['message']['ts']} {who}: {render(body['message'], people)}"
    return head + words.replace("\n", "\n" + " " * 24)
