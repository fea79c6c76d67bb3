from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.grammar import Sentence, Vocabulary, read
from bot.views import Post, card
from bot.views.words import STATES
from workers.contract import requests as ask
from workers.contract.names import Digest, PromotionId
from workers.contract.promotion import GateResult, Paused, Promotion, Quorum, Result, State, Step, Vote

from .checks import check_post, elements, whole
from .samples import ANA, LEA, MAX, NAMES, PLAN, UNIX, NoPages, Pages, bundled, event, moved, promotion, vote


def shown(one: Promotion) -> str:
    return whole(card(moved(one), Pages(), NAMES))


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("rollback", [False, True])
def test_every_state_has_a_card_that_says_its_word(state: State, rollback: bool) -> None:
    post = card(moved(promotion(state, rollback=rollback, reasons=("it waits",), votes=(vote(),))), Pages(), NAMES)
    check_post(post)
    sign, word = STATES[state]
    assert f"{sign} {word}" in post.blocks[1]["text"]["text"]
    assert word in post.text
    assert "P-142" in post.text


def test_words_and_signs_of_states_differ() -> None:
    assert len({word for _, word in STATES.values()}) == len(State)
    assert len({sign for sign, _ in STATES.values()}) == len(State)


def test_a_waiting_card_holds_all_that_is_needed_to_decide() -> None:
    text = shown(promotion(votes=(vote(),)))
    for part in (
        "biopsy v3.0.0", "biopsy v2.0.0", promotion().to.digest.short, "auc: 0.991 → 0.996 (+0.005)", "*Gates:* 1 of 2 pass",
        "✖ fail  ·  metrics: auc 0.89 is below 0.90", "✔ pass  ·  model-card", "not applicable  ·  soak", "2 targets: eu, us",
        "*A rollback would restore:* v2.0.0", "1 of 2: needs one of @ml-leads (not the requester or the author)",
        f"*Expires:* <!date^{UNIX}^", "it misses fewer cases", "the metrics hold", "record 7", "audit record",
    ):  # fmt: skip
        assert part in text, part


def test_the_first_version_has_nothing_to_go_back_to() -> None:
    text = shown(promotion(live=None))
    assert "*Runs now:* nothing" in text
    assert "no version has run here yet" in text
    assert "*The first version here*" in text
    assert "• auc: 0.996 (+0.005)" in text
    assert "→" not in text


def test_a_lone_target_called_as_its_environment_is_not_said_twice() -> None:
    alone, other = (card(moved(promotion(targets=(name,))), Pages(), NAMES) for name in ("prod", "eu"))
    assert "*Where:*" not in whole(alone)
    assert "goes live in prod, in place of" in whole(alone)
    assert "*Where:* prod, on eu" in whole(other)


def test_a_metric_is_named_once() -> None:
    gates = (GateResult("metrics: auc", Result.PASS, "auc is 0.991, at least 0.9 is needed"),)
    assert "✔ pass  ·  metrics: auc is 0.991, at least 0.9 is needed" in shown(promotion(gates=gates))


def test_a_refusal_says_its_reasons_once_and_blames_nobody() -> None:
    events = (event("refused", State.REFUSED, ANA, 7, "Refused: 1 of 2 gates stop it.", "it misses fewer cases"),)
    text = whole(Post("", card(moved(promotion(State.REFUSED, events=events, reasons=("auc 0.89 is below 0.90",))), Pages(), NAMES).blocks))
    assert text.count("auc 0.89 is below 0.90") == text.count("it misses fewer cases") == 1
    assert f"*⛔ Refused*, <!date^{UNIX}^" in text
    assert "*Approvals:*" not in text


def test_people_in_the_words_of_gates_and_reasons_are_named() -> None:
    gates = (GateResult("separation", Result.PASS, f"made by {ANA.user}, who may not approve it"),)
    text = shown(promotion(State.QUEUED, gates=gates, reasons=(f"locked by {LEA}",)))
    assert "made by Ana, who" in text
    assert "locked by Léa" in text


def test_the_approve_button_is_a_sentence_bound_to_the_plan() -> None:
    approve, reject, more = elements(card(moved(promotion()), Pages(), NAMES).blocks)
    sentence = read(approve["value"], Vocabulary())
    assert isinstance(sentence, Sentence)
    assert sentence.request == ask.Approve(PromotionId("P-142"), "1a2b3c4d5e6f")
    assert (approve["action_id"], approve["style"]) == ("approve", "primary")
    assert "biopsy v3.0.0 goes live in prod (eu, us), in place of v2.0.0." in approve["confirm"]["text"]["text"]
    assert (reject["action_id"], reject["value"]) == ("reject_form", "P-142")
    assert [option["value"] for option in more["options"]] == ["details_form P-142", "pause P-142", "cancel P-142"]


@pytest.mark.parametrize("state", list(State))
def test_approve_and_reject_vanish_after_the_decision(state: State) -> None:
    ids = {element["action_id"] for element in elements(card(moved(promotion(state)), Pages(), NAMES).blocks)}
    assert ids == {
        State.WAITING: {"approve", "reject_form", "more"},
        State.CHECKING: {"more"},
        State.QUEUED: {"more"},
        State.DEPLOYING: {"abort"},
        State.VERIFYING: {"abort"},
        State.NEEDS_ATTENTION: {"retry", "rollback", "accept_live"},
    }.get(state, set())


def test_after_the_decision_the_card_says_who_when_and_why() -> None:
    events = (event("requested"), event("rejected", State.REJECTED, LEA, 8, "Rejected.", "the card names no limits"))
    text = shown(promotion(State.REJECTED, events=events))
    assert f"*👎 Rejected* by Léa, <!date^{UNIX}^" in text
    assert "Rejected." not in whole(Post("", card(moved(promotion(State.REJECTED, events=events)), Pages(), NAMES).blocks))
    assert "Reason: the card names no limits" in text


def test_a_queued_card_says_why_and_when() -> None:
    text = shown(
        promotion(State.QUEUED, reasons=("soaking in staging until 2026-11-23T08:00:00.000Z",), look_at="2026-11-23T08:00:00.000Z")
    )
    assert f"soaking in staging until <!date^{UNIX}^" in text
    assert f"*Starts at the earliest:* <!date^{UNIX}^" in text


def test_a_paused_card_says_since_when_why_and_how_it_goes_on() -> None:
    one = promotion(paused=Paused(LEA, "2026-11-23T08:00:00.000Z", "the <!channel> campaign"))
    post = card(moved(one), Pages(), NAMES)
    assert f"*Paused:* since <!date^{UNIX}^" in whole(post)
    assert "the &lt;!channel&gt; campaign" in whole(post)
    *_, more = elements(post.blocks)
    assert [option["value"] for option in more["options"]] == ["details_form P-142", "continue P-142", "cancel P-142"]


def test_a_scheduled_card_says_when_it_begins() -> None:
    assert f"*Begins:* <!date^{UNIX}^" in shown(promotion(start_at="2026-11-23T08:00:00.000Z"))


def test_a_running_card_says_its_step() -> None:
    assert "*Step:* verify on eu, try 3" in shown(promotion(State.VERIFYING, step=Step("verify", "eu", "looking", 3)))


def test_a_vote_on_an_older_plan_does_not_count_and_says_so() -> None:
    text = shown(promotion(votes=(vote(plan=Digest("sha256:" + "9" * 64)),)))
    assert "0 of 2" in text
    assert "stale: the plan has changed since" in text


def test_without_pages_the_card_says_the_sentence_that_shows_the_record() -> None:
    post = card(moved(promotion()), NoPages(), NAMES)
    check_post(post)
    assert "`audit P-142`" in whole(post)
    assert "https://" not in whole(post)


def test_known_people_are_named_and_not_notified() -> None:
    one = promotion(votes=(vote(),))
    assert not re.search(r"<@", whole(card(moved(one), Pages(), NAMES)))
    assert "<@U0ANA111>" in whole(card(moved(one), Pages()))


def test_a_card_shows_the_last_event_and_not_where_it_stands_itself() -> None:
    events = (event("requested"), event("approved", State.WAITING, LEA, 8), event("card_posted", seq=9))
    assert "record 8" in shown(replace(promotion(), events=events))
    assert "record 9" not in shown(replace(promotion(), events=events))
    assert PLAN.short in whole(card(moved(promotion()), Pages(), NAMES))


def several(*votes: Vote) -> Promotion:
    """Two rules: one lead, and two managers with signatures."""
    managers = Quorum(2, ("managers",), ("U0MAX333",), ("SMANAGER",), ("requester",), signed=True)
    leads = Quorum(1, ("ml-leads",), (LEA.user,), (), ("requester", "author"))
    return promotion(quorum=leads, also_needed=(managers,), votes=votes)


def test_each_rule_says_who_counts_and_who_is_missing() -> None:
    text = shown(several(vote()))
    assert "*Approvals:* 1 of 3, of different people" in text
    assert "• 1 of 1 (Léa) by @ml-leads" in text
    assert "• 0 of 2: needs 2 of @managers (not the requester), signed with their own key" in text


def test_a_vote_that_fills_no_place_any_more_says_so() -> None:
    assert "(does not count any more)" in shown(several(replace(vote(), groups=(), actor=MAX)))
    assert "(does not count any more)" not in shown(several(vote()))


def test_a_signed_vote_names_its_key() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrCpHDPTxXPMG3Fq8ExOxjXzDMjgLbmgUhWnIcYhP7R"
    assert "signed with `SHA256:" in shown(several(replace(vote(), signature="x", key=key)))


def test_an_approval_can_be_withdrawn_where_there_is_one() -> None:
    for state in (State.WAITING, State.QUEUED):
        assert "withdraw P-142" in str(card(moved(promotion(state, votes=(vote(),))), Pages(), NAMES).blocks)
        assert "withdraw P-142" not in str(card(moved(promotion(state)), Pages(), NAMES).blocks)


@pytest.mark.parametrize("state", list(State))
def test_one_card_shows_all_that_move_together(state: State) -> None:
    post = card(moved(bundled(state, reasons=("it waits",))), Pages(), NAMES)
    check_post(post)
    text = whole(post)
    assert "biopsy v3.0.0 and checkout v41.0.0" in text
    assert "*All or nothing, in prod:*" in text
    assert (
        f"• P-143: checkout v41.0.0, digest `{bundled().members[1].to.digest.short}`, in place of nothing: {' '.join(STATES[state])}"
        in text
    )


def test_one_of_a_bundle_that_needs_attention_has_its_button() -> None:
    blocks = str(card(moved(bundled(State.VERIFYING, State.NEEDS_ATTENTION)), Pages(), NAMES).blocks)
    assert "retry P-143" in blocks
