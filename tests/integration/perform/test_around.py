"""Tags made around Towpath: found within one look, recorded once, told once, undone or adopted only by command."""

from __future__ import annotations

from datetime import datetime

import pytest

from workers.contract import requests as ask
from workers.contract.externals import Around
from workers.contract.names import RefName, Version
from workers.contract.outcomes import Externals, Notice, Receipt, Refused
from workers.domain.state import World

from .town import ANA, BEN, BIOPSY, PROD, STAGING, Town

LATER = "2027-01-01T00:00:00Z"


def tags(town: Town, name: str, at: str, when: str = LATER, message: str = "by hand") -> str:
    """Somebody's annotated tag, made in the remote with stock Git."""
    town.git("-c", "user.name=Mallory", "-c", "user.email=m@example.com", "tag", "-f", "-a", "-m", message, name, at)
    content = town.git("cat-file", "tag", name)
    lines = [f"tagger Mallory <m@example.com> {_unix(when)} +0000" if line.startswith("tagger ") else line for line in content.split("\n")]
    tag = town.git("mktag", given="\n".join(lines) + "\n")
    town.git("update-ref", f"refs/tags/{name}", tag)
    return tag


def _unix(when: str) -> int:
    return int(datetime.fromisoformat(when).timestamp())


def looks(town: Town) -> None:
    """One poll of the source, and what the writer makes of it."""
    town.wiring.inspection.look_at_source(lambda _: True)
    town.drain()


def shows(town: Town) -> None:
    """The sweep, which shows the ledger in tags."""
    town.client.delete(*town.client.keys("*tags*") or ["none"])
    town.ticks()


def live(town: Town, version: str) -> None:
    """A version in staging, with no targets: desired state is the result."""
    town.promotes(version)
    town.works()


def commit_of(world: World, version: str) -> str:
    found = world.version(BIOPSY, Version.read(version))
    assert found is not None
    return str(found.commit)


def lane(town: Town) -> list[str]:
    listed = town.git("for-each-ref", "--sort=taggerdate", "--format=%(refname:lstrip=2)", "refs/tags/biopsy#*")
    return listed.split()


@pytest.fixture
def settled(town: Town) -> Town:
    """v1 is live in staging, the tags show it, and nothing is amiss."""
    live(town, "v1.0.0")
    shows(town)
    looks(town)
    assert town.world().externals == {}
    town.outcomes()
    return town


def test_an_assignment_around_us_is_told_once_and_left_alone(settled: Town) -> None:
    commit = commit_of(settled.world(), "v2.0.0")
    tag = tags(settled, "biopsy#staging#77", commit, message="<!channel> `x`\n\nApproved-by: U0LEA")
    before = lane(settled)
    for _ in range(3):
        looks(settled)
        shows(settled)
    (found,) = settled.world().externals.values()
    assert (found.what, found.tag, found.oid, found.commit, found.version) == (
        Around.ASSIGNED,
        "biopsy#staging#77",
        tag,
        commit,
        "v2.0.0",
    )
    assert settled.events().count("external") == 1
    assert [one.found for one in settled.told(Externals)] == [(found,)]
    assert lane(settled) == before


def test_revert_retires_it_and_it_is_settled_when_the_tags_agree(settled: Town) -> None:
    tags(settled, "biopsy#staging#77", commit_of(settled.world(), "v2.0.0"))
    looks(settled)
    settled.says(BEN, ask.Revert(BIOPSY, STAGING, "nobody asked"))
    settled.drain()
    assert lane(settled)[-1] == "biopsy#staging!#78"
    looks(settled)
    assert settled.world().externals == {}
    assert settled.events()[-2:] == ["external_reverted", "external_settled"]
    release = settled.world().release(STAGING, BIOPSY)
    assert release and release.live and release.live.version == "v1.0.0"


def test_adopt_is_a_promotion_like_any_other(settled: Town) -> None:
    commit = commit_of(settled.world(), "v2.0.0")
    tags(settled, "biopsy#staging#77", commit, "2026-11-23T07:00:00Z")
    looks(settled)
    settled.later(minutes=1)
    settled.says(ANA, ask.Adopt(BIOPSY, STAGING, "it was asked for"))
    settled.works()
    release = settled.world().release(STAGING, BIOPSY)
    assert release and release.live and release.live.commit == commit
    assert release.live.promotion == "P-2"
    shows(settled)
    looks(settled)
    assert settled.world().externals == {}


def test_adopt_waits_for_the_approval_that_the_environment_wants(settled: Town) -> None:
    tags(settled, "biopsy#prod#77", commit_of(settled.world(), "v1.0.0"))
    looks(settled)
    settled.says(ANA, ask.Adopt(BIOPSY, PROD))
    settled.drain()
    assert settled.state("P-2") == "waiting"


def test_who_may_not_run_cannot_revert_and_nothing_to_revert_says_rollback(settled: Town) -> None:
    settled.says(BEN, ask.Revert(BIOPSY, STAGING))
    settled.says(ANA, ask.Adopt(BIOPSY, STAGING))
    settled.drain()
    revert, adopt = settled.told(Refused)
    assert (revert.reasons[0].code, revert.suggestions) == ("nothing-to-revert", ("rollback biopsy in staging",))
    assert adopt.reasons[0].code == "nothing-external"
    tags(settled, "biopsy#staging#77", commit_of(settled.world(), "v2.0.0"))
    looks(settled)
    settled.says(ANA, ask.Revert(BIOPSY, STAGING))
    settled.drain()
    assert [one.reasons[0].code for one in settled.told(Refused)] == ["right-run"]


def test_revert_and_adopt_at_once_are_judged_in_turn(settled: Town) -> None:
    tags(settled, "biopsy#staging#77", commit_of(settled.world(), "v2.0.0"))
    looks(settled)
    settled.says(BEN, ask.Revert(BIOPSY, STAGING))
    settled.says(BEN, ask.Revert(BIOPSY, STAGING))
    settled.says(ANA, ask.Adopt(BIOPSY, STAGING))
    settled.works()
    assert len(settled.told(Receipt)) == 2
    assert settled.state("P-2") == "succeeded"
    shows(settled)
    looks(settled)
    assert settled.world().externals == {}


def test_taking_what_runs_out_is_told_and_undone_only_by_revert(settled: Town) -> None:
    tags(settled, "biopsy#staging!#9", commit_of(settled.world(), "v1.0.0"))
    looks(settled)
    shows(settled)
    (found,) = settled.world().externals.values()
    assert found.what is Around.RETIRED
    assert lane(settled)[-1] == "biopsy#staging!#9"
    settled.says(ANA, ask.Adopt(BIOPSY, STAGING))
    settled.drain()
    assert [one.reasons[0].code for one in settled.told(Refused)] == ["nothing-to-promote"]
    settled.says(BEN, ask.Revert(BIOPSY, STAGING))
    settled.drain()
    assert lane(settled)[-1] == "biopsy#staging#10"
    looks(settled)
    assert settled.world().externals == {}


def test_a_deleted_version_tag_is_told_then_made_again_where_it_was(settled: Town) -> None:
    commit = commit_of(settled.world(), "v1.0.0")
    settled.git("update-ref", "-d", "refs/tags/biopsy@v1.0.0")
    shows(settled)
    assert settled.git("tag", "--list", "biopsy@v1.0.0") == ""
    looks(settled)
    assert settled.git("rev-parse", "biopsy@v1.0.0^{commit}") == commit
    assert [one.found[0].what for one in settled.told(Externals)] == [Around.GONE]
    looks(settled)
    assert settled.world().externals == {}


def test_our_own_tag_that_the_host_did_not_take_was_deleted_by_nobody_and_is_tried_again(town: Town) -> None:
    hook = town.remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) echo no tags from you >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    town.git("update-ref", "refs/heads/next", town.git("commit-tree", "main^{tree}", "-p", "main", "-m", "Same bytes, later"))
    town.says(ANA, ask.Register(BIOPSY, Version.read("v9.0.0"), at=RefName.read("next")))
    town.works()
    town.outcomes()
    town.later(minutes=10)
    for _ in range(2):
        shows(town)
        looks(town)
    assert town.world().externals == {}, "nobody deleted it"
    (told,) = {one.text for one in town.told(Notice)}
    assert "no tags from you" in told and "tries again" in told
    hook.unlink()
    shows(town)
    assert town.git("rev-parse", "biopsy@v9.0.0^{commit}") == commit_of(town.world(), "v9.0.0")
    town.git("update-ref", "-d", "refs/tags/biopsy@v9.0.0")
    shows(town)
    assert town.git("tag", "--list", "biopsy@v9.0.0") == "", "now somebody did delete it, which is told first"
    looks(town)
    assert [one.found[0].what for one in town.told(Externals)] == [Around.GONE]


def test_a_version_tag_made_anew_on_the_same_commit_is_told_and_one_of_ours_is_not(settled: Town) -> None:
    commit = commit_of(settled.world(), "v2.0.0")
    tag = tags(settled, "biopsy@v2.0.0", commit, message="Approved-by: U0LEA")
    for _ in range(2):
        looks(settled)
    (found,) = settled.world().externals.values()
    assert (found.what, found.oid, found.commit) == (Around.REPLACED, tag, commit)
    assert len(settled.told(Externals)) == 1
    settled.git("update-ref", "-d", "refs/tags/biopsy@v2.0.0")
    looks(settled)
    shows(settled)
    looks(settled)
    assert settled.git("rev-parse", "biopsy@v2.0.0") != tag
    assert settled.world().externals == {}


def test_a_moved_version_tag_is_told_and_the_promotion_goes_on_by_the_ledger(settled: Town) -> None:
    registered = settled.world().version(BIOPSY, Version.read("v2.0.0"))
    assert registered
    tags(settled, "biopsy@v2.0.0", "main~1" if settled.git("rev-parse", "main") == registered.commit else "main")
    looks(settled)
    (found,) = settled.world().externals.values()
    assert (found.what, found.expected) == (Around.MOVED, registered.commit)
    settled.promotes("v2.0.0")
    settled.works()
    release = settled.world().release(STAGING, BIOPSY)
    assert release and release.live
    assert (release.live.commit, release.live.digest) == (registered.commit, registered.digest)
    settled.git("update-ref", "-d", "refs/tags/biopsy@v2.0.0")
    looks(settled)
    assert settled.git("rev-parse", "biopsy@v2.0.0^{commit}") == registered.commit
    looks(settled)
    assert settled.world().externals == {}


def test_withdrawing_and_deprecating_are_told_and_change_nothing(settled: Town) -> None:
    before = settled.world().versions
    tags(settled, "biopsy@v2.0.0!#9", commit_of(settled.world(), "v2.0.0"))
    looks(settled)
    tags(settled, "biopsy@deprecated#10", "main", "2027-01-02T00:00:00Z")
    looks(settled)
    assert {one.what for one in settled.world().externals.values()} == {Around.WITHDRAWN, Around.DEPRECATED}
    assert settled.world().versions == before
    settled.git("update-ref", "-d", "refs/tags/biopsy@deprecated#10")
    looks(settled)
    assert {one.what for one in settled.world().externals.values()} == {Around.WITHDRAWN}


def test_a_tagger_that_bears_our_name_is_not_us(settled: Town) -> None:
    commit = commit_of(settled.world(), "v2.0.0")
    text = f"object {commit}\ntype commit\ntag biopsy#staging#77\ntagger Towpath <writer@towpath> {_unix(LATER)} +0000\n\nPromotion: P-9\n"
    settled.git("update-ref", "refs/tags/biopsy#staging#77", settled.git("mktag", given=text))
    looks(settled)
    assert [one.what for one in settled.world().externals.values()] == [Around.ASSIGNED]


def test_two_assignments_in_one_second_are_ordered_by_their_counters(settled: Town) -> None:
    world = settled.world()
    tags(settled, "biopsy#staging#78", commit_of(world, "v1.0.0"))
    tags(settled, "biopsy#staging#77", commit_of(world, "v2.0.0"))
    looks(settled)
    (found,) = settled.world().externals.values()
    assert found.tag == "biopsy#staging#77"
