from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.adapters.git import GitLedger, Mirror
from workers.adapters.git.trees import BadTree, Trees
from workers.contract.names import ActorId, CommitId
from workers.contract.signatures import SigningKey
from workers.ports.errors import Untrusted, WorldError
from workers.ports.ledger import Draft, Push

from .conftest import new_key
from .people import People, git

DANA = ActorId.read("U024BE7LH@T061EG9R6")
TIME = "2026-11-23T08:00:00.123Z"


def draft(message: str = "Promote", **files: bytes | None) -> Draft:
    return Draft({name.replace("__", "/"): content for name, content in files.items()}, message, DANA, TIME)


def grown(ledger: GitLedger, count: int, parent: CommitId | None = None) -> CommitId:
    """That many records on top of the parent, pushed."""
    drafts = [draft(f"Record {n}\n\nSeq: {n}", **{f"records__0__{n}.json": b"%d" % n}) for n in range(count)]
    head = ledger.build(parent, drafts)[-1]
    assert ledger.push(head, parent) is Push.ACCEPTED
    return head


def test_an_empty_remote_has_no_ledger(ledger: GitLedger) -> None:
    assert ledger.fetch() is None
    assert ledger.anchor() is None


def test_commits_are_what_stock_git_signs_and_checks(ledger: GitLedger, people: People, allowed: Path) -> None:
    head = grown(ledger, 3)
    check = ("-c", f"gpg.ssh.allowedSignersFile={allowed}")
    git(people.remote, "fsck", "--strict", "--full")
    for commit in git(people.remote, "rev-list", head).split():
        git(people.remote, *check, "verify-commit", commit)
    form = "--format=%G?|%GS|%an <%ae>|%cn <%ce>|%ai|%ci|%s|%(trailers:key=Seq,valueonly)"
    shown = git(people.remote, *check, "log", "-1", form, "towpath")
    author, at = "U024BE7LH <U024BE7LH@T061EG9R6>", "2026-11-23 08:00:00 +0000"
    assert shown == f"G|writer@towpath|{author}|Towpath <writer@towpath>|{at}|{at}|Record 2|2"
    assert "Good" in git(people.remote, *check, "log", "--show-signature", "-1", "towpath")


def test_a_commit_that_was_changed_after_signing_does_not_verify(ledger: GitLedger, people: People, key: SigningKey) -> None:
    head = grown(ledger, 1)
    raw = git(people.remote, "cat-file", "commit", head) + "\n"
    forged = git(people.remote, "hash-object", "-t", "commit", "-w", "--stdin", given=raw.replace("Record 0", "Record 9").encode())
    git(people.remote, "update-ref", "refs/heads/towpath", forged)
    assert ledger.fetch() == forged
    assert [link.signer for link in ledger.links(None, CommitId.read(forged))] == [None]
    assert ledger.signer(head) == key.public


def test_links_tell_signer_parents_message_and_time(ledger: GitLedger, key: SigningKey) -> None:
    head = grown(ledger, 4)
    links = list(ledger.links(None, head))
    assert [link.message.splitlines()[0] for link in links] == ["Record 0", "Record 1", "Record 2", "Record 3"]
    assert [link.parents for link in links] == [(), *((link.commit,) for link in links[:-1])]
    assert {link.signer for link in links} == {key.public}
    assert {link.time for link in links} == {1795420800}
    assert [link.commit for link in ledger.links(links[1].commit, head)] == [links[2].commit, head]
    assert list(ledger.links(head, head)) == []


def test_a_foreign_commit_is_seen_unsigned_and_with_all_its_parents(ledger: GitLedger, people: People, key: SigningKey) -> None:
    head = grown(ledger, 2)
    git(people.work, "fetch", "--quiet", "origin", "towpath")
    tree = git(people.work, "rev-parse", f"{head}^{{tree}}")
    side = git(people.work, "commit-tree", tree, "-m", "smuggled")
    merge = git(people.work, "commit-tree", tree, "-p", head, "-p", side, "-m", "merge")
    git(people.work, "push", "--quiet", "origin", f"{merge}:refs/heads/towpath")
    assert ledger.fetch() == merge
    links = {link.commit: link for link in ledger.links(head, CommitId.read(merge))}
    assert set(links) == {side, merge}
    assert links[CommitId.read(merge)].parents == (head, side)
    assert {link.signer for link in links.values()} == {None}


def test_another_writers_key_is_told_as_what_it_is(mirror: Mirror, ledger: GitLedger) -> None:
    other = new_key()
    head = grown(GitLedger(mirror, other), 1)
    assert ledger.signer(head) == other.public


def test_a_rewritten_branch_is_seen_and_is_no_descendant(ledger: GitLedger, people: People) -> None:
    head = grown(ledger, 3)
    ledger.set_anchor(head)
    first = next(iter(ledger.links(None, head))).commit
    git(people.remote, "update-ref", "refs/heads/towpath", first)
    assert ledger.fetch() == first
    assert ledger.anchor() == head
    with pytest.raises(Untrusted, match="does not descend"):
        list(ledger.links(head, first))


def test_a_vanished_branch_is_told_as_none(ledger: GitLedger, people: People) -> None:
    grown(ledger, 1)
    git(people.remote, "update-ref", "-d", "refs/heads/towpath")
    assert ledger.fetch() is None


def test_a_replaced_commit_is_never_shown(ledger: GitLedger, people: People, mirror: Mirror) -> None:
    head = grown(ledger, 2)
    first = next(iter(ledger.links(None, head))).commit
    git(mirror.folder, "update-ref", f"refs/replace/{head}", first)
    assert ledger.read(head, "records/0/1.json") == b"1"
    assert len(list(ledger.links(None, head))) == 2


def test_files_are_read_at_a_commit(ledger: GitLedger) -> None:
    one, two = ledger.build(None, [draft(a=b"1", b__c=b"2", b__d__e=b"3"), draft(b__c=None, a=b"4")])
    assert ledger.read(one, "a") == b"1"
    assert ledger.read(two, "a") == b"4"
    assert ledger.read(two, "b/c") is None
    assert ledger.read(two, "b") is None
    assert ledger.read(two, "nowhere/at/all") is None
    assert dict(ledger.read_below(one, "b")) == {"b/c": b"2", "b/d/e": b"3"}
    assert dict(ledger.read_below(two, "b")) == {"b/d/e": b"3"}
    assert dict(ledger.read_below(two, "nowhere")) == {}


def test_a_folder_of_many_files_is_read_whole_and_in_order(ledger: GitLedger) -> None:
    files = {f"f/{n:04}": b"x" * (n * 37 % 9000) for n in range(700)}
    (commit,) = ledger.build(None, [Draft(files, "Many", DANA, TIME)])
    assert dict(ledger.read_below(commit, "f")) == files


def test_reading_half_a_folder_leaves_the_next_answers_right(ledger: GitLedger) -> None:
    (commit,) = ledger.build(None, [Draft({f"f/{n}": b"%d" % n for n in range(600)}, "Many", DANA, TIME)])
    half = ledger.read_below(commit, "f")
    next(half)
    assert ledger.read(commit, "f/77") == b"77"


@pytest.mark.parametrize("path", ["../x", "a//b", "/etc/passwd", ".git/config", "a/.GIT/x", "a/./b", "", "a\0b"])
def test_a_path_that_leads_elsewhere_is_not_written(ledger: GitLedger, path: str) -> None:
    with pytest.raises(BadTree):
        ledger.build(None, [Draft({path: b""}, "Odd", DANA, TIME)])


def test_a_file_never_becomes_a_folder_by_accident(ledger: GitLedger) -> None:
    (commit,) = ledger.build(None, [draft(a=b"1")])
    with pytest.raises(BadTree):
        ledger.build(commit, [draft(a__b=b"2")])


def test_without_a_key_nothing_is_built(mirror: Mirror) -> None:
    with pytest.raises(WorldError, match="key"):
        GitLedger(mirror, None).build(None, [draft(a=b"1")])


def test_a_commit_that_is_no_commit_is_untrusted(ledger: GitLedger, people: People) -> None:
    with pytest.raises(Untrusted):
        ledger.read(CommitId.read("0" * 39 + "1"), "a")
    with pytest.raises(Untrusted):
        list(ledger.links(None, CommitId.read("0" * 39 + "1")))


def test_a_fork_reads_by_itself(ledger: GitLedger, mirror: Mirror) -> None:
    (commit,) = ledger.build(None, [draft(a=b"1", b=b"2")])
    mirror.objects.write()
    assert ledger.read(commit, "a") == b"1"
    child = os.fork()
    if child == 0:
        os._exit(0 if all(ledger.read(commit, "b") == b"2" for _ in range(50)) else 1)
    assert all(ledger.read(commit, "a") == b"1" for _ in range(50))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ledger.read(commit, "b") == b"2"


def test_a_reader_whose_process_was_killed_starts_another(ledger: GitLedger, mirror: Mirror) -> None:
    (commit,) = ledger.build(None, [draft(a=b"1")])
    mirror.objects.write()
    assert ledger.read(commit, "a") == b"1"
    process = mirror.objects._mine.git.cat_file_all
    assert process is not None
    process.kill()
    process.proc.wait()
    assert GitLedger(mirror, None).read(commit, "a") == b"1"


@pytest.mark.parametrize("drafts", [1, 300], ids=["loose files", "a pack"])
def test_what_was_built_can_be_read_before_and_after_it_is_on_the_disk(ledger: GitLedger, mirror: Mirror, drafts: int) -> None:
    built = ledger.build(None, [draft(a=b"%d" % number, b__c=b"same") for number in range(drafts)])
    assert [ledger.read(commit, "a") for commit in built] == [b"%d" % number for number in range(drafts)]
    assert git(mirror.folder, "cat-file", "--batch-all-objects", "--batch-check") == ""
    mirror.objects.write()
    assert git(mirror.folder, "fsck", "--strict", "--full", built[-1]) == ""
    assert len(list((mirror.folder / "objects/pack").glob("*.idx"))) == (drafts > 1)
    assert git(mirror.folder, "log", "--format=%H", "--reverse", built[-1]).splitlines() == built
    assert [ledger.read(commit, "a") for commit in built] == [b"%d" % number for number in range(drafts)]


PATHS = st.lists(st.sampled_from(["a", "a-", "a.b", "a0", "b", "B", "zz"]), min_size=1, max_size=3).map("/".join)


@settings(max_examples=25, deadline=None)
@given(rounds=st.lists(st.dictionaries(PATHS, st.one_of(st.none(), st.binary(max_size=4)), min_size=1, max_size=6), min_size=1, max_size=4))
def test_an_edited_tree_is_the_tree_that_git_would_make(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[dict[str, bytes | None]]
) -> None:
    mirror = _shared_mirror(tmp_path_factory)
    trees, root = Trees(mirror.objects), None
    model: dict[str, bytes] = {}
    for edits in rounds:
        try:
            root = trees.edit(root, edits)
        except BadTree:
            continue
        model = {path: content for path, content in {**model, **edits}.items() if content is not None}
    if root is None:
        return
    mirror.objects.write()
    lines = [line.split("\t") for line in git(mirror.folder, "ls-tree", "-r", root).splitlines()]
    assert {path: said for said, path in lines} == {path: f"100644 blob {_blob(content)}" for path, content in model.items()}
    git(mirror.folder, "fsck", "--strict", root)


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


_MIRRORS: list[Mirror] = []


def _shared_mirror(factory: pytest.TempPathFactory) -> Mirror:
    if not _MIRRORS:
        folder = factory.mktemp("trees")
        _MIRRORS.append(Mirror(folder / "m.git", str(folder / "nowhere")))
    return _MIRRORS[0]
