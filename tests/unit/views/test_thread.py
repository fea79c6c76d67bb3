from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.views import broadcast, thread
from bot.views.post import Post
from workers.contract.promotion import Quorum, State

from .checks import check_post, elements, whole
from .samples import ANA, EFFECTS, EVENTS, LEA, NAMES, NoPages, Pages, after, bundled, event, moved, promotion, vote

ASKS = {"requested", "stale", "reminded"}
TELLS = {
    "disputed",
    "disputed_late",
    "approved",
    "rejected",
    "cancelled",
    "expired",
    "superseded",
    "succeeded",
    "failed",
    "rolled_back",
    "needs_attention",
}


def post_of(name: str, **changed: object) -> Post:
    now, happened = after(name, **changed)
    post = thread(now, happened, Pages(), NAMES)
    assert post is not None
    return post


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_post_with_its_record(name: str) -> None:
    post = post_of(name)
    check_post(post)
    assert "record 9" in whole(post)
    assert "https://towpath.example/commit/" in whole(post)
    assert "audit record" in whole(post)
    assert post.text.startswith("P-142: ")


def test_the_place_of_the_card_is_never_shown() -> None:
    one = promotion(events=(event("card_posted"),))
    assert thread(moved(one), one.events[0], Pages(), NAMES) is None


def test_an_event_that_is_new_to_us_is_told_in_its_own_words() -> None:
    one = promotion(events=(event("requested"), event("vote_withdrawn", text="Léa withdrew her vote.", seq=8)))
    post = thread(moved(one), one.events[-1], Pages(), NAMES)
    assert post is not None
    check_post(post)
    assert "*Vote withdrawn* by Ana" in whole(post)
    assert "Léa withdrew her vote." in whole(post)


def test_only_failures_at_the_end_and_disputes_go_to_the_channel() -> None:
    loud = {name for name in EVENTS if broadcast(event(name, EVENTS[name][0]))}
    assert loud == {"failed", "rolled_back", "needs_attention", "disputed", "disputed_late"}


@pytest.mark.parametrize("name", EVENTS)
def test_whom_an_event_notifies(name: str) -> None:
    called = set(re.findall(r"<(?:@|!subteam\^)([US0-9A-Z]+)>", whole(post_of(name))))
    if name in ("requested", "reminded"):
        assert called == {"S0614TZR7", "U0LEA222"}  # the requester is listed as an approver, and cannot be one here
    elif name == "stale":
        assert called == {"S0614TZR7"}  # Léa's click brought it to light
    else:
        assert called == ({"U0ANA111"} if name in TELLS else set())


@pytest.mark.parametrize("name", sorted(TELLS))
def test_who_acted_is_never_notified(name: str) -> None:
    now, happened = after(name)
    own = replace(happened, actor=ANA)
    post = thread(replace(now, promotion=replace(now.promotion, events=(own,))), own, Pages(), NAMES)
    assert post is not None
    assert "<@U0ANA111>" not in whole(post)


def test_an_approval_that_does_not_complete_the_quorum_notifies_nobody() -> None:
    one = promotion(events=(event("requested"), event("approved", State.WAITING, LEA, 8)))
    post = thread(moved(one), one.events[-1], Pages(), NAMES)
    assert post is not None
    assert "<@" not in whole(post)


def test_the_request_shows_plan_differences_and_gates() -> None:
    text = whole(post_of("requested"))
    for part in (
        "*Plan* `1a2b3c4d5e6f`",
        "*Goes live:* biopsy v3.0.0",
        "• auc: 0.991",
        "✖ fail  ·  metrics",
        "2 approvals are needed",
        "answer `approve` here",
    ):
        assert part in text, part


def test_the_request_reads_the_same_when_it_is_posted_late() -> None:
    early = promotion()
    late = promotion(State.SUCCEEDED, events=(*early.events, event("succeeded", State.SUCCEEDED, EFFECTS, 9)))
    posts = [thread(moved(one), early.events[0], Pages(), NAMES) for one in (early, late)]
    assert posts[0] == posts[1]


def test_one_approver_is_asked_in_the_singular() -> None:
    assert "Your approval is needed" in whole(post_of("requested", quorum=Quorum(1, ("lead",), ("U0LEA222",))))


def test_a_request_that_needs_nobody_asks_nobody() -> None:
    assert "approval is needed" not in whole(post_of("requested", quorum=None))


def test_the_end_says_how_to_go_back_and_what_to_do_by_hand() -> None:
    text = whole(post_of("succeeded"))
    assert "`rollback biopsy in prod`" in text
    assert "`git log towpath -- environments/prod/biopsy`" in text
    assert "tag `biopsy@v2.0.0`" in text


def test_a_return_that_succeeded_does_not_show_the_way_back_to_what_it_left() -> None:
    assert "go back" not in whole(post_of("succeeded", rollback=True)).lower()


@pytest.mark.parametrize("name", ["refused", "rejected", "cancelled", "expired", "failed"])
def test_what_came_to_nothing_says_that_nothing_was_changed_and_what_to_say_next(name: str) -> None:
    text = whole(post_of(name))
    assert "was changed" in text
    assert "`promote biopsy v3.0.0 to prod`" in text
    assert "`rollback biopsy in prod`" in whole(post_of(name, rollback=True))


def test_a_return_says_what_serves_and_how_the_hold_is_lifted() -> None:
    text = whole(post_of("rolled_back"))
    assert "biopsy v2.0.0 serves again in prod" in text
    assert "unhold biopsy v3.0.0 in prod because" in text


def test_after_a_no_while_it_was_deployed_there_is_no_hold() -> None:
    now, happened = after("rolled_back")
    began = (event("deploying", State.DEPLOYING, LEA, 7), event("rolling_back", State.ROLLING_BACK, EFFECTS, 8))
    post = thread(moved(replace(now.promotion, events=(*began, happened))), happened, Pages(), NAMES)
    assert post is not None
    assert "serves again in prod" in whole(post) and "is not on hold: it was not proved wrong" in whole(post)
    assert "unhold" not in whole(post)


def test_after_an_abort_there_is_no_hold_to_lift() -> None:
    now, happened = after("rolled_back")
    aborted = replace(now.promotion, events=(event("aborted", State.ROLLING_BACK, LEA, 8), happened))
    post = thread(moved(aborted), happened, Pages(), NAMES)
    assert post is not None
    assert "serves again in prod" in whole(post)
    assert "hold" not in whole(post)


def test_what_needs_a_person_says_what_is_known_and_has_the_buttons_until_it_is_decided() -> None:
    now, happened = after("needs_attention")
    post = thread(now, happened, Pages(), NAMES)
    assert post is not None
    check_post(post)
    for part in (
        "*Known:* before it v2.0.0 ran, v3.0.0 was to; seen last: verified on eu: fine",
        "• `retry`",
        "• `rollback biopsy in prod`",
        "• `accept live`",
    ):
        assert part in whole(post), part
    assert [one["action_id"] for one in elements(post.blocks)] == ["retry", "rollback", "accept_live"]
    decided = replace(now.promotion, state=State.DEPLOYING, events=(*now.promotion.events, event("retried", State.DEPLOYING, LEA, 10)))
    later = thread(moved(decided), happened, Pages(), NAMES)
    assert later is not None and elements(later.blocks) == []


def test_the_owner_of_a_lock_that_is_passed_over_is_notified_once() -> None:
    first = event("requested", State.DEPLOYING, ANA, 7)
    back = promotion(
        State.DEPLOYING, rollback=True, quorum=None, concerns=(LEA,), events=(first, event("verifying", State.VERIFYING, EFFECTS, 8))
    )
    posts = [thread(moved(back), one, Pages(), NAMES) for one in back.events]
    assert [bool(re.search(rf"<@{LEA.user}>", whole(post))) for post in posts if post] == [True, False]


def test_reasons_are_given_in_full() -> None:
    assert "• auc 0.89 is below 0.90" in whole(post_of("refused"))
    assert "*Why:*" in whole(post_of("needs_attention"))


def test_without_pages_the_commit_is_named() -> None:
    now, happened = after("succeeded")
    post = thread(now, happened, NoPages(), NAMES)
    assert post is not None
    check_post(post)
    assert "commit `9fceb02d0ae5`" in whole(post)


def test_a_reminder_calls_only_those_who_are_still_needed() -> None:
    leads = Quorum(1, ("ml-leads",), (LEA.user,))
    managers = Quorum(1, ("managers",), ("U0MAX333", "U0ANA111", LEA.user))
    text = whole(post_of("reminded", quorum=leads, also_needed=(managers,), votes=(vote(),)))
    assert "<@U0MAX333> Your approval is needed" in text
    assert "<@U0LEA222>" not in text.partition("Your approval")[0].rpartition("*")[2]


def test_who_must_sign_is_told_how() -> None:
    text = whole(post_of("requested", quorum=Quorum(1, ("leads",), (LEA.user,), signed=True)))
    assert "signed with your own key: `towpath approve P-142 --sign`" in text


def test_what_waits_again_after_a_withdrawal_asks_again_and_what_still_waits_does_not() -> None:
    queued, withdrawn = event("approved", State.QUEUED, LEA, 8), event("withdrawn", State.WAITING, LEA, 9)
    posts = [thread(moved(promotion(events=(event("requested"), *more, withdrawn))), withdrawn, Pages(), NAMES) for more in ((), (queued,))]
    assert ["<!subteam^S0614TZR7>" in whole(post) for post in posts if post] == [False, True]


def test_a_dispute_offers_the_way_back_only_while_it_would_undo_this() -> None:
    now, late = post_of("disputed"), post_of("disputed_late")
    assert "rollback biopsy in prod" in str(now.blocks)
    assert "rollback biopsy in prod" not in str(late.blocks)


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_of_a_bundle_has_a_post(name: str) -> None:
    state, actor = EVENTS[name]
    one = bundled(state)
    happened = event(name, state, actor, 9)
    post = thread(moved(replace(one, events=(*one.events, happened))), happened, Pages(), NAMES)
    assert post is not None
    check_post(post)


def test_what_was_taken_back_only_with_another_is_not_on_hold() -> None:
    text = whole(post_of("rolled_back", members=bundled().members, taken_back_with=bundled().members[1].id))
    assert "not to blame and not on hold" in text
    assert "`promote biopsy v3.0.0 and checkout v41.0.0 to prod`" in text
    assert "unhold" not in text
