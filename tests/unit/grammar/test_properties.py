"""Writing is the inverse of reading, and noise is never a write."""

from __future__ import annotations

import dataclasses
import string
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.grammar import NotUnderstood, Sentence, Vocabulary, normalise, read, read_reply, redact, write
from bot.grammar.characters import faults
from bot.grammar.words import VERBS
from bot.grammar.writing import phrase
from workers.contract import requests as ask
from workers.contract.commands import BY_REQUEST, COMMANDS, SYNONYMS, Token
from workers.contract.envelope import stamp
from workers.contract.names import (
    ArtifactName,
    DebtId,
    Duration,
    EnvironmentName,
    GateName,
    Instant,
    OutputRef,
    PromotionId,
    RefName,
    Version,
    VersionAsk,
)
from workers.contract.promotion import Kind

from .known import KNOWN, NOTHING
from .phrasings import PHRASINGS

WORDS = (
    "to",
    "in",
    "the",
    "because",
    "model",
    "data",
    "live",
    "prod",
    "v3",
    "v3-a",
    "p-3",
    "plan",
    "please",
    "promote",
    "status",
    "not",
    "head",
    "env",
    "1",
    "a/b",
)
PART = st.from_regex(r"\A[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?\Z")
NAMES = (st.lists(PART, min_size=1, max_size=3).map("/".join) | st.sampled_from(WORDS)).map(ArtifactName)
PLACES = (
    st.from_regex(r"\A[a-z](?:[a-z0-9-]{0,8}[a-z0-9])?\Z")
    | st.sampled_from([word for word in WORDS if word[0].isalpha() and "/" not in word])
).map(EnvironmentName)
NUMBER = st.integers(0, 999_999_999)
FULL = st.builds("v{}.{}.{}{}".format, NUMBER, NUMBER, NUMBER, st.sampled_from(["", "-rc.1", "-RC", "-0.x-y"])).map(Version)
ASKED = st.builds("v{}{}".format, NUMBER, st.sampled_from(["", ".1", ".0.7"])).map(VersionAsk) | FULL.map(lambda one: VersionAsk(str(one)))
REFS = st.from_regex(RefName.pattern, fullmatch=True).filter(lambda one: not any(part in one.lower() for part in ("head", "refs")))
IMAGES = st.builds(
    "{}/{}@sha256:{}".format,
    st.sampled_from(["registry.example", "localhost:5000", "image.example:1"]),
    st.from_regex(r"\A[a-z0-9]{1,8}(?:(?:\.|_|__|--)[a-z0-9]{1,4})?\Z"),
    st.text("0123456789abcdef", min_size=64, max_size=64),
).map(OutputRef)
HEX = st.text("0123456789abcdef", min_size=7, max_size=64)


def is_keepable(text: str) -> bool:
    """Whether a reason is one that reading keeps as it is: no secret, nothing hidden, no newline, no blanks around."""
    if not text or text != text.strip() or text != redact(text) or faults("", text):
        return False
    return normalise(write(ask.Approve(because=text))) in (f"approve because {text}", f'approve because "{text}"')


ODD = ("&lt;", "<@U1>", '"x"', "“a”", "because", ": x", '""', '"', "&amp;amp;", "<http://a|b>")
REASONS = (st.text(max_size=80) | st.text("\"“”‘’'«» a&<>;|", max_size=12) | st.sampled_from(ODD)).filter(is_keepable)
BY_TOKEN: dict[Token, st.SearchStrategy[object]] = {
    Token.KIND: st.sampled_from(Kind), Token.NAME: NAMES, Token.VERSION: ASKED, Token.ENVIRONMENT: PLACES,
    Token.PROMOTION: st.integers(1, 999_999_999).map(lambda n: PromotionId(f"P-{n}")), Token.REF: REFS.map(RefName), Token.PLAN: HEX, Token.COMMIT: HEX,
    Token.OUTPUT: IMAGES, Token.ITEM: st.builds(ask.Item, NAMES, ASKED), Token.DEBT: st.integers(1, 999_999_999).map(lambda n: DebtId(f"D-{n}")),
    Token.GATE: st.sampled_from(["soak", "approval", "model-card", "metrics", "freeze", "lock", "my_gate"]).map(GateName),
    Token.TIME: st.integers(1_600_000_000, 4_000_000_000).map(lambda one: Instant(stamp(datetime.fromtimestamp(one, UTC)))),
    Token.DURATION: st.builds("{}{}".format, st.integers(1, 99_999), st.sampled_from("smhd")).map(Duration),
    Token.VERB: st.sampled_from([row.verb for row in COMMANDS]), Token.TEXT: REASONS,
}  # fmt: skip
WRITES = [kind for kind in ask.PEOPLE if not BY_REQUEST[kind].is_question]


def nested() -> st.SearchStrategy[ask.Nested]:
    """Any write, as a question about it holds it."""
    return st.sampled_from(WRITES).flatmap(requests_of).map(lambda one: ask.Nested.of(one, phrase(one)))


BY_TOKEN[Token.COMMAND] = st.deferred(nested)


def requests_of(kind: type[ask.Request]) -> st.SearchStrategy[ask.Request]:
    """Any request of a type: every field of the table, present or not."""
    row = BY_REQUEST[kind]
    fields = {slot.field: FULL if (kind, slot.token) == (ask.Register, Token.VERSION) else BY_TOKEN[slot.token] for slot in row.slots}
    needed = {slot.field for slot in row.slots if slot.needed}
    if kind is ask.WhyNot:
        return st.builds(ask.WhyNot, fields["promotion"]) | st.builds(ask.WhyNot, wanted=fields["wanted"])
    given = {name: strategy if name in needed else st.none() | strategy for name, strategy in fields.items()}
    many = {slot.field: st.lists(BY_TOKEN[slot.token], max_size=10, unique=True).map(tuple) for slot in row.slots if slot.many}
    return st.builds(kind, **(given | many)).map(_in_full)  # type: ignore[arg-type]  # a request


def _in_full(request: ask.Request) -> ask.Request:
    """What moves with others has a name and a version; without them nothing moves with it."""
    if isinstance(request, ask.Promote) and not (request.artifact and request.version):
        return dataclasses.replace(request, also=())
    return request


def names_of(request: ask.Request) -> tuple[list[str], list[str]]:
    if isinstance(inner := getattr(request, "wanted", None), ask.Nested):
        return names_of(inner.request)
    values = [getattr(request, field.name) for field in dataclasses.fields(request)]
    values += [item.artifact for item in getattr(request, "also", ())]
    return [str(one) for one in values if isinstance(one, ArtifactName)], [str(one) for one in values if isinstance(one, EnvironmentName)]


@pytest.mark.parametrize("kind", ask.PEOPLE, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_reading_what_was_written_gives_the_same_request(kind: type[ask.Request], data: st.DataObject) -> None:
    request = data.draw(requests_of(kind))
    sentence = read(write(request), NOTHING)
    assert isinstance(sentence, Sentence), (write(request), sentence)
    assert sentence.request == request
    assert sentence.guessed is None


@pytest.mark.parametrize("kind", ask.PEOPLE, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_it_does_so_too_when_the_names_are_known(kind: type[ask.Request], data: st.DataObject) -> None:
    request = data.draw(requests_of(kind))
    artifacts, places = names_of(request)
    inner = getattr(request, "wanted", None)
    said = getattr(inner.request if inner else request, "kind", None)
    known = Vocabulary(dict.fromkeys([*artifacts, "digits"], said or Kind.MODEL), (*places, "prod-zz"))
    sentence = read(write(request), known)
    assert isinstance(sentence, Sentence), (write(request), sentence)
    assert sentence.request == request


@pytest.mark.parametrize("vocabulary", [KNOWN, NOTHING], ids=["known", "nothing"])
def test_what_was_understood_once_is_understood_again(vocabulary: Vocabulary) -> None:
    for request in PHRASINGS:
        sentence = read(write(request), KNOWN)
        assert isinstance(sentence, Sentence), write(request)
        assert sentence.request == request


NOISY = (*WORDS, *string.punctuation, "P-3", "biopsy", "because", "?", '"', "don't", "from")
NOISE = st.text(max_size=120) | st.lists(st.sampled_from(NOISY), max_size=9).map(" ".join)


@given(NOISE)
@settings(max_examples=150, deadline=None)
def test_reading_never_raises_and_noise_is_never_a_write(text: str) -> None:
    for vocabulary in (KNOWN, NOTHING):
        found = read(text, vocabulary)
        read_reply(text, vocabulary)
        if isinstance(found, NotUnderstood):
            assert found.reasons
            assert all(isinstance(reason, str) and len(reason) < 600 for reason in found.reasons)
        elif found.command.request not in ask.READS:
            said = [phrase for phrase, verb in VERBS.items() if verb == found.command.verb]
            assert any(" ".join(phrase) in " ".join(normalise(text).lower().replace('"', "").replace("'", "").split()) for phrase in said)


@given(
    st.lists(
        st.sampled_from(["xyzzy", "lorem", "ipsum", "yes", "ok", "maybe", "we", "should", "later", "it", "works", "42", "great", "👍"]),
        max_size=12,
    ).map(" ".join)
)
@settings(max_examples=50, deadline=None)
def test_talk_is_never_understood(text: str) -> None:
    assert isinstance(read(text, KNOWN), NotUnderstood)
    assert read_reply(text, KNOWN) is None


@given(
    st.sampled_from([write(request) for request in PHRASINGS]),
    st.sampled_from(["not", "never", "don't", "maybe", "but", "unless", "xyzzy", "and"]),
    st.integers(0, 12),
)
@settings(max_examples=80, deadline=None)
def test_one_foreign_word_anywhere_stops_a_write(sentence: str, word: str, at: int) -> None:
    words = sentence.split(" because ", maxsplit=1)[0].split(" ")
    text = " ".join([*words[:at], word, *words[at:]])
    found = read(text, KNOWN)
    assume(not (isinstance(found, Sentence) and found.command.request in ask.READS))
    assert isinstance(found, NotUnderstood) or (found.command.request is ask.Register and word == "xyzzy")


@given(st.text(max_size=300))
@settings(max_examples=80, deadline=None)
def test_suggestions_are_always_sentences(text: str) -> None:
    found = read(f"promot {text}", KNOWN)
    assert isinstance(found, NotUnderstood)
    for offered in found.suggestions:
        assert isinstance(read(offered.replace("&", "&amp;").replace("<", "&lt;"), KNOWN), Sentence)


def test_synonyms_of_environments_and_kinds_are_all_known() -> None:
    for word, others in SYNONYMS.items():
        for other in others:
            text = f"show status in {other}" if word in ("prod", "staging") else f"promote {other} biopsy v3 to prod"
            assert isinstance(read(text, NOTHING), Sentence), other
