"""Deploy, verify, restore: what is reported is what was seen, and what nobody saw is never called a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.domain.worlds import ANA, BEN, Story, version_of
from workers.contract import requests as ask
from workers.contract.promotion import Kind
from workers.contract.requests import Seen
from workers.effects.deployment import FRESH_TRIES, LookAgain
from workers.ports.errors import BadContent, RefusedByHost, Unclear, Unreachable, Untrusted
from workers.ports.target import Answer, Applied, Verdict

from .places import DONE, MATCHES, Bench, Lending, Place

REFUSED = Answer(Applied.REFUSED, "the golden prediction differs; the old version went on serving")


@pytest.fixture
def story() -> Story:
    """P-1 deploys v1 to staging, which has one target."""
    story = Story().registers(version_of("v1.0.0"))
    story.promotes(ANA, "v1.0.0", "staging")
    return story


@pytest.fixture
def prod() -> Story:
    """P-4 deploys v2 to prod, which runs v1 on two targets."""
    story = Story().registers(version_of("v1.0.0"), version_of("v2.0.0"))
    story.live_in_prod("v1.0.0")
    story.succeeds("v2.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v2.0.0")
    story.says(BEN, ask.Approve(story.promotion("P-4").id))
    return story


def seen(bench: Bench) -> tuple[Seen, str]:
    (said,) = bench.said
    assert isinstance(said, ask.Deployed | ask.Verified | ask.Restored)
    assert said.generation == bench.story.promotion(str(said.promotion)).generation
    return said.seen, said.text


def test_every_target_in_its_order_with_operation_and_fence(prod: Story) -> None:
    bench = Bench(prod)
    bench.deployment.deploy(bench.attempt("P-4"))
    assert seen(bench)[0] is Seen.DONE
    assert {name: place.asked for name, place in bench.places.items()} == {
        "eu": [("P-4:eu:deploy:2", 2)],
        "us": [("P-4:us:deploy:2", 2)],
    }
    bench.deployment.deploy(bench.attempt("P-4"))
    first, second = (one for one, _ in bench.put)
    assert first == second


@pytest.mark.parametrize("answer", [REFUSED, RefusedByHost("403"), BadContent("not a model")])
def test_a_no_of_the_first_target_is_a_refusal(prod: Story, answer: Answer | Exception) -> None:
    bench = Bench(prod, Place("eu", [answer]))
    bench.deployment.deploy(bench.attempt("P-4"))
    assert seen(bench)[0] is Seen.REFUSED
    assert "us" not in bench.places or bench.places["us"].asked == []


@pytest.mark.parametrize("answer", [REFUSED, RefusedByHost("403"), BadContent("not a model")])
def test_a_no_after_a_run_that_may_have_switched_does_not_say_that_nothing_changed(prod: Story, answer: Answer | Exception) -> None:
    bench = Bench(prod, Place("eu", [answer]))
    bench.deployment.deploy(bench.attempt("P-4", fresh=False))
    assert seen(bench)[0] is Seen.MISMATCH


@pytest.mark.parametrize("answer", [REFUSED, RefusedByHost("403"), Unreachable("no route")])
def test_after_one_has_switched_a_no_of_the_next_must_be_undone(prod: Story, answer: Answer | Exception) -> None:
    bench = Bench(prod, Place("eu"), Place("us", [answer]))
    bench.deployment.deploy(bench.attempt("P-4"))
    assert seen(bench)[0] is Seen.MISMATCH


def test_nothing_sent_is_certain_only_after_several_tries_of_a_fresh_one(story: Story) -> None:
    bench = Bench(story, Place("stage", [Unreachable("refused")]))
    for number in range(1, FRESH_TRIES):
        with pytest.raises(LookAgain):
            bench.deployment.deploy(bench.attempt(number=number))
    assert bench.put == []
    bench.deployment.deploy(bench.attempt(number=FRESH_TRIES))
    what, text = seen(bench)
    assert what is Seen.UNREACHABLE
    assert "nothing live changed" in text


def test_what_may_have_been_sent_before_is_looked_at_for_ever(story: Story) -> None:
    bench = Bench(story, Place("stage", [Unreachable("refused")]))
    for number in (1, FRESH_TRIES, 100):
        with pytest.raises(LookAgain):
            bench.deployment.deploy(bench.attempt(fresh=False, number=number))
    assert bench.put == []


def test_a_lost_answer_is_nobody_s_failure(story: Story) -> None:
    bench = Bench(story, Place("stage", [Unclear("the answer was lost")]))
    with pytest.raises(Unclear):
        bench.deployment.deploy(bench.attempt())
    assert bench.put == []


def test_a_step_that_is_past_does_nothing(story: Story) -> None:
    bench = Bench(story)
    attempt = bench.attempt()
    for stale in (replace(attempt, generation=0), replace(attempt, generation=9)):
        bench.deployment.deploy(stale)
    bench.deployment.verify(attempt)
    bench.deployment.restore(attempt)
    story.later(minutes=3, seconds=5).ticks()
    bench.deployment.deploy(attempt)
    assert (bench.put, bench.places) == ([], {})


def test_a_newer_generation_at_the_target_ends_the_step_without_a_word(prod: Story) -> None:
    bench = Bench(prod, Place("eu", [Answer(Applied.STALE, "fence 3")]))
    bench.deployment.deploy(bench.attempt("P-4"))
    assert bench.put == []
    assert "us" not in bench.places or bench.places["us"].asked == []


def test_what_no_target_serves_is_desired_state_alone() -> None:
    story = Story().registers(version_of("v1.0.0", "holdout", Kind.DATASET, metrics={}))
    story.promotes(ANA, "v1.0.0", "staging", "holdout")
    bench = Bench(story)
    bench.deployment.deploy(bench.attempt())
    assert seen(bench)[0] is Seen.DONE
    assert "desired state in Git" in seen(bench)[1]
    story.deploys("P-1")
    bench.put.clear()
    bench.deployment.verify(bench.attempt())
    assert seen(bench)[0] is Seen.DONE


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (MATCHES, Seen.DONE),
        (Answer(Verdict.DIVERGED, "another digest"), Seen.MISMATCH),
        (RefusedByHost("404"), Seen.UNCLEAR),
        (BadContent("not JSON"), Seen.UNCLEAR),
    ],
)
def test_verification_believes_only_the_proof(prod: Story, answer: Answer | Exception, expected: Seen) -> None:
    prod.deploys("P-4")
    bench = Bench(prod, Place("eu"), Place("us", verifies=[answer]))
    bench.deployment.verify(bench.attempt("P-4"))
    assert seen(bench)[0] is expected


def test_going_back_is_asked_of_every_target_with_the_former_version(prod: Story) -> None:
    prod.deploys("P-4", Seen.MISMATCH)
    bench = Bench(prod)
    bench.deployment.restore(bench.attempt("P-4"))
    assert seen(bench)[0] is Seen.DONE
    for place in bench.places.values():
        (former,) = place.former
        assert former is not None
        assert former.version.version == "v1.0.0"
        assert place.asked == [(f"P-4:{place.name}:restore:3", 3)]


def test_the_first_deployment_goes_back_to_nothing(story: Story) -> None:
    story.deploys("P-1", Seen.MISMATCH)
    bench = Bench(story)
    bench.deployment.restore(bench.attempt())
    assert bench.places["stage"].former == [None]
    assert seen(bench)[0] is Seen.DONE


@pytest.mark.parametrize("answer", [REFUSED, RefusedByHost("500"), BadContent("x")])
def test_going_back_that_is_refused_is_told(story: Story, answer: Answer | Exception) -> None:
    story.deploys("P-1", Seen.MISMATCH)
    bench = Bench(story, Place("stage", restores=[answer]))
    bench.deployment.restore(bench.attempt())
    assert seen(bench)[0] is Seen.REFUSED


def test_going_back_waits_for_who_does_not_answer(story: Story) -> None:
    story.deploys("P-1", Seen.MISMATCH)
    bench = Bench(story, Place("stage", restores=[Unreachable("down"), DONE]))
    with pytest.raises(Unreachable):
        bench.deployment.restore(bench.attempt())
    bench.deployment.restore(bench.attempt())
    assert seen(bench)[0] is Seen.DONE


def test_files_that_cannot_be_used_send_nothing(story: Story) -> None:
    bench = Bench(story)
    bench.source.broken = BadContent("the digest is another")
    bench.deployment.deploy(bench.attempt())
    what, text = seen(bench)
    assert what is Seen.REFUSED
    assert "Nothing was sent" in text
    assert bench.places["stage"].asked == []


def test_files_that_cannot_be_used_are_nobody_s_certainty_after_an_earlier_run(story: Story) -> None:
    bench = Bench(story)
    bench.source.unreadable = BadContent("the disk of the store is full")
    bench.deployment.deploy(bench.attempt(fresh=False))
    what, text = seen(bench)
    assert what is Seen.UNCLEAR
    assert "An earlier run of this deployment may have sent something" in text


def test_files_that_nobody_gives_just_now_are_asked_for_again_and_then_told(story: Story) -> None:
    bench = Bench(story)
    bench.source.unreadable = Unreachable("the LFS server answers 503")
    for attempt in (bench.attempt(), bench.attempt(number=FRESH_TRIES - 1), bench.attempt(fresh=False, number=100)):
        with pytest.raises(LookAgain, match="503"):
            bench.deployment.deploy(attempt)
    assert bench.put == []
    bench.deployment.deploy(bench.attempt(number=FRESH_TRIES))
    what, text = seen(bench)
    assert what is Seen.UNREACHABLE
    assert "nothing live changed" in text and "503" in text
    assert bench.places["stage"].asked == []


@pytest.mark.parametrize("why", [BadContent("gone"), Unreachable("the LFS server does not answer")])
def test_going_back_does_not_hang_on_the_files(prod: Story, why: Exception) -> None:
    prod.deploys("P-4", Seen.MISMATCH)
    bench = Bench(prod)
    bench.source.unreadable = why
    bench.deployment.restore(bench.attempt("P-4"))
    assert seen(bench)[0] is Seen.DONE
    for place in bench.places.values():
        (former,) = place.former
        assert former is not None and former.files == {}


def test_going_back_that_needs_the_files_says_why_they_were_not_given(prod: Story) -> None:
    prod.deploys("P-4", Seen.MISMATCH)
    bench = Bench(prod, Place("eu", restores=[REFUSED]))
    bench.source.unreadable = Unreachable("the LFS server answers 503")
    bench.deployment.restore(bench.attempt("P-4"))
    what, text = seen(bench)
    assert what is Seen.REFUSED
    assert text.endswith("Its files were not to be had: the LFS server answers 503")


def test_files_are_lent_for_as_long_as_targets_need_them(story: Story) -> None:
    bench = Bench(story)
    place = bench.places["stage"] = Lending("stage", source=bench.source)
    bench.deployment.deploy(bench.attempt())
    assert (place.lent, bench.source.lent) == ([1], 0)


def test_files_are_given_back_when_a_target_breaks(story: Story) -> None:
    bench = Bench(story, Place("stage", [Unclear("the answer was lost")]))
    with pytest.raises(Unclear):
        bench.deployment.deploy(bench.attempt())
    assert bench.source.lent == 0


def test_a_head_that_the_writer_did_not_sign_moves_nothing(story: Story) -> None:
    bench = Bench(story)
    bench.shelf.public = None
    with pytest.raises(Untrusted, match="not signed by the writer"):
        bench.deployment.deploy(bench.attempt())
    assert bench.places == {}


def test_a_ledger_that_was_wound_back_moves_nothing(story: Story) -> None:
    bench = Bench(story)
    attempt = bench.attempt()
    old, files = story.world, dict(story.files)
    bench.view.head()
    story.later(minutes=5).ticks()
    bench.view.head()
    story.world, story.files = old, files
    with pytest.raises(Untrusted, match="wound back"):
        bench.deployment.deploy(attempt)
    assert bench.places == {}
