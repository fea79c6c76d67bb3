from __future__ import annotations

import typing

from bot.grammar import Sentence, Vocabulary, read, write
from bot.views import answer, can_be_shared, shared, with_share
from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.names import ArtifactName
from workers.contract.verified import Verification

from .checks import check_post, elements, whole
from .samples import ANA, NAMES, Pages, moved, promotion

PAGE = out.Page(moved(promotion()))


def test_what_tells_of_the_reader_is_not_for_everybody() -> None:
    sharable = {kind for kind in typing.get_args(out.Outcome) if can_be_shared(kind.__new__(kind))}
    assert sharable == {
        out.Status,
        out.Versions,
        out.Pending,
        out.Changes,
        out.Page,
        Verification,
        out.PolicyShown,
        out.DriftShown,
        out.DriftTable,
    }


def test_the_button_asks_the_question_again() -> None:
    question = ask.ShowStatus(ArtifactName("biopsy"))
    post = with_share(answer(PAGE, Pages(), NAMES), write(question))
    check_post(post)
    (button,) = elements(post.blocks)
    assert (button["action_id"], button["text"]["text"]) == ("share", "Share")
    again = read(button["value"], Vocabulary())
    assert isinstance(again, Sentence)
    assert again.request == question


def test_a_question_too_long_for_a_button_has_none() -> None:
    assert elements(with_share(answer(PAGE, Pages(), NAMES), "x" * 2_001).blocks) == []


def test_what_is_shared_says_by_whom_and_rings_for_nobody() -> None:
    post = shared(answer(PAGE, Pages(), NAMES), "audit P-142 `<!channel>", ANA.user, NAMES)
    check_post(post)
    assert "Shared by Ana: `audit P-142 '&lt;!channel&gt;`" in whole(post)
    assert "<@" not in whole(post)
    assert elements(post.blocks) == []
