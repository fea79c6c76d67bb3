"""Child processes: waited for, explained when they fail, ended with all they started, never orphaned."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.processes import Child, ChildFailed, answers, free_port

FOREVER = "import time; time.sleep(3600)"
SERVER = "import http.server, sys; http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]))"


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def is_running(pid: int) -> bool:
    """Return whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def printed(path: Path) -> str:
    """Wait until a first whole line is in a log, and return it."""
    wait_for(lambda: path.exists() and "\n" in path.read_text())
    return path.read_text().splitlines()[0]


def test_a_child_is_ready_when_it_answers_and_gone_when_stopped(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    assert not answers(url)
    with Child(python(SERVER, str(port)), tmp_path / "logs" / "server.log", folder=tmp_path) as child:
        child.wait_until(lambda: answers(url))
        pid = child.pid
        assert child.alive
        child.start()
        assert child.pid == pid
        assert not answers(f"{url}missing")
    assert not is_running(pid)
    assert child.stop() is None


def test_a_child_that_ends_early_is_explained_with_its_last_words(tmp_path: Path) -> None:
    child = Child(python("import sys; print('x' * 50000); sys.exit('no such thing')"), tmp_path / "log")
    child.start()
    with pytest.raises(ChildFailed, match=r"ended with status 1(?s:.)*no such thing") as failed:
        child.wait_until(lambda: False)
    assert len(str(failed.value)) < 10_000


def test_a_child_that_is_never_ready_is_stopped_and_explained(tmp_path: Path) -> None:
    child = Child(python(f"print('still warming up', flush=True); {FOREVER}"), tmp_path / "log")
    child.start()
    printed(tmp_path / "log")
    pid = child.pid
    with pytest.raises(ChildFailed, match=r"not ready within 0.1 s(?s:.)*still warming up"):
        child.wait_until(lambda: False, within=0.1)
    assert not is_running(pid)


def test_a_command_that_does_not_exist_is_explained(tmp_path: Path) -> None:
    child = Child(["/no/such/command"], tmp_path / "log")
    child.start()
    with pytest.raises(ChildFailed, match="cannot start /no/such/command: No such file or directory"):
        child.wait_until(lambda: False)
    with pytest.raises(RuntimeError, match="not started"):
        _ = child.pid


def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    child = Child(python(f"{deaf}; time.sleep(3600)"), tmp_path / "log")
    child.start()
    printed(tmp_path / "log")
    assert child.stop(grace=0.1) == -signal.SIGKILL


def test_stop_lets_a_child_end_in_its_own_way(tmp_path: Path) -> None:
    polite = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('up', flush=True)"
    child = Child(python(f"{polite}; time.sleep(3600)"), tmp_path / "log")
    child.start()
    printed(tmp_path / "log")
    assert child.stop() == 7


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_what_a_child_started_ends_with_it(tmp_path: Path, end: str) -> None:
    parent = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {FOREVER!r}]); "
    child = Child(python(f"{parent} print(p.pid, flush=True); time.sleep(3600)"), tmp_path / "log")
    child.start()
    grandchild = int(printed(tmp_path / "log"))
    assert is_running(grandchild)
    getattr(child, end)()
    wait_for(lambda: not is_running(grandchild))


def test_kill9_is_a_crash_and_start_begins_again(tmp_path: Path) -> None:
    child = Child(python(f"import os; print(os.getpid(), flush=True); {FOREVER}"), tmp_path / "log")
    child.start()
    assert int(printed(tmp_path / "log")) == child.pid
    assert child.kill9() == -signal.SIGKILL
    child.start()
    wait_for(lambda: f"{child.pid}\n" in (tmp_path / "log").read_text())
    child.stop()


def test_the_environment_is_added_to_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "a")
    code = "import os; print(os.environ['OURS'] + os.environ['THEIRS'] + os.getcwd(), flush=True)"
    with Child(python(code), tmp_path / "log", env={"THEIRS": "b"}, folder=tmp_path):
        assert printed(tmp_path / "log") == f"ab{tmp_path}"


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    child = Child(python(SERVER, str(port)), tmp_path / "log", folder=tmp_path)

    def start() -> None:
        child.start()
        child.wait_until(lambda: answers(url))

    starter = threading.Thread(target=start)
    starter.start()
    thread = Path(f"/proc/self/task/{starter.native_id}")
    starter.join()
    wait_for(lambda: not thread.exists())
    assert answers(url)
    child.stop()


PARENT = """
import sys, time
from pathlib import Path
from demo.processes import Child
child = Child([sys.executable, "-c", sys.argv[3]], Path(sys.argv[1]))
child.start()
child.wait_until(lambda: "up" in Path(sys.argv[1]).read_text())
print(child.pid, flush=True)
time.sleep(float(sys.argv[2]))
"""


UP = f"print('up', flush=True); {FOREVER}"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {UP}"


@pytest.mark.parametrize(
    ("code", "lives", "number"),
    [(UP, "3600", signal.SIGKILL), (UP, "3600", signal.SIGTERM), (UP, "0", None), (DEAF, "0", None)],
)
def test_no_child_outlives_us(tmp_path: Path, code: str, lives: str, number: signal.Signals | None) -> None:
    command = python(PARENT, str(tmp_path / "log"), lives, code)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        if number is not None:
            assert is_running(child)
            os.kill(parent.pid, number)
        parent.wait(timeout=20)
    wait_for(lambda: not is_running(child))
