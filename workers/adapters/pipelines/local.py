"""Trainings on this host: a work tree, a supervisor that outlives us, and what it wrote down.

Each step can be the last one before a crash: a training lies at its place whole or not at all, a supervisor starts it at most once, and what was
ended leaves a mark, so that it is not begun again.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workers.adapters.pipelines import containers
from workers.adapters.pipelines.cells import UNCONFINED, Cell, Command
from workers.adapters.pipelines.layout import Layout, alone, give, make, private, write_json
from workers.adapters.pipelines.output import LONGEST_LINE
from workers.contract.names import CommitId
from workers.contract.redaction import redact_output
from workers.contract.retraining import How
from workers.ports.errors import BadContent, RefusedByHost, Unreachable
from workers.ports.pipeline import Job, Lent, Look, Run

CheckOut = Callable[[CommitId, Sequence[str], Path, int], Mapping[str, str]]
"""Writes the files below these places of a commit's tree (none: all of them) into a folder, if they have at most so many bytes together; their
SHA-256 by path. Raises BadContent or Unreachable."""

STARTS_WITHIN = 30.0
STOPS_WITHIN = 20.0
LONGEST_LOG = 8000
"""Characters of the log that are shown; the rest lies on the host."""
LONGEST_PROGRESS = 200
_READ = 64 * 1024
_NEW = ".new-"
_GONE = ".gone-"


class LocalPipeline:
    """Runs recipes below `folder`, in a cell. `path` is the PATH of the commands, `secrets` are values that no log may show."""

    def __init__(self, folder: Path, cell: Cell, check_out: CheckOut, path: str, secrets: Sequence[str] = ()) -> None:
        self._folder = folder.absolute()
        self._cell = cell
        self._check_out = check_out
        self._path = path
        self._secrets = tuple(secrets)

    def begin(self, job: Job, live: Lent | None = None) -> None:
        """Lay the work tree, once, and start the supervisor, once. Raises WorldError."""
        layout = self._layout(job)
        if layout.ended.exists():
            return
        if not layout.folder.exists():
            self._make_home()
            with alone(self._folder / ".lock") as ours:
                if not ours:
                    raise Unreachable("preparing a training: another one is being prepared on this host")
                self._remove_remains()
                self._require_room(layout)
                self._lay(job, layout, live)
        self._start(layout)

    def _make_home(self) -> None:
        """Others may pass through it, and not look around: whatever our umask is."""
        with _written():
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True)
                self._folder.chmod(0o711)

    def _layout(self, job: Job) -> Layout:
        return Layout(self._folder / f"{job.id}.{job.attempt}")

    def _remove_remains(self) -> None:
        """What was half made or half removed when somebody was killed; nobody else is at it, for we hold the lock."""
        for name in (_NEW, _GONE):
            for folder in self._folder.glob(f"{name}*"):
                shutil.rmtree(folder, ignore_errors=True)

    def _require_room(self, layout: Layout) -> None:
        """Where trainings share a user without being enclosed, one at a time: each could reach into the other. Raises Unreachable."""
        if not self._cell.sweep:
            return
        for other in self._folder.glob("T-*/lock"):
            if other.parent != layout.folder and Layout(other.parent).is_tended:
                raise Unreachable(f"beginning a training: {other.parent.name} runs on this host, and they share a user")
        self._cell.clear(layout)

    def _lay(self, job: Job, layout: Layout, live: Lent | None) -> None:
        """Everything under another name first, then at its place at once."""
        new = Layout(self._folder / f"{_NEW}{layout.folder.name}")
        self._cell.accept(job.recipe)
        with _written():
            make(new)
            files = self._fill(job, new, live)
            give(new, self._cell.owner)
            self._cell.prove(new)
            write_json(new.job, self._orders(job, layout, files, has_live=live is not None))
            new.folder.rename(layout.folder)

    def _fill(self, job: Job, new: Layout, live: Lent | None) -> dict[str, str]:
        """The tree, the parameters and the live version; the SHA-256 of the artifact's files by their path below its folder."""
        recipe = job.recipe
        places = (job.folder, *recipe.inputs) if recipe.inputs else ()
        files = self._check_out(job.base, places, new.tree, recipe.disk_mb << 20)
        parameters = new.room / "parameters.json"
        parameters.write_text(json.dumps(dict(recipe.parameters)))
        parameters.chmod(0o644)
        if recipe.how is How.DVC and (new.tree / ".dvc").is_dir():
            (new.tree / ".dvc/config.local").write_text("[core]\n    no_scm = true\n    analytics = false\n")
        if live and recipe.evaluate:
            with live() as lent:
                for path, source in lent.items():
                    _copy(source, new.room / "live", path)
        below = "" if job.folder == "." else f"{job.folder}/"
        return {path.removeprefix(below): sha256 for path, sha256 in files.items() if path.startswith(below)}

    def _orders(self, job: Job, layout: Layout, files: Mapping[str, str], *, has_live: bool) -> dict[str, Any]:
        """What the supervisor does. Paths are those of the training's last place."""
        recipe = job.recipe
        return {
            "steps": list(self._steps(job, layout, has_live=has_live)),
            "seconds": recipe.minutes * 60,
            "memory": recipe.memory_mb << 20,
            "disk": recipe.disk_mb << 20,
            "log": recipe.log_kb << 10,
            "folder": job.folder,
            "path": job.path,
            "needs": list(job.needs),
            "files": dict(files),
            "owner": self._cell.owner,
            "sweep": self._cell.sweep,
            "isolation": self._cell.says,
        }

    def _steps(self, job: Job, layout: Layout, *, has_live: bool) -> Iterator[dict[str, Any]]:
        at, recipe = self._cell.at(layout), job.recipe
        places = {"training": "", "live": f"{at}/live", "new": f"{at}/tree/{job.folder}" + ("" if job.path == "." else f"/{job.path}")}
        environment = self._environment(job, at)
        for name in containers.STEPS:
            if name != "training" and (not recipe.evaluate or (name == "live" and not has_live)):
                continue
            words = _words(job) if name == "training" else tuple(word.replace("{model}", places[name]) for word in recipe.evaluate)
            command = Command(words, job.folder, environment, reads=name != "training")
            started = self._cell.started(layout, recipe, command, name)
            yield started | {"name": _NAMES[name], "text": _TEXTS[name], "measures": None if name == "training" else name}

    def _environment(self, job: Job, at: str) -> dict[str, str]:
        """All that a command finds in its environment."""
        return {
            "PATH": self._path,
            "HOME": f"{at}/home",
            "TMPDIR": f"{at}/tmp",  # noqa: S108  # a folder of its own
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",  # what Python leaves beside its sources is no part of a version
            "TOWPATH_RETRAINING": str(job.id),
            "TOWPATH_ARTIFACT": str(job.artifact),
            "TOWPATH_BASE": str(job.base),
            "TOWPATH_PARAMETERS": f"{at}/parameters.json",
        }

    def _start(self, layout: Layout) -> None:
        """Start the supervisor unless one was there already, and wait for its first word. Two of them are one: it takes a lock and looks."""
        if layout.state.exists():
            return
        words = [sys.executable, "-I", "-m", "workers.adapters.pipelines.supervise", str(layout.folder)]
        told = {name: os.environ[name] for name in _FOR_ENGINES if name in os.environ}
        with private(layout.folder / "supervisor.log", os.O_APPEND) as log:
            child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=told, cwd="/", start_new_session=True, close_fds=True
            )
        until = time.monotonic() + STARTS_WITHIN
        while not layout.state.exists() and time.monotonic() < until:
            if child.poll() is not None and not layout.is_tended:
                break
            time.sleep(0.02)
        if not layout.state.exists():
            raise Unreachable(
                f"starting the supervisor of {layout.folder.name}: it has not answered; its log is {layout.folder}/supervisor.log"
            )

    def look(self, job: Job) -> Look:
        """What the supervisor wrote down, if it still lives or has come to an end."""
        layout = self._layout(job)
        with _written():
            tended = layout.is_tended  # before the state is read: one that ends in between has written its last word
            state = layout.read()
        ran = self._ran(job, layout)
        if state is None:
            if layout.folder.exists() and not layout.ended.exists():
                return Look(Run.RUNNING, "It is being started.", ran=ran)
            return Look(Run.LOST, "Nothing of this training is left on this host.", ran=ran)
        run = Run(state["run"])
        if run is Run.RUNNING and not tended:
            run, state["text"] = (
                Run.LOST,
                "Its supervisor is gone: the host was started again, or somebody killed it. How it ended is not known.",
            )
        return Look(
            run,
            self._shown(f"{state['text']}{_warning(ran)}", LONGEST_LINE),
            progress=self._shown(str(state["progress"]), LONGEST_PROGRESS) or None,
            log=self._log(layout),
            tree=layout.tree if run is Run.DONE else None,
            ran=ran,
            measured=state["measured"] if run is Run.DONE else {},
        )

    def _shown(self, text: str, most: int) -> str:
        return redact_output(text, self._secrets)[:most]

    def _log(self, layout: Layout) -> str | None:
        """The end of the log from the beginning of a line, without secrets."""
        try:
            with layout.log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _READ))
                raw = file.read(_READ)
        except FileNotFoundError:
            return None
        whole = raw if size <= _READ else raw[raw.find(b"\n") + 1 :]
        text = redact_output(whole.decode(errors="replace").replace("\0", ""), self._secrets)
        return (text if len(text) <= LONGEST_LOG else text[-LONGEST_LOG:].partition("\n")[2]) or None

    def _ran(self, job: Job, layout: Layout) -> dict[str, str]:
        isolation = self._cell.says
        with suppress(OSError, ValueError, KeyError):
            isolation = str(json.loads(layout.job.read_bytes())["isolation"])
        given = {f"parameter {name}": value for name, value in sorted(job.recipe.parameters.items())}
        image = {"image": job.recipe.image} if job.recipe.image else {}
        return {"code": str(job.base), "command": " ".join(_words(job)), **image, "isolation": isolation, **given}

    def end(self, job: Job) -> None:
        """The mark first, then the supervisor, then what it may have left, then the folder. Raises Unreachable when something goes on living."""
        layout = self._layout(job)
        self._make_home()
        with _written():
            layout.ended.touch(mode=0o600)
            if not layout.folder.exists():
                return
            _stop(layout)
            if not any(Layout(other.parent).is_tended for other in self._folder.glob("T-*/lock")) or not self._cell.sweep:
                self._cell.clear(layout)
            gone = self._folder / f"{_GONE}{layout.folder.name}-{os.getpid()}"
            layout.folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)


def _warning(ran: Mapping[str, str]) -> str:
    """Nobody is to take a trial for the real thing."""
    return f" It ran {ran['isolation']} (TOWPATH_TRAINING_USER=same)." if ran["isolation"] == UNCONFINED else ""


_NAMES = {"training": "The training", "live": "The evaluation of the live version", "new": "The evaluation of the new version"}
_TEXTS = {"training": "It is training.", "live": "The live version is being evaluated.", "new": "The new version is being evaluated."}
_FOR_ENGINES = (
    "PATH",
    "HOME",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST",
)
"""What a supervisor gets of our environment: enough to find a container engine. The commands get none of it."""


def _words(job: Job) -> tuple[str, ...]:
    """The command of a recipe. Raises BadContent when it has none."""
    recipe = job.recipe
    if recipe.how is How.DVC:
        if recipe.target is not None and recipe.target.startswith("-"):
            raise BadContent(f"The stage {recipe.target!r} of the recipe begins with a dash.")
        return ("dvc", "repro", *([recipe.target] if recipe.target else []))
    if not recipe.command:
        raise BadContent("The recipe names no command.")
    return recipe.command


def _copy(source: Path, folder: Path, path: str) -> None:
    """A copy of its own, for others to read: what is lent belongs to the store."""
    for part in path.split("/")[:-1]:
        folder = folder / part
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    target = folder / path.rpartition("/")[2]
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _stop(layout: Layout) -> None:
    """Ask the supervisor to end, then make it. Raises Unreachable when it does neither."""
    until = time.monotonic() + STOPS_WITHIN
    while layout.is_tended:
        late = time.monotonic() > until
        if time.monotonic() > until + STOPS_WITHIN:
            raise Unreachable(f"ending {layout.folder.name}: its supervisor does not go away")
        _tell(layout, signal.SIGKILL if late else signal.SIGTERM)
        time.sleep(0.05)


def _tell(layout: Layout, number: signal.Signals) -> None:
    """A signal for the supervisor and nobody else: who holds the lock while we hold its process has that number."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        pid = int((layout.read() or {})["pid"])
        held = os.pidfd_open(pid)
        try:
            if layout.is_tended:
                signal.pidfd_send_signal(held, number)
        finally:
            os.close(held)


@contextmanager
def _written() -> Iterator[None]:
    """What the file system says, in ours."""
    try:
        yield
    except OSError as exc:
        if isinstance(exc, PermissionError):
            raise RefusedByHost(f"keeping a training on this host: {exc.strerror} ({exc.filename}). Correct TOWPATH_TRAININGS.") from exc
        raise Unreachable(f"keeping a training on this host: {exc.strerror or type(exc).__name__}") from exc
