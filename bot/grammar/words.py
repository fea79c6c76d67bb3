"""A sentence as a row of words, and the words that are never names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workers.contract.commands import COMMANDS, FILLERS, SYNONYMS
from workers.contract.promotion import Kind

KINDS: dict[str, Kind] = {word: kind for kind in Kind for word in (kind.value, f"{kind.value}s", *SYNONYMS.get(kind.value, ()))}
PLACES: dict[str, str] = {
    word: name for name, others in SYNONYMS.items() if name not in KINDS for word in (name, *others)
}  # fmt: skip
VERBS: dict[tuple[str, ...], str] = {
    tuple(phrase.split()): row.verb for row in COMMANDS for phrase in (row.verb, *row.synonyms)
}  # fmt: skip
MARKERS = frozenset(word for row in COMMANDS for slot in row.slots for word in slot.after) | {"because"}
NEGATIONS = frozenset({
    "not", "no", "never", "nor", "neither", "nobody", "nothing", "without", "except", "unless", "stop", "do", "don't", "dont",
    "cannot", "can't", "cant", "won't", "wont", "isn't", "shouldn't",
})  # fmt: skip
RESERVED = (
    frozenset(KINDS) | frozenset(PLACES) | MARKERS | NEGATIONS | FILLERS | {word for phrase in VERBS for word in phrase}
    | {"promotion", "environment", "env", "head", "fetch_head", "orig_head", "merge_head", "refs"}
)  # fmt: skip
"""Words that are no names unless they stand in double quotes, or are registered and stand where a name is expected."""

_WORD = re.compile(r'"(?P<quoted>[^"\s]+)"[.,;:!?]*(?=\s|$)|\S+')
_TAIL = ".,;:!?\"')`*_"
_NUMBERED = re.compile(r"v?\d[\w.-]*|p-?\d+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Word:
    """One word: `text` in small letters for comparing, `raw` as typed, both without punctuation; `quoted` ones are names and nothing else."""

    text: str
    raw: str
    quoted: bool = False
    asks: bool = False


def split(words: str) -> tuple[Word, ...]:
    """The words of a normalised sentence. A lone dash is no word."""
    return tuple(word for found in _WORD.finditer(words) if (word := _word(found)).raw)


def is_plain_name(text: str) -> bool:
    """Whether a name can stand in a sentence without quotation marks: it is no word of the language, no number and no id."""
    return text not in RESERVED and text.partition("/")[0] not in RESERVED and not _NUMBERED.fullmatch(text)


def _word(found: re.Match[str]) -> Word:
    asks = "?" in found[0][len(found[0].rstrip(_TAIL)) :]
    if found["quoted"]:
        return Word(found["quoted"].lower(), found["quoted"], quoted=True, asks=asks)
    raw = found[0].lstrip("\"'`*_(").rstrip(_TAIL)
    raw = "" if raw in ("-", "--") else raw
    return Word(raw.lower(), raw, asks=asks)
