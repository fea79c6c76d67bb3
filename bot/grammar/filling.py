"""The one algorithm that puts words into the slots of any command: by what they are and by what stands before them, not by place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.grammar import times, tokens
from bot.grammar.sentences import Vocabulary
from bot.grammar.verbs import phrase_at
from bot.grammar.words import KINDS, VERBS, Word
from workers.contract.commands import FILLERS, Command, Slot, Token
from workers.contract.requests import MOST_OUTPUTS, Item

NOUNS: dict[Token, tuple[str, ...]] = {Token.PROMOTION: ("promotion",), Token.ENVIRONMENT: ("environment", "env")}
"""Words that may stand beside a value to say what it is."""

LABELS: dict[Token, str] = {
    Token.KIND: "kind", Token.NAME: "artifact", Token.VERSION: "version", Token.ENVIRONMENT: "environment", Token.PROMOTION: "promotion",
    Token.ITEM: "item",
    Token.REF: "commit", Token.OUTPUT: "image", Token.PLAN: "plan", Token.COMMIT: "commit", Token.VERB: "command", Token.TEXT: "reason",
    Token.COMMAND: "command",
    Token.TIME: "time", Token.DURATION: "duration", Token.GATE: "gate", Token.DEBT: "debt",
}  # fmt: skip

_ORDER = (Token.OUTPUT, Token.PROMOTION, Token.DEBT, Token.VERSION, Token.NAME, Token.KIND, Token.ENVIRONMENT, Token.COMMIT)


@dataclass(frozen=True)
class Stranger:
    """A word that fits no slot: where it stands among the words, the slots that the preposition before it opened, and why, if that is known."""

    at: int
    word: Word
    slots: tuple[Slot, ...] = ()
    why: str | None = None


@dataclass
class Filling:
    """The slots' values by field, the words that fit nowhere, and what the sentence says twice."""

    row: Command
    vocabulary: Vocabulary
    values: dict[str, object] = field(default_factory=dict)
    strangers: list[Stranger] = field(default_factory=list)
    clashes: list[str] = field(default_factory=list)

    @property
    def missing(self) -> tuple[Slot, ...]:
        """The slots that the command needs and the sentence does not fill."""
        return tuple(slot for slot in self.row.slots if slot.needed and slot.field not in self.values)

    @property
    def is_whole(self) -> bool:
        """Whether every word has its place and every needed slot its value."""
        return not (self.strangers or self.clashes or self.missing)

    def value(self, slot: Slot, word: Word) -> object | None:
        """What the word would be in this slot."""
        return tokens.value(tokens.Place(self.row, slot, self.vocabulary), word)

    def put(self, slot: Slot, value: object) -> None:
        """Fill a slot; a second value for it is a clash, even when it is the same one, unless the slot takes many and the value is another."""
        if slot.many:
            self._add(slot, value)
            return
        if slot.field in self.values:
            self.clashes.append(f"It names the {LABELS[slot.token]} twice.")
        self.values.setdefault(slot.field, value)

    def _add(self, slot: Slot, value: object) -> None:
        have = self.values.get(slot.field, ())
        assert isinstance(have, tuple), "the field of a slot that takes many is a tuple"
        if value in have:
            self.clashes.append(f"It names the same {LABELS[slot.token]} twice.")
        elif len(have) == MOST_OUTPUTS:
            most = "a bundle has" if slot.token is Token.ITEM else "that is"
            self.clashes.append(f"It names more than {MOST_OUTPUTS} {LABELS[slot.token]}s; {most} the most.")
        else:
            self.values[slot.field] = (*have, value)


def fill(row: Command, words: tuple[Word, ...], because: str | None, vocabulary: Vocabulary) -> Filling:
    """The slots of the command filled from the words that are left when its verb is taken away."""
    filling = Filling(row, vocabulary)
    bare = _fill_marked(filling, words)
    weak = [at for at in bare if _is_weak(words[at], filling)]
    for at in [*(at for at in bare if at not in weak), *weak]:
        _fill_bare(filling, words, at)
    filling.strangers.sort(key=lambda stranger: stranger.at)
    _fill_reason(filling, because)
    _check_kind(filling)
    _check_bundle(filling)
    return filling


def _fill_marked(filling: Filling, words: tuple[Word, ...]) -> list[int]:
    """Fill what a preposition (or a verb's name, which may have several words) introduces; the places of the other words are given back."""
    bare: list[int] = []
    at = 0
    while at < len(words):
        verb = _verb(filling, words[at:]) or _item(filling, words[at:])
        slots = tuple(slot for slot in filling.row.slots if words[at].text in slot.after) if not words[at].quoted else ()
        if verb:
            at += verb
        elif slots:
            at = _fill_after(filling, words, at, slots)
        else:
            bare.append(at)
            at += 1
    return bare


def _verb(filling: Filling, words: tuple[Word, ...]) -> int:
    slot = next((slot for slot in filling.row.slots if slot.token is Token.VERB), None)
    phrase = phrase_at(words) if slot else None
    if slot is None or phrase is None:
        return 0
    filling.put(slot, VERBS[phrase])
    return len(phrase)


def _item(filling: Filling, words: tuple[Word, ...]) -> int:
    """One more item: `and checkout v41`, `and v41 of the service checkout`; how many words it takes, none when it is no item."""
    slot = next((slot for slot in filling.row.slots if slot.token is Token.ITEM and words[0].text in slot.after), None)
    if slot is None or words[0].quoted:
        return 0
    one = Filling(replace(filling.row, slots=_OF_ITEM), filling.vocabulary)
    for at in range(1, min(len(words), MOST_WORDS)):
        _fill_bare(one, words, at)
        if one.strangers or one.clashes:
            return 0
        if not one.missing:
            _check_kind(one)
            filling.clashes += one.clashes
            filling.put(slot, Item(**one.values))  # type: ignore[arg-type]  # each slot gives what its field holds
            return at + 1
    return 0


_OF_ITEM = (Slot("kind", Token.KIND), Slot("artifact", Token.NAME, needed=True), Slot("version", Token.VERSION, needed=True))


MOST_WORDS = 8
"""`and v41 of the service checkout` and a few fillers."""


def _fill_after(filling: Filling, words: tuple[Word, ...], at: int, slots: tuple[Slot, ...]) -> int:
    """Fill the slot that the preposition at `at` opens; the place where reading goes on is given back."""
    following = at + 1
    while following < len(words) - 1 and _drops(filling, words[following]):
        following += 1
    if following >= len(words):
        filling.strangers.append(Stranger(at, words[at]))
        return following
    for slot in slots:
        if slot.token is Token.GATE:
            return _fill_list(filling, slot, words, following)
        if slot.token in (Token.TIME, Token.DURATION) and (length := times.span(words[following:])):
            _fill_time(filling, slot, words, range(following, following + length))
            return following + length
        if (value := filling.value(slot, words[following])) is not None:
            filling.put(slot, value)
            return following + 1
    filling.strangers.append(Stranger(following, words[following], slots))
    return following + 1


def _fill_list(filling: Filling, slot: Slot, words: tuple[Word, ...], at: int) -> int:
    """Fill a slot from every word up to the next preposition: `soak, approval and metrics`."""
    markers = {marker for other in filling.row.slots for marker in other.after}
    while at < len(words) and words[at].text not in markers:
        if (value := filling.value(slot, words[at])) is not None:
            filling.put(slot, value)
        elif words[at].text != "and":
            filling.strangers.append(Stranger(at, words[at], (slot,)))
        at += 1
    return at


def _fill_time(filling: Filling, slot: Slot, words: tuple[Word, ...], places: range) -> None:
    """Fill a slot from all the words that say a time (or how long)."""
    said = tuple(words[at] for at in places)
    try:
        if slot.token is Token.DURATION:
            filling.put(slot, times.read_duration(said))
        else:
            filling.put(slot, times.read(said, filling.vocabulary.moment, words[places.start - 1].text))
    except times.NoTime as exc:
        filling.strangers.append(Stranger(places.start, said[0], (slot,), str(exc)))


def _fill_bare(filling: Filling, words: tuple[Word, ...], at: int) -> None:
    word = words[at]
    if filling.clashes:
        return
    fits = [(slot, value) for slot in _open_to_bare(filling) if (value := filling.value(slot, word)) is not None]
    free = [(slot, value) for slot, value in fits if slot.many or slot.field not in filling.values]
    if _drops(filling, word) and not (free and _is_weak(word, filling)):
        return
    if fits:
        filling.put(*(free or fits)[0])
    else:
        filling.strangers.append(Stranger(at, word))


def _open_to_bare(filling: Filling) -> list[Slot]:
    """The slots that a word without a preposition may fill. Of two of a sort only the needed one; a version that is marked must stay so."""
    slots = [slot for slot in filling.row.slots if slot.token in _ORDER and not (slot.token is Token.VERSION and slot.after)]
    kinds = [slot.token for slot in slots]
    return sorted((slot for slot in slots if slot.needed or kinds.count(slot.token) == 1), key=lambda slot: _ORDER.index(slot.token))


def _drops(filling: Filling, word: Word) -> bool:
    nouns = {noun for slot in filling.row.slots for noun in NOUNS.get(slot.token, ())}
    return not word.quoted and (word.text in FILLERS or word.text in nouns)


def _is_weak(word: Word, filling: Filling) -> bool:
    """Whether a filler or a kind is also a registered name: it is one only if no other word is."""
    return not word.quoted and (word.text in KINDS or _drops(filling, word)) and tokens.is_registered(word, filling.vocabulary)


def _fill_reason(filling: Filling, because: str | None) -> None:
    if because is None:
        return
    slot = next((slot for slot in filling.row.slots if slot.token is Token.TEXT), None)
    if slot is None:
        filling.clashes.append("This command takes no reason.")
    elif not because:
        filling.clashes.append("After “because” there is nothing.")
    else:
        filling.put(slot, because)


def _check_bundle(filling: Filling) -> None:
    """What moves with others is named in full: of several, nothing is guessed."""
    is_bundle = any(slot.token is Token.ITEM and slot.field in filling.values for slot in filling.row.slots)
    if is_bundle and not {"artifact", "version"} <= filling.values.keys():
        filling.clashes.append("Of what moves together each needs its name and its version.")


def _check_kind(filling: Filling) -> None:
    said, name = filling.values.get("kind"), str(filling.values.get("artifact", ""))
    known = filling.vocabulary.artifacts.get(name)
    if said is not None and known is not None and said != known:
        filling.clashes.append(f"“{name}” is a {known.value}, not a {getattr(said, 'value', said)}.")
