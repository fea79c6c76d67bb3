"""One spelling for what phones, word processors and Slack make of a typed sentence.

Slack sends text with `&`, `<` and `>` escaped and puts references between `<` and `>`:
https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_RAW = 8_000

_MARKUP = re.compile(r"<(?P<sign>[@#!])?(?P<target>[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>")
_ADDRESS = re.compile(r"(?:https?|mailto|tel|ftp):", re.IGNORECASE)
_BECAUSE = re.compile(r"<[^<>\n]*>|(?<!\S)[\"'`*_(]*because(?![\w\"'/-])[*_]*[:,]?", re.IGNORECASE)

_SPELLING = str.maketrans({
    **dict.fromkeys("“”„‟«»″", '"'), **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"), **dict.fromkeys("→⇒➔", "\N{BLACK RIGHTWARDS ARROWHEAD}"),
    **dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f", None),
    "…": "...",
})  # fmt: skip
_ARROW = re.compile(r"\s(?:\N{BLACK RIGHTWARDS ARROWHEAD}|[-=]+>)\s")
_NEWLINES = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_UNSEEN = str.maketrans({**dict.fromkeys("\u200b\u2060\ufeff\u00ad", None), "\t": " "})
_PAIRS = {'"': '"', "“": "”", "„": "“", "'": "'", "‘": "’", "«": "»", "`": "`"}


@dataclass(frozen=True)
class Heard:
    """A sentence in two parts: the words, in one spelling, and the reason exactly as typed. No `because` at all: None."""

    words: str
    because: str | None = None

    @property
    def text(self) -> str:
        """The sentence in one piece."""
        return self.words if self.because is None else f"{self.words} because {self.because}".strip()


def normalise(text: str) -> str:
    """What Slack sent as plain text of one spelling; a reason after `because` keeps its own. Newlines stay only among the words, to be refused."""
    return hear(text).text


def hear(text: str) -> Heard:
    """The two parts of what Slack sent. Never raises; text beyond 8,000 characters is dropped."""
    text = text[:_LONGEST_RAW]
    for found in _BECAUSE.finditer(text):
        if not found[0].startswith("<"):
            return Heard(_spell(_unwrap(text[: found.start()], _word)), _reason(_unwrap(text[found.end() :], _whole)))
    return Heard(_spell(_unwrap(text, _word)))


def without_mention(text: str, user: str) -> str:
    """The text of a message without the mentions of this user (the bot) that begin or end it."""
    mention = rf"<@{re.escape(user)}(?:\|[^<>]*)?>"
    text = text.strip()
    while found := re.match(rf"{mention}[\s,:]*", text):
        text = text[found.end() :]
    while found := re.search(rf"{mention}[.!]?\Z", text):
        text = text[: found.start()].rstrip(" ,\n")
    return text


def unquoted(text: str) -> str:
    """A reason without the one pair of quotation marks around it."""
    if len(text) > 2 and _PAIRS.get(text[0]) == text[-1]:
        return text[1:-1].strip() or text
    return text


def _unwrap(text: str, reference: Callable[[re.Match[str]], str]) -> str:
    text = _MARKUP.sub(reference, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _word(found: re.Match[str]) -> str:
    """What a reference looks like among the words: its label, as the writer saw it."""
    sign, target, label = found["sign"], found["target"], found["label"]
    if sign == "!":
        return label or f"@{target.split('^')[0]}"
    if sign:
        return sign + (label or target)
    if not _ADDRESS.match(target):
        return found[0]
    return label or _bare(target)


def _whole(found: re.Match[str]) -> str:
    """What a reference looks like in a reason: a link with another label keeps its address."""
    target, label = found["target"], found["label"]
    if found["sign"] or not label or not _ADDRESS.match(target) or _bare(target).rstrip("/") == label.rstrip("/") or target == label:
        return _word(found)
    return f"{label} ({target})"


def _bare(address: str) -> str:
    return _ADDRESS.sub("", address).removeprefix("//")


def _spell(text: str) -> str:
    lines = (re.sub(r" +", " ", line).strip() for line in _NEWLINES.split(text.translate(_SPELLING)))
    text = "\n".join(line for line in lines if line)
    return _ARROW.sub(" to ", f" {text} ").strip()


def _reason(text: str) -> str:
    lines = (line.strip() for line in _NEWLINES.split(text.translate(_UNSEEN)))
    return unquoted(" ".join(line for line in lines if line))
