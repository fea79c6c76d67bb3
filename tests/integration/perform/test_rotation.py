"""Keys are replaced while the parts run: what still holds an old key stops with words that name the fix, and nothing that waits is lost."""

from __future__ import annotations

import pytest

from workers.adapters.git import GitLedger
from workers.app import key_files
from workers.app.rotation import Ring
from workers.contract.actors import PROCESSES
from workers.contract.envelope import stamp
from workers.contract.names import CommitId
from workers.contract.outcomes import Notice
from workers.contract.signatures import SigningKey
from workers.perform.loop import Loop
from workers.perform.reading import Reader
from workers.ports.errors import NotSigned, Untrusted
from workers.ports.ledger import Draft

from .town import Town, WatchedLedger


def ring(town: Town) -> Ring:
    """An operator's command on this host."""
    key = town.key("writer")
    return Ring(GitLedger(town.wiring._place.mirror("changes"), key), key.public, lambda: town.now)


def rotate(town: Town, name: str) -> SigningKey:
    """As `towpath rotate-key NAME` does it; the old key."""
    old = town.key(name)
    new = key_files.next_key(town.folder / "keys", name)
    assert ring(town).rotate(f"{name}@towpath", new.public, of=(old.public,))
    key_files.swap(town.folder / "keys", name, new, None)
    return old


def test_the_loop_stops_with_its_old_key_and_a_new_one_goes_on_with_what_waits(busy: Town) -> None:
    rotate(busy, "writer")
    busy.promotes("v3.0.0")
    head = busy.head()
    for _ in range(2):
        with pytest.raises(Untrusted, match=r"was replaced by SHA256:.* start `changes` again"):
            busy.loop.perform()
    assert busy.head() == head
    again = Town(busy.folder, busy._redis_url)
    again._asked = 9000
    again.works()
    assert again.state("P-4") == "succeeded"
    assert again.events().count("key_rotated") == 1


def test_the_channel_is_told_once_what_was_replaced_or_revoked_and_by_whom(busy: Town) -> None:
    busy.ticks()
    old = rotate(busy, "bot")
    assert ring(busy).revoke(old.fingerprint, "left on a laptop", since=3)
    busy.ticks()
    rotated, revoked = [one.outcome.text for one in busy.outcomes() if isinstance(one.outcome, Notice) and one.channel == "CBIOPSY"]
    assert f"The key of bot@towpath was replaced: it signs with {busy.key('bot').fingerprint}" in rotated
    assert f"no more with {old.fingerprint}" in rotated
    assert f"The retired key {old.fingerprint} of bot@towpath was revoked" in revoked
    assert "not believed from record 3 on" in revoked and "left on a laptop" in revoked
    assert all("An operator did it" in text and "it is record" in text for text in (rotated, revoked))
    busy.client.flushall()
    busy.ticks()
    assert busy.told(Notice) == []


def test_a_push_that_lost_against_the_rotation_is_not_landed_with_the_old_key(busy: Town) -> None:
    busy.promotes("v3.0.0")
    busy.ledger.before_push = lambda: rotate(busy, "writer")
    with pytest.raises(Untrusted, match="was replaced by"):
        busy.loop.perform()
    assert busy.events()[-1] == "key_rotated"
    assert busy.wiring.inbox.waits()


def test_a_rotation_that_lost_against_the_loop_lands_on_the_new_state(busy: Town) -> None:
    busy.promotes("v3.0.0")
    head, key = busy.head(), busy.key("writer")
    ledger = WatchedLedger(busy.wiring._place.mirror("changes"), key)
    ledger.before_push = busy.loop.perform
    rings = Ring(ledger, key.public, lambda: busy.now)
    new = key_files.next_key(busy.folder / "keys", "writer")
    assert rings.rotate("writer@towpath", new.public)
    assert busy.events()[-1] == "key_rotated"
    assert busy.git("rev-parse", "towpath~1") != head


def test_a_thief_of_a_replaced_key_can_append_nothing(busy: Town) -> None:
    old = rotate(busy, "writer")
    head = busy.head()
    work = GitLedger(busy.wiring._place.mirror("changes"), old)
    (forged,) = work.build(CommitId.read(head), [forging(busy, note="forged")])
    work.push(forged, CommitId.read(head))
    again = Town(busy.folder, busy._redis_url, known=False)
    with pytest.raises(Untrusted, match="is not signed by the ledger's writer"):
        again.loop.read()
    with pytest.raises(Untrusted, match="is not signed by the writer"):
        again.wiring.deployment._view.head()


def forging(town: Town, **files: str) -> Draft:
    return Draft({name: text.encode() for name, text in files.items()}, "Forged", PROCESSES["operator"].id, stamp(town.now))


def test_effects_stop_with_the_old_public_key_and_go_on_with_the_new_one(busy: Town) -> None:
    view = busy.wiring.deployment._view
    view.head()
    rotate(busy, "writer")
    for _ in range(2):
        with pytest.raises(Untrusted, match=r"Put the new writer\.pub into TOWPATH_KEYS and start this process again"):
            view.head()
    again = Town(busy.folder, busy._redis_url)
    assert again.wiring.deployment._view.head() == busy.head()
    again._asked = 9000
    again.promotes("v3.0.0")
    again.works()
    assert again.state("P-4") == "succeeded"


def test_a_forged_chain_of_writers_is_not_followed(busy: Town) -> None:
    busy.wiring.deployment._view.head()
    good = busy.head()
    mallory, new = busy.key("clock"), busy.key("effects")
    signers = busy.git("show", "towpath:allowed_signers").replace(busy.key("writer").public, mallory.public)
    work = GitLedger(busy.wiring._place.mirror("changes"), mallory)
    first = forging(busy, allowed_signers=signers)
    second = forging(
        busy,
        allowed_signers=signers.replace(
            f'writer@towpath namespaces="git" {mallory.public}', f'writer@towpath namespaces="git" {new.public}'
        ),
    )
    (*_, forged) = work.build(CommitId.read(good), [first, second])
    work.push(forged, CommitId.read(good))
    (busy.folder / "keys/writer.pub").write_text(new.public)
    with pytest.raises(Untrusted, match="is not signed by the writer"):
        Town(busy.folder, busy._redis_url).wiring.deployment._view.head()


def test_what_the_old_bot_signed_is_refused_and_the_running_loop_knows_the_new_key(busy: Town) -> None:
    old = busy.promotes("v3.0.0")
    rotate(busy, "bot")
    busy.loop.perform()
    assert busy.events()[-1] == "anomaly"
    assert "P-4" not in busy.world().promotions
    assert old.sender.value == "bot@towpath"
    busy.promotes("v3.0.0")
    busy.works()
    assert busy.state("P-4") == "succeeded"


def test_questions_are_answered_with_the_new_bot_key_after_the_next_sweep(busy: Town) -> None:
    busy.ticks()
    rotate(busy, "bot")
    busy.ticks()
    world, _ = busy.wiring.projection.read()
    assert world.signers["bot@towpath"] == busy.key("bot").public


class Absent:
    """An agent that is away."""

    def __init__(self, key: SigningKey) -> None:
        self.public, self.fingerprint = key.public, key.fingerprint

    def sign(self, message: bytes, namespace: str) -> str:
        raise NotSigned("asking the SSH agent for a signature: nobody is there")


def test_without_the_agent_nothing_is_recorded_and_nothing_is_lost(busy: Town) -> None:
    key = busy.key("writer")
    ledger = GitLedger(busy.wiring._place.mirror("changes"), Absent(key))
    busy.promotes("v3.0.0")
    head = busy.head()
    away = Loop(ledger, busy.wiring.inbox, busy.wiring.board, Reader(ledger, key.public), lambda: busy.now)
    with pytest.raises(NotSigned):
        away.perform()
    assert busy.head() == head
    busy.works()
    assert busy.state("P-4") == "succeeded"
