"""`towpath show` and `towpath history` as a user runs them: a process of its own, with Git and nothing else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from demo.repository import build
from tests import warm

from .town import Foundation, Town, copied

Done = subprocess.CompletedProcess[str]


class Terminal:
    """Somebody's terminal: a home, a repository, and no setting but its address."""

    def __init__(self, home: Path, remote: Path) -> None:
        self.remote = remote
        self.home = home
        home.mkdir(exist_ok=True)

    def towpath(self, *words: str, **more: str) -> Done:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TOWPATH_REPOSITORY": str(self.remote)} | more
        return warm.towpath(*words, env=environ, cwd=self.home)

    def answer(self, *words: str) -> dict[str, Any]:
        done = self.towpath(*words, "--json")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return dict(json.loads(done.stdout))

    def git(self, *words: str, given: str | None = None) -> str:
        people = {f"GIT_{role}_{what}": "d@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environ = os.environ | people | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.remote), *words]
        return subprocess.run(command, input=given, env=environ, capture_output=True, text=True, check=True).stdout.strip()

    def commits(self, files: dict[str, str]) -> str:
        """Put a commit with other content on top of the ledger."""
        lines = ["commit refs/heads/towpath", "committer M <m@example.org> 1800000000 +0000", "data 1", "m", "from refs/heads/towpath^0"]
        for path, content in files.items():
            lines += [f"M 100644 inline {path}", f"data {len(content.encode())}", content]
        self.git("fast-import", "--quiet", given="\n".join([*lines, "done", ""]))
        return self.git("rev-parse", "towpath")


@pytest.fixture
def terminal(tmp_path: Path, lived_in: Foundation) -> Terminal:
    return Terminal(tmp_path / "home", copied(lived_in, tmp_path / "there") / "remote.git")


@pytest.fixture
def tagged(tmp_path: Path) -> Terminal:
    """A repository with versions as tags and no ledger."""
    build(tmp_path / "remote.git", "version: 1\n")
    there = Terminal(tmp_path / "home", tmp_path / "remote.git")
    for number, version in ((1, "v1.0.0"), (2, "v2.0.0")):
        there.git("tag", "-a", "-m", "x", f"biopsy#staging#{number}", f"biopsy@{version}^{{}}")
    return there


def test_status_is_what_the_ledger_says(terminal: Terminal, busy: Town) -> None:
    found = terminal.answer("show", "status")
    assert (found["source"], found["head"], found["verified"], found["fresh"]) == (
        "ledger",
        terminal.git("rev-parse", "towpath"),
        False,
        True,
    )
    shown = {(one["artifact"], one["environment"]): one["succeeded"][-1]["version"] for one in found["answer"]["releases"]}
    live = {(one.artifact, one.environment): one.live.version for one in busy.world().releases.values() if one.live}
    assert shown == live
    text = terminal.towpath("show", "status", "biopsy", "staging").stdout
    assert "v2.0.0" in text
    assert "prod" not in text
    assert "did not verify" in text


def test_a_lone_environment_is_understood(terminal: Terminal) -> None:
    assert {one["environment"] for one in terminal.answer("show", "status", "prod")["answer"]["releases"]} == {"prod"}


def test_versions_and_history_are_whole_and_by_date(terminal: Terminal) -> None:
    versions = terminal.answer("show", "versions", "biopsy")["answer"]
    assert [one["version"] for one in versions["versions"]] == ["v3.0.0", "v2.0.0", "v1.0.0"]
    lines = terminal.answer("history", "biopsy")["answer"]["lines"]
    assert {line["promotion"] for line in lines} >= {"P-1", "P-2", "P-3"}
    assert all(terminal.git("cat-file", "-t", line["commit"]) == "commit" for line in lines)
    of_p1 = next(line for line in lines if line["promotion"] == "P-1")
    assert "P-1" in terminal.git("show", "-s", "--format=%(trailers:key=Promotion,valueonly)", of_p1["commit"])
    assert terminal.answer("history", "--since", "2027-01-01")["answer"].get("lines", []) == []
    assert len(terminal.answer("history", "biopsy", "--since", "2026-11-23")["answer"]["lines"]) == len(lines)


def test_tags_alone_are_an_answer_and_say_so(tagged: Terminal) -> None:
    found = tagged.answer("show", "status")
    assert (found["source"], found["head"]) == ("tags", None)
    assert [(one["artifact"], one["environment"], one["version"]) for one in found["answer"]["assignments"]] == [
        ("biopsy", "staging", "v2.0.0")
    ]
    assert "From tags; no ledger." in tagged.towpath("show", "versions").stdout
    tagged.git("tag", "-a", "-m", "x", "biopsy#staging!#3", "biopsy@v2.0.0^{}")
    assert [one["version"] for one in tagged.answer("show", "status")["answer"]["assignments"]] == ["v1.0.0"]
    tagged.git("tag", "-d", "biopsy#staging!#3")
    assert [one["version"] for one in tagged.answer("show", "status")["answer"]["assignments"]] == ["v2.0.0"]


def test_the_tag_view_starts_without_the_heavy_libraries(tagged: Terminal) -> None:
    code = (
        "import sys, runpy; sys.argv = ['towpath', 'show', 'status']\n"
        "try:\n    from workers.app.front import entry; entry()\n"
        "finally:\n"
        "    heavy = {'git', 'pydantic', 'celery', 'redis', 'jsonschema', 'httpx', 'cryptography', 'structlog', 'yaml'} & set(sys.modules)\n"
        "    print(sorted(heavy), file=sys.stderr)\n"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(tagged.home), "TOWPATH_REPOSITORY": str(tagged.remote)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")


@pytest.mark.parametrize("kind", ["terminal", "tagged"])
def test_with_the_remote_gone_the_cache_answers_and_says_how_old_it_is(kind: str, request: pytest.FixtureRequest) -> None:
    there: Terminal = request.getfixturevalue(kind)
    before = there.answer("show", "status")
    there.remote.rename(there.remote.with_name("away.git"))
    done = there.towpath("show", "status", "--json")
    assert done.returncode == 0
    assert "old" in done.stderr
    now = json.loads(done.stdout)
    assert (now["answer"], now["fresh"], now["as_of"]) == (before["answer"], False, before["as_of"])
    assert there.towpath("show", "status", "--fresh").returncode == 1


def test_with_the_remote_gone_and_no_cache_there_is_no_answer(tmp_path: Path) -> None:
    done = Terminal(tmp_path / "home", tmp_path / "nowhere.git").towpath("show", "status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("towpath: ")
    assert "Traceback" not in done.stderr


def test_a_password_is_in_no_word_and_no_name(tmp_path: Path) -> None:
    there = Terminal(tmp_path / "home", tmp_path)
    done = there.towpath("show", "status", "--repository", "http://dana:hunter2@127.0.0.1:9/x.git")
    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    made = list(there.home.rglob("*"))
    assert made
    assert all("hunter2" not in str(path) for path in made)
    assert all(b"hunter2" not in path.read_bytes() for path in made if path.is_file())


def test_the_cache_is_for_its_user_alone(tagged: Terminal) -> None:
    tagged.answer("show", "status")
    (folder,) = (tagged.home / ".cache/towpath").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_two_at_once_on_a_cold_cache_say_the_same(tagged: Terminal) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: tagged.answer("show", "status")["answer"], range(4)))
    assert [one == found[0] for one in found] == [True] * 4


@pytest.mark.parametrize("what", ["rewritten", "gone"])
def test_a_ledger_that_was_rewritten_or_taken_away_is_no_answer(terminal: Terminal, what: str) -> None:
    terminal.answer("show", "status")
    if what == "gone":
        terminal.git("update-ref", "-d", "refs/heads/towpath")
    else:
        terminal.git("update-ref", "refs/heads/towpath", "towpath~1")
    for _ in range(2):
        done = terminal.towpath("show", "status")
        assert (done.returncode, done.stdout) == (1, "")
        assert "the ledger was rewritten" in done.stderr


@pytest.mark.parametrize(
    "files",
    [
        {"policy/towpath.yaml": "environments: ["},
        {"policy/towpath.yaml": "version: 1\n" + "# " + "x" * 400_000},
        {"promotions/0/P-1.yaml": "id: \x1b[31mP-1\n"},
        {"records/0/0.json": "[]"},
        {"versions/biopsy/v9.0.0.yaml": "artifact: ../../etc\n"},
    ],
)
def test_a_hostile_ledger_is_one_line_and_no_answer(terminal: Terminal, files: dict[str, str]) -> None:
    terminal.commits(files)
    done = terminal.towpath("show", "status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("show", "status", "../x"), 2, "artifact name"),
        (("history", "--since", "soon"), 2, "2026-11-23"),
        (("show", "status", "nothing-like-it"), 1, "nothing-like-it"),
        (("show", "status", "--repository", "ext::sh -c x"), 2, "address"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tagged: Terminal, words: tuple[str, ...], status: int, said: str) -> None:
    done = tagged.towpath(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_without_a_repository_the_setting_is_named(tagged: Terminal) -> None:
    done = tagged.towpath("show", "status", TOWPATH_REPOSITORY="")
    assert done.returncode == 2
    assert "TOWPATH_REPOSITORY" in done.stderr
    named = tagged.home / "url"
    named.write_text(f"{tagged.remote}\n")
    assert tagged.towpath("show", "status", TOWPATH_REPOSITORY="", TOWPATH_REPOSITORY_FILE=str(named)).returncode == 0
