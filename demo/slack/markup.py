"""Slack's text markup: the `<...>` tokens and the three entities, read, written and tidied.

Source: Slack's formatting reference. Tokens are `<@U1>`, `<#C1>`, `<!subteam^S1>`, `<!here>`,
`<!date^epoch^format^link|fallback>` and `<https://...|label>`; `&`, `<` and `>` are escaped everywhere else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from demo.slack.workspace import Workspace

Kind = Literal["text", "user", "channel", "group", "broadcast", "date", "link", "special"]

_TOKEN = re.compile(r"<([^<>\n]+)>")
_VALID = re.compile(
    r"@[UW][A-Z0-9]+(\|[^|]*)?|#[CGD][A-Z0-9]+(\|[^|]*)?|!subteam\^S[A-Z0-9]+(\|[^|]*)?"
    r"|!(here|channel|everyone|group)(\|[^|]*)?|!date\^\d+\^[^|]+\|.+|(https?|ftp|slack)://[^|\s]+(\|[^|]*)?"
    r"|mailto:[^|\s]+(\|[^|]*)?"
)
_BARE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
_BARE_URL = re.compile(r"(?<![<|\w])https?://[^\s<>|]*[^\s<>|.,;:!?)\]'\"*_~`]")
_AT = re.compile(r"(?<![\w@])@([A-Za-z0-9][\w.-]*)")
_HASH = re.compile(r"(?<![\w#&])#([a-z0-9][\w-]*)")


@dataclass(frozen=True)
class Piece:
    """A run of text or one token. `value` is the text, id, URL or `epoch^format^link`; `label` what follows `|`."""

    kind: Kind
    value: str
    label: str | None = None


def escape(text: str) -> str:
    """Make plain text safe inside markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The inverse of escape."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def pieces(text: str) -> list[Piece]:
    """Cut markup into runs and tokens; the text of each is already unescaped."""
    found: list[Piece] = []
    at = 0
    for token in _TOKEN.finditer(text):
        if token.start() > at:
            found.append(Piece("text", unescape(text[at : token.start()])))
        found.append(_piece(token.group(1)))
        at = token.end()
    if at < len(text):
        found.append(Piece("text", unescape(text[at:])))
    return found


def _piece(inside: str) -> Piece:
    head, bar, tail = inside.partition("|")
    label = unescape(tail) if bar else None
    if head.startswith("@"):
        return Piece("user", head[1:], label)
    if head.startswith("#"):
        return Piece("channel", head[1:], label)
    if head.startswith("!subteam^"):
        return Piece("group", head[9:], label)
    if head.startswith("!date^"):
        return Piece("date", unescape(head[6:]), label)
    if head in {"!here", "!channel", "!everyone", "!group"}:
        return Piece("broadcast", head[1:], label)
    if head.startswith("!"):
        return Piece("special", head[1:], label)
    return Piece("link", unescape(head), label)


def tidy(text: str) -> str:
    """What Slack stores of an app's markup: stray `&`, `<`, `>` escaped, bare web addresses made links."""

    def plain(run: str) -> str:
        run = _BARE_AMPERSAND.sub("&amp;", run).replace("<", "&lt;").replace(">", "&gt;")
        return _BARE_URL.sub(lambda url: f"<{url.group(0)}>", run)

    return _outside_tokens(text, plain)


def _outside_tokens(text: str, change: Callable[[str], str]) -> str:
    made: list[str] = []
    at = 0
    for token in _TOKEN.finditer(text):
        if not _VALID.fullmatch(token.group(1)):
            continue
        made += [change(text[at : token.start()]), token.group(0)]
        at = token.end()
    return "".join([*made, change(text[at:])])


def typed(text: str, workspace: Workspace) -> str:
    """What Slack's composer sends for typed text: escaped, `@name` and `@group` made mentions, addresses links."""

    def mention(found: re.Match[str]) -> str:
        return _mention(found.group(1), workspace) or found.group(0)

    def place(found: re.Match[str]) -> str:
        channel = workspace.channel_named(found.group(1))
        return f"<#{channel.id}>" if channel else found.group(0)

    return tidy(_HASH.sub(place, _AT.sub(mention, escape(text))))


def _mention(name: str, workspace: Workspace) -> str | None:
    word = name.rstrip(".-")
    stop = name[len(word) :]
    if user := workspace.user_called(word):
        return f"<@{user.id}>{stop}"
    if word in {"here", "channel", "everyone"}:
        return f"<!{word}>{stop}"
    for group in workspace.groups.values():
        if group.handle == word and not group.date_delete:
            return f"<!subteam^{group.id}>{stop}"
    return None


def command_text(text: str, workspace: Workspace) -> str:
    """The text of a slash command with escaping on: as typed, but people, groups and channels as `<id|name>`."""

    def person(found: re.Match[str]) -> str:
        user = workspace.user_called(found.group(1))
        group = next((g for g in workspace.groups.values() if g.handle == found.group(1)), None)
        if user:
            return f"<@{user.id}|{user.name}>"
        return f"<!subteam^{group.id}|@{group.handle}>" if group else found.group(0)

    def place(found: re.Match[str]) -> str:
        channel = workspace.channel_named(found.group(1))
        return f"<#{channel.id}|{channel.name}>" if channel else found.group(0)

    return _HASH.sub(place, _AT.sub(person, escape(text)))


def rich_text(text: str) -> dict[str, object]:
    """The rich_text block that Slack's composer makes of a person's message."""
    kinds = {"user": ("user", "user_id"), "channel": ("channel", "channel_id"), "group": ("usergroup", "usergroup_id")}
    elements: list[dict[str, object]] = []
    for piece in pieces(text):
        if piece.kind in kinds:
            kind, key = kinds[piece.kind]
            elements.append({"type": kind, key: piece.value})
        elif piece.kind == "broadcast":
            elements.append({"type": "broadcast", "range": piece.value})
        elif piece.kind == "link":
            label = {"text": piece.label} if piece.label else {}
            elements.append({"type": "link", "url": piece.value, **label})
        else:
            elements.append({"type": "text", "text": piece.label or piece.value})
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
