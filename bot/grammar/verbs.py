"""Which command a row of words begins (or holds), exactly or nearly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.grammar.words import VERBS, Word
from workers.contract.commands import COMMANDS, FILLERS, Command

ROWS: dict[str, Command] = {row.verb: row for row in COMMANDS}
NEAR = 0.75

_LONGEST = max(len(phrase) for phrase in VERBS)


@dataclass(frozen=True)
class Found:
    """A command and the words that are left for its slots. `guessed`: its verb was misspelt."""

    row: Command
    rest: tuple[Word, ...]
    guessed: bool = False


def phrase_at(words: Sequence[Word]) -> tuple[str, ...] | None:
    """The longest verb that these words begin with."""
    for length in range(min(_LONGEST, len(words)), 0, -1):
        phrase = tuple(word.text for word in words[:length])
        if phrase in VERBS and not any(word.quoted for word in words[:length]):
            return phrase
    return None


def find(words: tuple[Word, ...]) -> Found | None:
    """The command whose verb stands first, or the only one whose verb stands anywhere."""
    words = without_lead(words)
    places = [0] if phrase_at(words) else [at for at in range(len(words)) if phrase_at(words[at:])]
    if len(places) != 1:
        return None
    phrase = phrase_at(words[places[0] :]) or ()
    row = ROWS[VERBS[phrase]]
    before, after = words[: places[0]], words[places[0] + len(phrase) :]
    if before and before[0].text == "show" and ("show", *phrase) in VERBS:
        before = before[1:]
    return Found(row, before + _given_back(row, phrase) + after)


def find_near(words: tuple[Word, ...]) -> Found | None:
    """The command whose verb is nearly what stands first. Opposites such as `hold` and `unhold` are not near."""
    words = without_lead(words)
    scores = [(_likeness(phrase, words[: len(phrase)]), phrase) for phrase in VERBS if len(phrase) <= len(words)]
    score, phrase = max(scores, default=(0.0, ()))
    if score < NEAR:
        return None
    row = ROWS[VERBS[phrase]]
    return Found(row, _given_back(row, phrase) + words[len(phrase) :], guessed=True)


def without_lead(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words without what people put first: the one spoken to, `please`."""
    if words and words[0].raw.startswith("@"):
        words = words[1:]
    while words and words[0].text in FILLERS and not words[0].quoted:
        words = words[1:]
    return words


def _given_back(row: Command, phrase: tuple[str, ...]) -> tuple[Word, ...]:
    """The preposition that a verb such as `revert to` ends with: it says what the next word is."""
    return tuple(Word(word, word) for word in phrase[1:][-1:] if any(word in slot.after for slot in row.slots))


def _likeness(phrase: tuple[str, ...], words: tuple[Word, ...]) -> float:
    typed = " ".join(word.text for word in words)[:80]
    if not typed or typed[0] != phrase[0][0] or len(typed) < 4:
        return 0.0
    return min(SequenceMatcher(None, part, word.text[:80], autojunk=False).ratio() for part, word in zip(phrase, words, strict=True))
