"""Characters that hide or imitate: a sentence that holds one is refused with a reason, never mended."""

from __future__ import annotations

import re
import unicodedata

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FOREIGN = re.compile(r"[^\x00-\x7f]")


def faults(words: str, because: str | None) -> tuple[str, ...]:
    """Why the characters of a sentence cannot be trusted, in whole sentences; nothing when they can."""
    everything = words + (because or "")
    if hidden := next((sign for sign in everything if sign in _TURNING), None):
        return (f"The text holds {_name(hidden)}, which changes the order in which letters are shown.",)
    if broken := next((sign for sign in everything if _is_broken(sign)), None):
        return (f"The text holds {_name(broken)}, which cannot be shown.",)
    if "\n" in words:
        return ("A sentence stands on one line; this one has several.",)
    return tuple(_foreign(word) for word in words.split(" ") if _FOREIGN.search(word))[:3]


def _is_broken(sign: str) -> bool:
    return sign != "\n" and unicodedata.category(sign) in ("Cc", "Cs")


def _foreign(word: str) -> str:
    sign = _FOREIGN.search(word)
    shown = _name(sign[0]) if sign else ""
    return f"“{shorten(word)}” holds {shown}. Names and commands use the letters a to z only; some others merely look like them."


def _name(sign: str) -> str:
    return f"{unicodedata.name(sign, 'a control character')} (U+{ord(sign):04X})"


def shorten(word: str) -> str:
    """A word for quoting in an answer: at most forty characters, nothing that would end the quotation."""
    word = "".join(sign if sign.isprintable() and sign not in "`“”" else "\N{REPLACEMENT CHARACTER}" for sign in word)
    return word if len(word) <= 40 else word[:39] + "…"
