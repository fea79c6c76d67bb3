"""What one word means in one slot: the value, or None when it does not fit."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache

from bot.grammar.sentences import Vocabulary
from bot.grammar.words import KINDS, PLACES, Word, is_plain_name
from workers.contract import requests as ask
from workers.contract.commands import Command, Slot, Token
from workers.contract.names import (
    ArtifactName,
    BadName,
    DebtId,
    EnvironmentName,
    GateName,
    Name,
    OutputRef,
    PromotionId,
    RefName,
    Version,
    VersionAsk,
)

NEW_NAMES: Mapping[type[ask.Request], str] = {ask.Register: "a first registration names what nobody can know yet"}
"""The requests whose artifact need not be known, each with its reason."""

_PROMOTION = re.compile(r"p-?([1-9]\d{0,8})", re.ASCII)
_DEBT = re.compile(r"d-?([1-9]\d{0,9})", re.ASCII)
_PLAN = re.compile(r"[0-9a-f]{6,64}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_NO_REF = re.compile(r"(?:.*_)?head(?:[~^@].*)?|refs(?:/.*)?", re.ASCII)


@dataclass(frozen=True)
class Place:
    """Where a word stands: the command's row, the slot that it might fill, and the names that are known."""

    row: Command
    slot: Slot
    vocabulary: Vocabulary


def value(place: Place, word: Word) -> object | None:
    """What the word means in this place."""
    read = _READERS.get(place.slot.token)
    return read(place, word) if read else None


def attempt(kind: type[Name], text: str) -> Name | None:
    """The name that the text is, or None."""
    try:
        return kind.read(text)
    except BadName:
        return None


def is_registered(word: Word, vocabulary: Vocabulary) -> bool:
    """Whether the word is the name of a known artifact."""
    return word.text in vocabulary.artifacts and attempt(VersionAsk, word.text) is None


def wants(request: type, field: str) -> frozenset[object]:
    """The types that a field of a request may have."""
    hint = _hints(request)[field]
    return frozenset(typing.get_args(hint) or (hint,))


@cache
def _hints(request: Hashable) -> dict[str, object]:
    return typing.get_type_hints(request)


def _kind(_: Place, word: Word) -> object | None:
    return None if word.quoted else KINDS.get(word.text)


def _artifact(place: Place, word: Word) -> object | None:
    known = place.vocabulary.artifacts
    name = attempt(ArtifactName, word.text)
    if word.text in place.slot.also and not word.quoted:
        return name
    if name is None or word.text in known:
        return name if word.quoted or is_registered(word, place.vocabulary) else None
    if word.quoted:
        return name if not known or attempt(VersionAsk, word.raw) is None else None
    if known and place.row.request not in NEW_NAMES:
        return None
    return name if is_plain_name(word.text) and word.text not in place.vocabulary.environments else None


def _version(place: Place, word: Word) -> object | None:
    if word.quoted and (not place.vocabulary.artifacts or word.text in place.vocabulary.artifacts):
        return None
    text = "v" + re.sub(r"^[vV]", "", word.raw)
    if Version in wants(place.row.request, place.slot.field):
        return attempt(Version, text)
    if "-" in text:  # only a full version has such a part, so that `v3-a..b` is none
        return attempt(Version, text) and VersionAsk(text)
    return attempt(VersionAsk, text)


def _environment(place: Place, word: Word) -> object | None:
    known = place.vocabulary.environments
    if word.quoted or word.text in known:
        return attempt(EnvironmentName, word.text) if word.text in known or not known else None
    name = PLACES.get(word.text)
    if not known:
        return attempt(EnvironmentName, name or (word.text if is_plain_name(word.text) else ""))
    if name is None:
        return None
    same = [other for other in known if other == name] or [other for other in known if PLACES.get(other) == name]
    return EnvironmentName(same[0]) if len(same) == 1 else None


def _promotion(_: Place, word: Word) -> object | None:
    found = _PROMOTION.fullmatch(word.text)
    return PromotionId(f"P-{found[1]}") if found else None


def _debt(_: Place, word: Word) -> object | None:
    found = _DEBT.fullmatch(word.text)
    return DebtId(f"D-{found[1]}") if found else None


def _gate(_: Place, word: Word) -> object | None:
    is_other = word.text in ("and", "skipping") or attempt(VersionAsk, word.text) is not None
    return None if is_other else attempt(GateName, word.text)


def _ref(_: Place, word: Word) -> object | None:
    return None if _NO_REF.fullmatch(word.text) else attempt(RefName, word.raw)


def _output(_: Place, word: Word) -> object | None:
    return attempt(OutputRef, word.raw)


def _plan(_: Place, word: Word) -> object | None:
    return word.text if _PLAN.fullmatch(word.text) else None


def _commit(_: Place, word: Word) -> object | None:
    return word.text if _COMMIT.fullmatch(word.text) else None


_READERS: dict[Token, Callable[[Place, Word], object | None]] = {
    Token.KIND: _kind, Token.NAME: _artifact, Token.VERSION: _version, Token.ENVIRONMENT: _environment,
    Token.PROMOTION: _promotion, Token.REF: _ref, Token.OUTPUT: _output, Token.PLAN: _plan, Token.COMMIT: _commit,
    Token.DEBT: _debt, Token.GATE: _gate,
}  # fmt: skip
"""TEXT is split off before the words are looked at; VERB, TIME and DURATION may take several words. They are read in `bot.grammar.filling`."""
