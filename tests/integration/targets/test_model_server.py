"""The adapter for model servers against the demo's server over real HTTP: the conformance kit, and what is special to it."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from workers.adapters.targets import model_server as adapter
from workers.adapters.targets.model_server import ModelServer
from workers.contract.names import Version
from workers.contract.promotion import Kind
from workers.ports.errors import BadContent, RefusedByHost, Unclear, Unreachable
from workers.ports.target import Answer, Applied, Capabilities, Fence, Target, Verdict

from . import versions
from .conformance import Clients, TargetConformance
from .relay import Plan, relay
from .running import Askers, call, model_server

ARTIFACT = "biopsy"
PATIENT, IMPATIENT = 10.0, 0.5
STEPS = {"load": "load", "switch": "default", "clear": "unload"}


class DemoPlace:
    """The demo's model server as a place of the kit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._timeout = PATIENT

    def target(self) -> Target:
        return ModelServer("prod", self.url, timeout=self._timeout)

    @contextmanager
    def over(self, plan: Plan) -> Iterator[Target]:
        with relay(self.url, plan) as url:
            yield ModelServer("prod", url)

    def down(self) -> Target:
        with relay(self.url, lambda *_: pytest.fail("nobody asks")) as url:
            pass
        return ModelServer("prod", url)

    def switches(self) -> list[str]:
        return ["nothing" if row["op"] == "unload" else row["version"] for row in self._log() if row["op"] in {"default", "unload"}]

    def changes(self) -> int:
        return len(self._log())

    def answer_late(self, step: str) -> None:
        self._timeout = IMPATIENT
        self._fault(hang_after_effect=STEPS[step], seconds=60)

    def lie_about_digests(self) -> None:
        self._fault(wrong_digest=True)

    def answer_wrongly_after_switch(self) -> None:
        self._fault(wrong_answers=True)

    def switch_by_itself(self, label: str) -> None:
        call(self.url, "POST", f"/v2/repository/models/{ARTIFACT}/versions/{label}/default")

    def forget(self, label: str) -> None:
        call(self.url, "POST", f"/v2/repository/models/{ARTIFACT}/unload", {"parameters": {"version": label}})

    def refuse(self, step: str, status: int) -> None:
        self._fault(refuse=STEPS[step], status=status)

    def clients(self) -> AbstractContextManager[Clients]:
        pair = versions.wanted("v1.0.0").golden
        assert pair is not None
        return Askers(self.url, ARTIFACT, pair[0]).at_work(3)

    def _fault(self, **faults: object) -> None:
        call(self.url, "PUT", "/_/faults", faults)

    def _log(self) -> list[dict[str, str]]:
        """What took effect by an operation of an adapter."""
        log = call(self.url, "GET", "/_/log")["log"]
        return [row for row in log if row["result"] == "done" and row["operation_id"] is not None]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DemoPlace]:
    with model_server(tmp_path / "store") as url:
        yield DemoPlace(url)


class TestConformance(TargetConformance):
    """The kit."""


def test_what_it_can_do(place: DemoPlace) -> None:
    assert place.target().capabilities() == Capabilities((Kind.MODEL,), Fence.ENFORCED, reports_digest=True)


def test_a_grouped_artifact_is_one_name(place: DemoPlace) -> None:
    wanted = versions.wanted("v1.0.0", artifact="risk/biopsy")
    assert place.target().apply(wanted, "op-1", 1).result is Applied.DONE
    assert place.target().verify(wanted).result is Verdict.MATCHES
    assert call(place.url, "GET", "/v2/models/risk%2Fbiopsy")["parameters"]["digest"] == wanted.version.digest


@pytest.mark.parametrize(("name", "version"), [("wine", "v1.1.0"), ("digits", "v1.0.0")])
def test_other_shapes(place: DemoPlace, name: str, version: str) -> None:
    wanted = versions.wanted(version, name)
    assert place.target().apply(wanted, "op-1", 1).result is Applied.DONE
    assert place.target().verify(wanted).result is Verdict.MATCHES


def test_the_fence_is_told_even_where_nothing_moves(place: DemoPlace) -> None:
    wanted = versions.wanted("v1.0.0")
    place.target().apply(wanted, "op-1", 1)
    assert place.target().apply(wanted, "op-5", 5).result is Applied.ALREADY
    assert place.target().observe(ARTIFACT).fence == 5
    assert place.switches() == [wanted.label]


def test_what_serves_already_is_proved_as_well(place: DemoPlace) -> None:
    place.answer_wrongly_after_switch()
    place.target().apply(versions.wanted("v1.0.0"), "op-1", 1)
    answer = place.target().apply(versions.wanted("v1.0.0"), "op-1", 1)
    assert (answer.result, "is not proved" in answer.text) == (Applied.REFUSED, True)


def test_the_same_contents_under_another_label_are_another_version(place: DemoPlace) -> None:
    wanted = dataclasses.replace(versions.wanted("v1.0.0"), golden=None)
    renamed = dataclasses.replace(wanted, version=dataclasses.replace(wanted.version, version=Version.read("v1.0.1")))
    place.target().apply(wanted, "op-1", 1)
    answer = place.target().verify(renamed)
    assert (answer.result, f"{wanted.label} answers by default where {renamed.label} is wanted" in answer.text) == (Verdict.DIVERGED, True)
    assert place.target().apply(renamed, "op-2", 2).result is Applied.DONE
    assert place.switches() == [wanted.label, renamed.label]


@pytest.mark.parametrize("step", ["load", "switch"])
@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_no_is_told_in_the_words_of_the_server(place: DemoPlace, step: str, status: int) -> None:
    place.refuse(step, status)
    answer = place.target().apply(versions.wanted("v1.0.0"), "op-1", 1)
    assert answer.result is Applied.REFUSED
    assert f"{status}: {STEPS[step]} is refused on request" in answer.text and "Nothing was switched." in answer.text


@pytest.mark.parametrize("step", ["load", "switch"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_says_nothing_of_the_change(place: DemoPlace, step: str, status: int) -> None:
    place.refuse(step, status)
    with pytest.raises(Unclear, match=f"prod: it answers {status}"):
        place.target().apply(versions.wanted("v1.0.0"), "op-1", 1)


def test_the_same_label_with_other_contents_is_refused_by_the_server(place: DemoPlace, tmp_path: Path) -> None:
    wanted = versions.wanted("v1.0.0")
    other = versions.corrupt("v9.0.0", tmp_path)
    swapped = dataclasses.replace(wanted, files=other.files)
    assert place.target().apply(swapped, "op-1", 1).result is Applied.REFUSED
    body = {f"file:{wanted.label}/model.onnx": _base64(versions.MODELS / "biopsy" / "v2.0.0" / "model" / "model.onnx")}
    call(place.url, "POST", f"/v2/repository/models/{ARTIFACT}/load", {"parameters": body})
    answer = place.target().apply(wanted, "op-2", 2)
    assert (answer.result, "has other contents" in answer.text) == (Applied.REFUSED, True)
    assert place.switches() == []


def test_a_version_without_a_golden_pair_is_told_as_unproved(place: DemoPlace) -> None:
    wanted = dataclasses.replace(versions.wanted("v1.0.0"), golden=None)
    assert place.target().apply(wanted, "op-1", 1).result is Applied.DONE
    assert "no golden prediction" in place.target().verify(wanted).text


def test_a_golden_input_that_the_model_does_not_take(place: DemoPlace) -> None:
    wanted = versions.wanted("v1.0.0")
    assert wanted.golden is not None
    answer = place.target().apply(dataclasses.replace(wanted, golden=(b'{"inputs": []}', wanted.golden[1])), "op-1", 1)
    assert (answer.result, "answers 400: inputs are features" in answer.text) == (Applied.REFUSED, True)


def test_an_unusable_golden_output_is_the_repository_s_fault(place: DemoPlace) -> None:
    wanted = versions.wanted("v1.0.0")
    assert wanted.golden is not None
    with pytest.raises(BadContent, match="golden output cannot be used"):
        place.target().apply(dataclasses.replace(wanted, golden=(wanted.golden[0], b"{}")), "op-1", 1)
    assert place.switches() == []


def test_what_cannot_be_sent_is_refused_before_anything_is(place: DemoPlace, tmp_path: Path) -> None:
    wanted = versions.wanted("v1.0.0")
    (tmp_path / "huge").touch()
    with (tmp_path / "huge").open("r+b") as huge:
        huge.truncate(adapter.LARGEST_VERSION + 1)
    cases = {
        "larger than 64 MiB": dataclasses.replace(wanted, files={"model.onnx": tmp_path / "huge"}),
        "at most 250 are sent": dataclasses.replace(wanted, files={f"part-{i}": tmp_path / "huge" for i in range(251)}),
        "it is a dataset": dataclasses.replace(wanted, version=dataclasses.replace(wanted.version, kind=Kind.DATASET)),
        "were not given": versions.without_files(wanted),
    }
    for words, case in cases.items():
        answer = place.target().apply(case, "op-1", 1)
        assert (answer.result, words in answer.text) == (Applied.REFUSED, True), answer.text
    with pytest.raises(BadContent, match="cannot be read"):
        place.target().apply(dataclasses.replace(wanted, files={"model.onnx": tmp_path / "gone"}), "op-1", 1)
    assert place.changes() == 0


def test_it_reads_as_sentences(place: DemoPlace) -> None:
    target, v1, v2 = place.target(), versions.wanted("v1.0.0"), versions.wanted("v2.0.0")
    answers: list[Answer] = [
        target.apply(v1, "op-1", 1),
        target.apply(v1, "op-1", 1),
        target.apply(v2, "op-0", 0),
        target.verify(v1),
        target.verify(v2),
        target.restore(None, ARTIFACT, "op-2", 2),
        target.restore(None, ARTIFACT, "op-2", 2),
    ]
    for answer in answers:
        assert answer.text[0].isupper() or answer.text.startswith(ARTIFACT)
        assert answer.text.endswith(".") and "\n" not in answer.text and "None" not in answer.text


def test_a_restarted_server_that_lost_the_version_gets_it_again(place: DemoPlace) -> None:
    wanted = versions.wanted("v1.0.0")
    place.target().apply(wanted, "op-1", 1)
    place.forget(wanted.label)
    assert place.target().verify(wanted).result is Verdict.DIVERGED
    assert place.target().apply(wanted, "op-2", 2).result is Applied.DONE


def test_the_errors_of_reading_are_not_those_of_changing(place: DemoPlace) -> None:
    with pytest.raises(Unreachable):
        place.down().observe(ARTIFACT)
    with pytest.raises(RefusedByHost, match="Open Inference Protocol"):
        ModelServer("prod", f"{place.url}/_").observe(ARTIFACT)


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
