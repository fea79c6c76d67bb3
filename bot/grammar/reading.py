"""Reading a sentence that is addressed to us."""

from __future__ import annotations

from dataclasses import replace

from bot.grammar import reasons
from bot.grammar.characters import faults, shorten
from bot.grammar.filling import fill
from bot.grammar.near import Tried, request_of, suggestions
from bot.grammar.normal import Heard, hear
from bot.grammar.sentences import LONGEST, NotUnderstood, Sentence, Vocabulary
from bot.grammar.verbs import Found, find, find_near, without_lead
from bot.grammar.words import Word, split
from bot.grammar.writing import phrase
from workers.contract.commands import COMMANDS
from workers.contract.redaction import redact
from workers.contract.requests import CanI, Nested, Plan, Request, WhyNot


def read(text: str, vocabulary: Vocabulary) -> Sentence | NotUnderstood:
    """What a text addressed to us asks for. `text` is as Slack sent it, or as `write` wrote it; it is normalised and redacted here.

    A write is never guessed: one wrong word, and it is not understood. A misspelt read is understood and says how (`Sentence.guessed`).
    Never raises.
    """
    heard = hear(text)
    kept = Heard(redact(heard.words), redact(heard.because) if heard.because is not None else None)
    wrong = unreadable(kept)
    if wrong:
        return NotUnderstood(_cut(kept.text), (*wrong, f"One that works: “{COMMANDS[0].example}”."))
    words = split(kept.words)
    found = find(words) or find_near(words)
    if found is None:
        return NotUnderstood(_cut(kept.text), reasons.of_verb(without_lead(words)), () if without_lead(words) else ("help",))
    return _read(found, words, kept, vocabulary)


def unreadable(heard: Heard) -> tuple[str, ...]:
    """Why the characters (or the length) of a sentence forbid to read it; nothing when they do not."""
    if wrong := faults(heard.words, heard.because):
        return wrong
    if len(heard.text) > LONGEST:
        return (f"It is longer than {LONGEST:,} characters; it begins with “{shorten(heard.text)}”.",)
    return ()


def _read(found: Found, words: tuple[Word, ...], heard: Heard, vocabulary: Vocabulary) -> Sentence | NotUnderstood:
    if found.row.nests:
        words = found.rest
        is_whole = fill(found.row, words, heard.because, vocabulary).is_whole
        if inner := find(words) or (None if is_whole else find_near(words)):
            return _nested(found, inner, heard, vocabulary)
    filling = fill(found.row, found.rest, heard.because, vocabulary)
    tried = Tried(found.rest, heard.because, filling)
    denied = reasons.is_denied(found.row, words)
    is_read = found.row.is_question
    if filling.is_whole and not denied and (is_read or not found.guessed):
        request = request_of(filling)
        return Sentence(found.row, request, heard.text, phrase(request) if found.guessed else None)
    near = () if denied else suggestions(tried)
    if found.guessed:
        return NotUnderstood(_cut(heard.text), reasons.of_verb(without_lead(words)), near)
    return NotUnderstood(_cut(heard.text), reasons.of_command(filling, words), near)


def _nested(outer: Found, inner: Found, heard: Heard, vocabulary: Vocabulary) -> Sentence | NotUnderstood:
    """A question about another command, which is read as if it stood alone; that it is asked takes nothing from it."""
    if inner.row.nests or (inner.row.is_question and outer.row.request is not CanI):
        return NotUnderstood(_cut(heard.text), (f"“{inner.row.verb}” changes nothing, so there is nothing to foresee. Say it as it is.",))
    said = tuple(replace(word, asks=False) for word in inner.rest)
    found = _read(replace(inner, rest=said), said, heard, vocabulary)
    if isinstance(found, NotUnderstood):
        return replace(found, suggestions=tuple(f"{outer.row.verb} {one}" for one in found.suggestions))
    request = _QUESTIONS[outer.row.request](wanted=Nested.of(found.request, phrase(found.request)))
    guessed = phrase(request) if outer.guessed or found.guessed else None
    return Sentence(outer.row, request, heard.text, guessed)


_QUESTIONS: dict[type[Request], type[Plan | CanI | WhyNot]] = {Plan: Plan, CanI: CanI, WhyNot: WhyNot}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
