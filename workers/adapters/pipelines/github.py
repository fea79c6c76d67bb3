"""Trainings as runs of a GitHub Actions workflow. Source: GitHub REST API, "Workflows" (create a dispatch event) and "Workflow runs".

The answer to a dispatch names no run on every server, so that a run is found by its title: the workflow says `run-name: ${{ inputs.towpath }}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from workers.adapters.hosts.place import HostPlace
from workers.adapters.hosts.reading import Reading, word
from workers.adapters.pipelines.ci import Seen, told
from workers.ports.errors import BadContent
from workers.ports.pipeline import Job, Run

PERMISSIONS: Mapping[str, str] = {"actions": "write"}
"""What a GitHub App's token needs for this."""
_NEEDS = (
    "Give TOWPATH_CI_TOKEN (or the GitHub App) the permission Actions: write on this repository, and let the workflow on the source branch have "
    "`workflow_dispatch` with the inputs towpath, artifact, base, branch and parameters: docs/retraining.md, What runs it"
)
_WORKFLOW = re.compile(r"[\w.-]{1,100}\.ya?ml", re.ASCII)


class GitHub:
    """The Actions of one repository."""

    name = "GitHub"

    def __init__(self, place: HostPlace, branch: str, token: str) -> None:
        self._place, self._branch = place, branch
        self._headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28", "Accept": "application/vnd.github+json"}

    @property
    def _api(self) -> Reading:
        return Reading(self._place.api, self._headers, _NEEDS, "TOWPATH_CI_TOKEN", "try again")

    @property
    def _at(self) -> str:
        return f"/repos/{self._place.path}/actions"

    def begin(self, job: Job, word: str) -> int | None:
        """Dispatch the workflow of the source branch. Raises BadContent, RefusedByHost or Unreachable."""
        given = {"towpath": word, "artifact": str(job.artifact), "base": str(job.base), "branch": job.branch}
        body = {"ref": self._branch, "inputs": given | {"parameters": json.dumps(dict(job.recipe.parameters))}}
        with told():
            self._api.tell(f"{self._at}/workflows/{_workflow(job)}/dispatches", body, good=(200, 204))
        return None

    def find(self, job: Job, word: str) -> Seen | None:
        """The newest run whose title is the word."""
        where = f"{self._at}/workflows/{_workflow(job)}/runs?event=workflow_dispatch&branch={quote(self._branch, safe='')}&per_page=100"
        with told():
            found = (self._api.one(where) or {}).get("workflow_runs")
        runs = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return next((_seen(one) for one in runs if one.get("display_title") == word and isinstance(one.get("id"), int)), None)

    def see(self, job: Job, number: int) -> Seen | None:
        """One run."""
        with told():
            found = self._api.one(f"{self._at}/runs/{number}", absent="")
        return _seen(found) if found else None

    def cancel(self, job: Job, number: int) -> None:
        """Cancel it; 409 says that it has ended."""
        with told():
            self._api.tell(f"{self._at}/runs/{number}/cancel", None, good=(202, 409))

    def hint(self, word: str) -> str:
        """Its title is how it is found."""
        return f"Its title must be `{word}`: does the workflow say `run-name: ${{{{ inputs.towpath }}}}`?"


def _workflow(job: Job) -> str:
    """The file's name. Raises BadContent when it is none."""
    if not job.recipe.workflow or not _WORKFLOW.fullmatch(job.recipe.workflow):
        raise BadContent("The recipe names no `workflow`, the name of a file in .github/workflows such as retrain.yaml.")
    return job.recipe.workflow


def _seen(one: Mapping[str, Any]) -> Seen:
    """`completed` runs have a conclusion, and only `success` is one."""
    ended, conclusion = one.get("status") == "completed", word(one.get("conclusion"))
    run = (Run.DONE if conclusion == "success" else Run.FAILED) if ended else Run.RUNNING
    says = f"The run on GitHub is {conclusion if ended else word(one.get('status')).replace('_', ' ')}."
    return Seen(int(one["id"]), run, says, word(one.get("html_url")))
