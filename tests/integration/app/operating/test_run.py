from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workers.app import supervisor

from .host import Host, Run, session_of, until

LANES = "".join(f"{one.name}: {one.command}\n" for one in supervisor.read(supervisor.procfile()) if one.name != "web")
SLEEPER = "python -c 'import time; time.sleep(300)'"


@pytest.fixture
def ready(host: Host, redis_url: str) -> Host:
    """A host that could run."""
    host.must("keys")
    host.environ["REDIS_URL"] = redis_url
    return host


def test_every_lane_runs_comes_back_after_a_kill_and_leaves_nobody_behind(ready: Host) -> None:
    fingerprint = ready.must("keys").strip()
    ready.publish(f'version: 1\ntrust: "{fingerprint}"\nenvironments:\n  staging: {{}}\n')
    ready.must("init")
    with ready.run(LANES) as run:
        until(lambda: sum(event["event"] == "ready" for event in run.events) == 5, "five processes are ready")
        first = run.pid("effects")
        before = session_of(first)
        assert len(before) >= 3, "the effects lane has children"
        os.kill(first, signal.SIGKILL)
        until(lambda: run.pid("effects") != first, "it is started again")
        until(lambda: not before & session_of(first), "its children went with it")
        until(lambda: sum(event["event"] == "ready" for event in run.events) == 6, "it is ready again")
        until(lambda: ready.git("ls-tree", "-r", "--name-only", "towpath", "versions/"), "and the lanes work together")
        everybody = run.everybody()
        assert len(everybody) >= 6
        assert run.child.stop(20) == 0
        assert not everybody & run.everybody()
    assert all(isinstance(event["event"], str) for event in run.events), "every line is JSON"
    assert not run.saw(level="error")
    assert sum(event["event"] == "stopping" for event in run.events) == 4
    assert [line for line in run.lines if "SecurityWarning" in line or "Warm shutdown" in line] == []


def test_nothing_is_started_when_a_setting_is_missing(ready: Host) -> None:
    for changes, words in (
        ({"TOWPATH_REPOSITORY": ""}, "TOWPATH_REPOSITORY is not set. Set it to"),
        ({"TOWPATH_REPOSITORY": "relative"}, "TOWPATH_REPOSITORY is wrong"),
        ({"TOWPATH_LOG_LEVEL": "LOUD"}, "TOWPATH_LOG_LEVEL is wrong"),
        ({"TOWPATH_KEYS": "/nowhere"}, "TOWPATH_KEYS is wrong (/nowhere/writer: No such file"),
        ({"REDIS_URL": "nonsense"}, "REDIS_URL is wrong"),
    ):
        (ready.folder / "Procfile").write_text(f'one: {sys.executable} -c \'open("started", "w")\'\n')
        done = ready.towpath("run", "--procfile", str(ready.folder / "Procfile"), **changes)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert done.stderr.startswith(f"towpath: {words}")
    assert not (ready.folder / "started").exists()


@pytest.mark.parametrize(
    ("command", "code"), [("python -c 'raise SystemExit(2)'", 2), ("no-such-program --at-all", 127), ("python -m no.such.module", 1)]
)
def test_a_process_that_cannot_start_stops_all_and_its_status_is_ours(ready: Host, command: str, code: int) -> None:
    with ready.run(f"one: {SLEEPER}\ntwo: {command}\n") as run:
        if code == 1:
            until(lambda: run.saw(event="process_ended", process="two", code=1, again_in=1.0), "it is started again, with longer pauses")
            assert run.child.alive
        else:
            until(lambda: not run.child.alive, "it ends")
            assert run.child.stop() == code
            assert run.saw(event="cannot_start", process="two", code=code, level="error")
        one = run.pid("one")
    assert not session_of(one)


def test_what_processes_print_becomes_lines_of_the_log(ready: Host) -> None:
    program = 'import sys,time; print(\'{"event": "own", "n": 1}\'); print("plain"); print("[1]", file=sys.stderr); sys.stdout.flush(); time.sleep(300)'
    (ready.folder / "talk.py").write_text(program)
    with ready.run("talk: python talk.py\n") as run:
        until(lambda: run.saw(event="own", n=1) and run.saw(event="said", process="talk", text="plain"), "both are there")
        until(lambda: run.saw(event="said", text="[1]"), "standard error too")


def test_one_that_dies_of_a_secret_does_not_tell_it(ready: Host) -> None:
    secret = "xoxb-1234-hunter2 redis://:hunter2@127.0.0.1/0 https://hunter2@git.example.com/x"
    with ready.run(f"talk: python -c 'raise SystemExit(\"{secret}\")'\n") as run:
        until(lambda: run.saw(event="process_ended", process="talk"), "it ended")
    assert "said" in [event["event"] for event in run.events]
    assert "hunter2" not in "".join(run.lines)


def test_the_supervisor_killed_takes_everybody_with_it(ready: Host) -> None:
    with ready.run(f"one: {SLEEPER}\ntwo: {SLEEPER}\n") as run:
        until(lambda: len(run.everybody()) == 2, "both run")
        everybody = run.everybody()
        os.kill(run.child.pid, signal.SIGKILL)
        until(lambda: not everybody & run.everybody(), "both are gone")


def test_one_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    deaf = "import signal, time, subprocess, sys; signal.signal(15, signal.SIG_IGN); subprocess.Popen(['sleep', '300']); time.sleep(300)"
    (tmp_path / "deaf.py").write_text(deaf)
    program = (
        "import pathlib, sys; from workers.app import supervisor as s; s.GRACE = 0.5\n"
        "sys.exit(s.Supervisor(s.read('deaf: python deaf.py'), pathlib.Path('.')).run())"
    )
    running = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path)
    pid = tmp_path / "deaf.pid"
    until(lambda: pid.exists() and len(session_of(int(pid.read_text()))) == 2, "it runs and has a child")
    running.terminate()
    assert running.wait(20) == 0
    assert session_of(int(pid.read_text())) == set()


@pytest.mark.parametrize("text", ["", "# nothing\n", "web python -m bot\n", "web:\n", "../web: true\n", "a: true\na: true\n", "a: 'open\n"])
def test_a_procfile_that_cannot_be_run_is_refused(text: str) -> None:
    with pytest.raises(supervisor.BadProcfile):
        supervisor.read(text)


def test_a_procfile_may_hold_comments_and_addresses() -> None:
    (one,) = supervisor.read("# the one\n\n  web: curl http://127.0.0.1:1/ # not a comment\n")
    assert (one.name, one.command) == ("web", "curl http://127.0.0.1:1/ # not a comment")


def test_run_is_a_context_that_ends(ready: Host) -> None:
    run: Run = ready.run(f"one: {SLEEPER}\n")
    with run:
        until(lambda: run.saw(event="process_started", process="one"), "it runs")
    assert not run.child.alive
