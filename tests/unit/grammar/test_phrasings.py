from __future__ import annotations

import pytest

from bot.grammar import NotUnderstood, Sentence, Vocabulary, normalise, read
from workers.contract import requests as ask
from workers.contract.commands import BY_REQUEST, COMMANDS, Command
from workers.contract.promotion import Kind

from .known import KNOWN, NOTHING
from .phrasings import NEAR_WRITES, PHRASINGS, REFUSED_WRITES, TYPOS_IN_READS

CASES = [(text, request) for request, texts in PHRASINGS.items() for text in dict.fromkeys(texts)]


def test_the_table_is_large_and_knows_every_command() -> None:
    assert len(CASES) > 200
    assert {type(request) for _, request in CASES} == set(ask.PEOPLE)


@pytest.mark.parametrize(("text", "request_"), CASES, ids=[repr(text) for text, _ in CASES])
def test_what_people_type_is_understood(text: str, request_: ask.Request) -> None:
    sentence = read(text, KNOWN)
    assert isinstance(sentence, Sentence), sentence
    assert sentence.request == request_
    assert sentence.command is BY_REQUEST[type(request_)]
    assert sentence.guessed is None
    assert sentence.text == normalise(text)
    assert "\n" not in sentence.text


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.verb)
def test_every_example_of_the_command_table_is_understood_even_without_knowing_any_name(row: Command) -> None:
    sentence = read(row.example, NOTHING)
    assert isinstance(sentence, Sentence), sentence
    assert sentence.command is row


@pytest.mark.parametrize(("text", "request_"), TYPOS_IN_READS.items())
def test_a_misspelt_read_is_read_and_says_how(text: str, request_: ask.Request) -> None:
    sentence = read(text, KNOWN)
    assert isinstance(sentence, Sentence), sentence
    assert sentence.request == request_
    assert sentence.guessed is not None
    assert read(sentence.guessed, KNOWN) == Sentence(sentence.command, request_, sentence.guessed)


@pytest.mark.parametrize(("text", "meant"), NEAR_WRITES.items())
def test_a_write_is_never_guessed_but_offered(text: str, meant: str) -> None:
    found = read(text, KNOWN)
    assert isinstance(found, NotUnderstood), found
    assert meant in found.suggestions
    assert found.reasons
    assert all(isinstance(read(offered, KNOWN), Sentence) for offered in found.suggestions)


@pytest.mark.parametrize(("text", "word"), REFUSED_WRITES.items(), ids=[repr(text) for text in REFUSED_WRITES])
def test_what_must_not_be_done_is_refused_with_the_word_and_nothing_is_offered(text: str, word: str) -> None:
    found = read(text, KNOWN)
    assert isinstance(found, NotUnderstood), found
    assert any(word in reason for reason in found.reasons), found.reasons
    assert set(found.suggestions) <= {"help"}


def test_an_environment_that_bears_a_synonyms_name_wins() -> None:
    for places, meant in ((("prod", "live"), "live"), (("prod",), "prod"), (("production",), "production"), (("live", "staging"), "live")):
        sentence = read("rollback biopsy in live", Vocabulary(KNOWN.artifacts, places))
        assert isinstance(sentence, Sentence)
        assert isinstance(sentence.request, ask.Rollback)
        assert sentence.request.environment == meant


def test_a_synonym_that_could_mean_two_environments_means_neither() -> None:
    found = read("rollback biopsy in prod", Vocabulary(KNOWN.artifacts, ("production", "live")))
    assert isinstance(found, NotUnderstood)


def test_registered_names_win_over_fillers_and_kinds_where_a_name_is_expected() -> None:
    odd = Vocabulary({"the": Kind.MODEL, "app": Kind.SERVICE, "biopsy": Kind.MODEL}, ("prod",))
    for text, name in (("promote the v3 to prod", "the"), ("promote app v3 to prod", "app"), ("promote the biopsy v3 to prod", "biopsy")):
        sentence = read(text, odd)
        assert isinstance(sentence, Sentence), text
        assert isinstance(sentence.request, ask.Promote)
        assert sentence.request.artifact == name


def test_without_any_known_name_names_are_recognised_by_their_shape() -> None:
    sentence = read("promote team/new-model v3 to edge-7", NOTHING)
    assert isinstance(sentence, Sentence)
    assert isinstance(sentence.request, ask.Promote)
    assert (sentence.request.artifact, sentence.request.environment) == ("team/new-model", "edge-7")
