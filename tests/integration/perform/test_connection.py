"""The remote goes away at each single call that Git makes to it, before or after it did what it was asked: what people asked happens once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from workers.contract import requests as ask
from workers.ports.errors import RefusedByHost, Unclear, Unreachable
from workers.tasks import changes

from .town import BEN, BIOPSY, PROD, Town

SHIM = """\
#!/bin/sh
talks=
for word; do case "$word" in push|fetch|ls-remote) talks=1 ;; esac; done
[ "$talks" ] || exec {git} "$@"
number=$(($(cat {folder}/count) + 1))
echo $number > {folder}/count
[ $number = "$(cat {folder}/fails)" ] || exec {git} "$@"
[ "$(cat {folder}/when)" = before ] || {git} "$@" > /dev/null 2>&1
echo 'fatal: the remote end hung up unexpectedly' >&2
exit 128
"""
CALLS = 12
"""More than the story below makes: the last ones of these never fail, which the test sees for itself."""


class Line:
    """A `git` on the PATH whose connection breaks at one call of all that go to the remote."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        folder.mkdir()
        shim, git = folder / "git", shutil.which("git")
        shim.write_text(SHIM.format(git=git, folder=folder))
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def breaks(self, call: int, when: str) -> None:
        for name, text in (("count", "0"), ("fails", str(call)), ("when", when)):
            (self._folder / name).write_text(text)

    @property
    def calls(self) -> int:
        return int((self._folder / "count").read_text())


@pytest.mark.parametrize("when", ["before", "after"])
def test_at_every_call_to_the_remote(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    line = Line(tmp_path / "line", monkeypatch)
    line.breaks(0, when)
    numbers = range(1, CALLS + 1)
    broken = 0
    for call in numbers:
        line.breaks(call, when)
        town.promotes("v1.0.0" if call % 2 else "v2.0.0")
        town.says(BEN, ask.Rollback(PROD, BIOPSY, because=f"asked {call}"))
        for _ in range(3):
            try:
                changes.drain(town.wiring)
                break
            except (Unreachable, Unclear, RefusedByHost):
                assert town.wiring.inbox.waits() in (0, 2)
        assert town.wiring.inbox.waits() == 0
        broken += line.calls >= call
        line.breaks(0, when)
        town.works()
        town.later(minutes=2)
    world = town.begun().world
    assert world is not None
    assert 2 <= broken < CALLS
    assert world.last_promotion == CALLS
    assert [promotion.state.value for promotion in world.promotions.values()] == ["succeeded"] * CALLS
    assert town.events().count("refused") == CALLS
