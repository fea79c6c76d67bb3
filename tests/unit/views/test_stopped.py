"""What people see of queues, locks, freezes, holds, debts and emergencies."""

from __future__ import annotations

from dataclasses import replace

from bot.views import broadcast, card, thread
from workers.contract import outcomes as out
from workers.contract.promotion import GateResult, Result, State
from workers.contract.stopped import Debts, Held, Holds, Period

from .checks import check_post, elements, whole
from .samples import LEA, NAMES, P, Pages, after, event, hold, moved, promotion
from .test_answers import DEBT, QUEUE, shown


def test_a_queue_says_order_reasons_and_the_next_look() -> None:
    text = whole(shown(QUEUE))
    for part in ("biopsy in prod", "v2.0.0 runs", "▸ P-142: v3.0.0, 🚚 Deploying", "1. P-142: v3.1.0, ⏳ Queued", "behind P-142 by Léa",
                 "starts at the earliest <!date^", "expires <!date^", "(24 more)"):  # fmt: skip
        assert part in text, part


def test_only_who_is_called_is_notified() -> None:
    post = shown(out.Announcement(f"The lock was {LEA}'s; U0ANA111 has it now.", (LEA,), ("unlock biopsy in prod",)))
    assert whole(post).count("<@U0LEA222>") == 2  # once in the blocks, once in the plain text
    assert "<@U0ANA111>" not in whole(post)
    assert [one["value"] for one in elements(post.blocks)] == ["unlock biopsy in prod"]


def test_a_hold_lists_when_the_version_was_live_while_it_was_bad() -> None:
    bad = replace(hold(), affected_since="2026-11-20T08:00:00.000Z")
    text = whole(shown(Holds((Held(bad, True, (Period("2026-11-20T08:00:00.000Z", None, P),)),), 1)))
    assert "which runs there now" in text
    assert "2026-11-20 08:00 UTC> to now (P-142)" in text


def test_debts_say_what_was_passed_over_and_how_to_close_one() -> None:
    text = whole(shown(Debts((DEBT,), 1)))
    assert "an emergency that passed over soak, approval" in text
    assert "opened by Léa" in text
    assert "close debt D-7 because" in text


def test_an_emergency_stands_on_the_card_and_its_post_goes_to_the_channel() -> None:
    gates = (GateResult("metrics: auc", Result.PASSED_OVER, "auc is 0.8, below 0.9"),)
    happened = event("emergency", State.WAITING)
    one = promotion(skipped=("metrics", "soak"), gates=gates, events=(happened,))
    shown_card = card(moved(one), Pages(), NAMES)
    check_post(shown_card)
    assert "Emergency:* passes over metrics, soak; opened debt D-7" in whole(shown_card)
    assert "🚨 passed over  ·  metrics: auc is 0.8, below 0.9" in whole(shown_card)
    post = thread(moved(one), happened, Pages(), NAMES)
    assert post is not None
    assert "Your approval is needed" in post.text or "approvals are needed" in post.text
    assert broadcast(happened)


def test_who_asked_is_told_that_another_promotion_took_the_place() -> None:
    now, happened = after("superseded")
    post = thread(now, happened, Pages(), NAMES)
    assert post is not None
    assert "<@U0ANA111>" in post.text
