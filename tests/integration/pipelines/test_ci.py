"""A training that the CI of the Git host runs: one run for each attempt, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workers.adapters.pipelines.ci import SETTLES_AFTER, CiPipeline
from workers.adapters.pipelines.github import GitHub
from workers.adapters.pipelines.gitlab import GitLab
from workers.adapters.pipelines.opening import Grounds, open_pipeline
from workers.contract.names import ArtifactName, CommitId, RetrainingId
from workers.contract.retraining import How, Recipe
from workers.ports.errors import BadContent, RefusedByHost, Unreachable
from workers.ports.pipeline import Job, Run

from .ci_host import CiHost, ci_host

BASE = CommitId("9fceb02d0ae598e95dc970b74767f19372d61af8")
WORD = "towpath T-7.1 at 9fceb02d0ae5"


@pytest.fixture(params=["github", "gitlab"])
def host(request: pytest.FixtureRequest) -> Iterator[CiHost]:
    with ci_host(request.param) as host:
        yield host


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(host: CiHost, folder: Path, clock: Clock | None = None) -> CiPipeline:
    kind = GitHub if host.kind == "github" else GitLab
    return CiPipeline(kind(host.place, "main", "hunter2"), folder, ["hunter2"], clock or Clock())


def a_job(host: CiHost, **recipe: Any) -> Job:
    given: dict[str, Any] = {"how": How(host.kind), "workflow": "retrain.yaml", "parameters": {"depth": "3"}} | recipe
    name, id_ = ArtifactName.read("biopsy"), RetrainingId.read("T-7")
    return Job(id_, 1, name, BASE, "models/biopsy", "retrain/biopsy/7", Recipe(**given))


def test_it_is_started_once_and_looked_at_until_it_ends(host: CiHost, tmp_path: Path) -> None:
    pipeline, job = opened(host, tmp_path), a_job(host)
    for _ in range(3):
        pipeline.begin(job)
        assert pipeline.look(job).run is Run.RUNNING
    given = {"artifact": "biopsy", "base": str(BASE), "branch": "retrain/biopsy/7", "parameters": '{"depth": "3"}'}
    if host.kind == "github":
        assert host.started == [{"ref": "main", "inputs": {"towpath": WORD} | given}]
    else:
        variables = {"TOWPATH": WORD} | {f"TOWPATH_{name.upper()}": value for name, value in given.items()}
        assert host.started == [{"ref": "main", "variables": [{"key": key, "value": value} for key, value in variables.items()]}]
    host.ends("success")
    look = pipeline.look(job)
    assert (look.run, look.tree) == (Run.DONE, None)
    assert host.runs[0]["html_url" if host.kind == "github" else "web_url"] in look.text
    assert host.tokens == {"Bearer hunter2" if host.kind == "github" else "hunter2"}
    pipeline.begin(job)
    assert len(host.started) == 1


def test_how_it_can_end(host: CiHost, tmp_path: Path) -> None:
    pipeline, job = opened(host, tmp_path), a_job(host)
    pipeline.begin(job)
    failures = ["failure", "cancelled", "timed_out", "neutral", "skipped"] if host.kind == "github" else ["failed", "canceled", "skipped"]
    for how in failures:
        host.ends(how)
        assert pipeline.look(job).run is Run.FAILED
    host.runs[-1]["status"] = "waiting" if host.kind == "github" else "manual"
    assert pipeline.look(job).run is Run.RUNNING
    host.runs.clear()
    assert pipeline.look(job).run is Run.LOST


def test_a_lost_answer_starts_no_second_run(host: CiHost, tmp_path: Path, clock: Clock) -> None:
    pipeline, job = opened(host, tmp_path, clock), a_job(host)
    host.loses, host.hides = True, True
    with pytest.raises(Unreachable):
        pipeline.begin(job)
    with pytest.raises(Unreachable, match="an answer was lost"):
        pipeline.begin(job)
    host.hides = False
    pipeline.begin(job)
    assert pipeline.look(job).run is Run.RUNNING
    assert len(host.started) == 1


def test_what_the_host_never_shows_is_started_after_a_while(host: CiHost, tmp_path: Path, clock: Clock) -> None:
    pipeline, job = opened(host, tmp_path, clock), a_job(host)
    host.loses = True
    with pytest.raises(Unreachable):
        pipeline.begin(job)
    host.runs.clear()
    clock.now += SETTLES_AFTER + 1
    pipeline.begin(job)
    assert len(host.started) == 2
    assert pipeline.look(job).run is Run.RUNNING


def test_a_host_of_ours_that_was_lost_finds_the_run_again(host: CiHost, tmp_path: Path) -> None:
    job = a_job(host)
    opened(host, tmp_path / "one").begin(job)
    other = opened(host, tmp_path / "two")
    other.begin(job)
    assert other.look(job).run is Run.RUNNING
    assert len(host.started) == 1
    opened(host, tmp_path / "two").begin(replace(job, attempt=2))
    assert len(host.started) == 2


def test_it_is_cancelled_and_not_begun_again(host: CiHost, tmp_path: Path) -> None:
    pipeline, job = opened(host, tmp_path), a_job(host)
    pipeline.begin(job)
    pipeline.end(job)
    pipeline.end(job)
    assert host.runs[0]["status"] in ("completed", "canceled")
    pipeline.begin(job)
    assert len(host.started) == 1


@pytest.mark.parametrize(
    ("status", "message"), [(422, "Unexpected inputs provided: [towpath]"), (403, "no"), (404, "Not Found"), (401, "")]
)
def test_a_host_that_says_no_is_quoted_and_can_be_asked_again(host: CiHost, tmp_path: Path, status: int, message: str) -> None:
    pipeline, job = opened(host, tmp_path), a_job(host)
    host.refuses = (status, message)
    with pytest.raises(RefusedByHost, match="TOWPATH_CI_TOKEN") as refused:
        pipeline.begin(job)
    assert status != 422 or message in str(refused.value)
    assert "hunter2" not in str(refused.value)
    pipeline.begin(job)
    assert len(host.started) == 1


def test_a_host_that_is_ill_is_asked_again(host: CiHost, tmp_path: Path, clock: Clock) -> None:
    pipeline, job = opened(host, tmp_path, clock), a_job(host)
    host.refuses = (502, "Bad Gateway")
    with pytest.raises(Unreachable):
        pipeline.begin(job)
    clock.now += SETTLES_AFTER + 1
    pipeline.begin(job)
    assert len(host.started) == 1


def test_a_workflow_that_does_not_take_the_title_is_told_how(tmp_path: Path) -> None:
    with ci_host("github") as host:
        host.names_runs = False
        pipeline, job = opened(host, tmp_path), a_job(host)
        pipeline.begin(job)
        look = pipeline.look(job)
        assert look.run is Run.RUNNING
        assert "run-name: ${{ inputs.towpath }}" in look.text
        pipeline.begin(job)
        assert len(host.started) == 1


@pytest.mark.parametrize("workflow", [None, "../x.yaml", "x", "a/b.yaml", "x.yaml?a=b"])
def test_a_workflow_is_the_name_of_a_file(tmp_path: Path, workflow: str | None) -> None:
    with ci_host("github") as host, pytest.raises(BadContent, match="workflow"):
        opened(host, tmp_path).begin(a_job(host, workflow=workflow))


def nothing(*_: object) -> dict[str, str]:
    return {}


def test_ci_is_opened_where_the_repository_lies(host: CiHost, tmp_path: Path) -> None:
    grounds = Grounds(tmp_path, host=host.place, token="hunter2")
    pipeline = open_pipeline(How(host.kind), grounds, nothing)
    pipeline.begin(a_job(host))
    assert len(host.started) == 1
    other = How.GITLAB if host.kind == "github" else How.GITHUB
    with pytest.raises(RefusedByHost, match=f"is run by {other.value}, and the repository lies on {host.kind}"):
        open_pipeline(other, grounds, nothing)
    with pytest.raises(RefusedByHost, match="TOWPATH_CI_TOKEN"):
        open_pipeline(How(host.kind), replace(grounds, token=None), nothing)
    with pytest.raises(RefusedByHost, match="no host that Towpath knows"):
        open_pipeline(How(host.kind), replace(grounds, host=None), nothing)
