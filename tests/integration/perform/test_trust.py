"""What the writer and a stranger with stock tools believe of a ledger, and what both refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from workers.adapters.git import GitLedger
from workers.contract.names import CommitId
from workers.contract.signatures import SigningKey
from workers.perform.loop import Loop
from workers.perform.reading import Reader
from workers.ports.errors import Untrusted
from workers.ports.ledger import Draft
from workers.tasks.wiring import Place

from .town import ANA, BEN, Town


def untouched(town: Town, head: str, match: str) -> None:
    """The writer refuses, more than once, and writes nothing."""
    town.promotes()
    for _ in range(3):
        with pytest.raises(Untrusted, match=match):
            town.loop.perform()
    assert town.head() == head
    assert not town.sent


def test_stock_git_and_ssh_keygen_accept_every_commit_and_record(busy: Town, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    busy.git("clone", "--quiet", "--branch", "towpath", "--single-branch", str(busy.remote), str(ledger))
    believe = ("-c", f"gpg.ssh.allowedSignersFile={ledger / 'allowed_signers'}")
    rows = [
        line.split("|")
        for line in busy.git(*believe, "log", "--reverse", "--format=%H|%G?|%GS|%P|%an|%ae|%cn|%s", folder=ledger).splitlines()
    ]
    assert {(row[1], row[2]) for row in rows} == {("G", "writer@towpath")}
    assert [row[3] for row in rows] == ["", *(row[0] for row in rows[:-1])]
    assert {row[6] for row in rows} == {"Towpath"}
    assert {row[5] for row in rows} <= {"operator@towpath", "effects@towpath", "UANA@THOME", "UBEN@THOME"}
    busy.git(*believe, "verify-commit", *(row[0] for row in rows), folder=ledger)
    assert "Good" in busy.git(*believe, "log", "-1", "--show-signature", folder=ledger)
    busy.git("fsck", "--strict", "--no-dangling", folder=ledger)
    busy.git("fsck", "--strict", "--no-dangling")
    for seq, row in enumerate(rows):
        added = busy.git("show", "--format=", "--name-only", "--diff-filter=A", row[0], "--", "records", folder=ledger).split()
        assert added == [f"records/0/{seq}.json"]
        _check_record(busy, ledger, seq, row[0], rows[seq - 1][0] if seq else None)


def _check_record(town: Town, ledger: Path, seq: int, commit: str, prev: str | None) -> None:
    data = (ledger / f"records/0/{seq}.json").read_bytes()
    found = json.loads(data)
    assert (found["seq"], found.get("prev")) == (seq, prev)
    trailers = dict(line.split(": ", 1) for line in town.git("log", "-1", "--format=%(trailers:only)", commit, folder=ledger).splitlines())
    digest = subprocess.run(["sha256sum"], input=data, capture_output=True, check=True).stdout.split()[0].decode()
    assert trailers["Record-Sha256"] == digest
    assert (trailers["Event"], trailers["Actor"]) == (found["event"], found["actor"]["id"])
    for path, expected in found["files"].items():
        if expected:
            at = subprocess.run(["git", "-C", str(ledger), "show", f"{commit}:{path}"], capture_output=True, check=True).stdout
            assert (
                "sha256:" + subprocess.run(["sha256sum"], input=at, capture_output=True, check=True).stdout.split()[0].decode() == expected
            )
    if request := found.get("request"):
        (ledger / "payload.sig").write_text(request["signature"])
        who = request["sender"]
        command = [
            "ssh-keygen",
            "-Y",
            "verify",
            "-f",
            "allowed_signers",
            "-I",
            who,
            "-n",
            f"towpath-{who.split('@')[0]}",
            "-s",
            "payload.sig",
        ]
        subprocess.run(command, cwd=ledger, input=request["payload"].encode(), capture_output=True, check=True)


def test_a_rewritten_history_stops_every_write(busy: Town) -> None:
    busy.git("update-ref", "refs/heads/towpath", "towpath~2")
    untouched(busy, busy.head(), "does not descend from")


def test_a_history_that_was_rewritten_while_nobody_ran_is_known_by_the_anchor(busy: Town) -> None:
    busy.git("update-ref", "refs/heads/towpath", "towpath~2")
    head = busy.head()
    busy.loop = busy.wiring.__dict__["loop"] = Loop(
        busy.ledger, busy.wiring.inbox, busy.wiring.board, Reader(busy.ledger, busy.reader.public), lambda: busy.now
    )
    untouched(busy, head, "does not descend from")


@pytest.mark.parametrize("kind", ["unsigned", "stranger", "merge", "no record", "false record", "skipped number"])
def test_a_commit_that_is_not_ours_stops_every_write_until_it_is_gone(busy: Town, kind: str) -> None:
    good = busy.head()
    busy.loop.read()
    busy.git("update-ref", "refs/heads/towpath", FOREIGN[kind](busy, good))
    bad = busy.head()
    untouched(busy, bad, "ledger commit")
    busy.git("update-ref", "refs/heads/towpath", good)
    busy.works()
    assert busy.world().seq > 0
    assert busy.git("merge-base", good, "towpath") == good


def unsigned(town: Town, head: str) -> str:
    return town.git("commit-tree", f"{head}^{{tree}}", "-p", head, "-m", "nothing to see")


def merged(town: Town, head: str) -> str:
    return town.git("commit-tree", f"{head}^{{tree}}", "-p", head, "-p", "main", "-m", "merge")


def built(town: Town, head: str, key: SigningKey, path: str, data: bytes, message: str) -> str:
    """A commit of a signer's own, pushed past the loop."""
    place = town.wiring._place
    ledger = GitLedger(Place(place.redis_url, place.repository, place.keys, town.folder / "foreign", "main", "towpath").mirror("x"), key)
    ledger.fetch()
    (commit,) = ledger.build(CommitId.read(head), [Draft({path: data}, message, ANA.id, "2026-11-23T08:00:00.000Z")])
    ledger.push(commit, CommitId.read(head))
    return commit


def by_a_stranger(town: Town, head: str) -> str:
    return built(town, head, town.key("bot"), "holds/x", b"x", "Held\n\nRecord-Sha256: " + "0" * 64)


def without_record(town: Town, head: str) -> str:
    return built(town, head, town.key("writer"), "holds/x", b"x", "Held\n\nRecord-Sha256: " + "0" * 64)


def false_record(town: Town, head: str) -> str:
    seq = len(town.events())
    return built(town, head, town.key("writer"), f"records/0/{seq}.json", b"{}\n", "Held\n\nRecord-Sha256: " + "0" * 64)


def skipped_number(town: Town, head: str) -> str:
    seq = len(town.events())
    data = json.dumps({"seq": seq + 1, "prev": head}).encode()
    digest = subprocess.run(["sha256sum"], input=data, capture_output=True, check=True).stdout.split()[0].decode()
    return built(town, head, town.key("writer"), f"records/0/{seq}.json", data, f"Held\n\nRecord-Sha256: {digest}")


FOREIGN = {
    "unsigned": unsigned,
    "stranger": by_a_stranger,
    "merge": merged,
    "no record": without_record,
    "false record": false_record,
    "skipped number": skipped_number,
}


def test_good_commits_before_a_bad_one_are_not_half_believed(busy: Town) -> None:
    """Another writer's good commit and a foreign one arrive together; when the foreign one is gone, the good one is read."""
    busy.loop.read()
    other = busy.beside("two")
    busy.promotes("v1.0.0", "prod")
    other.loop.perform()
    good = busy.head()
    busy.git("update-ref", "refs/heads/towpath", unsigned(busy, good))
    untouched(busy, busy.head(), "not signed by the ledger's writer")
    busy.git("update-ref", "refs/heads/towpath", good)
    busy.works()
    assert busy.loop.read().head == busy.head()
    assert busy.reader.commits == busy.begun().commits


def test_a_mirror_that_has_never_seen_the_ledger_writes_nothing_until_an_operator_says_so(busy: Town) -> None:
    fresh = busy.beside("new", known=False)
    untouched(fresh, busy.head(), "accept-head")
    fresh.ledger.set_anchor(CommitId.read(busy.head()))
    fresh.works()
    assert fresh.world().last_promotion == 4


def test_a_lost_mirror_is_a_mirror_that_has_never_seen_the_ledger(busy: Town) -> None:
    shutil.rmtree(busy.folder / "data-one")
    untouched(busy.beside("one", known=False), busy.head(), "accept-head")


def test_a_key_that_the_ledger_does_not_know_is_never_taken_up(busy: Town) -> None:
    key = busy.key("effects")
    ledger = GitLedger(busy.wiring._place.mirror("changes"), key)
    busy.loop = busy.wiring.__dict__["loop"] = Loop(
        ledger, busy.wiring.inbox, busy.wiring.board, Reader(ledger, key.public), lambda: busy.now
    )
    untouched(busy, busy.head(), "does not know this writer's key")


def test_effects_refuse_a_ledger_that_was_wound_back(busy: Town) -> None:
    view = busy.wiring.deployment._view
    view.head()
    busy.git("update-ref", "refs/heads/towpath", "towpath~3")
    for _ in range(2):
        with pytest.raises(Untrusted, match="does not descend from"):
            view.head()


def test_a_decision_is_one_commit_with_its_trailers(busy: Town) -> None:
    said = busy.git("log", "--format=%B%x00", "towpath").split("\0")
    approved = next(message for message in said if "Event: approved" in message)
    for line in (
        "Promotion: P-3",
        "Artifact: biopsy",
        "Version: v2.0.0",
        "Environment: prod",
        f"Actor: {BEN.id}",
        f"Approved-by: {BEN.id}",
    ):
        assert line in approved.splitlines()
    assert approved.strip().splitlines()[0] == "P-3: biopsy v2.0.0 to prod: approved"
    history = busy.git("log", "--format=%(trailers:key=Event,valueonly,separator=)", "towpath", "--", "environments/prod/biopsy")
    assert history.split() == ["succeeded", "approved"]
