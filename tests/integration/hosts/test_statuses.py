"""What CI said of a commit, from the APIs of GitHub and GitLab: a success is one only where the host says so in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from workers.adapters.git.login import Login
from workers.adapters.hosts.statuses import GitHubStatuses, GitLabStatuses, open_host
from workers.contract.names import CommitId
from workers.ports.errors import Unreachable
from workers.ports.statuses import NotTold

from .standing import HostApi, standing

COMMIT = CommitId("9fceb02d0ae598e95dc970b74767f19372d61af8")
HUB = f"/api/v3/repos/bank/models/commits/{COMMIT}"
STATUS, RUNS = f"{HUB}/status?per_page=100", f"{HUB}/check-runs?filter=latest&per_page=100"
LAB = f"/api/v4/projects/bank%2Fmodels/repository/commits/{COMMIT}/statuses?per_page=100"


@pytest.fixture
def api() -> Iterator[HostApi]:
    with standing() as api:
        yield api


def hub(api: HostApi, statuses: list[Any], runs: list[Any]) -> dict[str, str]:
    api.says(STATUS, {"state": "success", "statuses": statuses, "total_count": len(statuses)})
    api.says(RUNS, {"total_count": len(runs), "check_runs": runs})
    return dict(GitHubStatuses(api.place("github"), "hunter2").of(COMMIT))


def run(name: str, status: str, conclusion: str | None = None) -> dict[str, Any]:
    return {"name": name, "status": status, "conclusion": conclusion}


def test_githubs_statuses_and_check_runs(api: HostApi) -> None:
    statuses = [{"context": f"old/{state}", "state": state} for state in ("success", "failure", "error", "pending", "odd")]
    runs = [
        run(str(one), "completed", one) for one in ("success", "neutral", "skipped", "failure", "cancelled", "timed_out", "stale", None)
    ]
    found = hub(api, statuses, [*runs, run("waits", "queued"), run("runs", "in_progress", "success")])
    assert [name for name, state in found.items() if state == "success"] == ["old/success", "success"]
    assert [name for name, state in found.items() if state == "left out"] == ["neutral", "skipped"]
    assert [name for name, state in found.items() if state == "pending"] == ["old/pending", "old/odd", "waits", "runs"]
    assert len([state for state in found.values() if state == "failure"]) == 7
    assert {token for _, token in api.asked} == {"Bearer hunter2"}


@pytest.mark.parametrize("order", [1, -1])
def test_where_two_checks_share_a_name_the_worse_counts(api: HostApi, order: int) -> None:
    runs = [run("ci", "completed", "success"), run("ci", "completed", "failure")][::order]
    assert hub(api, [{"context": "ci", "state": "pending"}], runs) == {"ci": "failure"}
    assert hub(api, [{"context": "ci", "state": "pending"}], runs[:1] if order == 1 else runs[1:]) == {"ci": "pending"}


def test_gitlabs_jobs(api: HostApi) -> None:
    states = ("success", "failed", "canceled", "skipped", "running", "pending", "created", "manual", "scheduled")
    jobs: list[Any] = [{"name": state, "status": state, "allow_failure": False} for state in states]
    jobs += [{"name": f"may {state}", "status": state, "allow_failure": True} for state in ("success", "failed", "manual", "running")]
    api.says(LAB, jobs[:4], Link=f'<{api.site}{LAB}&page=2>; rel="next"')
    api.says(f"{LAB}&page=2", jobs[4:])
    found = GitLabStatuses(api.place("gitlab"), "hunter2").of(COMMIT)
    assert [name for name, state in found.items() if state == "success"] == ["success", "may success"]
    assert [name for name, state in found.items() if state == "failure"] == ["failed", "canceled"]
    assert [name for name, state in found.items() if state == "left out"] == ["skipped", "may failed", "may manual"]
    assert {token for _, token in api.asked} == {"hunter2"}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"message": "Bad credentials"}, "Correct TOWPATH_STATUS_TOKEN"),
        (403, {"message": "no"}, "Give TOWPATH_STATUS_TOKEN"),
        (404, {}, "Give TOWPATH_STATUS_TOKEN"),
        (403, {"message": "API rate limit exceeded"}, "Wait an hour and ask again"),
        (500, b"<html>", "ask again"),
        (200, b"<html>", "did not answer"),
        (200, {"statuses": "all well"}, "did not answer"),
        (200, {"statuses": [1], "total_count": 1}, "did not answer"),
        (200, {"statuses": [], "total_count": 300}, "more than it tells at once"),
        (301, {}, "lies elsewhere"),
    ],
)
def test_an_answer_that_is_none_says_what_to_do(api: HostApi, status: int, body: object, words: str) -> None:
    api.says(STATUS, body, status)
    api.says(RUNS, {"total_count": 0, "check_runs": []})
    with pytest.raises(NotTold) as caught:
        GitHubStatuses(api.place("github"), "hunter2").of(COMMIT)
    assert words in str(caught.value) and "hunter2" not in str(caught.value)
    if status != 200:
        api.says(LAB, body, status)
        with pytest.raises(NotTold) as caught:
            GitLabStatuses(api.place("gitlab"), "hunter2").of(COMMIT)
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("address", "web", "token", "words"),
    [
        ("git@git.bank.example:org/models.git", None, "hunter2", "Set TOWPATH_GIT_WEB"),
        ("https://gitea.com/org/models.git", None, "hunter2", "Take commit-status out"),
        ("https://github.com/org/models.git", None, None, "Set TOWPATH_STATUS_TOKEN"),
        ("/srv/models.git", None, "hunter2", "Set TOWPATH_GIT_WEB"),
    ],
)
def test_a_host_that_cannot_be_asked_says_what_to_do(address: str, web: str | None, token: str | None, words: str) -> None:
    with pytest.raises(NotTold, match=words):
        open_host(address, web, token, None)


def test_the_kind_of_the_host_decides_how_it_is_asked() -> None:
    assert isinstance(open_host("git@github.com:org/models.git", None, "hunter2", None), GitHubStatuses)
    own = open_host("ssh://git@git.bank.example:2222/org/models.git", "gitlab https://git.bank.example/org/models", "hunter2", None)
    assert isinstance(own, GitLabStatuses)


def test_without_a_token_the_github_app_is_asked_for_one(api: HostApi) -> None:
    class App:
        def login(self) -> Login:
            return Login("x-access-token", "of the app")

        def forget(self) -> None: ...

    hub(api, [{"context": "ci", "state": "success"}], [])
    api.asked.clear()
    found = open_host("git@git.bank.example:bank/models.git", f"github {api.site}/bank/models", None, App())
    assert found.of(COMMIT) == {"ci": "success"}
    assert {token for _, token in api.asked} == {"Bearer of the app"}
    with pytest.raises(NotTold):
        open_host("git@git.bank.example:bank/models.git", f"gitlab {api.site}/bank/models", None, App())


def test_a_host_that_does_not_answer_is_not_reached(api: HostApi) -> None:
    nowhere = api.place("github")
    nowhere = type(nowhere)("github", "http://127.0.0.1:1", "bank/models")
    with pytest.raises(Unreachable):
        GitHubStatuses(nowhere, "hunter2").of(COMMIT)
