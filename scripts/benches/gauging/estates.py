"""A large estate without its processes: a bare remote, keys, and a ledger in which many artifacts have been through every environment."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workers.adapters.git import GitLedger, Mirror
from workers.app import genesis, keys
from workers.contract import wire
from workers.contract.actors import PROCESSES, Actor, Conversation, Origin, Standing
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import ActorId, ArtifactName, CommitId, Digest, EnvironmentName, PromotionId, Version
from workers.contract.promotion import Kind, Placed, RegisteredVersion, Release
from workers.contract.requests import Request
from workers.contract.signatures import SigningKey
from workers.domain import layout
from workers.domain.record import SCHEMA
from workers.ports.ledger import Draft, Push

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ENVIRONMENTS = tuple(EnvironmentName.read(name) for name in ("dev", "staging", "prod"))
IN_ONE_COMMIT = 500
TEAM = 100
"""Artifacts of one team: no folder grows past about a thousand entries."""
POLICY = (
    "version: 1\nroles: {leads: {users: [UBEN]}}\nenvironments:\n  dev: {run: [leads]}\n  staging: {run: [leads]}\n  prod: {run: [leads]}\n"
)


def artifact(number: int) -> ArtifactName:
    """`team-3/model-345`."""
    return ArtifactName.read(f"team-{number // TEAM}/model-{number}")


def person(number: int) -> Actor:
    """One of many people."""
    return Actor(ActorId.read(f"U{number:05d}@THOME"), Standing.MEMBER, ())


@dataclass(frozen=True)
class Estate:
    """Where everything is. The ledger holds `artifacts` models; version v1.0.0 of each is in every environment, v2.0.0 is registered."""

    folder: Path
    artifacts: int

    @property
    def remote(self) -> Path:
        """The bare remote."""
        return self.folder / "remote.git"

    @property
    def keys(self) -> Path:
        """The folder of keys."""
        return self.folder / "keys"

    def key(self, name: str) -> SigningKey:
        """A private key."""
        return SigningKey.load((self.keys / name).read_bytes())

    def mirror(self, name: str) -> Mirror:
        """A mirror of its own."""
        return Mirror(self.folder / name, str(self.remote))

    def lay(self) -> Estate:
        """Make the remote, the keys and the ledger."""
        keys.make(self.keys)
        command = ["git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(self.remote)]
        subprocess.run(command, check=True)
        ledger = GitLedger(self.mirror("builder"), self.key("writer"))
        head = genesis.first_commit(ledger, self.keys, POLICY, BEGIN)
        numbers = range(self.artifacts)
        for seq, at in enumerate(range(0, self.artifacts, IN_ONE_COMMIT), 1):
            draft = self._draft(seq, head, numbers[at : at + IN_ONE_COMMIT])
            (head,) = ledger.build(head, [draft])
        if ledger.push(head, ledger.fetch()) is not Push.ACCEPTED:
            raise RuntimeError("the estate's ledger was not pushed")
        return self

    def _draft(self, seq: int, prev: CommitId, numbers: range) -> Draft:
        files = {layout.path_of(document): layout.write(document) for number in numbers for document in _documents(number, seq)}
        record = {
            "schema": SCHEMA,
            "repo_id": (self.keys / keys.REPO_ID).read_text().strip(),
            "seq": seq,
            "prev": prev,
            "event": "registered",
            "time": stamp(BEGIN),
            "actor": {"id": PROCESSES["operator"].id, "known_by": "host"},
            "files": {path: wire.sha256(data) for path, data in files.items()},
        }
        data = wire.canonical(record) + b"\n"
        trailers = f"Event: registered\nActor: operator@towpath\nRecord-Sha256: {wire.sha256(data)[7:]}\n"
        return Draft({**files, layout.record(seq): data}, f"Many at once\n\n{trailers}", PROCESSES["operator"].id, stamp(BEGIN))

    def asks(self, who: Actor, number: int, request: Request, now: datetime) -> Sealed:
        """A request as the bot seals it."""
        where = Conversation("CBENCH", Origin.COMMAND)
        repo_id = (self.keys / keys.REPO_ID).read_text().strip()
        envelope = Envelope(
            request_id("bench", str(number)),
            repo_id,
            stamp(now),
            stamp(now + LIFETIME),
            who,
            request,
            where,
            type(request).__name__.lower(),
        )
        return seal(envelope, Sender.BOT, self.key("bot"))


def _documents(number: int, seq: int) -> Iterator[layout.Document]:
    name, since = artifact(number), stamp(BEGIN - timedelta(days=1))
    live, new = (_version(name, version, seq) for version in ("v1.0.0", "v2.0.0"))
    yield live
    yield new
    for environment in ENVIRONMENTS:
        placed = Placed(live.version, live.commit, live.digest, PromotionId.read("P-1"), since)
        yield Release(name, Kind.MODEL, environment, generation=1, desired=placed, succeeded=(placed,))


def _version(name: ArtifactName, version: str, seq: int) -> RegisteredVersion:
    content = hashlib.sha256(f"{name}@{version}".encode()).hexdigest()
    return RegisteredVersion(
        artifact=name,
        kind=Kind.MODEL,
        version=Version.read(version),
        commit=CommitId.read(content[:40]),
        digest=Digest.read(f"sha256:{content}"),
        folder=f"models/{name}",
        path="model",
        files=1,
        bytes=1,
        registered_at=stamp(BEGIN),
        seq=seq,
        metrics={"auc": "0.95"},
    )
