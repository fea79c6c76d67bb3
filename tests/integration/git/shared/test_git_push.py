"""What becomes of a push when the world misbehaves, with real remotes: hooks that refuse, connections that end, folders that vanish."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.adapters.git import GitLedger, Mirror
from workers.contract.names import CommitId
from workers.contract.signatures import SigningKey
from workers.ports.errors import RefusedByHost, Unclear, Unreachable
from workers.ports.ledger import Draft, Push

from .people import People, git
from .test_git_ledger import DANA, TIME, grown

LEDGER = "refs/heads/towpath"


def built(ledger: GitLedger, parent: CommitId | None, name: str = "a") -> CommitId:
    (commit,) = ledger.build(parent, [Draft({name: name.encode()}, "Promote", DANA, TIME)])
    return commit


def test_one_ref_moves_and_nothing_else(ledger: GitLedger, people: People, mirror: Mirror) -> None:
    git(mirror.folder, "update-ref", "refs/heads/stray", grown(ledger, 1))
    git(mirror.folder, "update-ref", "refs/tags/stray", str(ledger.fetch()))
    head = grown(ledger, 2, ledger.fetch())
    assert git(people.remote, "for-each-ref", "--format=%(refname) %(objectname)") == f"{LEDGER} {head}"


def test_pushing_the_same_again_is_accepted(ledger: GitLedger) -> None:
    head = grown(ledger, 1)
    assert ledger.push(head, None) is Push.ACCEPTED


def test_whoever_comes_second_has_lost(ledger: GitLedger, people: People, tmp_path: Path, key: SigningKey) -> None:
    base = grown(ledger, 1)
    other = GitLedger(Mirror(tmp_path / "other.git", str(people.remote)), key)
    assert other.fetch() == base
    first, second = built(other, base, "b"), built(ledger, base, "c")
    assert other.push(first, base) is Push.ACCEPTED
    assert ledger.push(second, base) is Push.LOST
    assert people.at(LEDGER) == first
    assert ledger.fetch() == first


def test_the_first_push_fails_when_somebody_made_the_branch_meanwhile(
    ledger: GitLedger, people: People, tmp_path: Path, key: SigningKey
) -> None:
    other = GitLedger(Mirror(tmp_path / "other.git", str(people.remote)), key)
    assert ledger.fetch() is other.fetch() is None
    theirs = built(other, None, "b")
    assert other.push(theirs, None) is Push.ACCEPTED
    assert ledger.push(built(ledger, None, "c"), None) is Push.LOST
    assert people.at(LEDGER) == theirs


def test_a_rewritten_branch_is_not_pushed_over(ledger: GitLedger, people: People, tmp_path: Path, key: SigningKey) -> None:
    base = grown(ledger, 2)
    other = GitLedger(Mirror(tmp_path / "other.git", str(people.remote)), key)
    rewritten = built(other, None, "z")
    git(people.remote, "update-ref", "-d", LEDGER)
    assert other.push(rewritten, None) is Push.ACCEPTED
    assert ledger.push(built(ledger, base), base) is Push.LOST
    assert people.at(LEDGER) == rewritten


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_hook_that_refuses_is_told_in_its_own_words(ledger: GitLedger, people: People, hook: str) -> None:
    base = grown(ledger, 1)
    people.hook(hook, "printf 'Only on \\033[31mTuesdays\\033[0m %0400d\\n' 7 >&2; exit 1\n")
    with pytest.raises(RefusedByHost) as told:
        ledger.push(built(ledger, base), base)
    words = str(told.value)
    assert words.startswith("pushing towpath: Only on ")
    assert "Tuesdays" in words
    assert "\033" not in words
    assert len(words) <= 300 + len("pushing towpath: ")
    assert people.at(LEDGER) == base


def test_a_hook_that_lies_about_a_race_is_still_a_refusal(ledger: GitLedger, people: People) -> None:
    base = grown(ledger, 1)
    people.hook("pre-receive", "echo '! [rejected] (non-fast-forward) fetch first; connection reset by peer' >&2; exit 1\n")
    with pytest.raises(RefusedByHost, match="fetch first"):
        ledger.push(built(ledger, base), base)


def test_a_connection_that_ends_after_the_change_is_accepted(ledger: GitLedger, people: People) -> None:
    base = grown(ledger, 1)
    people.hook("reference-transaction", '[ "$1" = committed ] && kill -9 $PPID\nexit 0\n')
    head = built(ledger, base)
    assert ledger.push(head, base) is Push.ACCEPTED
    assert people.at(LEDGER) == head


def test_a_connection_that_ends_before_the_change_may_be_tried_again(ledger: GitLedger, people: People) -> None:
    base = grown(ledger, 1)
    people.hook("pre-receive", "kill -9 $PPID\n")
    head = built(ledger, base)
    with pytest.raises(Unreachable):
        ledger.push(head, base)
    (people.remote / "hooks" / "pre-receive").unlink()
    assert ledger.push(head, base) is Push.ACCEPTED


def test_a_first_push_whose_connection_ends_may_be_tried_again(ledger: GitLedger, people: People) -> None:
    people.hook("pre-receive", "kill -9 $PPID\n")
    with pytest.raises(Unreachable):
        ledger.push(built(ledger, None), None)


def test_a_connection_that_ends_with_a_remote_that_is_gone_is_unclear(ledger: GitLedger, people: People) -> None:
    base = grown(ledger, 1)
    gone = people.remote.with_name("gone.git")
    people.hook("reference-transaction", f'[ "$1" = committed ] && mv {people.remote} {gone} && kill -9 $PPID\nexit 0\n')
    head = built(ledger, base)
    with pytest.raises(Unclear):
        ledger.push(head, base)
    gone.rename(people.remote)
    assert ledger.fetch() == head


def test_a_remote_that_is_gone_is_unreachable(ledger: GitLedger, people: People) -> None:
    base = grown(ledger, 1)
    people.remote.rename(people.remote.with_name("gone.git"))
    with pytest.raises(Unreachable):
        ledger.fetch()
    with pytest.raises(Unclear):
        ledger.push(built(ledger, base), base)


def test_a_host_that_lets_us_read_but_not_write_has_refused(
    people: People, tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch, ledger: GitLedger
) -> None:
    base = grown(ledger, 1)
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\ncase "$*" in *receive-pack*) echo "remote: no rights" >&2; exit 1;; esac\nshift; exec sh -c "$*"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    reader = GitLedger(Mirror(tmp_path / "reader.git", f"ssh://git@host{people.remote}"), key)
    assert reader.fetch() == base
    with pytest.raises(RefusedByHost, match="no rights"):
        reader.push(built(reader, base), base)


def test_hooks_of_the_mirror_never_run(ledger: GitLedger, mirror: Mirror, tmp_path: Path) -> None:
    (mirror.folder / "hooks").mkdir()
    for name in ("pre-push", "reference-transaction"):
        place = mirror.folder / "hooks" / name
        place.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        place.chmod(0o755)
    head = grown(ledger, 1)
    ledger.set_anchor(head)
    assert ledger.anchor() == head
    assert not (tmp_path / "ran").exists()
