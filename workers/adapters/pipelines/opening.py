"""Which way of running a training a recipe gets on this host, as the settings say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from workers.adapters.git.login import Logins
from workers.adapters.hosts.place import HostPlace
from workers.adapters.pipelines import cells, containers
from workers.adapters.pipelines.cells import DOC, Apart, Cell
from workers.adapters.pipelines.ci import CiPipeline
from workers.adapters.pipelines.github import GitHub
from workers.adapters.pipelines.gitlab import GitLab
from workers.adapters.pipelines.local import CheckOut, LocalPipeline
from workers.contract.retraining import How
from workers.ports.errors import RefusedByHost
from workers.ports.pipeline import Pipeline

__all__ = ["Grounds", "isolation", "open_pipeline"]

CONTAINER = "container"
SAME = "same"


@dataclass(frozen=True)
class Grounds:
    """What this host has for trainings, as the settings say it.

    `folder` is where they lie, `user` who runs them (a name, `container`, or `same`), `path` the PATH of their commands. `private` are places that
    they must not read, `hidden` those that are merely out of their sight where they are enclosed, `secrets` values that no log may show.
    `is_tried_out` says that the shared repository is a folder of this very host. For CI: where the repository lies (None: nobody can tell), the
    branch whose workflow runs, a token, or the logins of a GitHub App.
    """

    folder: Path
    user: str | None = None
    network: Literal["none", "host"] = "none"
    path: str = "/usr/local/bin:/usr/bin:/bin"
    private: Sequence[Path] = ()
    hidden: Sequence[Path] = ()
    secrets: Sequence[str] = field(default=(), repr=False)
    is_tried_out: bool = False
    host: HostPlace | None = None
    branch: str = "main"
    token: str | None = field(default=None, repr=False)
    logins: Logins | None = field(default=None, repr=False)


def open_pipeline(how: How, grounds: Grounds, check_out: CheckOut) -> Pipeline:
    """What runs recipes of that kind. Raises RefusedByHost with the fix when this host runs none."""
    if how in (How.COMMAND, How.DVC):
        return LocalPipeline(grounds.folder, isolation(grounds), check_out, grounds.path, grounds.secrets)
    kind = how.value
    if grounds.host is None or grounds.host.kind != kind:
        where = f"lies on {grounds.host.kind}" if grounds.host else "lies on no host that Towpath knows"
        raise RefusedByHost(
            f"The recipe is run by {kind}, and the repository {where}. Correct `retrain` in artifact.yaml, or TOWPATH_GIT_WEB."
        )
    host = (
        GitHub(grounds.host, grounds.branch, _token(grounds))
        if how is How.GITHUB
        else GitLab(grounds.host, grounds.branch, _token(grounds))
    )
    return CiPipeline(host, grounds.folder, grounds.secrets)


def _token(grounds: Grounds) -> str:
    if grounds.token:
        return grounds.token
    if grounds.logins is not None and grounds.host is not None and grounds.host.kind == "github":
        return grounds.logins.login().password
    raise RefusedByHost(f"There is no token to start a pipeline with. Set TOWPATH_CI_TOKEN for the process `training`: {DOC}.")


def isolation(grounds: Grounds) -> Cell:
    """What a command of a recipe runs in on this host. Raises RefusedByHost with the fix."""
    if not grounds.user:
        raise RefusedByHost(
            "Nobody has said who runs trainings on this host, so none is started. Set TOWPATH_TRAINING_USER for the process `training` to a user "
            f"of its own, or to `container`: {DOC}."
        )
    if grounds.user == CONTAINER:
        return containers.Container(containers.engine(), network=grounds.network == "host")
    if grounds.user == SAME:
        return _same(grounds)
    return _apart(cells.account(grounds.user), grounds)


def _same(grounds: Grounds) -> Cell:
    """For trying Towpath out. Elsewhere there is something to steal."""
    if not grounds.is_tried_out:
        raise RefusedByHost(
            "TOWPATH_TRAINING_USER is `same`: a training could read the keys. That is taken only while the shared repository is a folder of this "
            f"host, for trying Towpath out. Set it to a user of its own, or to `container`: {DOC}."
        )
    return Apart(None, enclosed=False, network=True)


def _apart(account: cells.Account, grounds: Grounds) -> Cell:
    """Enclosed wherever that can be; without it there is no way to take the network away."""
    why = None
    try:
        _encloses(account, grounds.folder)
    except RefusedByHost as exc:
        why = str(exc)
    if why and grounds.network == "none":
        raise RefusedByHost(
            f"{why} So a training cannot be kept from the network, and is not started. Give the process `training` the capability SYS_ADMIN, or "
            "let trainings use the host's network (TOWPATH_TRAINING_NETWORK=host)."
        )
    return Apart(account, grounds.private, grounds.hidden, enclosed=why is None, network=grounds.network == "host")


@cache
def _encloses(account: cells.Account, folder: Path) -> None:
    """Find out once that a command can be enclosed. What could not be done is tried again. Raises RefusedByHost."""
    cells.try_out(Apart(account, enclosed=True, network=False), folder)
