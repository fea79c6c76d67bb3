"""`towpath approve --sign` as an approver runs it, on a real ledger and a real Redis; and what others may not make of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workers.app import keys
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.approval import statement
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import CommitId, PromotionId, VersionAsk
from workers.contract.signatures import SigningKey

from .test_verification import Auditor
from .town import BEN, BIOPSY, MIA, POLICY, PROD, Town

TOWPATH = str(Path(sys.executable).with_name("towpath"))
P2 = PromotionId.read("P-2")


@pytest.fixture
def bens(town: Town) -> SigningKey:
    """P-2 waits in prod, where a policy that names Ben's key wants a signature. What signs at a terminal goes by the clock of this host."""
    town.now = datetime.now(UTC)
    (town.folder / "ben").write_bytes(keys.new_private())
    (town.folder / "ben").chmod(0o600)
    key = SigningKey.load((town.folder / "ben").read_bytes())
    people = f'people: {{UBEN: {{ssh: "{key.public}"}}}}\nroles:'
    text = POLICY.replace("roles:", people, 1).replace("from: [leads], count: 1", "from: [leads], count: 1, signed: true")
    commit = CommitId.read("8" * 40)
    town.wiring.inbox.put(town.sealed(PROCESSES["effects"], ask.PolicyProposed(commit, text), key="effects"))
    town.says(BEN, ask.AdoptPolicy(commit[:12]))
    town.promotes("v1.0.0")
    town.works()
    town.promotes("v1.0.0", "prod")
    town.drain()
    assert town.state("P-2") == "waiting"
    return key


def says(town: Town, *words: str) -> tuple[int, str]:
    """What somebody says at a terminal; the town takes it as soon as it lies in the inbox."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(town.folder), "TOWPATH_REPOSITORY": str(town.remote), "REDIS_URL": town._redis_url}
    command = [TOWPATH, *words, "--sign", "--key", str(town.folder / "ben"), "--yes"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        while process.poll() is None:
            if town.wiring.inbox.waits():
                town.now = datetime.now(UTC)
                town.drain()
        assert process.stdout is not None
        return process.returncode, process.stdout.read()


def forged(town: Town, key: SigningKey, request: ask.Request, who: str = str(BEN.id), sender: Sender = Sender.PERSON) -> Sealed:
    repo_id = (town.folder / "keys/repo_id").read_text()
    actor = replace(BEN, id=type(BEN.id)(who))
    id_ = request_id("forged", repr(request), who)
    return seal(Envelope(id_, repo_id, stamp(town.now), stamp(town.now + LIFETIME), actor, request), sender, key)


def test_a_signed_approval_is_recorded_and_stock_ssh_verifies_it(town: Town, bens: SigningKey) -> None:
    status, told = says(town, "approve", "p-2", "--because", "the metrics hold")
    assert status == 0, told
    promotion = town.promotion("P-2")
    assert f"plan        {promotion.plan}" in told
    assert "approved. P-2 stands at deploying." in told
    (vote,) = promotion.votes
    assert (vote.actor, vote.key, vote.because) == (BEN.id, bens.public, "the metrics hold")
    record = json.loads(town.git("show", f"towpath:records/0/{promotion.events[-1].seq}.json"))
    assert (record["actor"]["known_by"], record["request"]["sender"]) == ("key", "person@towpath")
    (town.folder / "vote.sig").write_text(vote.signature or "")
    (town.folder / "people").write_text(f"UBEN {bens.public}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", "people", "-I", "UBEN", "-n", "towpath-approval", "-s", "vote.sig"]
    message = statement(record["repo_id"], promotion.id, promotion.plan)
    done = subprocess.run(command, input=message, cwd=town.folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    town.works()
    assert Auditor(town).trusting()[0] == 0


def test_a_terminal_says_why_not_and_a_key_that_the_policy_does_not_name_signs_nothing(town: Town, bens: SigningKey) -> None:
    town.says(BEN, ask.Reject(P2))
    town.drain()
    status, told = says(town, "approve", "P-2")
    assert status == 1
    assert "P-2 waits for no approval: it stands at rejected" in told
    assert town.promotion("P-2").votes == ()
    (town.folder / "ben").write_bytes(keys.new_private())
    status, told = says(town, "approve", "P-2")
    assert status == 1
    assert "names nobody with the key SHA256:" in told


def test_an_envelope_of_a_person_is_believed_only_for_their_own_key_place_and_verbs(town: Town, bens: SigningKey) -> None:
    promote = ask.Promote(VersionAsk.read("v1"), PROD, BIOPSY)
    for sealed in (
        forged(town, bens, ask.Reject(P2), str(MIA.id)),
        forged(town, bens, ask.Reject(P2), "UBEN@TOTHER"),
        forged(town, bens, ask.Reject()),
        forged(town, bens, promote),
        forged(town, bens, ask.Reject(P2), sender=Sender.BOT),
        replace(forged(town, bens, ask.Reject(P2), sender=Sender.CLOCK), sender=Sender.PERSON),
        forged(town, town.key("bot"), ask.Reject(P2)),
    ):
        town.wiring.inbox.put(sealed)
        town.drain()
    assert town.state("P-2") == "waiting"
    assert town.events()[-1] == "anomaly"
    town.wiring.inbox.put(forged(town, bens, ask.Reject(P2)))
    town.drain()
    assert town.state("P-2") == "rejected"
