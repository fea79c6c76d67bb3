"""One installation without its processes: a bare remote, keys, a real Redis, the real parts; the tests are the clock, the bot and the broker."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis

from demo.repository import build
from workers.adapters.git import GitLedger, GtoTags
from workers.app import genesis, keys
from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES, Actor, Conversation, Origin, Standing
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import ActorId, ArtifactName, CommitId, EnvironmentName, PromotionId, StoryId, VersionAsk
from workers.contract.outcomes import Delivery, Outcome
from workers.contract.promotion import Promotion
from workers.contract.signatures import SigningKey
from workers.contract.stories import Card
from workers.domain.recents import Recents
from workers.domain.state import World
from workers.effects.deployment import Attempt
from workers.perform.loop import Loop
from workers.perform.reading import Reader
from workers.ports.ledger import Push
from workers.tasks import changes, effects, training
from workers.tasks.wiring import Place, Wiring

POLICY = """\
version: 1
roles:
  leads: {users: [UBEN, UMIA]}
channels:
  CBIOPSY: {artifact: biopsy, announce: true}
environments:
  staging: {run: [leads]}
  prod:
    after: staging
    run: [leads]
    approve: {from: [leads], count: 1}
"""
BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BIOPSY = ArtifactName.read("biopsy")
STAGING, PROD = EnvironmentName.read("staging"), EnvironmentName.read("prod")
ANA, BEN, MIA = (Actor(ActorId.read(f"{user}@THOME"), Standing.MEMBER, ()) for user in ("UANA", "UBEN", "UMIA"))


class WatchedLedger(GitLedger):
    """The real ledger, with a moment before each push in which the world may change."""

    before_push: Callable[[], object] | None = None

    def push(self, head: CommitId, expected: CommitId | None) -> Push:
        act, self.before_push = self.before_push, None
        if act:
            act()
        return super().push(head, expected)


@dataclass
class Foundation:
    """What every town is copied from: the remote with its ledger and registered versions, the keys, the writer's mirror."""

    folder: Path

    def lay(self) -> Foundation:
        build(self.folder / "remote.git", POLICY)
        keys.make(self.folder / "keys")
        return self


class Town:
    """The parts of one installation in `folder`, on a Redis that was emptied. `sent` is what lies in Celery's queues."""

    def __init__(self, folder: Path, redis_url: str, writer: str = "one", known: bool = True) -> None:
        self.folder = folder
        self.remote = folder / "remote.git"
        self.now = BEGIN
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._redis_url = redis_url
        self._asked = 0
        place = Place(redis_url, str(self.remote), folder / "keys", folder / f"data-{writer}", "main", "towpath")
        self.wiring = Wiring(place, lambda task, fields: self.sent.append((task, fields)), {})
        key = SigningKey.load((folder / "keys/writer").read_bytes())
        self.ledger = WatchedLedger(place.mirror("changes"), key)
        if known and self.ledger.anchor() is None and (head := self.ledger.fetch()):
            self.ledger.set_anchor(head)
        self.reader = Reader(self.ledger, key.public)
        self.loop = Loop(self.ledger, self.wiring.inbox, self.wiring.board, self.reader, lambda: self.now)
        self.wiring.__dict__["loop"] = self.loop
        self.wiring.__dict__["tags"] = GtoTags(place.mirror("changes"), key, self.seconds)

    def seconds(self) -> float:
        """The town's clock."""
        return self.now.timestamp()

    @classmethod
    def found(cls, foundation: Foundation, redis_url: str) -> Town:
        """The first commit, and the versions of the sample repository."""
        town = cls(foundation.folder, redis_url)
        genesis.first_commit(town.ledger, foundation.folder / "keys", POLICY, BEGIN)
        town.wiring.inspection.look_at_source(lambda _: True)
        changes.drain(town.wiring)
        return town

    def beside(self, writer: str, known: bool = True) -> Town:
        """Another writer with the same key, a mirror of its own and the same inbox."""
        other = Town(self.folder, self._redis_url, writer, known)
        other.now, other._asked = self.now, self._asked + 1000
        return other

    @property
    def client(self) -> redis.Redis:
        return self.wiring.client

    def key(self, name: str) -> SigningKey:
        return SigningKey.load((self.folder / "keys" / name).read_bytes())

    # What is asked.

    def sealed(self, who: Actor, request: ask.Request, thread: str | None = None, key: str = "bot") -> Sealed:
        self._asked += 1
        where = Conversation("CBIOPSY", Origin.COMMAND, thread) if who.id.is_person else None
        sender = next((one for one in Sender if one.value == who.id), Sender.BOT)
        repo_id = (self.folder / "keys/repo_id").read_text()
        id_ = request_id("town", str(self._asked))
        text = type(request).__name__.lower() if where else None
        return seal(Envelope(id_, repo_id, stamp(self.now), stamp(self.now + LIFETIME), who, request, where, text), sender, self.key(key))

    def says(self, who: Actor, request: ask.Request, thread: str | None = None) -> Sealed:
        """Into the inbox, as the bot does it."""
        sealed = self.sealed(who, request, thread)
        self.wiring.inbox.put(sealed)
        return sealed

    def ticks(self) -> None:
        """A beat of the clock."""
        changes.sweep(self.wiring, self.sealed(PROCESSES["clock"], ask.Tick(), key="clock").to_wire())

    def card(self, id_: str, ts: str) -> None:
        self.wiring.inbox.put(self.sealed(PROCESSES["bot"], ask.CardPosted(StoryId.read(id_), Card("CBIOPSY", ts))))

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def drain(self) -> int:
        return changes.drain(self.wiring)

    def works(self) -> None:
        """Everything that is queued, until nothing is: the broker and the effects lane."""
        for _ in range(50):
            self.drain()
            if not self.sent:
                return
            task, fields = self.sent.pop(0)
            self._run(task, fields)
        raise AssertionError(f"it never ends: {self.sent}")

    def _run(self, task: str, fields: dict[str, Any]) -> None:
        deployment = self.wiring.deployment
        steps = {lanes.DEPLOY: deployment.deploy, lanes.VERIFY: deployment.verify, lanes.RESTORE: deployment.restore}
        if task == lanes.INSPECT:
            effects.inspect(self.wiring, fields)
        elif task == lanes.GATHER:
            effects.gather(self.wiring, fields)
        elif task == lanes.READ_RECIPE:
            effects.read_recipe(self.wiring, fields)
        elif task == lanes.TRAIN:
            training.train(self.wiring, fields)
        elif task == lanes.END_TRAINING:
            assert training.end(self.wiring, fields) is None
        elif task in steps:
            attempt = Attempt(PromotionId.read(fields["promotion"]), int(fields["generation"]), bool(fields.get("fresh")))
            assert effects.step(self.wiring, steps[task], attempt) is None
        elif task == lanes.OBSERVE:
            assert effects.observe(self.wiring, fields, 1) is None
        elif task == lanes.MEASURE:
            effects.measure(self.wiring, fields)
        elif task == lanes.PUT_BACK:
            self.wiring.put(fields["asked"], looked=True)
        else:
            assert task == lanes.DRAIN

    # Sentences that tests need often.

    def promotes(self, version: str = "v1.0.0", to: str = "staging", who: Actor = ANA) -> Sealed:
        return self.says(who, ask.Promote(VersionAsk.read(version), EnvironmentName.read(to), BIOPSY))

    def approves(self, id_: str, who: Actor = BEN) -> Sealed:
        return self.says(who, ask.Approve(PromotionId.read(id_)))

    # What stands there.

    def begun(self) -> Reader:
        """A writer who has just begun and has read everything."""
        fresh = Reader(GitLedger(self.wiring._place.mirror("changes"), None), self.reader.public)
        fresh.read()
        return fresh

    def world(self) -> World:
        """The state at the remote's head."""
        world = self.begun().world
        assert world is not None
        return world

    def promotion(self, id_: str) -> Promotion:
        return self.world().promotions[PromotionId.read(id_)]

    def state(self, id_: str) -> str:
        return self.promotion(id_).state.value

    def outcomes(self) -> list[Delivery]:
        """What was delivered and not read yet, in order, of every shard."""
        found = []
        for shard in range(lanes.SHARDS):
            entries: Any = self.client.xrange(lanes.outcomes(shard))
            found += [(place, Delivery.from_wire(fields[b"delivery"])) for place, fields in entries]
            self.client.delete(lanes.outcomes(shard))
        return [delivery for _, delivery in sorted(found, key=lambda one: tuple(map(int, one[0].split(b"-"))))]

    def told(self, kind: type[Outcome]) -> list[Any]:
        """The outcomes of one kind among what was delivered since the last look."""
        return [one.outcome for one in self.outcomes() if isinstance(one.outcome, kind)]

    def events(self) -> list[str]:
        """The events of all records, oldest first, by stock Git."""
        return self.git("log", "--reverse", "--format=%(trailers:key=Event,valueonly,separator=)", "towpath").split()

    def head(self) -> str:
        return self.git("rev-parse", "towpath")

    def git(self, *words: str, folder: Path | None = None, given: str | None = None, check: bool = True) -> str:
        """Stock Git in the remote (or elsewhere), with nobody's configuration."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        alone = kept | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
        people = {
            f"GIT_{role}_{what}": f"mallory{at}"
            for role in ("AUTHOR", "COMMITTER")
            for what, at in (("NAME", ""), ("EMAIL", "@example.com"))
        }
        command = ["git", "-C", str(folder or self.remote), *words]
        done = subprocess.run(command, input=given, env=alone | people, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return (done.stdout + done.stderr).strip() if not check else done.stdout.strip()


def copied(foundation: Foundation, folder: Path) -> Path:
    """A folder of its own with everything in it."""
    shutil.copytree(foundation.folder, folder, symlinks=True)
    return folder


def projected(town: Town) -> World:
    """The state as questions see it, without what only the writer needs."""
    world, commits = town.wiring.projection.read()
    assert [commits[seq] for seq in range(world.seq + 1)] == [town.reader.commits[seq] for seq in range(world.seq + 1)]
    return replace(world, recent=Recents())
