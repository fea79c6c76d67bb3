"""What CI said of a commit, from the API of GitHub (REST, "Commit statuses" and "Check runs") or GitLab (REST v4, "Commits")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from workers.adapters.git.login import Logins
from workers.adapters.hosts.place import HostPlace, find
from workers.adapters.hosts.reading import Reading, word
from workers.adapters.hosts.rules import HostSaidNo
from workers.contract.names import CommitId
from workers.domain.gates.commit_status import GREEN, LEFT_OUT, PENDING, RED, STATES
from workers.ports.statuses import NotTold, Statuses

PERMISSIONS: Mapping[str, str] = {"checks": "read", "statuses": "read"}
"""What a GitHub App's token needs for this."""
_DOC = "docs/install/git-hosts.md"
_HUB_NEEDS = (
    f"Give TOWPATH_STATUS_TOKEN (or the GitHub App) the permissions Checks: read and Commit statuses: read on this repository; {_DOC}"
)
_LAB_NEEDS = f"Give TOWPATH_STATUS_TOKEN a project access token with the role Reporter and the scope read_api; {_DOC}"
_OURS = ("TOWPATH_STATUS_TOKEN", "ask again")
_HUB: Mapping[str, str] = {"success": GREEN, "failure": RED, "error": RED, "pending": PENDING}
_CONCLUSIONS: Mapping[str, str] = {"success": GREEN, "neutral": LEFT_OUT, "skipped": LEFT_OUT}
_LAB: Mapping[str, str] = {"success": GREEN, "failed": RED, "canceled": RED, "canceling": RED, "skipped": LEFT_OUT}


def open_host(address: str, web: str | None, token: str | None, logins: Logins | None) -> Statuses:
    """The statuses of the host that a remote lies on: with the token, else by the GitHub App. Raises NotTold or WorldError."""
    place = find(address, web)
    if place is None:
        raise NotTold("nobody can tell which kind of Git host the repository lies on", "Set TOWPATH_GIT_WEB for the process `effects`")
    if place.kind not in _KINDS:
        raise NotTold(f"commit statuses are read from GitHub and GitLab, and the repository lies on {place.kind}", "Take commit-status out")
    if token is None and place.kind == "github" and logins is not None:
        token = logins.login().password
    if token is None:
        raise NotTold("there is no token to ask the Git host with", f"Set TOWPATH_STATUS_TOKEN for the process `effects`: {_DOC}")
    return _KINDS[place.kind](place, token)


class GitHubStatuses:
    """A repository on GitHub: the newest status of each context, and the newest run of each check. The worse counts where two share a name."""

    source = "GitHub"

    def __init__(self, place: HostPlace, token: str) -> None:
        self._repo = f"/repos/{place.path}"
        headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28", "Accept": "application/vnd.github+json"}
        self._place, self._headers = place, headers

    def of(self, commit: CommitId) -> Mapping[str, str]:
        """The state of each context. Raises NotTold or WorldError."""
        with _told():
            api = Reading(self._place.api, self._headers, _HUB_NEEDS, *_OURS)
            at = f"{self._repo}/commits/{commit}"
            listed = _whole(api.one(f"{at}/status?per_page=100"), "statuses")
            runs = _whole(api.one(f"{at}/check-runs?filter=latest&per_page=100"), "check_runs")
        return _worst([*_statuses(listed), *_runs(runs)])


class GitLabStatuses:
    """A project on GitLab: the newest status of each job and of each outside check. A failure that is allowed to happen is none."""

    source = "GitLab"

    def __init__(self, place: HostPlace, token: str) -> None:
        self._project = f"/projects/{quote(place.path, safe='')}"
        self._place, self._headers = place, {"PRIVATE-TOKEN": token}

    def of(self, commit: CommitId) -> Mapping[str, str]:
        """The state of each job. Raises NotTold or WorldError."""
        with _told():
            api = Reading(self._place.api, self._headers, _LAB_NEEDS, *_OURS)
            found = api.all(f"{self._project}/repository/commits/{commit}/statuses?per_page=100") or []
        return _worst(_jobs(found))


@contextmanager
def _told() -> Iterator[None]:
    """The API's answers that are none, in the words of the port."""
    try:
        yield
    except HostSaidNo as exc:
        raise NotTold(exc.says, exc.fix) from exc


_KINDS: Mapping[str, type[GitHubStatuses] | type[GitLabStatuses]] = {"github": GitHubStatuses, "gitlab": GitLabStatuses}


def _statuses(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in found:
        yield word(one.get("context")), _HUB.get(str(one.get("state")), PENDING)


def _runs(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """A run that has not ended is pending; of those that have, every conclusion that is not known as harmless is a failure."""
    for one in found:
        ended = one.get("status") == "completed"
        yield word(one.get("name")), _CONCLUSIONS.get(str(one.get("conclusion")), RED) if ended else PENDING


def _jobs(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """A job that waits for somebody's hand holds nothing up when it is allowed to fail."""
    for one in found:
        state = _LAB.get(str(one.get("status")), PENDING)
        excused = one.get("allow_failure") is True and (state == RED or one.get("status") == "manual")
        yield word(one.get("name")), LEFT_OUT if excused else state


def _worst(found: Iterable[tuple[str, str]]) -> dict[str, str]:
    states: dict[str, str] = {}
    for name, state in found:
        states[name] = min(state, states.get(name, state), key=STATES.index)
    return states


def _whole(found: Mapping[str, Any] | None, key: str) -> list[Mapping[str, Any]]:
    """The objects of a list that came in one page. Raises NotTold when it did not: what is not seen could be a failure."""
    listed = found.get(key) if found else None
    total = found.get("total_count") if found else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed) or not isinstance(total, int):
        raise NotTold(f"GitHub did not answer a list of {key}", "Look at its API with a browser")
    if total > len(listed):
        raise NotTold(f"GitHub knows {total} {key.replace('_', ' ')} of this commit, more than it tells at once", "Name fewer checks in CI")
    return listed
