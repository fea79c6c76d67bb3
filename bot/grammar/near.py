"""Whole sentences that might have been meant. Each one is read again before it is offered, so that it is sure to be understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import cast

from bot.grammar.filling import Filling, Stranger, fill
from bot.grammar.verbs import NEAR
from bot.grammar.words import KINDS, NEGATIONS, PLACES, VERBS, Word
from bot.grammar.writing import phrase
from workers.contract import requests as ask
from workers.contract.commands import Slot, Token

_MOST = 3


@dataclass(frozen=True)
class Tried:
    """Words that were put into slots, and what came of it."""

    words: tuple[Word, ...]
    because: str | None
    filling: Filling


def request_of(filling: Filling) -> ask.Request:
    """The request that a whole filling is."""
    make = cast("Callable[..., ask.Request]", filling.row.request)
    return make(**{slot.field: () if slot.many else None for slot in filling.row.slots} | filling.values)


def suggestions(tried: Tried) -> tuple[str, ...]:
    """Up to three whole sentences near to the one tried. None for one that contradicts itself, denies or asks."""
    if tried.filling.clashes or any(word.asks or (word.text in NEGATIONS and not word.quoted) for word in tried.words):
        return ()
    if tried.filling.strangers:
        return tuple(dict.fromkeys(_mended(tried)))[:_MOST]
    if tried.filling.is_whole:
        return (phrase(request_of(tried.filling)),)
    return tuple(_completed(tried))


def _mended(tried: Tried) -> list[str]:
    """The sentence with each strange word replaced by one that is near it."""
    if len(tried.filling.strangers) > 2:
        return []
    choices = [_near(tried.filling, stranger) for stranger in tried.filling.strangers]
    if not all(choices):
        return []
    found = []
    for last in choices[-1]:
        picked = [*(near[0] for near in choices[:-1]), last]
        words = list(tried.words)
        for stranger, text in zip(tried.filling.strangers, picked, strict=True):
            words[stranger.at] = Word(text, text)
        again = replace(tried, words=tuple(words), filling=fill(tried.filling.row, tuple(words), tried.because, tried.filling.vocabulary))
        found += [phrase(request_of(again.filling))] if again.filling.is_whole else _completed(again)
    return found


def _completed(tried: Tried) -> list[str]:
    """The sentence with each environment there is, when that alone is missing and it says something already."""
    filling = tried.filling
    if not filling.values or filling.strangers or filling.clashes or [slot.token for slot in filling.missing] != [Token.ENVIRONMENT]:
        return []
    (slot,) = filling.missing
    places = filling.vocabulary.environments[: _MOST + 1]
    if len(places) > _MOST:
        return []
    wholes = (fill(filling.row, (*tried.words, Word(slot.after[0], slot.after[0]), Word(place, place)), tried.because, filling.vocabulary)
              for place in places)  # fmt: skip
    return [phrase(request_of(whole)) for whole in wholes if whole.is_whole]


def _near(filling: Filling, stranger: Stranger) -> list[str]:
    slots = stranger.slots or filling.row.slots
    pool = [word for slot in slots for word in _words_for(slot, filling)]
    if not stranger.slots:
        pool += [marker for slot in slots for marker in slot.after]
    return get_close_matches(stranger.word.text[:80], dict.fromkeys(pool), n=2, cutoff=NEAR)


def _words_for(slot: Slot, filling: Filling) -> list[str]:
    if slot.token is Token.NAME:
        return list(filling.vocabulary.artifacts)
    if slot.token is Token.ENVIRONMENT:
        return [*filling.vocabulary.environments, *PLACES]
    if slot.token is Token.KIND:
        return list(KINDS)
    if slot.token is Token.VERB:
        return [" ".join(words) for words in VERBS if len(words) == 1]
    return []
