"""A training on this host, run for real: what comes out, how each kind of bad behaviour is told, and that nothing of ours can be reached."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo.redis import RedisServer
from workers.adapters.pipelines.cells import Apart
from workers.contract.retraining import How
from workers.ports.errors import RefusedByHost, Unreachable
from workers.ports.pipeline import Run

from .stage import TRAINS, Stage, ended, lent, needs_python, needs_root, processes_of, run, until

pytestmark = [needs_root, needs_python]
KINDS = ["enclosed", "plain"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_a_training_writes_is_its_result(stage: Stage, kind: str) -> None:
    code = (
        "import json, os\n"
        "print('towpath: epoch 1'); print('noise')\n"
        "given = json.load(open(os.environ['TOWPATH_PARAMETERS']))\n"
        "assert sorted(os.environ) == ['HOME', 'LANG', 'LC_CTYPE', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONUNBUFFERED', 'TMPDIR', "
        "'TOWPATH_ARTIFACT', 'TOWPATH_BASE', 'TOWPATH_PARAMETERS', 'TOWPATH_RETRAINING'] or 'LC_CTYPE' not in os.environ, sorted(os.environ)\n"
        "assert open('../other/model.bin').read() == 'other'\n"
        "open(os.environ['HOME'] + '/x', 'w'); open(os.environ['TMPDIR'] + '/x', 'w'); open('/tmp/towpath-x', 'w')\n" + TRAINS + "\n"
        "open('model/model.bin', 'w').write(given['depth'])\n"
    )
    job = stage.python(code, parameters={"depth": "7"})
    look = run(stage.pipeline(stage.cell(kind)), job)
    assert (look.run, look.text, look.progress) == (Run.DONE, "The training has ended well.", "epoch 1"), look.log
    assert look.tree is not None
    assert (look.tree / "models/biopsy/model/model.bin").read_text() == "7"
    assert (look.tree / "models/biopsy/model/model.bin").stat().st_uid == 0
    assert look.ran["code"] == stage.base
    assert look.ran["parameter depth"] == "7"
    assert look.ran["isolation"].startswith(f"user trainee, {'enclosed, no network' if kind == 'enclosed' else 'not enclosed'}")
    assert kind == "plain" or not Path("/tmp/towpath-x").exists()
    Path("/tmp/towpath-x").unlink(missing_ok=True)


def test_a_training_that_names_its_inputs_sees_no_other_folder(stage: Stage) -> None:
    code = "import os; print(sorted(os.listdir('../..')), sorted(os.listdir('..'))); " + TRAINS
    look = run(stage.pipeline(stage.cell("enclosed")), stage.python(code, inputs=("README.md",)))
    assert (look.run, look.progress) == (Run.DONE, "['README.md', 'models'] ['biopsy']")


def test_an_evaluation_measures_the_live_version_and_the_new_one(stage: Stage, kind: str, tmp_path: Path) -> None:
    measures = (
        "import json, sys; model = open(sys.argv[1] + '/model.bin').read(); print('looking', file=sys.stderr); "
        "print(json.dumps({'auc': {'live': 0.90, 'new': 0.950}[model], 'rows': 100}))"
    )
    (tmp_path / "kept").write_text("live")
    job = stage.python(TRAINS, evaluate=("python3", "-c", measures, "{model}"))
    look = run(stage.pipeline(stage.cell(kind)), job, lent({"model.bin": tmp_path / "kept"}))
    assert look.run is Run.DONE, look
    assert look.measured == {"live": {"auc": "0.9", "rows": "100"}, "new": {"auc": "0.95", "rows": "100"}}
    assert "looking" in str(look.log)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("print('fine')", "did not print a JSON object"),
        ("print('{\"auc\": NaN}')", "did not print a JSON object"),
        ('print(\'{"auc": "0.9"}\')', "auc is no number"),
        ("print('{\"auc\": true}')", "auc is no number"),
        ("print('[' * 100000)", "more than 64 kB"),
        ("open('model/model.bin', 'w')", "with exit code 1"),
        ("raise SystemExit(3)", "ended with exit code 3"),
    ],
)
def test_an_evaluation_that_cannot_be_used_says_so(stage: Stage, answer: str, words: str) -> None:
    look = run(stage.pipeline(stage.cell("enclosed")), stage.python(TRAINS, evaluate=("python3", "-c", answer, "{model}")))
    assert look.run is Run.FAILED
    assert look.text.startswith("The evaluation of the new version ")
    assert words in look.text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(3)", "The training ended with exit code 3."),
        ("pass", "changed nothing in the artifact's folder"),
        ("open('model/model.bin', 'w').write('old')", "changed nothing in the artifact's folder"),
        ("import shutil; shutil.rmtree('model')", "left no model in the artifact's folder"),
        ("import os; os.remove('metrics.json')", "left no metrics.json in the artifact's folder"),
        ("import os; os.symlink('/etc/passwd', 'model/x')", "model/x is a link or a device"),
        ("import os; os.mkfifo('model/x')", "model/x is a link or a device"),
        ("import os; os.link('metrics.json', 'model/x')", "is a second name of a file"),
        ("import os; os.rename('../biopsy', '../b'); os.symlink('/etc', '../biopsy')", "the folder models/biopsy is gone"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed from outside"),
    ],
)
def test_what_is_no_new_version_is_told_in_words(stage: Stage, code: str, words: str) -> None:
    look = run(stage.pipeline(stage.cell("enclosed")), stage.python(code))
    assert look.run is Run.FAILED
    assert words in look.text
    assert look.tree is None


def test_a_program_that_is_not_there_is_named(stage: Stage) -> None:
    look = run(stage.pipeline(stage.cell("enclosed")), stage.job(how=How.DVC, target="train"))
    assert look.run is Run.FAILED
    assert look.text == "The training could not start: cannot start dvc: No such file or directory."


def test_a_training_that_hangs_is_ended_and_so_is_what_it_left_behind(stage: Stage, kind: str) -> None:
    """A daemon that has left its parent, its session and its group, and ignores what can be ignored."""
    code = (
        "import os, signal, time\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    if not os.fork():\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "        print('towpath: the daemon lives', flush=True)\n"
        "        time.sleep(1000)\n"
        "    os._exit(0)\n"
        "time.sleep(1000)\n"
    )
    pipeline, job = stage.pipeline(stage.cell(kind)), stage.python(code, minutes=0.05)
    pipeline.begin(job)
    until(lambda: pipeline.look(job).progress == "the daemon lives", "the daemon lives")
    assert processes_of(stage.account.uid)
    look = ended(pipeline, job)
    assert (look.run, look.text) == (Run.FAILED, "It ran for longer than 0.05 minutes and was stopped.")
    assert processes_of(stage.account.uid) == []


def test_a_daemon_does_not_outlive_a_training_that_ended_well(stage: Stage, kind: str) -> None:
    code = (
        "import os, time\nif not os.fork():\n    os.setsid()\n    if not os.fork(): time.sleep(1000)\n    os._exit(0)\nos.wait()\n" + TRAINS
    )
    assert run(stage.pipeline(stage.cell(kind)), stage.python(code)).run is Run.DONE
    assert processes_of(stage.account.uid) == []


def test_memory_is_limited_in_each_process_and_in_all_together(stage: Stage, kind: str) -> None:
    pipeline = stage.pipeline(stage.cell(kind))
    look = run(pipeline, stage.python("x = bytearray(200 << 20)", memory_mb=100))
    assert (look.run, look.text) == (Run.FAILED, "The training ended with exit code 1.")
    assert "MemoryError" in str(look.log)
    code = "import os, time\nfor _ in range(4): os.fork()\nx = bytearray(60 << 20)\nfor at in range(0, len(x), 4096): x[at] = 1\ntime.sleep(1000)"
    look = run(pipeline, stage.python(code, memory_mb=200, number=2))
    assert (look.run, look.text) == (Run.FAILED, "It used more than 200 MB of memory and was stopped.")


@pytest.mark.parametrize("where", ["model/big", "/tmp/big", "/dev/shm/big", os.devnull])
def test_disk_is_limited_wherever_it_can_be_written(stage: Stage, where: str) -> None:
    """In one file as in many."""
    place = where if where != os.devnull else "model/big"
    part = "str(number)" if where != os.devnull else "''"
    code = f"import time\nfor number in range(1000):\n    open({place!r} + {part}, 'ab').write(bytes(1 << 20))\n    time.sleep(0.002)\ntime.sleep(1000)"
    look = run(stage.pipeline(stage.cell("enclosed")), stage.python(code, disk_mb=20))
    assert look.run is Run.FAILED
    assert look.text in ("It used more than 20 MB of disk and was stopped.", "The training ended with exit code 1.")
    assert "20 MB" in look.text or "File too large" in str(look.log)


def test_a_flood_of_output_is_kept_short_and_a_secret_in_it_is_struck_out(stage: Stage, kind: str) -> None:
    code = (
        "import sys\nfor _ in range(1600): sys.stdout.write('x' * 65535 + '\\n')\n"
        "print('xoxb-1234567890-abcdef'); print('the password is hunter2-hunter2')\n"
        "print('-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAAA\\n-----END OPENSSH PRIVATE KEY-----')\n"
        "print('towpath: with ghp_16C7e42F292c6912E7710c838347Ae178B4a'); print('end')\n"
    )
    job = stage.python(code + TRAINS)
    look = run(stage.pipeline(stage.cell(kind), ["hunter2-hunter2"]), job)
    assert look.run is Run.DONE
    assert stage.layout(job).log.stat().st_size <= 64 << 10
    assert look.progress == "with [secret removed]"
    assert str(look.log).splitlines()[-4:] == ["the password is ***", "[secret removed]", "towpath: with [secret removed]", "end"]
    assert "xoxb-" not in str(look.log)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


TRIES = """
import json, os, socket, sys
def tried(what):
    try:
        return repr(what())[:60]
    except OSError as exc:
        return type(exc).__name__
def environs():
    read = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        for name in ('environ', 'mem', 'fd/0', 'root/etc/hostname'):
            try:
                if os.stat('/proc/' + pid).st_uid != os.getuid() and open(f'/proc/{pid}/{name}', 'rb').read(1):
                    read.append((pid, name))
            except OSError:
                pass
    return read
keys, mirror, port = sys.argv[1:4]
print('towpath: ' + json.dumps({
    'uid': os.getuid(), 'groups': os.getgroups(), 'fds': len(os.listdir('/proc/self/fd')),
    'key': tried(lambda: open(keys + '/writer').read()), 'keys': tried(lambda: os.listdir(keys)),
    'mirror': tried(lambda: os.listdir(mirror)), 'environs': environs(),
    'redis': tried(lambda: socket.create_connection(('127.0.0.1', int(port)), 2)),
    'root': tried(lambda: os.setuid(0)), 'others': len([pid for pid in os.listdir('/proc') if pid.isdigit()]),
    'status': [line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapBnd', 'NoNewPrivs'))][::2],
    'etc': tried(lambda: open('/etc/towpath-x', 'w')), 'state': tried(lambda: os.listdir('../../../..')),
}))
"""


def test_it_can_read_no_key_no_mirror_no_environment_and_reach_no_redis(stage: Stage, kind: str, redis: RedisServer) -> None:
    """Our process is root's, and its environment holds what must not be read."""
    port = redis.url.rpartition(":")[2].partition("/")[0]
    job = stage.job("python3", "-c", TRIES + TRAINS, str(stage.keys), str(stage.folder / "data/mirror"), port)
    look = run(stage.pipeline(stage.cell(kind)), job)
    assert look.run is Run.DONE, look
    found = json.loads(str(stage.layout(job).read()["progress"]))  # type: ignore[index]
    enclosed = kind == "enclosed"
    assert found["uid"] == stage.account.uid
    assert found["groups"] == []
    assert found["fds"] == 4, "the three, and the one that lists them"
    assert found["key"] in ("PermissionError", "FileNotFoundError")
    assert found["keys"] == found["mirror"] == ("FileNotFoundError" if enclosed else "PermissionError")
    assert found["environs"] == []
    assert found["root"] == "PermissionError"
    assert found["status"] == ["0000000000000000", "1"]
    assert found["redis"] == "ConnectionRefusedError" if enclosed else found["redis"].startswith("<socket")
    assert found["others"] <= 3 if enclosed else found["others"] > 3
    assert found["etc"] == "OSError" if enclosed else found["etc"] == "PermissionError"


@pytest.mark.parametrize("open_to_all", ["keys", "a key", "the mirror"])
def test_it_is_refused_where_something_of_ours_could_be_read(stage: Stage, open_to_all: str) -> None:
    """Another user alone sees the same folders as everybody."""
    place = {"keys": stage.keys, "a key": stage.keys / "writer", "the mirror": stage.folder / "data/mirror"}[open_to_all]
    stage.keys.chmod(0o711)
    place.chmod(0o755)
    cell = Apart(stage.account, [*stage.private, stage.keys / "writer"], enclosed=False, network=True)
    with pytest.raises(RefusedByHost, match="The user trainee can read") as refused:
        stage.pipeline(cell).begin(stage.python(TRAINS))
    assert str(place) in str(refused.value)
    assert list(stage.trainings.glob("T-*")) == []
    stage.pipeline(stage.cell("enclosed")).begin(stage.python(TRAINS))


def test_two_trainings_of_one_user_never_meet_where_they_are_not_enclosed(stage: Stage) -> None:
    first, second = stage.python("import time; time.sleep(1000)"), stage.python(TRAINS, number=2)
    pipeline = stage.pipeline(stage.cell("plain"))
    pipeline.begin(first)
    with pytest.raises(Unreachable, match="they share a user"):
        pipeline.begin(second)
    pipeline.end(first)
    assert run(pipeline, second).run is Run.DONE


def test_two_enclosed_trainings_run_side_by_side_and_see_nothing_of_each_other(stage: Stage) -> None:
    pipeline = stage.pipeline(stage.cell("enclosed"))
    first = stage.python("import time; time.sleep(1000)")
    pipeline.begin(first)
    code = "import os; print(len([one for one in os.listdir('/proc') if one.isdigit()]), os.listdir('/run/towpath')); " + TRAINS
    look = run(pipeline, stage.python(code, number=2))
    assert str(look.progress).startswith("2 [")
    assert pipeline.look(first).run is Run.RUNNING


def test_without_isolation_it_says_so(stage: Stage) -> None:
    look = run(stage.pipeline(stage.cell("same")), replace(stage.python(TRAINS), needs=()))
    assert (look.run, look.ran["isolation"]) == (Run.DONE, "without isolation: it can read what Towpath can")


def test_a_killed_supervisor_is_lost_and_takes_all_with_it(stage: Stage, kind: str) -> None:
    pipeline, job = stage.pipeline(stage.cell(kind)), stage.python("import time; print('here', flush=True); time.sleep(1000)")
    pipeline.begin(job)
    until(lambda: pipeline.look(job).progress == "here", "it runs")
    os.kill(int((stage.layout(job).read() or {})["pid"]), signal.SIGKILL)
    assert ended(pipeline, job).run is Run.LOST
    until(lambda: processes_of(stage.account.uid) == [], "nothing runs")
    pipeline.begin(job)
    assert pipeline.look(job).run is Run.LOST, "it is not begun twice"
    pipeline.end(job)
    assert run(pipeline, replace(job, attempt=2, recipe=stage.python(TRAINS).recipe)).run is Run.DONE
