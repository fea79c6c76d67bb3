"""A training in a container, against a stand-in of the engine's command line: no engine runs here, so that the words are what is proved."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from workers.adapters.pipelines.containers import Container
from workers.ports.errors import BadContent, RefusedByHost
from workers.ports.pipeline import Job, Run

from .stage import TRAINS, Stage, ended, lent, needs_python, run, until

pytestmark = needs_python
IMAGE = "registry.example/train@sha256:" + "a" * 64
ENGINE = """#!{python}
import json, os, subprocess, sys, time
words = sys.argv[1:]
with open({calls!r}, "a") as calls:
    calls.write(json.dumps(words) + "\\n")
pids = {pids!r}
if words[0] == "rm":
    missing = 0
    for name in words[2:]:
        try:
            os.kill(int(open(os.path.join(pids, name)).read()), 9)
        except (OSError, ValueError):
            missing = 1
            print(f"Error: No such container: {{name}}", file=sys.stderr)
    sys.exit(missing)
at, place = {{}}, {{}}
image = next(number for number, word in enumerate(words) if "@sha256:" in word and not word.startswith("type="))
options = words[1:image]
mounts = [dict(part.partition("=")[::2] for part in options[at + 1].split(",")) for at, word in enumerate(options) if word == "--mount"]
given = lambda name: [options[at + 1] for at, word in enumerate(options) if word == name]
tree = next(mount["source"] for mount in mounts if mount["target"] == "/run/towpath/tree")
room = os.path.dirname(tree)
inside = lambda text: text.replace("/run/towpath", room)
environment = dict(inside(one).split("=", 1) for one in given("--env"))
command = [given("--entrypoint")[0], *map(inside, words[image + 1:])]
os.makedirs(pids, exist_ok=True)
open(os.path.join(pids, given("--name")[0]), "w").write(str(os.getpid()))
os.chdir(inside(given("--workdir")[0]))
os.execvpe(command[0], command, environment)
"""


@pytest.fixture
def engine(stage: Stage) -> Path:
    """Where the stand-in lies; it writes down what it was asked."""
    place = stage.folder / "docker"
    place.write_text(ENGINE.format(python=sys.executable, calls=str(stage.folder / "calls"), pids=str(stage.folder / "pids")))
    place.chmod(0o755)
    return place


def calls(stage: Stage) -> list[list[str]]:
    return [json.loads(line) for line in (stage.folder / "calls").read_text().splitlines()]


def a_job(stage: Stage, code: str = TRAINS, **recipe: object) -> Job:
    return stage.python(code, image=IMAGE, parameters={"depth": "3"}, **recipe)


def test_the_words_for_the_engine(stage: Stage, engine: Path, tmp_path: Path) -> None:
    (tmp_path / "live").write_text("live")
    measures = "import sys; print('{\"auc\": %d}' % len(open(sys.argv[1] + '/model.bin').read()))"
    job = a_job(stage, evaluate=("python3", "-c", measures, "{model}"))
    look = run(stage.pipeline(Container(str(engine), network=False)), job, lent({"model.bin": tmp_path / "live"}))
    assert (look.run, look.measured) == (Run.DONE, {"live": {"auc": "4"}, "new": {"auc": "3"}}), look
    assert look.ran["image"] == IMAGE
    training, live, new = (words for words in calls(stage) if words[0] == "run")
    room = stage.layout(job).room
    name = f"towpath-{stage.trainings.stat().st_ino:x}-T-1.1-training"
    user = "65534:65534" if os.geteuid() == 0 else f"{os.geteuid()}:{os.getegid()}"
    mounts = [
        f"type=bind,source={room}/tree,target=/run/towpath/tree",
        f"type=bind,source={room}/home,target=/run/towpath/home",
        f"type=bind,source={room}/tmp,target=/run/towpath/tmp",
        f"type=bind,source={room}/tmp,target=/tmp",
        f"type=bind,source={room}/shared,target=/dev/shm",
        f"type=bind,source={room}/live,target=/run/towpath/live,readonly",
        f"type=bind,source={room}/parameters.json,target=/run/towpath/parameters.json,readonly",
    ]
    environment = {
        "HOME": "/run/towpath/home", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
        "TMPDIR": "/run/towpath/tmp", "TOWPATH_ARTIFACT": "biopsy", "TOWPATH_BASE": str(stage.base),
        "TOWPATH_PARAMETERS": "/run/towpath/parameters.json", "TOWPATH_RETRAINING": "T-1",
    }  # fmt: skip
    assert training == [
        "run", "--rm", "--init", "--name", name, "--network", "none", "--read-only", "--log-driver", "none", "--user", user,
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "1024m", "--memory-swap", "1024m", "--pids-limit", "1024",
        "--ulimit", "core=0", "--oom-score-adj", "1000", "--tmpfs", "/run:rw,size=64k",
        *(word for mount in mounts for word in ("--mount", mount)), "--workdir", "/run/towpath/tree/models/biopsy",
        *(word for key, value in environment.items() for word in ("--env", f"{key}={value}")),
        "--entrypoint", "python3", IMAGE, "-c", TRAINS,
    ]  # fmt: skip
    assert live[-4:] == [IMAGE, "-c", measures, "/run/towpath/live"]
    assert new[-1] == "/run/towpath/tree/models/biopsy/model"
    assert f"type=bind,source={room}/tree,target=/run/towpath/tree,readonly" in live, "an evaluation changes nothing"


def test_a_container_that_hangs_is_removed_by_its_name(stage: Stage, engine: Path) -> None:
    look = run(stage.pipeline(Container(str(engine), network=True)), a_job(stage, "import time; time.sleep(1000)", minutes=0.02))
    assert look.text == "It ran for longer than 0.02 minutes and was stopped."
    started, removed = calls(stage)
    assert removed == ["rm", "--force", started[started.index("--name") + 1]]
    assert started[started.index("--network") + 1] == "bridge"


def test_what_a_killed_supervisor_left_behind_is_removed_at_the_end(stage: Stage, engine: Path) -> None:
    pipeline, job = (
        stage.pipeline(Container(str(engine), network=False)),
        a_job(stage, "import time; print('here', flush=True); time.sleep(1000)"),
    )
    pipeline.begin(job)
    until(lambda: pipeline.look(job).progress == "here", "it runs")
    os.kill(int((stage.layout(job).read() or {})["pid"]), 9)
    assert ended(pipeline, job).run is Run.LOST
    pid = int(next((stage.folder / "pids").iterdir()).read_text())
    assert Path(f"/proc/{pid}").exists(), "a container is no child that ends with us"
    pipeline.end(job)
    until(lambda: not Path(f"/proc/{pid}/cwd").exists(), "the container is gone")
    assert not stage.layout(job).folder.exists()


@pytest.mark.parametrize("image", [None, "train:latest", "x@sha256:" + "a" * 63, "-v/:/x@sha256:" + "a" * 64, "x y@sha256:" + "a" * 64])
def test_an_image_is_named_by_its_digest_or_not_at_all(stage: Stage, engine: Path, image: str | None) -> None:
    with pytest.raises(BadContent, match="image"):
        stage.pipeline(Container(str(engine), network=False)).begin(stage.python(TRAINS, image=image))


def test_a_comma_in_a_path_would_be_another_mount(stage: Stage, engine: Path) -> None:
    stage.trainings = stage.folder / "a,b"
    with pytest.raises(RefusedByHost, match="TOWPATH_TRAININGS"):
        stage.pipeline(Container(str(engine), network=False)).begin(a_job(stage))
