"""The tags that we push, read by GTO itself and by stock Git."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from workers.adapters.git import GitSource, GtoTags, Mirror
from workers.adapters.git import gto as ours
from workers.contract.names import ArtifactName, CommitId, EnvironmentName, Version
from workers.contract.promotion import RegisteredVersion
from workers.contract.signatures import SigningKey
from workers.ports.errors import RefusedByHost, Unreachable
from workers.ports.source import Assignment

from .people import People, biopsy, git

BIOPSY = ArtifactName.read("biopsy")
PROD = EnvironmentName.read("prod")
NOW = 1795420800
MESSAGE = "Promote biopsy to prod\n\nPromotion: P-142\nApproved-by: U0LEA@T061EG9R6"


class Showing:
    """The ledger's side, and what GTO reads from a fresh clone."""

    def __init__(self, people: People, mirror: Mirror, source: GitSource, key: SigningKey, folder: Path) -> None:
        self.people, self.mirror, self.source = people, mirror, source
        self.tags = GtoTags(mirror, key, lambda: NOW)
        self.versions: list[RegisteredVersion] = []
        self._folder = folder
        self.known: frozenset[str] = frozenset()

    def register(self, number: int) -> CommitId:
        commit = self.people.commit(biopsy(model__n_dot_txt=str(number)))
        self.source.fetch()
        self.versions.append(self.source.inspect(BIOPSY, Version.read(f"v{number}.0.0"), commit, None))
        return commit

    def show(self, live: CommitId | None, *more: Assignment) -> int:
        return self.tags.show(iter(self.versions), iter([Assignment(BIOPSY, PROD, live, MESSAGE), *more]), self.known)

    @property
    def names(self) -> list[str]:
        listed = git(self.people.remote, "for-each-ref", "--sort=taggerdate", "--format=%(refname:lstrip=2)", "refs/tags")
        return [name for name in listed.splitlines() if "#" in name]

    def gto(self, *args: str) -> object:
        clone = self._folder / f"clone-{len(list(self._folder.iterdir()))}"
        git(self._folder, "clone", "--quiet", str(self.people.remote), str(clone))
        command = [str(Path(sys.executable).with_name("gto")), *args, "--repo", str(clone), "--json"]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def stage(self) -> Sequence[str]:
        """The version that `gto show` has in prod."""
        shown = self.gto("show", "biopsy")
        assert isinstance(shown, list)
        return [version["version"] for version in shown if any(stage["stage"] == "prod" for stage in version["stages"])]


@pytest.fixture
def showing(people: People, mirror: Mirror, source: GitSource, key: SigningKey, tmp_path: Path) -> Showing:
    folder = tmp_path / "clones"
    folder.mkdir()
    return Showing(people, mirror, source, key, folder)


def test_gto_agrees_through_replacement_return_and_retirement(showing: Showing) -> None:
    one = showing.register(1)
    assert showing.show(one) == 2
    assert showing.show(one) == 0
    two = showing.register(2)
    assert showing.show(two) == 3
    assert showing.show(one) == 2
    assert showing.stage() == ["v1.0.0"]
    assert showing.show(None) == 1
    assert showing.stage() == []
    history = showing.gto("history", "biopsy")
    assert isinstance(history, list)
    assert {event["message"] for event in history if event["event"] == "assignment"} == {MESSAGE}
    assert showing.names == ["biopsy#prod#1", "biopsy#prod!#2", "biopsy#prod#3", "biopsy#prod!#4", "biopsy#prod#5", "biopsy#prod!#6"]


def test_tags_are_annotated_signed_and_in_strict_time(showing: Showing, people: People, allowed: Path) -> None:
    one, two = showing.register(1), showing.register(2)
    showing.show(one)
    showing.show(two)
    git(people.remote, "fsck", "--strict")
    times = []
    for name in git(people.remote, "for-each-ref", "--sort=taggerdate", "--format=%(refname:lstrip=2)", "refs/tags").splitlines():
        git(people.remote, "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-tag", name)
        times.append(int(git(people.remote, "for-each-ref", "--format=%(taggerdate:unix)", f"refs/tags/{name}")))
    assert times == list(range(NOW, NOW + 5))
    assert git(people.remote, "for-each-ref", "--format=%(tagger)", "refs/tags/biopsy#prod#1").startswith("Towpath <writer@towpath> ")
    assert git(people.remote, "for-each-ref", "--format=%(contents:body)", "refs/tags/biopsy#prod#1") == MESSAGE.split("\n\n")[1]


def test_time_never_runs_behind_the_last_event(showing: Showing, people: People) -> None:
    one = showing.register(1)
    people.tag("biopsy#staging#7", one, "-a", "-m", "by hand", GIT_COMMITTER_DATE=f"{NOW + 500} +0000")
    showing.show(one)
    assert showing.names == ["biopsy#staging#7", "biopsy#prod#8"]
    assert git(people.remote, "for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/biopsy#prod#8") == str(NOW + 502)


def test_counters_are_one_per_artifact(showing: Showing) -> None:
    one = showing.register(1)
    staging = Assignment(BIOPSY, EnvironmentName.read("staging"), one, MESSAGE)
    showing.show(one, staging)
    assert showing.names == ["biopsy#prod#1", "biopsy#staging#2"]


def test_what_others_assigned_is_retired_only_when_it_is_on_record(showing: Showing, people: People) -> None:
    commits = [showing.register(n) for n in range(1, 6)]
    showing.show(None)
    for n, commit in enumerate(commits[:4], start=1):
        people.tag(f"biopsy#prod#{n}", commit, "-a", "-m", "by hand", GIT_COMMITTER_DATE=f"{NOW + n} +0000")
    assert showing.show(commits[4]) == 0
    showing.known = frozenset(people.at(f"refs/tags/biopsy#prod#{n}") for n in (2, 3))
    assert showing.show(commits[4]) == 2
    showing.known = frozenset(people.at(f"refs/tags/biopsy#prod#{n}") for n in range(1, 5))
    assert showing.show(commits[4]) == 3
    assert ours.read(showing.mirror).holders(BIOPSY, PROD) == [commits[4]]
    assert showing.names[-1] == "biopsy#prod#9"


def test_at_most_three_tags_arrive_in_one_push(showing: Showing, people: People, tmp_path: Path) -> None:
    people.hook("post-receive", f"wc -l >> {tmp_path}/pushes\n")
    commits = [showing.register(n) for n in range(1, 6)]
    (tmp_path / "pushes").unlink()
    assert showing.show(commits[4]) == 6
    assert [int(line) for line in (tmp_path / "pushes").read_text().split()] == [3, 3]


def test_a_name_that_somebody_takes_meanwhile_is_left_to_them(showing: Showing, people: People) -> None:
    one = showing.register(1)
    showing.show(None)
    taken = people.tag("other")
    script = f'git update-ref "refs/tags/biopsy#prod#1" {taken}\nrm "$0"\nexit 1\n'
    people.hook("pre-receive", "unset GIT_QUARANTINE_PATH\n" + script)
    assert showing.show(one) == 1
    assert set(showing.names) == {"biopsy#prod#1", "biopsy#prod#2"}
    assert people.at("refs/tags/biopsy#prod#1") == taken


def test_a_mirror_that_is_behind_repeats_nothing(showing: Showing, people: People, tmp_path: Path, key: SigningKey) -> None:
    one = showing.register(1)
    other = GtoTags(Mirror(tmp_path / "other.git", str(people.remote)), key, lambda: NOW + 60)
    assert showing.show(one) == 2
    assert other.show(iter(showing.versions), iter([Assignment(BIOPSY, PROD, one, MESSAGE)])) == 0


def test_a_commit_that_is_no_version_is_never_assigned(showing: Showing, people: People) -> None:
    showing.register(1)
    stray = people.commit({"a": "stray"})
    assert showing.show(stray) == 1
    assert showing.names == []


def test_two_versions_on_one_commit_never_come_from_us(showing: Showing, people: People) -> None:
    commit = showing.register(1)
    second = showing.source.inspect(BIOPSY, Version.read("v2.0.0"), commit, None)
    showing.versions.append(second)
    assert showing.show(commit) == 2
    assert people.at("refs/tags/biopsy@v2.0.0") == ""


def test_tags_of_people_are_taken_as_they_are(showing: Showing, people: People) -> None:
    one = showing.register(1)
    tag = people.tag("biopsy@v1.0.0")
    people.tag("biopsy#prod")
    assert showing.show(one) == 0
    assert people.at("refs/tags/biopsy@v1.0.0") == tag


def test_a_host_that_refuses_tags_is_told(showing: Showing, people: People) -> None:
    one = showing.register(1)
    people.hook("pre-receive", "echo no tags here >&2; exit 1\n")
    with pytest.raises(RefusedByHost, match="no tags here"):
        showing.show(one)


def test_one_refused_tag_does_not_hide_the_others(showing: Showing, people: People) -> None:
    one = showing.register(1)
    people.hook("update", 'case "$1" in *#prod#*) echo protected >&2; exit 1;; esac\n')
    with pytest.raises(RefusedByHost, match="protected"):
        showing.show(one)
    assert people.at("refs/tags/biopsy@v1.0.0")


def test_a_connection_that_ends_after_the_change_is_counted(showing: Showing, people: People) -> None:
    one = showing.register(1)
    people.hook("reference-transaction", '[ "$1" = committed ] && rm "$0" && kill -9 $PPID\nexit 0\n')
    assert showing.show(one) == 2


def test_a_remote_that_is_gone_is_unreachable(showing: Showing, people: People) -> None:
    one = showing.register(1)
    people.remote.rename(people.remote.with_name("gone.git"))
    with pytest.raises(Unreachable):
        showing.show(one)
