from __future__ import annotations

import pytest

from bot.views import Post, answer, forms, read_as
from bot.views.blocks import LARGEST, actions, button, confirm, context, header, option, post, section
from bot.views.text import trimmed
from demo.slack.blockkit.check import message_blocks
from demo.slack.blockkit.check import view as checked_view
from demo.slack.shapes import Refused
from workers.contract import outcomes as out
from workers.contract.names import PromotionId
from workers.contract.promotion import State

from .checks import check_modal, check_post, elements, whole
from .samples import NAMES, P, Pages, event, moved, promotion, vote


def test_every_block_keeps_to_its_limit_whatever_it_is_given() -> None:
    long = "x" * 9_000
    buttons = [button(long, f"a{at}", "v", confirm=confirm(long, long, long, long)) for at in range(8)]
    check_post(post(long, [header(long), *section([long, long]), *context([long, long]), *actions(buttons)]))
    assert len(option(long, "v")["text"]["text"]) == 75


def test_what_is_empty_is_no_block() -> None:
    assert section([]) == section(["", ""]) == context([""]) == actions([]) == []


def test_too_many_blocks_are_dropped_from_the_end_and_counted() -> None:
    many = post("x", [block for at in range(80) for block in section([f"line {at}"])])
    check_post(many)
    assert "31 more parts did not fit" in whole(many)
    large = post("x", [*(block for _ in range(9) for block in section(["y" * 1_400])), *actions([button("Go", "go", "go")])])
    check_post(large)
    assert "more parts did not fit" in whole(large)
    assert [one["action_id"] for one in elements(large.blocks)] == ["go"]
    assert len(str(large.blocks)) < LARGEST + 200


def test_lines_that_do_not_fit_are_counted_and_none_is_cut_within_a_reference() -> None:
    (block,) = section([f"line {at}" for at in range(500)], 200)
    text = block["text"]["text"]
    assert text.startswith("line 0\nline 1\n")
    shown = text.count("line ")
    assert text.endswith(f"… ({500 - shown} more)")
    assert trimmed("see <https://a.example/b|c> there", 20) == "see…"
    assert trimmed("a &amp; b", 6) == "a…"
    assert trimmed("short", 20) == "short"


def test_the_form_of_a_rejection_asks_for_a_reason() -> None:
    form = forms.reject(P)
    check_modal(form)
    assert form["callback_id"] == "reject_form"
    (asked,) = [block for block in form["blocks"] if block["type"] == "input"]
    assert (asked["block_id"], asked["element"]["action_id"]) == (forms.BECAUSE, forms.BECAUSE)
    assert asked["element"]["max_length"] == forms.LONGEST_REASON
    check_modal(forms.reject(PromotionId("P-999999999")))


@pytest.mark.parametrize("state", list(State))
def test_the_details_hold_all_that_is_needed_to_decide(state: State) -> None:
    one = promotion(state, votes=(vote(),), reasons=("soaking",), events=(event("requested", text="Asked for approval."),))
    form = forms.details(moved(one), NAMES)
    check_modal(form)
    text = str(form)
    for part in (
        one.plan,
        one.to.digest,
        one.to.commit,
        "auc: 0.991",
        "✖ fail  ·  metrics",
        "the metrics hold",
        "soaking",
        "Asked for approval.",
        "record 7",
    ):
        assert part in text, part


def test_a_guessed_question_says_how_it_was_read() -> None:
    shown = read_as(answer(out.Pending(), Pages()), "show pending")
    check_post(shown)
    assert shown.text.startswith("Read as `show pending`.")
    assert "Nothing is pending." in whole(shown)


def test_the_checks_of_these_tests_do_refuse() -> None:
    with pytest.raises(Refused):
        message_blocks([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}])
    with pytest.raises(Refused):
        checked_view({**forms.reject(P), "title": {"type": "plain_text", "text": "x" * 25}}, ("modal",))
    with pytest.raises(AssertionError):
        check_post(Post("<!channel>", []))
    with pytest.raises(AssertionError):
        check_post(Post("", []))
