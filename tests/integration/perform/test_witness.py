"""A second remote beside the ledger's: it gets every head, what it has more of is told, and nothing it does or fails to do stops anything."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from workers.app.doctor import witness as check_of_witness
from workers.app.settings import load_for_git
from workers.contract.outcomes import Notice
from workers.ports.errors import Untrusted

from .town import Town


def given(town: Town, url: str) -> Town:
    town.wiring._place = replace(town.wiring._place, witness=url)
    town.wiring.__dict__.pop("witness", None)
    town.client.flushall()
    return town


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The second remote, empty."""
    place = tmp_path / "witness.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(place)], check=True)
    return place


@pytest.fixture
def watched(busy: Town, other: Path) -> Town:
    """A town whose witness has everything."""
    given(busy, str(other))
    busy.promotes("v3.0.0")
    busy.works()
    assert witness_of(busy, other) == busy.head()
    return busy


def witness_of(town: Town, other: Path) -> str:
    return town.git("for-each-ref", "--format=%(objectname)", "refs/heads/towpath", folder=other)


def looks(town: Town) -> list[str]:
    """A beat of the clock in another minute; what the channel is told of the witness, if the ledger can be read or not."""
    town.client.delete("towpath:once:witness", "towpath:lease:witness-away")
    with suppress(Untrusted):
        town.ticks()
    return [one.text for one in town.told(Notice) if one.text.startswith("The witness")]


def doctor(town: Town) -> list[tuple[str, str | None]]:
    place = town.wiring._place
    settings = load_for_git(
        {"TOWPATH_REPOSITORY": place.repository, "TOWPATH_KEYS": str(place.keys), "TOWPATH_WITNESS": str(place.witness)}
    )
    here = settings.model_copy(update={"towpath_data": place.folder})
    return [(found.says, found.fix) for found in check_of_witness.beside(here, place.mirror("changes"))]


def test_every_head_is_pushed_plainly_to_a_witness_that_was_empty(watched: Town, other: Path) -> None:
    assert watched.wiring.witness_head() == watched.head()
    assert watched.git("rev-list", "--count", "towpath", folder=other) == watched.git("rev-list", "--count", "towpath")
    assert watched.git("for-each-ref", "--format=%(refname)", folder=other) == "refs/heads/towpath"
    assert looks(watched) == []
    assert [fix for _, fix in doctor(watched)] == [None]


def test_without_a_witness_nothing_is_asked(busy: Town) -> None:
    assert busy.wiring.witness is None and busy.wiring.witness_head() is None
    busy.promotes("v3.0.0")
    busy.works()


@pytest.mark.parametrize("url", ["/nowhere/witness.git", "http://127.0.0.1:1/witness.git"])
def test_a_witness_that_is_down_stops_nothing_and_is_left_alone_for_a_minute(busy: Town, url: str) -> None:
    given(busy, url)
    with capture_logs() as said:
        busy.promotes("v3.0.0")
        busy.works()
        busy.ticks()
    assert busy.state("P-4") == "succeeded"
    assert [one["event"] for one in said].count("witness_not_shown") == 1
    ((says, fix),) = doctor(busy)
    assert says.startswith("asking the witness") and fix == check_of_witness.FIX


def test_a_witness_that_comes_back_gets_what_it_missed(watched: Town, other: Path) -> None:
    away = other.with_name("away")
    shutil.move(other, away)
    watched.promotes("v2.0.0")
    watched.works()
    shutil.move(away, other)
    assert witness_of(watched, other) != watched.head()
    assert [fix for _, fix in doctor(watched)] == [None]
    looks(watched)
    assert witness_of(watched, other) == watched.head()


def test_a_witness_that_refuses_pushes_is_a_line_of_the_log(watched: Town, other: Path) -> None:
    hook = other / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with capture_logs() as said:
        watched.promotes("v2.0.0")
        watched.works()
    assert watched.state("P-5") == "succeeded"
    assert any("not today" in str(one.get("why")) for one in said)


def test_a_truncated_remote_is_noticed_because_the_witness_has_more(watched: Town) -> None:
    kept = watched.head()
    watched.git("update-ref", "refs/heads/towpath", "towpath~2")
    looked = looks(watched)
    assert looked == [text for text in looked if "The witness has more than the ledger" in text and kept[:12] in text]
    assert len(looked) >= 1
    assert looks(watched) == []
    ((says, fix),) = doctor(watched)
    assert "has more than the ledger" in says and fix == check_of_witness.DIFFERS


def test_a_mirror_that_has_never_seen_the_ledger_is_warned_as_well(watched: Town, other: Path) -> None:
    kept = watched.head()
    watched.git("update-ref", "refs/heads/towpath", "towpath~2")
    fresh = watched.beside("new", known=False)
    fresh.wiring._place = replace(fresh.wiring._place, witness=str(other))
    assert looks(fresh)
    ((says, fix),) = doctor(fresh)
    assert kept[:12] in says and fix == check_of_witness.DIFFERS
    assert witness_of(watched, other) == kept


def test_a_witness_with_another_history_is_told_once_and_not_overwritten(watched: Town, other: Path) -> None:
    tree = watched.git("rev-parse", "towpath^{tree}", folder=other)
    forged = watched.git("commit-tree", tree, "-p", "towpath~1", "-m", "another", folder=other)
    watched.git("update-ref", "refs/heads/towpath", forged, folder=other)
    (text, *others) = looks(watched)
    assert "another history" in text and forged[:12] in text and set(others) <= {text}
    watched.promotes("v2.0.0")
    watched.works()
    assert watched.state("P-5") == "succeeded"
    assert looks(watched) == []
    assert witness_of(watched, other) == forged
    watched.git("update-ref", "refs/heads/towpath", watched.head(), folder=watched.remote)
    assert "another history" in doctor(watched)[0][0]


def test_what_was_mended_is_told_again_when_it_comes_back(watched: Town, other: Path) -> None:
    head = watched.head()
    watched.git("update-ref", "refs/heads/towpath", "towpath~1")
    assert looks(watched)
    watched.git("update-ref", "refs/heads/towpath", head)
    assert looks(watched) == []
    assert [fix for _, fix in doctor(watched)] == [None]
    watched.git("update-ref", "refs/heads/towpath", "towpath~1")
    assert looks(watched)
