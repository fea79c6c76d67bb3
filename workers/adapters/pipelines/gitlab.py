"""Trainings as pipelines of GitLab. Source: GitLab REST API v4, "Pipelines" (create, list, variables, cancel).

The answer names the pipeline; one whose answer was lost is found by its variable TOWPATH.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from workers.adapters.hosts.place import HostPlace
from workers.adapters.hosts.reading import Reading, word
from workers.adapters.pipelines.ci import Seen, told
from workers.ports.errors import Unreachable
from workers.ports.pipeline import Job, Run

_NEEDS = (
    "Give TOWPATH_CI_TOKEN a project access token with the role Maintainer and the scope api, and let the pipeline of the source branch run when "
    "the variable TOWPATH is set: docs/retraining.md, What runs it"
)
_NEWEST = 20
_ENDED: Mapping[str, Run] = {"success": Run.DONE, "failed": Run.FAILED, "canceled": Run.FAILED, "skipped": Run.FAILED}


class GitLab:
    """The pipelines of one project."""

    name = "GitLab"

    def __init__(self, place: HostPlace, branch: str, token: str) -> None:
        self._place, self._branch = place, branch
        self._headers = {"PRIVATE-TOKEN": token}

    @property
    def _api(self) -> Reading:
        return Reading(self._place.api, self._headers, _NEEDS, "TOWPATH_CI_TOKEN", "try again")

    @property
    def _at(self) -> str:
        return f"/projects/{quote(self._place.path, safe='')}"

    def begin(self, job: Job, word: str) -> int | None:
        """Create a pipeline of the source branch. Raises RefusedByHost or Unreachable."""
        given = {"TOWPATH": word, "TOWPATH_ARTIFACT": str(job.artifact), "TOWPATH_BASE": str(job.base), "TOWPATH_BRANCH": job.branch}
        given |= {"TOWPATH_PARAMETERS": json.dumps(dict(job.recipe.parameters))}
        body = {"ref": self._branch, "variables": [{"key": key, "value": value} for key, value in given.items()]}
        with told():
            heard = self._api.tell(f"{self._at}/pipeline", body, good=(201,)).data
        if not isinstance(heard, dict) or not isinstance(heard.get("id"), int):
            raise Unreachable("creating a pipeline on GitLab: the answer names none")
        return int(heard["id"])

    def find(self, job: Job, word: str) -> Seen | None:
        """The newest of the last pipelines that has the word in its variable."""
        listed = f"{self._at}/pipelines?source=api&ref={quote(self._branch, safe='')}&order_by=id&sort=desc&per_page={_NEWEST}"
        with told():
            api = self._api
            for one in api.page(listed):
                said = api.all(f"{self._at}/pipelines/{int(one['id'])}/variables") or []
                if any(variable.get("key") == "TOWPATH" and variable.get("value") == word for variable in said):
                    return _seen(one)
        return None

    def see(self, job: Job, number: int) -> Seen | None:
        """One pipeline."""
        with told():
            found = self._api.one(f"{self._at}/pipelines/{number}", absent="")
        return _seen(found) if found else None

    def cancel(self, job: Job, number: int) -> None:
        """Cancel it; one that has ended stays as it is."""
        with told():
            self._api.tell(f"{self._at}/pipelines/{number}/cancel", None, good=(200, 201))

    def hint(self, word: str) -> str:
        """Its variable is how it is found."""
        return f"Its variable TOWPATH must be `{word}`."


def _seen(one: Mapping[str, Any]) -> Seen:
    """`manual` waits for somebody's hand; only `success` is one."""
    state = word(one.get("status"))
    says = "waits for somebody's hand" if state == "manual" else f"is {state.replace('_', ' ')}"
    return Seen(int(one["id"]), _ENDED.get(state, Run.RUNNING), f"The pipeline on GitLab {says}.", word(one.get("web_url")))
