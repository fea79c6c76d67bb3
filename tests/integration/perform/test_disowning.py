"""Commits that somebody made around Towpath: seen, disowned on the record, and asked for properly."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import warm
from workers.contract import requests as ask
from workers.contract.names import CommitId, EnvironmentName, VersionAsk
from workers.perform import disowning

from . import attacks
from .test_verification import Auditor, codes, installed
from .town import ANA, BIOPSY, Town


def runs(town: Town, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "HOME": str(town.folder), **installed(town)}
    return warm.towpath(*words, env=given, given=answer)


def puts_by_hand(town: Town, version: str = "v3.0.0") -> str:
    """Somebody edits the desired state in a clone and pushes it."""
    clone = town.folder / "clone"
    town.git("clone", "--quiet", "--branch", "towpath", str(town.remote), str(clone))
    path = clone / "environments/staging/biopsy/release.yaml"
    text, desired = path.read_text(), town.world().releases[EnvironmentName("staging"), BIOPSY].desired
    assert desired is not None
    path.write_text(text.replace(f"version: {desired.version}", f"version: {version}", 1))
    town.git("commit", "--quiet", "-am", "Just \x1b[2J this once", folder=clone)
    town.git("push", "--quiet", "origin", "towpath", folder=clone)
    return town.head()


def test_a_foreign_commit_is_disowned_and_everything_goes_on(busy: Town) -> None:
    auditor, files = Auditor(busy), busy.git("ls-tree", "-r", "towpath")
    puts_by_hand(busy)
    attacks.append(busy)
    head = busy.head()
    assert codes(auditor.trusting()[1]) == {"unsigned"}
    done = runs(busy, "disown", head, "--yes")
    assert done.returncode == 0, done.stderr
    assert "promote biopsy v3.0.0 to staging" in done.stdout
    assert "environments/staging/biopsy/release.yaml" in done.stdout
    assert "\x1b" not in done.stdout
    assert busy.git("rev-parse", "towpath~1") == head
    assert set(files.splitlines()) < set(busy.git("ls-tree", "-r", "towpath").splitlines())
    assert busy.git("diff", "--name-only", "towpath", "towpath~3").split() == [f"records/0/{len(busy.events()) - 2}.json"]
    status, found = auditor.trusting()
    assert (status, codes(found), found["records"]) == (0, set(), len(busy.events()) - 1)  # the forged one says an event as well
    assert any("2 foreign commit(s) were disowned" in note for note in found["notes"])


def test_a_terminal_numbers_the_records_without_what_was_disowned(busy: Town) -> None:
    def lines() -> list[dict[str, str]]:
        done = runs(busy, "history", "--json")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["answer"]["lines"])

    before, clone, last = lines(), busy.folder / "clone", len(busy.events())
    puts_by_hand(busy)
    for number in (3, last, last + 1):
        (clone / f"records/0/{number}.json").write_text("{}\n")
    busy.git("add", "records", folder=clone)
    busy.git("commit", "--quiet", "-m", "Records of one's own", folder=clone)
    busy.git("push", "--quiet", "origin", "towpath", folder=clone)
    assert runs(busy, "disown", busy.head(), "--yes").returncode == 0
    assert lines() == before
    busy.now = datetime.now(UTC)
    busy.promotes("v3.0.0")
    busy.works()
    after = lines()
    assert after[1:] == before
    assert Auditor(busy).trusting()[0] == 0, "records that strangers wrote are no gap in ours"
    assert (
        busy.git("show", "-s", "--format=%(trailers:key=Promotion,valueonly)", after[0]["commit"]).strip() == after[0]["promotion"] == "P-4"
    )


def test_after_it_the_writer_goes_on_and_a_new_one_reads_it(busy: Town) -> None:
    busy.loop.read()
    puts_by_hand(busy)
    assert runs(busy, "disown", busy.head(), "--yes").returncode == 0
    busy.says(ANA, ask.Promote(VersionAsk.read("v3.0.0"), EnvironmentName.read("staging"), BIOPSY))
    busy.later(days=400)  # the operator's clock is the host's; the town's must not be behind it
    busy.promotes("v3.0.0")
    busy.works()
    assert busy.reader.commits == busy.begun().commits
    assert len(busy.reader.commits) == len(busy.events())
    assert Auditor(busy).trusting()[0] == 0


def test_it_asks_first_and_does_nothing_without_a_yes(busy: Town) -> None:
    head = puts_by_hand(busy)
    done = runs(busy, "disown", head, answer="n\n")
    assert done.returncode != 0
    assert busy.head() == head


@pytest.mark.parametrize("name", ["truncate", "merge commit", "gap in the sequence", "launder a forgery"])
def test_what_cannot_be_disowned_is_refused_with_the_way_out(busy: Town, name: str) -> None:
    attacks.ALL[name].act(busy)
    head = busy.head()
    done = runs(busy, "disown", head, "--yes")
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert "at the host" in done.stderr
    assert busy.head() == head


def test_only_the_head_that_was_looked_at_is_disowned(busy: Town) -> None:
    head = puts_by_hand(busy)
    attacks.append(busy)
    done = runs(busy, "disown", head, "--yes")
    assert done.returncode == 1
    assert "Look at what came since" in done.stderr


def test_a_genuine_head_has_nothing_to_disown(busy: Town) -> None:
    assert "nothing to disown" in runs(busy, "disown", busy.head(), "--yes").stderr


def test_a_record_that_disowns_other_commits_than_those_below_it_excuses_nothing(busy: Town) -> None:
    auditor, prev = Auditor(busy), busy.head()
    attacks.append(busy)
    named = [{"commit": prev}]
    seq = len(busy.events()) - 1
    attacks.genuine(busy, seq=seq, prev=prev, event="disowned", detail={"commits": named})
    status, found = auditor.trusting()
    assert (status, codes(found) - {"clock"}) == (1, {"unsigned", "disowned"})


def test_a_record_that_disowns_but_keeps_the_foreign_files_is_found(busy: Town) -> None:
    auditor, prev, seq = Auditor(busy), busy.head(), len(busy.events())
    foreign = puts_by_hand(busy)
    attacks.genuine(busy, seq=seq, prev=prev, event="disowned", detail={"commits": [{"commit": foreign}]})
    status, found = auditor.trusting()
    assert (status, codes(found) - {"clock"}) == (1, {"files"})


def test_whoever_moved_the_branch_meanwhile_wins(busy: Town, tmp_path: Path) -> None:
    head = CommitId.read(puts_by_hand(busy))
    busy.ledger.fetch()
    case = disowning.look(busy.ledger, head)
    attacks.append(busy)
    with pytest.raises(disowning.NotPossible, match="moved on"):
        disowning.disown(busy.ledger, case, busy.now.replace(year=2027))
