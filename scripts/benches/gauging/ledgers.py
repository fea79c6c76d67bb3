"""A ledger as long as one likes: real decisions on real requests, signed and pushed, and the remote packed as a host packs it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo.repository import build
from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.app import genesis, keys
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES, Actor, Conversation, Origin, Standing
from workers.contract.envelope import LIFETIME, Envelope, Sender, request_id, seal, stamp
from workers.contract.names import ActorId, ArtifactName, CommitId, EnvironmentName, VersionAsk
from workers.contract.promotion import RegisteredVersion
from workers.contract.signatures import SigningKey
from workers.domain import decision as d
from workers.domain import record
from workers.domain.decide import decide
from workers.domain.state import World, apply
from workers.perform.reading import Reader
from workers.ports.ledger import Draft, Push

POLICY = "version: 1\nroles:\n  leads: {users: [UBEN]}\nenvironments:\n  staging: {run: [leads]}\n"
BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
STEP = timedelta(seconds=40)
BIOPSY, STAGING = ArtifactName.read("biopsy"), EnvironmentName.read("staging")
ANA = Actor(ActorId.read("UANA@THOME"), Standing.MEMBER, ())


@dataclass(frozen=True)
class Long:
    """A long ledger: its repository, its head, and the fingerprint of the key that began it."""

    remote: Path
    head: CommitId
    trust: str


class Scribe:
    """Writes records one after the other, each as the loop would."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.asked = folder, BEGIN, 0
        build(folder / "remote.git", POLICY)
        keys.make(folder / "keys")
        self.keys = {name: SigningKey.load((folder / "keys" / name).read_bytes()) for name in keys.SIGNERS}
        self.mirror = Mirror(folder / "mirror", str(folder / "remote.git"))
        self.ledger = GitLedger(self.mirror, self.keys["writer"])
        genesis.first_commit(self.ledger, folder / "keys", POLICY, BEGIN)
        self.world: World = Reader(self.ledger, self.keys["writer"].public).read()

    def record(self, sender: Sender, actor: Actor, request: ask.Request) -> d.Decision:
        """One request, decided and committed; nothing is pushed."""
        self.now, self.asked = self.now + STEP, self.asked + 1
        where = Conversation("CBIOPSY", Origin.COMMAND) if actor.id.is_person else None
        until = stamp(self.now + LIFETIME)
        text = "promote biopsy v2 to staging because the callers wait for it" if where else None
        envelope = Envelope(request_id("bench", str(self.asked)), self.world.repo_id, stamp(self.now), until, actor, request, where, text)
        case = d.Case(envelope, seal(envelope, sender, self.keys[sender.value.split("@")[0]]), self.now, looked=True)
        decision = decide(self.world, case)
        files = record.files(self.world, case, decision)
        data = next(data for path, data in files.items() if path.startswith("records/") and data)
        draft = Draft(files, record.message(case, decision, data), case.actor.id, case.time)
        (commit,) = self.ledger.build(self.world.head, [draft])
        self.world = apply(self.world, commit, files, record.recent(self.world, case, decision))
        return decision

    def versions(self) -> Iterator[RegisteredVersion]:
        """The demo's versions of biopsy."""
        source = GitSource(self.mirror, self.folder / "store")
        source.fetch()
        for tag in source.version_tags():
            if tag.artifact == BIOPSY:
                yield source.inspect(tag.artifact, tag.version, tag.commit, None)

    def promote(self, version: str) -> None:
        """A promotion from the request to its end: three records."""
        promotion = self.record(
            Sender.BOT, ANA, ask.Promote(VersionAsk.read(version), STAGING, BIOPSY, because="the callers wait")
        ).promotion
        assert promotion is not None, "it was begun"
        for kind in (ask.Deployed, ask.Verified):
            generation = self.world.promotions[promotion.id].generation
            report = kind(promotion.id, generation, ask.Seen.DONE, "ledger", "The desired state stands in Git.")
            self.record(Sender.EFFECTS, PROCESSES["effects"], report)


def written(folder: Path, records: int) -> Long:
    """A ledger of at least so many records below the folder."""
    scribe = Scribe(folder)
    for version in scribe.versions():
        scribe.record(Sender.EFFECTS, PROCESSES["effects"], ask.Inspected(version))
    number = 0
    while scribe.world.seq + 1 < records:
        scribe.promote(("v1", "v2")[number % 2])
        number += 1
        if number % 300 == 0 or scribe.world.seq + 1 >= records:
            _push(scribe)
    return Long(folder / "remote.git", scribe.world.head, scribe.keys["writer"].fingerprint)


def _push(scribe: Scribe) -> None:
    """What was written so far, and both sides packed: hundreds of thousands of loose objects help nobody."""
    if scribe.ledger.push(scribe.world.head, scribe.ledger.fetch()) is not Push.ACCEPTED:
        raise SystemExit("the ledger was not taken by its own remote")
    for place in (scribe.mirror.folder, scribe.folder / "remote.git"):
        subprocess.run(["git", "-C", str(place), "repack", "-a", "-d", "-q"], check=True)
