"""`towpath audit verify` on real ledgers: each attack is found by its own reason, and nothing is sound when unsure."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import pytest

from tests import warm
from workers.contract.names import CommitId
from workers.domain import chain
from workers.perform.reading import Reader
from workers.ports.errors import Untrusted, WorldError

from . import attacks
from .town import Town


class Auditor:
    """Somebody with Git, the fingerprint on paper, and heads that they saw in Slack."""

    def __init__(self, town: Town, *seen: str) -> None:
        self.town, self.seen = town, seen or (town.head(),)
        self.trust = town.key("writer").fingerprint

    def verifies(self, *options: str, **environ: str) -> tuple[int, dict[str, Any]]:
        given = {"PATH": os.environ["PATH"], "HOME": str(self.town.folder), **environ}
        heads = [word for head in self.seen for word in ("--expect", head)]
        done = warm.towpath("audit", "verify", "--repository", str(self.town.remote), "--json", *heads, *options, env=given)
        return done.returncode, json.loads(done.stdout)

    def trusting(self, *options: str, **environ: str) -> tuple[int, dict[str, Any]]:
        return self.verifies("--trust", self.trust, *options, **environ)


def codes(found: dict[str, Any]) -> set[str]:
    return {one["code"] for one in (*found.get("findings", ()), *found.get("lacking", ()))}


def test_a_genuine_ledger_is_sound(busy: Town) -> None:
    status, found = Auditor(busy, busy.head()[:12], busy.git("rev-parse", "towpath~5")).trusting()
    assert (status, found["verdict"], codes(found)) == (0, "sound", set())
    assert found["records"] == found["checked"] == len(busy.events())
    assert found["head"] == busy.head()
    assert len(found["compared"]) == 3


def test_it_agrees_with_stock_git_on_every_signature(busy: Town) -> None:
    (busy.folder / "signers").write_text(busy.git("show", "towpath:allowed_signers") + "\n")
    believe = ("-c", f"gpg.ssh.allowedSignersFile={busy.folder / 'signers'}")

    def by_stock_git() -> list[bool]:
        said = busy.git("--no-replace-objects", *believe, "log", "--reverse", "--format=%G? %GS", "towpath").splitlines()
        return [line == "G writer@towpath" for line in said]

    def by_us() -> list[bool]:
        reader = busy.reader.ledger
        head = reader.fetch()
        assert head is not None
        line = chain.Line()
        good: list[bool] = []
        for step in reader.steps(None, head):
            judged = chain.judge(line, step, reader)
            line, good = judged.line, [*good, not any(flaw.fault in chain.FOREIGN for flaw in judged.flaws)]
        return good

    assert by_us() == by_stock_git() == [True] * len(busy.events())
    attacks.append(busy)
    attacks.unlisted(busy)
    assert by_us() == by_stock_git()
    assert by_us()[-2:] == [False, False]


@pytest.mark.parametrize("name", attacks.ALL)
def test_each_attack_is_found_by_its_own_reason(busy: Town, name: str) -> None:
    attack = attacks.ALL[name]
    auditor = Auditor(busy)
    attack.act(busy)
    status, found = auditor.trusting()
    assert status == attack.status
    assert found["verdict"] == {1: "tampered", 2: "cannot tell"}[status]
    assert attack.code in codes(found)
    others = {one.code for one in attacks.ALL.values()} - {attack.code}
    expected = {"laundered": {"unsigned"}, "merge": {"unsigned", "laundered"}}.get(attack.code, set())
    assert codes(found) & others <= expected


@pytest.mark.parametrize("name", attacks.ALL)
def test_the_writer_writes_nothing_on_an_attacked_ledger(busy: Town, name: str) -> None:
    busy.loop.read()
    attack = attacks.ALL[name]
    attack.act(busy)
    head = busy.head()
    busy.promotes()
    if attack.writer_goes_on:
        busy.loop.perform()
        assert busy.git("rev-parse", "towpath~1") == head
        return
    for loop in (busy.loop, None):
        with pytest.raises(WorldError):
            loop.perform() if loop else Reader(busy.ledger, busy.reader.public).read()
    assert busy.head() == head


@pytest.mark.parametrize("name", ["append a forgery", "gap in the sequence", "clock set back", "smuggled state"])
def test_the_first_bad_commit_is_named(busy: Town, name: str) -> None:
    auditor, good = Auditor(busy), busy.git("rev-list", "towpath").split()
    attacks.ALL[name].act(busy)
    last = busy.head()
    attacks.genuine(busy)
    _, found = auditor.trusting()
    assert found["first_bad"] == last
    assert found["first_bad"] not in good


def test_a_ledger_that_began_with_another_key_is_not_sound(busy: Town) -> None:
    status, found = Auditor(busy).verifies("--trust", attacks.stranger(busy).fingerprint)
    assert (status, codes(found)) == (1, {"root"})


def test_without_a_trust_root_or_without_an_anchor_nobody_can_tell(busy: Town) -> None:
    auditor = Auditor(busy)
    status, found = auditor.verifies()
    assert (status, codes(found)) == (2, {"no-trust"})
    auditor.seen = ()
    status, found = auditor.trusting()
    assert (status, codes(found)) == (2, {"no-anchor"})


def test_the_trust_root_may_be_pinned_on_the_source_branch_or_set(busy: Town) -> None:
    auditor = Auditor(busy)
    assert auditor.verifies(TOWPATH_TRUST=auditor.trust)[0] == 0
    pin(busy, auditor.trust)
    assert auditor.verifies()[0] == 0
    pin(busy, attacks.stranger(busy).fingerprint)
    assert auditor.verifies()[0] == 1


def pin(town: Town, fingerprint: str) -> None:
    work = town.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    town.git("clone", "--quiet", "--branch", "main", str(town.remote), str(work))
    text = (work / "towpath.yaml").read_text()
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("trust:"))
    (work / "towpath.yaml").write_text(f'trust: "{fingerprint}"\n{kept}')
    town.git("commit", "--quiet", "-am", "Pin", folder=work)
    town.git("push", "--quiet", "origin", "main", folder=work)


def test_a_repository_that_does_not_answer_is_not_sound(busy: Town) -> None:
    auditor = Auditor(busy)
    busy.remote.rename(busy.folder / "gone.git")
    status, found = auditor.trusting()
    assert (status, codes(found)) == (2, {"unreachable"})


def test_a_deleted_branch_is_tampering_and_a_wrong_name_is_not(busy: Town) -> None:
    auditor = Auditor(busy)
    busy.git("update-ref", "-d", "refs/heads/towpath")
    assert auditor.trusting()[0] == 1
    auditor.seen = ()
    status, found = auditor.trusting()
    assert (status, codes(found)) == (2, {"no-ledger"})


def installed(town: Town) -> dict[str, str]:
    """The settings of a host on which Towpath runs."""
    return {
        "TOWPATH_REPOSITORY": str(town.remote),
        "TOWPATH_DATA": str(town.folder / "data-one"),
        "TOWPATH_KEYS": str(town.folder / "keys"),
    }


def test_the_next_verification_begins_at_the_signed_checkpoint(busy: Town) -> None:
    auditor, host = Auditor(busy), installed(busy)
    assert auditor.trusting(**host)[1]["checked"] == len(busy.events())
    before = len(busy.events())
    busy.promotes()
    busy.drain()
    auditor.seen = ()
    status, found = auditor.trusting(**host)
    assert (status, found["checked"], found["records"]) == (0, len(busy.events()) - before, len(busy.events()))
    status, found = auditor.trusting("--full", **host)
    assert (status, found["checked"]) == (0, len(busy.events()))
    attacks.append(busy)
    status, found = auditor.trusting(**host)
    assert (status, found["checked"], codes(found)) == (1, 1, {"unsigned"})


def test_a_checkpoint_is_an_anchor(busy: Town) -> None:
    auditor, host = Auditor(busy), installed(busy)
    assert auditor.trusting(**host)[0] == 0
    auditor.seen = ()
    attacks.truncate(busy)
    status, found = auditor.trusting(**host)
    assert (status, codes(found)) == (1, {"truncated"})


@pytest.mark.parametrize("how", ["edited", "signed by another", "no json"])
def test_a_checkpoint_that_does_not_verify_is_ignored_with_a_word(busy: Town, how: str) -> None:
    auditor, host = Auditor(busy), installed(busy)
    assert auditor.trusting(**host)[0] == 0
    (place,) = (busy.folder / "data-one").glob("mirror-verify-*/towpath.checkpoint")
    kept = json.loads(place.read_text())
    payload = json.loads(kept["payload"])
    if how == "edited":
        place.write_text(json.dumps({**kept, "payload": kept["payload"].replace(payload["head"], "0" * 40)}))
    elif how == "signed by another":
        bot = busy.key("bot").sign(kept["payload"].encode(), "towpath-effects")
        place.write_text(json.dumps({**kept, "signature": bot}))
    else:
        place.write_text("[]")
    status, found = auditor.trusting(**host)
    assert (status, found["checked"]) == (0, len(busy.events()))
    assert any("checkpoint of this host was not used" in note for note in found["notes"])


def test_the_head_in_redis_and_the_writers_anchor_are_compared(busy: Town) -> None:
    busy.ticks()
    auditor, host = Auditor(busy), installed(busy)
    auditor.seen = ()
    status, found = auditor.trusting(**host, REDIS_URL=busy._redis_url)
    assert status == 0
    assert {"kept in Redis", "the last head that mirror-changes saw"} <= {word.partition("(")[2].strip(")") for word in found["compared"]}
    attacks.truncate(busy)
    assert auditor.trusting(**host)[0] == 1


def test_a_redis_that_does_not_answer_is_a_note(busy: Town) -> None:
    status, found = Auditor(busy).trusting(**installed(busy), REDIS_URL="redis://127.0.0.1:1/0")
    assert status == 0
    assert any("Redis was not compared" in note for note in found["notes"])


def test_missing_tags_and_strange_assignments_are_told(busy: Town) -> None:
    busy.git("tag", "-d", "biopsy@v3.0.0")
    busy.git("tag", "-a", "-m", "mine", "biopsy#prod#99", "biopsy@v3.0.0^{commit}", check=False)
    busy.git("tag", "-a", "-m", "mine", "biopsy#prod#98", "main")
    status, found = Auditor(busy).trusting()
    assert status == 0
    assert any("biopsy@v3.0.0 is missing" in note for note in found["notes"])
    assert any("biopsy#prod#98 is not signed" in note for note in found["notes"])


def test_the_writer_does_not_record_with_a_clock_that_was_set_back(busy: Town) -> None:
    busy.later(minutes=10)
    busy.promotes("v1.0.0")
    busy.drain()
    head = busy.head()
    busy.later(minutes=-6)
    busy.promotes("v2.0.0")
    with pytest.raises(Untrusted, match="clock"):
        busy.loop.perform()
    assert busy.head() == head
    busy.later(minutes=6)
    assert busy.drain()
    assert CommitId.read(busy.head()) != head
