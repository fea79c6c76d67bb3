"""The sentence that a request is: the inverse of reading. Buttons carry such sentences."""

from __future__ import annotations

import re
from enum import Enum

from bot.grammar.normal import unquoted
from bot.grammar.words import PLACES, RESERVED, is_plain_name
from workers.contract import requests as ask
from workers.contract.commands import BY_REQUEST, Slot, Token

_ENDS_WELL = re.compile(r"[A-Za-z0-9/#@_.-]*[A-Za-z0-9/#@-]")


def write(request: ask.Request) -> str:
    """The sentence, escaped as Slack escapes what people type, so that it can be the value of a button.

    `read(write(request), vocabulary)` gives the same request for every request of people whose names the vocabulary knows (or when it is
    empty). A reason must hold no newline, which would become a space. Raises KeyError for what no person can ask.
    """
    return phrase(request).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def phrase(request: ask.Request) -> str:
    """The sentence as plain text, for showing."""
    row = BY_REQUEST[type(request)]
    parts = ((slot, value) for slot in row.slots for value in _values(request, slot))
    return " ".join([row.verb, *(_part(slot, value) for slot, value in parts if value is not None)])


def _values(request: ask.Request, slot: Slot) -> tuple[object, ...]:
    value = getattr(request, slot.field)
    return tuple(value) if slot.many else (value,)


def _part(slot: Slot, value: object) -> str:
    if isinstance(value, ask.Nested):
        return value.text
    if isinstance(value, ask.Item):
        named = (*((value.kind.value,) if value.kind else ()), _part(Slot("artifact", Token.NAME), value.artifact), value.version)
        return " ".join((*slot.after[:1], *named))
    text = str(value.value) if isinstance(value, Enum) else str(value)
    shown = f'"{text}"' if _needs_quotes(slot.token, text) else text
    return f"{slot.after[0]} {shown}" if slot.after else shown


def _needs_quotes(token: Token, text: str) -> bool:
    if token is Token.TEXT:
        return unquoted(text) != text
    if token is Token.NAME:
        return not is_plain_name(text)
    if token is Token.ENVIRONMENT:
        return not is_plain_name(text) and PLACES.get(text) != text
    return token is Token.REF and (not _ENDS_WELL.fullmatch(text) or text.lower() in RESERVED)
