"""Reading a plain reply in a thread, where people mostly speak to each other: only what cannot mean anything else is acted on."""

from __future__ import annotations

import re

from bot.grammar.normal import hear
from bot.grammar.reading import read, unreadable
from bot.grammar.sentences import Sentence, Vocabulary
from bot.grammar.verbs import phrase_at
from bot.grammar.words import split
from workers.contract.commands import FILLERS

_SAID_BY_OTHERS = re.compile(r"\s*(?:>|&gt;|[\"“„«'‘`])|.*(?:```|~|<@|<!)", re.DOTALL)


def read_reply(text: str, vocabulary: Vocabulary) -> Sentence | None:
    """What a plain reply asks for, as Slack sent it; None: it is none of our business.

    Silence for quotations and code, for what is said to somebody, for questions, denials and guesses, and for a write with any word
    besides its own: who says *please approve* asks another person to, and who says *why not* answers one.
    """
    heard = hear(text)
    if unreadable(heard):
        return None
    words = split(heard.words)
    quoted = _SAID_BY_OTHERS.match(text[: len(text) if heard.because is None else _before_reason(text)])
    if quoted or not phrase_at(words) or _asks(heard.words) or _asks(heard.because or ""):
        return None
    sentence = read(text, vocabulary)
    if not isinstance(sentence, Sentence) or sentence.guessed or sentence.command.nests:
        return None
    if sentence.command.is_question:
        return sentence
    if not sentence.command.in_threads or any(word.text in FILLERS and not word.quoted for word in words):
        return None
    return sentence


def _asks(text: str) -> bool:
    return text.rstrip(" .!\"'”’)").endswith("?")


def _before_reason(text: str) -> int:
    found = re.search(r"\bbecause\b", text, re.IGNORECASE)
    return found.start() if found else len(text)
