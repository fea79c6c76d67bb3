"""Text for Slack: what people wrote stays inert, long things are cut, instants are shown in the reader's own time.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from bot.views.post import Names
from workers.contract import wire
from workers.contract.envelope import read_stamp
from workers.contract.names import ActorId

NO_NAMES: Names = {}

_SPECIALS = str.maketrans({"*": "∗", "~": "∼", "`": "'"})
_UNDERSCORES = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_STAMP = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z\b", re.ASCII)
_USER = re.compile(r"\b([UW](?=[A-Z]*\d)[A-Z0-9]{4,20})(?:@[TE][A-Z0-9]{2,20})?\b", re.ASCII)
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def plain(text: str, longest: int = 300) -> str:
    """Somebody's text on one line, without characters that hide or turn others; cut. For plain_text objects; markup needs `safe`."""
    line = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text[: longest * 4] if _is_seen(sign))
    return cut(re.sub(r" {2,}", " ", line).strip(), longest)


def safe(text: str, longest: int = 300) -> str:
    """Somebody's text inside markup: no mention, link or formatting comes out of it."""
    return escaped(_UNDERSCORES.sub("ˍ", plain(text, longest).translate(_SPECIALS)))


def told(text: str, longest: int = 300, names: Names | None = None) -> str:
    """Words of the core for people, inside markup: as `safe`, with every instant in the reader's own time.

    With `names` people are named as `named` does. The words may quote somebody, so a post for more than one reader needs the names of
    all `users_in` them: nobody can then ring a bell by writing an id.
    """
    return retold(safe(text, longest), str if names is None else lambda user: named(user, names), when)


def retold(text: str, person_said: Callable[[str], str], instant_said: Callable[[str], str]) -> str:
    """Words of the core with every Slack user id and every instant in them said otherwise."""
    return _USER.sub(lambda found: person_said(found[1]), _STAMP.sub(lambda found: instant_said(found[0]), text))


def users_in(text: str) -> list[str]:
    """The Slack user ids that words of the core hold."""
    return _USER.findall(text)


def escaped(text: str) -> str:
    """Text with the three characters escaped that Slack reads as markup; also how a sentence becomes the value of a button."""
    for sign, entity in _ENTITIES:
        text = text.replace(sign, entity)
    return text


def code(text: str, longest: int = 300) -> str:
    """Somebody's text as code; nothing in it is formatted."""
    return f"`{escaped(plain(text, longest).replace('`', chr(39))) or ' '}`"


def preformatted(text: str, longest: int) -> str:
    """Several lines as a block of code, cut at a line with `… (n more)`. `longest` counts the characters before escaping."""
    lines = [cut("".join(sign if sign == "\t" or _is_printed(sign) else " " for sign in line), 200) for line in text.splitlines()]
    kept = fitting(lines, longest)
    return "```\n" + escaped("\n".join(kept).replace("```", "'''")) + "\n```"


def cut(text: str, longest: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def trimmed(text: str, longest: int) -> str:
    """Markup, or its beginning with an ellipsis; never half a reference or entity."""
    if len(text) <= longest:
        return text
    head = re.sub(r"&[a-z]{0,3}$", "", text[: longest - 1])
    if head.rfind("<") > head.rfind(">"):
        head = head[: head.rfind("<")]
    return head.rstrip() + "…"


def fitting(lines: Iterable[str], longest: int, most: int = 100) -> list[str]:
    """As many of the lines as fit (of the first at least its beginning), and `… (n more)` for the others."""
    every = [trimmed(line, longest - 16) for line in lines if line]
    kept, size = 0, 0
    while kept < min(len(every), most) and size + len(every[kept]) + 1 <= longest - 16:
        size += len(every[kept]) + 1
        kept += 1
    return every if kept == len(every) else [*every[:kept], f"… ({len(every) - kept} more)"]


def when(stamp: str | None) -> str:
    """An instant in the reader's own time, with UTC for where Slack cannot say it."""
    try:
        instant = read_stamp(stamp)
    except wire.BadWire:
        return safe(stamp or "some time", 40)
    return f"<!date^{int(instant.timestamp())}^{{date_short_pretty}} at {{time}}|{instant:%Y-%m-%d %H:%M} UTC>"


def person(actor: ActorId, names: Names) -> str:
    """Somebody by their display name; by a mention, if we know none. Our own processes go by our name."""
    if not actor.is_person:
        return "Towpath" if actor.user != "operator" else "an operator"
    return named(actor.user, names)


def named(user: str, names: Names) -> str:
    """A Slack user by their display name; by a mention, if we know none."""
    return safe(names[user], 60) if names.get(user) else mention(user)


def mention(user: str) -> str:
    """A user or a user group, so that they are notified; nothing for what is no id of theirs."""
    if re.fullmatch(r"[UW][A-Z0-9]{2,20}", user):
        return f"<@{user}>"
    return f"<!subteam^{user}>" if re.fullmatch(r"S[A-Z0-9]{2,20}", user) else ""


def link(address: str | None, label: str) -> str:
    """A link with our own label; nothing without a web address."""
    if not address or not re.fullmatch(r"https?://[^\s<>|]{1,2000}", address):
        return ""
    return f"<{escaped(address)}|{label}>"


def _is_seen(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cf", "Cs") or sign == "\u200d"


def _is_printed(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
