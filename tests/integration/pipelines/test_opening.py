"""Who may run a training on this host: what is not said or cannot be kept apart is refused with the fix."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.adapters.pipelines import cells, opening
from workers.adapters.pipelines.cells import Account
from workers.adapters.pipelines.opening import Grounds, isolation
from workers.ports.errors import RefusedByHost

from .stage import Stage, needs_root


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (None, "Nobody has said who runs trainings"),
        ("", "Nobody has said who runs trainings"),
        ("no-such-user", "has no such user"),
        ("root", "is the user that Towpath runs as, or root"),
        ("same", "could read the keys"),
    ],
)
def test_who_is_refused(tmp_path: Path, user: str | None, words: str) -> None:
    with pytest.raises(RefusedByHost, match=words) as refused:
        isolation(Grounds(tmp_path, user=user))
    assert "TOWPATH_TRAINING_USER" in str(refused.value)


def test_the_same_user_is_taken_where_towpath_is_tried_out(tmp_path: Path) -> None:
    assert isolation(Grounds(tmp_path, user="same", is_tried_out=True)).says.startswith("without isolation")


def test_a_container_needs_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RefusedByHost, match="neither docker nor podman"):
        isolation(Grounds(tmp_path, user="container"))
    (tmp_path / "podman").write_text("#!/bin/sh\n")
    (tmp_path / "podman").chmod(0o755)
    assert isolation(Grounds(tmp_path, user="container")).says == "container, no network"


@needs_root
def test_root_encloses_another_user(stage: Stage) -> None:
    cells.try_out(stage.cell("enclosed"), stage.trainings)
    assert list(stage.trainings.iterdir()) == []
    cell = isolation(Grounds(stage.trainings, user="nobody", private=stage.private))
    assert cell.says == "user nobody, enclosed, no network"


@needs_root
def test_without_the_capability_there_is_no_way_to_take_the_network(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that has lost CAP_SYS_ADMIN: in a process of its own, for a capability never comes back."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.environ["TMPDIR"] = str(stage.folder)
            _lose_the_right_to_make_namespaces()
            with pytest.raises(RefusedByHost, match="making namespaces"):
                cells.try_out(stage.cell("enclosed"), stage.trainings)
            with pytest.raises(RefusedByHost, match="TOWPATH_TRAINING_NETWORK=host"):
                opening._apart(stage.account, Grounds(stage.trainings))
            plain = opening._apart(stage.account, Grounds(stage.trainings, network="host"))
            assert plain.says == "user trainee, not enclosed, the network of the host"
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _lose_the_right_to_make_namespaces() -> None:
    """prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN): programs that are started from here on have it no more."""
    import ctypes  # noqa: PLC0415  # here alone

    assert ctypes.CDLL(None).prctl(24, 21, 0, 0, 0) == 0


@needs_root
def test_a_plain_user_cannot_become_another(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setresuid(61_999, 61_999, 61_999)
            with pytest.raises(RefusedByHost, match="Only root can run a training as nobody"):
                cells.account("nobody")
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert isinstance(cells.account("nobody"), Account)
