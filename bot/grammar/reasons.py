"""Why a text was not understood, in whole sentences for people."""

from __future__ import annotations

import re

from bot.grammar import times
from bot.grammar.characters import shorten
from bot.grammar.filling import LABELS, Filling, Stranger
from bot.grammar.tokens import attempt, wants
from bot.grammar.verbs import phrase_at
from bot.grammar.words import NEGATIONS, VERBS, Word
from workers.contract.commands import BY_REQUEST, Command, Slot, Token
from workers.contract.names import ArtifactName, Duration, OutputRef, RefName, Version, VersionAsk
from workers.contract.requests import READS

_MOST = 3
_FEW = 6
_NUMBER = re.compile(r"v?\d", re.ASCII)


def of_command(filling: Filling, words: tuple[Word, ...]) -> tuple[str, ...]:
    """Everything that is wrong with a sentence whose command is known, and the form of that command."""
    found = [
        *_denied(filling.row, words),
        *filling.clashes,
        *(_stranger(filling, one) for one in filling.strangers[:_FEW] if not _denies(one.word)),
    ]
    if not (filling.strangers or filling.clashes):
        found += [_missing(slot) for slot in filling.missing]
    found = list(dict.fromkeys(found))
    more = len(found) - _MOST + max(len(filling.strangers) - _FEW, 0)
    shown = found[:_MOST] + ([f"… ({more} more)"] if more > 0 else [])
    return (*shown, f"The form is “{filling.row.phrase}”. For example: “{filling.row.example}”.")


def _missing(slot: Slot) -> str:
    return "It gives no reason." if slot.token is Token.TEXT else f"It does not say which {LABELS[slot.token]}."


def of_verb(words: tuple[Word, ...]) -> tuple[str, ...]:
    """Why no command was found."""
    if not words:
        return ("There is no command in it. “help” shows what you may ask.",)
    first = words[0]
    if option := _option(first):
        return (option, "“help” shows what you may ask.")
    if further := [" ".join(phrase) for phrase in VERBS if phrase[0] == first.text and len(phrase) > 1]:
        return (f"“{shorten(first.text)}” goes on: " + ", ".join(f"“{phrase}”" for phrase in further) + ".",)
    verbs = dict.fromkeys(" ".join(phrase) for at in range(len(words)) if (phrase := phrase_at(words[at:])))
    if verbs:
        return (f"There are several commands in it: {', '.join(f'“{verb}”' for verb in verbs)}. One at a time.",)
    return (f"I know no command “{shorten(first.raw)}”. “help” shows what you may ask.",)


def is_denied(row: Command, words: tuple[Word, ...]) -> bool:
    """Whether a sentence denies what it says, or asks about a write instead of asking for it."""
    return bool(_denied(row, words))


def _denied(row: Command, words: tuple[Word, ...]) -> list[str]:
    if any(slot.token is Token.VERB for slot in row.slots):
        return []  # help may be asked of a command that has a denial in its name
    own = row.verb.split()  # `stop retraining` denies nothing
    denials = [word.raw for word in words if _denies(word) and word.text not in own]
    found = [f"“{denials[0]}” stands in it, and a sentence that denies is never acted on."] if denials else []
    if row.request not in READS and any(word.asks for word in words):
        found.append("It is a question, and a question changes nothing here. Say it without the question mark.")
    return found


def _denies(word: Word) -> bool:
    return word.text in NEGATIONS and not word.quoted


def _option(word: Word) -> str | None:
    return f"“{shorten(word.raw)}” looks like an option. There are none: say it in words." if word.raw.startswith("-") else None


def _stranger(filling: Filling, stranger: Stranger) -> str:
    word, slots = stranger.word, stranger.slots
    shown = f"“{shorten(word.raw)}”"
    if stranger.why:
        return stranger.why
    if option := _option(word):
        return option
    if bad := _bad_output(filling, stranger):
        return bad
    if slots:
        return f"{shown} is no {LABELS[slots[0].token]} here.{_known(filling, slots[0])}"
    if _NUMBER.match(word.text) and (bad := _bad_version(filling, word)):
        return bad
    opening = [slot for slot in filling.row.slots if word.text in slot.after]
    if opening:
        return f"After {shown} there is nothing."
    if marked := next((slot for slot in filling.row.slots if slot.after and filling.value(slot, word) is not None), None):
        return f"{shown} fits nowhere as it stands. If it is meant, say “{marked.after[0]} {shorten(word.raw)}”."
    return _unknown(filling, word)


def _unknown(filling: Filling, word: Word) -> str:
    shown = f"“{shorten(word.raw)}”"
    tokens = {slot.token: slot for slot in filling.row.slots}
    if Token.NAME in tokens and "artifact" not in filling.values:
        if attempt(ArtifactName, word.text) is None:
            return f"{shown} is not {ArtifactName.word}; one that works: {ArtifactName.example}."
        return f"I know no artifact {shown}.{_known(filling, tokens[Token.NAME])}"
    return f"I do not know what {shown} means here."


def _bad_version(filling: Filling, word: Word) -> str | None:
    """What is wrong with a word that looks like a version, if that is what is wrong with it."""
    slot = next((slot for slot in filling.row.slots if slot.token is Token.VERSION), None)
    if slot is None:
        return None
    if attempt(VersionAsk, word.text) is None:
        return f"“{shorten(word.raw)}” is not {VersionAsk.word}; one that works: {VersionAsk.example}."
    if Version in wants(filling.row.request, slot.field):
        return f"“{shorten(word.raw)}” is not a full version; one that works: {Version.example}."
    return None


def _bad_output(filling: Filling, stranger: Stranger) -> str | None:
    """What is wrong with a word that is meant as an image: it stands after `image`, or looks like an address with a tag or a digest."""
    word, tokens = stranger.word, {slot.token for slot in stranger.slots or filling.row.slots}
    meant = bool(stranger.slots) or "@sha256:" in word.raw or ("/" in word.raw and ":" in word.raw)
    if Token.OUTPUT not in tokens or not meant:
        return None
    return f"“{shorten(word.raw)}” is not {OutputRef.word}. {OutputRef.fault(word.raw)} One that works: {OutputRef.example}."


def _known(filling: Filling, slot: Slot) -> str:
    names = {Token.ENVIRONMENT: list(filling.vocabulary.environments), Token.NAME: sorted(filling.vocabulary.artifacts)}.get(slot.token, [])
    if names:
        more = f" … ({len(names) - 8} more)" if len(names) > 8 else ""
        return f" There are: {', '.join(names[:8])}{more}."
    if slot.token is Token.REF:
        return f" One that works: {RefName.example}."
    if slot.token is Token.TIME:
        return f" {times.EXAMPLES}"
    if slot.token is Token.DURATION:
        return f" One that works: {Duration.example}."
    return f" For example: “{BY_REQUEST[filling.row.request].example}”."
