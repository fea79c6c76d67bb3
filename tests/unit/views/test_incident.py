from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.grammar import Moment, Sentence, Vocabulary, read
from bot.views import answer, broadcast, card, thread
from bot.views.text import escaped
from workers.contract import requests as ask
from workers.contract.drift import ColumnDrift, Incident, IncidentState, Level, Snooze
from workers.contract.envelope import read_stamp
from workers.contract.names import Instant, RetrainingId

from .checks import check_post, elements, whole
from .incidents import FELL, incident, moved, report, told
from .samples import ANA, LEA, NAMES, TIME, NoPages, Pages

WORDS = {
    IncidentState.DRIFT: "Drift alert",
    IncidentState.BROKEN: "Broken input",
    IncidentState.FALLING: "Falling metric",
    IncidentState.OVER: "Over",
}
SNOOZE = Snooze(LEA, TIME, Instant.read(TIME), "the scanner is calibrated")


def buttons(one: Incident) -> list[dict[str, Any]]:
    return list(elements(card(moved(one), Pages(), NAMES).blocks))


def sentences(one: Incident) -> list[ask.Request]:
    """What the buttons say, as the grammar reads it."""
    found = [read(button["value"], Vocabulary({"biopsy": "model"}, ("prod",), Moment(read_stamp(TIME)))) for button in buttons(one)]  # type: ignore[dict-item]
    assert all(isinstance(one, Sentence) and not one.guessed for one in found), found
    return [one.request for one in found if isinstance(one, Sentence)]


@pytest.mark.parametrize("state", IncidentState)
def test_the_state_is_a_word_and_comes_first(state: IncidentState) -> None:
    post = card(moved(incident(state, ended_at=TIME if state is IncidentState.OVER else None)), Pages(), NAMES)
    check_post(post)
    assert WORDS[state] in post.blocks[1]["text"]["text"].splitlines()[0]
    assert WORDS[state] in post.text
    assert post.text.startswith("I-7: ")


def test_what_moved_is_told_in_words() -> None:
    text = whole(card(moved(incident()), Pages(), NAMES))
    assert "2 windows in a row" in text
    assert "2 of 30 columns" in text
    assert "mean radius: alert, PSI 0.41, 12 in a hundred more are missing, 7 values were never seen before" in text
    assert "3 in a hundred fewer are missing" in text
    assert "smoothness" not in text
    assert "auc 0.88 (on 320 rows with labels), 0.95 at registration" in text
    assert "320 rows since" in text


def test_buttons_are_sentences_in_the_order_of_what_it_offers() -> None:
    drift = sentences(incident())
    assert [type(one) for one in drift] == [ask.Retrain, ask.Rollback, ask.ShowDrift, ask.SnoozeDrift]
    assert all((one.artifact, getattr(one, "environment", "prod")) == ("biopsy", "prod") for one in drift)  # type: ignore[union-attr]
    assert [getattr(one, "because", None) for one in drift[:2]] == ["drift in prod (I-7)", "drift (I-7)"]
    fell = incident(IncidentState.FALLING, fallen=FELL, offers=("rollback", "retrain"))
    assert [type(one) for one in sentences(fell)][:2] == [ask.Rollback, ask.Retrain]
    assert (buttons(fell)[0]["style"], sentences(fell)[0].because) == ("primary", "auc fell (I-7)")  # type: ignore[union-attr]
    assert [type(one) for one in sentences(incident(IncidentState.BROKEN, offers=()))] == [ask.ShowDrift, ask.SnoozeDrift]
    assert [type(one) for one in sentences(incident(IncidentState.OVER, offers=()))] == [ask.ShowDrift]
    assert [type(one) for one in sentences(incident(snooze=SNOOZE, offers=()))] == [ask.ShowDrift, ask.UnsnoozeDrift]


def test_a_fall_says_from_what_to_what() -> None:
    text = whole(card(moved(incident(IncidentState.FALLING, fallen=FELL)), Pages(), NAMES))
    assert "*auc* is 0.88 on 320 rows since P-100; it was 0.95 with v2.0.0" in text


def test_a_snooze_is_on_the_card_with_who_and_until_when() -> None:
    text = whole(card(moved(incident(snooze=SNOOZE)), Pages(), NAMES))
    assert "Snoozed until <!date^" in text
    assert "by Léa (the scanner is calibrated)" in text
    assert "<@" not in text


def test_a_retraining_is_named() -> None:
    assert "T-9 retrains it" in whole(card(moved(incident(retraining=RetrainingId("T-9"))), Pages(), NAMES))


@pytest.mark.parametrize(
    ("event", "calls"),
    [("drift_alert", True), ("drift_still", True), ("drift_changed", False), ("drift_snoozed", False), ("drift_over", False)],
)
def test_owners_are_called_when_it_is_opened_and_when_a_snooze_ends_on_it(event: str, calls: bool) -> None:
    happened = told(event)
    post = thread(moved(incident(events=(happened,))), happened, Pages(), NAMES)
    assert post is not None
    check_post(post)
    assert (f"<@{ANA.user}>" in post.text) is calls
    assert "record 7" in whole(post)
    assert not broadcast(happened)


def test_who_did_it_is_named_and_not_called() -> None:
    happened = told("drift_snoozed", text="Snoozed.", by_person=True, because="the scanner")
    post = thread(moved(incident(events=(happened,))), happened, NoPages(), NAMES)
    assert post is not None
    assert "*Snoozed* by Léa" in whole(post)
    assert "*Reason:* the scanner" in whole(post)
    assert "<@" not in whole(post)


def test_the_place_of_the_card_and_the_unknown() -> None:
    assert thread(moved(incident()), told("card_posted"), Pages(), NAMES) is None
    post = thread(moved(incident()), told("seen_by_a_bird"), Pages(), NAMES)
    assert post is not None
    assert "Seen by a bird" in whole(post)


def test_without_owners_nobody_is_called() -> None:
    post = thread(moved(incident(owners=())), told("drift_alert"), Pages(), NAMES)
    assert post is not None
    assert "<@" not in post.text


def test_it_can_be_an_answer() -> None:
    assert "Drift alert" in answer(moved(incident()), Pages(), NAMES).text


def test_what_others_wrote_stays_inert() -> None:
    evil = "<!channel> *bold* `x` <https://evil.example|click> U0ANA111"
    column = ColumnDrift(evil, "number", Level.ALERT, psi=evil, missing_change=evil, notes=(evil,))
    bad = report(text=evil, columns=(column,) * 20, prediction=column, problems=(evil,) * 10)
    one = incident(report=bad, snooze=replace(SNOOZE, because=evil), events=(told("drift_alert", text=evil, because=evil),))
    for post in (card(moved(one), Pages(), NAMES), thread(moved(one), one.events[0], Pages(), NAMES)):
        assert post is not None
        check_post(post)
        assert "<!channel>" not in whole(post)
        assert escaped("<!channel>") in whole(post)


def test_a_long_one_fits() -> None:
    column = ColumnDrift("x" * 200, "number", Level.ALERT, psi="0.41", notes=("n" * 500,) * 5)
    bad = report(columns=(column,) * 5, text="t" * 500, problems=("p" * 500,) * 10)
    check_post(card(moved(incident(report=bad)), Pages(), NAMES))
