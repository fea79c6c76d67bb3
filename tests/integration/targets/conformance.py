"""The conformance kit: what every adapter of a target must do, whatever stands behind it.

A test module makes a class of its own out of `TargetConformance` with a fixture `place` that is a fresh, empty `Place` of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from workers.ports.errors import Unclear, Unreachable
from workers.ports.target import Applied, Fence, Live, Target, Verdict, Wanted

from . import versions
from .relay import Fate, Plan

MOST_CALLS = 9
GOOD = (Applied.DONE, Applied.ALREADY)


class Clients(Protocol):
    """Clients that keep asking the way that all take: how many answers failed, and which labels answered."""

    failed: list[str]
    labels: list[str]

    def wait_for(self, label: str) -> None:
        """Return once `label` has answered."""


class Place(Protocol):
    """A real platform to prove an adapter against."""

    def target(self) -> Target:
        """The adapter, over a whole wire."""

    def over(self, plan: Plan) -> AbstractContextManager[Target]:
        """The adapter over a wire that breaks."""

    def down(self) -> Target:
        """The adapter for a place where nobody answers."""

    def switches(self) -> list[str]:
        """Each change of what is served by default that took effect, oldest first: its label, or `nothing`."""

    def changes(self) -> int:
        """How many changes of any sort took effect."""

    def answer_late(self, step: str) -> None:
        """The next `load`, `switch` or `clear` takes effect, and its answer comes long after every patience."""

    def lie_about_digests(self) -> None:
        """Report other digests from now on."""

    def answer_wrongly_after_switch(self) -> None:
        """The version that is switched to next answers wrongly once it is the default."""

    def switch_by_itself(self, label: str) -> None:
        """The platform goes to another version on its own, without telling."""

    def forget(self, label: str) -> None:
        """The platform drops a version."""

    def clients(self) -> AbstractContextManager[Clients]:
        """Clients at work."""


def fate_of(number: int, fate: Fate, after: Fate) -> Plan:
    """The request `number` has `fate`, each one after it `after`."""
    return lambda count, _method, _path: fate if count == number else after if count > number else Fate.PASSES


class TargetConformance:
    """The promises. Every test begins with a fresh place that serves nothing."""

    @pytest.fixture
    def v1(self) -> Wanted:
        return versions.wanted("v1.0.0")

    @pytest.fixture
    def v2(self) -> Wanted:
        return versions.wanted("v2.0.0")

    @pytest.fixture
    def v3(self) -> Wanted:
        return versions.wanted("v3.0.0")

    def test_nothing_is_served_at_first(self, place: Place, v1: Wanted) -> None:
        assert place.target().observe(v1.version.artifact) == Live(None, None, None)
        assert place.target().verify(v1).result is Verdict.DIVERGED

    def test_apply_serves_the_version_and_says_so(self, place: Place, v1: Wanted) -> None:
        answer = place.target().apply(v1, "op-1", 3)
        assert answer.result is Applied.DONE
        assert v1.label in answer.text
        live = place.target().observe(v1.version.artifact)
        assert live.label == v1.label
        assert live.digest in ({v1.version.digest} if place.target().capabilities().reports_digest else {None, v1.version.digest})
        checked = place.target().verify(v1)
        assert (checked.result, v1.label in checked.text) == (Verdict.MATCHES, True)

    def test_apply_twice_is_once(self, place: Place, v1: Wanted, v2: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        assert [place.target().apply(v2, "op-2", 2).result for _ in range(3)] == [Applied.DONE, Applied.ALREADY, Applied.ALREADY]
        assert place.switches() == [v1.label, v2.label]

    @pytest.mark.parametrize("after", [Fate.REQUEST_LOST, Fate.PASSES], ids=["the wire stays dead", "the wire comes back"])
    @pytest.mark.parametrize("number", range(1, MOST_CALLS + 1))
    def test_killed_after_each_call(self, place: Place, v1: Wanted, v2: Wanted, number: int, after: Fate) -> None:
        place.target().apply(v1, "op-1", 1)
        self._apply_over_broken_wire(place, v2, fate_of(number, Fate.ANSWER_LOST, after))
        assert place.target().apply(v2, "op-2", 2).result in GOOD
        assert place.switches() == [v1.label, v2.label]
        assert place.target().verify(v2).result is Verdict.MATCHES

    @pytest.mark.parametrize("number", range(1, MOST_CALLS + 1))
    def test_killed_before_each_call(self, place: Place, v1: Wanted, v2: Wanted, number: int) -> None:
        place.target().apply(v1, "op-1", 1)
        self._apply_over_broken_wire(place, v2, fate_of(number, Fate.REQUEST_LOST, Fate.REQUEST_LOST))
        assert place.target().apply(v2, "op-2", 2).result in GOOD
        assert place.switches() == [v1.label, v2.label]

    def _apply_over_broken_wire(self, place: Place, wanted: Wanted, plan: Plan) -> None:
        """An apply that may fail, but must not lie."""
        before = place.changes()
        with place.over(plan) as target:
            try:
                answer = target.apply(wanted, "op-2", 2)
            except Unreachable:
                assert place.changes() == before, "Unreachable promises that nothing was done"
            except Unclear:
                pass
            else:
                assert answer.result is Applied.DONE
                assert place.target().observe(wanted.version.artifact).label == wanted.label

    @pytest.mark.parametrize("step", ["load", "switch"])
    def test_an_answer_that_comes_too_late_is_settled_by_looking(self, place: Place, v1: Wanted, v2: Wanted, step: str) -> None:
        place.target().apply(v1, "op-1", 1)
        place.answer_late(step)
        assert place.target().apply(v2, "op-2", 2).result is Applied.DONE
        assert place.switches() == [v1.label, v2.label]

    def test_other_contents_are_not_switched_to(self, place: Place, v1: Wanted, v2: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        place.lie_about_digests()
        answer = place.target().apply(v2, "op-2", 2)
        assert answer.result is Applied.REFUSED
        assert v2.version.digest in answer.text and "Nothing was switched" in answer.text
        assert place.switches() == [v1.label]

    def test_other_contents_do_not_verify(self, place: Place, v1: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        place.lie_about_digests()
        answer = place.target().verify(v1)
        assert (answer.result, v1.version.digest in answer.text) == (Verdict.DIVERGED, True)

    def test_a_corrupt_version_is_refused_with_the_reason(self, place: Place, v1: Wanted, tmp_path: Path) -> None:
        place.target().apply(v1, "op-1", 1)
        answer = place.target().apply(versions.corrupt("v2.0.0", tmp_path), "op-2", 2)
        assert answer.result is Applied.REFUSED
        assert "model.onnx is not a model" in answer.text and "Nothing was switched" in answer.text
        assert place.target().verify(v1).result is Verdict.MATCHES

    def test_a_version_that_misses_its_golden_prediction_is_refused(self, place: Place, v1: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        answer = place.target().apply(versions.with_other_golden("v2.0.0"), "op-2", 2)
        assert answer.result is Applied.REFUSED
        assert "where 0.25 is expected (row 2, column 1" in answer.text and "Nothing was switched" in answer.text
        assert place.switches() == [v1.label]

    def test_a_version_that_answers_wrongly_does_not_verify(self, place: Place, v1: Wanted) -> None:
        place.answer_wrongly_after_switch()
        assert place.target().apply(v1, "op-1", 1).result is Applied.DONE
        answer = place.target().verify(v1)
        assert answer.result is Verdict.DIVERGED
        assert "it answered 1 where 0 is expected (row 1, output label; 3 more of 4 differ)" in answer.text

    def test_an_older_generation_is_stale(self, place: Place, v1: Wanted, v2: Wanted) -> None:
        place.target().apply(v2, "op-7", 7)
        assert place.target().apply(v1, "op-6", 6).result is Applied.STALE
        assert place.target().restore(v1, v1.version.artifact, "op-6", 6).result is Applied.STALE
        assert place.target().restore(None, v1.version.artifact, "op-6", 6).result is Applied.STALE
        assert place.switches() == [v2.label]

    @pytest.mark.parametrize("number", range(1, MOST_CALLS + 1))
    def test_a_newer_generation_may_come_between_any_two_calls(self, place: Place, v1: Wanted, v2: Wanted, v3: Wanted, number: int) -> None:
        if place.target().capabilities().fence is not Fence.ENFORCED:
            return
        place.target().apply(v1, "op-1", 1)

        def overtaken(count: int, _method: str, _path: str) -> Fate:
            if count == number:
                place.target().apply(v3, "op-3", 3)
            return Fate.PASSES

        with place.over(overtaken) as target:
            answer = target.apply(v2, "op-2", 2)
        switched = place.switches()
        if v3.label in switched:
            assert switched[-1] == v3.label, "the newer generation stays"
            assert answer.result is Applied.STALE or v2.label in switched
        else:
            assert (answer.result, switched) == (Applied.DONE, [v1.label, v2.label])

    def test_a_platform_that_rolled_itself_back_does_not_verify(self, place: Place, v1: Wanted, v2: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        place.target().apply(v2, "op-2", 2)
        place.switch_by_itself(v1.label)
        answer = place.target().verify(v2)
        assert answer.result is Verdict.DIVERGED
        assert v1.label in answer.text
        again = place.target().apply(v2, "op-2", 2)
        served = place.target().observe(v2.version.artifact).label
        assert (again.result in GOOD) == (served == v2.label), "the same operation again does not pass for done"

    def test_nobody_there_is_unreachable(self, place: Place, v1: Wanted) -> None:
        target, artifact = place.down(), v1.version.artifact
        calls: list[Callable[[], object]] = [
            lambda: target.observe(artifact),
            lambda: target.apply(v1, "op-1", 1),
            lambda: target.verify(v1),
            lambda: target.restore(v1, artifact, "op-1", 1),
            lambda: target.restore(None, artifact, "op-1", 1),
        ]
        for call in calls:
            with pytest.raises(Unreachable):
                call()

    def test_restore_goes_back_twice_as_once_and_loads_nothing(self, place: Place, v1: Wanted, v2: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        place.target().apply(v2, "op-2", 2)
        before = place.changes()
        former = versions.without_files(v1)
        answers = [place.target().restore(former, v1.version.artifact, "op-3", 3).result for _ in range(2)]
        assert answers == [Applied.DONE, Applied.ALREADY]
        assert place.switches() == [v1.label, v2.label, v1.label]
        assert place.changes() == before + 1
        assert place.target().verify(v1).result is Verdict.MATCHES

    def test_restore_to_nothing_twice_is_once(self, place: Place, v1: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        answers = [place.target().restore(None, v1.version.artifact, "op-2", 2).result for _ in range(2)]
        assert answers == [Applied.DONE, Applied.ALREADY]
        assert place.switches() == [v1.label, "nothing"]
        assert place.target().observe(v1.version.artifact).label is None

    def test_restore_loads_again_what_is_gone(self, place: Place, v1: Wanted, v2: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        place.target().apply(v2, "op-2", 2)
        place.forget(v1.label)
        refused = place.target().restore(versions.without_files(v1), v1.version.artifact, "op-3", 3)
        assert (refused.result, "its files were not given" in refused.text) == (Applied.REFUSED, True)
        assert place.target().restore(v1, v1.version.artifact, "op-3", 3).result is Applied.DONE
        assert place.target().verify(v1).result is Verdict.MATCHES

    @pytest.mark.parametrize("number", range(1, MOST_CALLS + 1))
    @pytest.mark.parametrize("to_nothing", [False, True], ids=["to the former", "to nothing"])
    def test_restore_killed_after_each_call(self, place: Place, v1: Wanted, v2: Wanted, number: int, to_nothing: bool) -> None:
        place.target().apply(v1, "op-1", 1)
        place.target().apply(v2, "op-2", 2)
        former = None if to_nothing else v1
        before = place.changes()
        with place.over(fate_of(number, Fate.ANSWER_LOST, Fate.REQUEST_LOST)) as target:
            try:
                target.restore(former, v1.version.artifact, "op-3", 3)
            except Unreachable:
                assert place.changes() == before
            except Unclear:
                pass
        assert place.target().restore(former, v1.version.artifact, "op-3", 3).result in GOOD
        assert place.switches() == [v1.label, v2.label, "nothing" if to_nothing else v1.label]

    @pytest.mark.parametrize("step", ["switch", "clear"])
    def test_a_restore_whose_answer_comes_too_late_is_settled_by_looking(self, place: Place, v1: Wanted, v2: Wanted, step: str) -> None:
        place.target().apply(v1, "op-1", 1)
        place.target().apply(v2, "op-2", 2)
        place.answer_late(step)
        former = v1 if step == "switch" else None
        assert place.target().restore(former, v1.version.artifact, "op-3", 3).result is Applied.DONE
        assert place.target().observe(v1.version.artifact).label == (v1.label if former else None)

    def test_a_restore_that_does_not_verify_is_not_done(self, place: Place, v1: Wanted, v2: Wanted) -> None:
        place.target().apply(v1, "op-1", 1)
        place.target().apply(v2, "op-2", 2)
        place.answer_wrongly_after_switch()
        answer = place.target().restore(v1, v1.version.artifact, "op-3", 3)
        assert answer.result is Applied.REFUSED
        assert "is the default again, but" in answer.text and "it answered 1 where 0 is expected" in answer.text

    def test_clients_notice_nothing(self, place: Place, v1: Wanted, v2: Wanted, v3: Wanted, tmp_path: Path) -> None:
        place.target().apply(v1, "op-1", 1)
        with place.clients() as clients:
            clients.wait_for(v1.label)
            for fence, version in enumerate([v2, v3], start=2):
                assert place.target().apply(version, f"op-{fence}", fence).result is Applied.DONE
                clients.wait_for(version.label)
            assert place.target().apply(versions.corrupt("v4.0.0", tmp_path), "op-4", 4).result is Applied.REFUSED
            assert place.target().restore(v2, v2.version.artifact, "op-5", 5).result is Applied.DONE
            clients.labels.clear()
            clients.wait_for(v2.label)
        assert clients.failed == []
