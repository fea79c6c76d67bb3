"""A training is begun once, whoever dies meanwhile; what was ended stays so."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from workers.adapters.pipelines.layout import alone
from workers.contract.names import CommitId
from workers.ports.errors import BadContent, Unreachable
from workers.ports.pipeline import Job, Run

from .stage import TRAINS, Stage, ended, needs_python, run, until

pytestmark = needs_python
STEPS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "subprocess.Popen", "os.symlink", "os.chmod", "os.chown")


def dies_at(number: int, act: Callable[[], None]) -> bool:
    """Do it in a process of its own that is killed before it changes anything for the nth time; whether it came so far."""
    child = os.fork()
    if child == 0:
        left = number

        def count(event: str, given: tuple[object, ...]) -> None:
            nonlocal left
            writes = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes or event in STEPS:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            act()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_killed_at_any_step_it_is_begun_once_all_the_same(stage: Stage) -> None:
    pipeline = stage.pipeline(stage.cell("same"))
    runs = stage.folder / "runs"
    number = 1
    while True:
        job = stage.job("sh", "-c", f"echo {number} >> {runs}; echo new > model/model.bin", number=number)
        killed = dies_at(number, lambda job=job: pipeline.begin(job))  # type: ignore[misc]
        assert run(pipeline, job).run is Run.DONE, number
        pipeline.begin(job)
        if not killed:
            break
        number += 1
    assert runs.read_text().split() == [str(one + 1) for one in range(number)], "each ran once"
    assert number > 15
    assert [one.name for one in stage.trainings.glob(".new-*")] == []


def test_killed_at_any_step_it_is_ended_all_the_same(stage: Stage) -> None:
    pipeline = stage.pipeline(stage.cell("same"))
    number = 1
    while True:
        job = stage.job("sleep", "1000", number=number)
        pipeline.begin(job)
        killed = dies_at(number, lambda job=job: pipeline.end(job))  # type: ignore[misc]
        pipeline.end(job)
        pipeline.end(job)
        assert not stage.layout(job).folder.exists()
        pipeline.begin(job)
        assert pipeline.look(job).run is Run.LOST
        if not killed:
            break
        number += 1
    assert number > 2


def test_what_never_ran_is_ended_and_not_begun_afterwards(stage: Stage) -> None:
    pipeline, job = stage.pipeline(stage.cell("same")), stage.python(TRAINS)
    pipeline.end(job)
    pipeline.begin(job)
    assert pipeline.look(job).run is Run.LOST
    assert not stage.layout(job).folder.exists()
    again = replace(job, attempt=2)
    assert run(pipeline, again).run is Run.DONE


def test_a_training_outlives_whoever_began_it(stage: Stage) -> None:
    """Another worker, which knows nothing but the job, sees it end."""
    gate = stage.folder / "gate"
    job = stage.job("sh", "-c", f"echo towpath: waits; until [ -e {gate} ]; do sleep 0.05; done; echo new > model/model.bin")
    assert not dies_at(10**6, lambda: stage.pipeline(stage.cell("same")).begin(job))
    other = stage.pipeline(stage.cell("same"))
    until(lambda: other.look(job).progress == "waits", "it runs")
    gate.touch()
    assert ended(other, job).run is Run.DONE


def test_while_one_is_prepared_another_must_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, job = stage.pipeline(stage.cell("same")), stage.python(TRAINS)
    stage.trainings.mkdir()
    with alone(stage.trainings / ".lock") as ours:
        assert ours
        with pytest.raises(Unreachable, match="another one is being prepared"):
            pipeline.begin(job)
    assert run(pipeline, job).run is Run.DONE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda job: replace(job, base=CommitId("0" * 40)), "is not in the repository"),
        (
            lambda job: replace(job, folder="models/none", recipe=replace(job.recipe, inputs=("README.md",))),
            "does not exist in this commit",
        ),
        (lambda job: replace(job, recipe=replace(job.recipe, image="x@sha256:" + "0" * 64)), "not in containers"),
        (lambda job: replace(job, recipe=replace(job.recipe, command=())), "names no command"),
        (lambda job: replace(job, recipe=replace(job.recipe, disk_mb=0)), "raise `disk_mb`"),
    ],
)
def test_what_cannot_be_begun_leaves_nothing(stage: Stage, change: Callable[[Job], Job], words: str) -> None:
    pipeline, job = stage.pipeline(stage.cell("same")), change(stage.python(TRAINS))
    with pytest.raises(BadContent, match=words):
        pipeline.begin(job)
    assert [one.name for one in stage.trainings.glob("T-*")] == []


def test_a_clock_that_jumps_ends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks believes neither the wall clock nor the times of files."""
    pipeline, job = stage.pipeline(stage.cell("same")), stage.job("sleep", "1000", minutes=1)
    pipeline.begin(job)
    monkeypatch.setattr("time.time", lambda: 4e9)
    os.utime(stage.layout(job).state, (0, 0))
    assert pipeline.look(job).run is Run.RUNNING
    pipeline.end(job)
