"""What a text turns out to be: a sentence that asks for something, or one that was not understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.grammar.times import NOWHEN, Moment
from workers.contract import requests as ask
from workers.contract.commands import Command
from workers.contract.promotion import Kind

LONGEST = 2_000
"""The most characters of one sentence: what fits into a button of Slack."""


@dataclass(frozen=True)
class Vocabulary:
    """The names that the bot knows. Both may be empty: names are then recognised by their shape alone.

    `moment` is when and where it is said: what `tomorrow 9:00` means.
    """

    artifacts: Mapping[str, Kind] = field(default_factory=dict)
    environments: tuple[str, ...] = ()
    moment: Moment = NOWHEN


@dataclass(frozen=True)
class Sentence:
    """A text that was understood. `text` is what may be kept of it: normalised, one line, secrets struck out.

    `guessed` is the whole sentence that a misspelt read was taken for; it is None when nothing was guessed, and always for a write.
    """

    command: Command
    request: ask.Request
    text: str
    guessed: str | None = None


@dataclass(frozen=True)
class NotUnderstood:
    """A text that asks for nothing we know. `reasons` are whole sentences for people, `suggestions` whole sentences that would be understood.

    All of it is plain text with its secrets struck out; whoever shows it escapes it.
    """

    text: str
    reasons: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
