"""One prepared installation: a repository with its ledger, v1 live everywhere, v2 known. Every run has a copy of it for itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis

from demo.processes import free_port
from demo.redis import RedisServer
from demo.repository import build
from workers.adapters.git.ledger import GitLedger
from workers.app import genesis, keys
from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.actors import Actor, Conversation, Origin, Standing
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import ActorId, ArtifactName, EnvironmentName, PromotionId, VersionAsk
from workers.contract.signatures import SigningKey
from workers.tasks.wiring import Place

from .cast import Cast
from .slack import StandIn
from .zygote import Zygote

POLICY = """\
version: 1
roles:
  leads: {users: [U0MIA, U0DANA]}
  many: {users: [MANY]}
channels:
  C0BIOPSY: {announce: true}
environments:
  staging:
    run: [leads]
    targets: [{name: one, type: model-server, url: "URL"}]
  prod:
    run: [leads]
    approve: {from: [leads], count: 2, exclude: [requester]}
    targets: [{name: one, type: model-server, url: "URL"}]
  crowd:
    run: [leads]
    approve: {from: [many], count: 20, exclude: [requester]}
"""
MANY = tuple(f"U0MANY{n:02}" for n in range(20))
BIOPSY = ArtifactName.read("biopsy")
FRESH = (b"towpath:lease:", b"towpath:once:", b"towpath:outcomes:", b"towpath:bot:position:", b"seeded:")
LONG_AGO = 7200.0
"""So many seconds before the runs the ground was laid: nobody waits for its outcomes any more."""
"""What Redis holds for a moment only, and no run begins with."""


class Ground:
    """Everything that runs share: Redis, the zygote, the stand-in Slack. Use it as `with Ground(folder) as ground`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = folder / "base"
        self.server = RedisServer(folder / "redis")
        self._kept: dict[bytes, bytes] = {}
        self._runs = 0

    def __enter__(self) -> Ground:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.zygote = Zygote(self.folder / "lives.log")
        self.server.start()
        self.slack = StandIn(MANY)
        self.cast = Cast(self.zygote, self.server, self.slack, self.base / "keys", free_port())
        self.cast.redis_folder = self.folder / "redis"
        try:
            self._lay()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.cast.end()
        self.slack.close()
        self.zygote.close()
        self.server.kill()

    def copy(self) -> Path:
        """A folder of its own for a run, a Redis that knows what the ledger says, a Slack in which nothing was said."""
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        for part in ("remote.git", "data", "served"):
            shutil.copytree(self.base / part, folder / part, symlinks=True, copy_function=_shared_objects)
        if not self.server.alive:
            self.server.restart()
        self._fill()
        self.cast.begin(folder)
        self.slack.begin(self.cast.seconds)
        return folder

    def discard(self, folder: Path) -> None:
        """A run is over."""
        self.cast.end()
        shutil.rmtree(folder, ignore_errors=True)

    def _fill(self) -> None:
        client = self.cast.client
        client.flushall()
        with client.pipeline(transaction=False) as pipe:
            for name, value in self._kept.items():
                pipe.restore(name, 0, value)
            pipe.execute()

    def _lay(self) -> None:
        text = POLICY.replace("URL", f"http://127.0.0.1:{self.cast.port}").replace("MANY", ", ".join(MANY))
        build(self.base / "remote.git", text)
        self._forget_tags()
        keys.make(self.base / "keys")
        place = Place("", str(self.base / "remote.git"), self.base / "keys", self.base / "data", "main", "towpath")
        ledger = GitLedger(place.mirror("changes"), SigningKey.load((self.base / "keys/writer").read_bytes()))
        genesis.first_commit(ledger, self.base / "keys", text, datetime.now(UTC) - timedelta(seconds=LONG_AGO + 60))
        self.cast.begin(self.base)
        self.cast.offset = -LONG_AGO
        self.slack.begin(self.cast.seconds)
        self._work(("effects", lanes.LOOK_AT_SOURCE))
        for environment in ("staging", "prod"):
            self._promote(environment)
        self._work(("changes", lanes.REBUILD))
        self.cast.need("bot")
        self.cast.ask("bot", do="look")
        self.cast.end()
        for repository in ("remote.git", "data/mirror-changes", "data/mirror-effects"):
            for words in (["pack-refs", "--all"], ["repack", "-a", "-d", "-q"]):
                subprocess.run(["git", "-C", str(self.base / repository), *words], check=True)
        shutil.copytree(self.base / "data/mirror-effects", self.base / "data/mirror-auditor", symlinks=True)
        self._keep()

    def _forget_tags(self) -> None:
        """All versions but two: what no run needs, every run would verify."""
        git = ["git", "-C", str(self.base / "remote.git")]
        tags = subprocess.run([*git, "tag"], capture_output=True, text=True, check=True).stdout.split()
        gone = [tag for tag in tags if tag not in ("biopsy@v1.0.0", "biopsy@v2.0.0")]
        subprocess.run([*git, "tag", "-d", *gone], capture_output=True, check=True)

    def _promote(self, environment: str) -> None:
        """v1 to an environment, with the approvals that it asks for."""
        self._say("U0ANA", ask.Promote(VersionAsk.read("v1.0.0"), EnvironmentName.read(environment), BIOPSY))
        if environment == "prod":
            for who in ("U0MIA", "U0DANA"):
                self._say(who, ask.Approve(PromotionId.read("P-2")))

    def _say(self, who: str, request: ask.Request) -> None:
        self.cast.client.xadd(lanes.INBOX, {"envelope": self.sealed(who, request).to_wire()})
        self._work(("changes", lanes.DRAIN))

    def sealed(self, who: str, request: ask.Request) -> Sealed:
        """What the bot would hand over for a person."""
        self._runs += 1
        now, repo_id = self.cast.now(), (self.base / "keys/repo_id").read_text().strip()
        actor = Actor(ActorId.read(f"{who}@T0CEDAR"), Standing.MEMBER, ())
        where = Conversation("C0BIOPSY", Origin.COMMAND)
        id_ = request_id("ground", str(self._runs))
        envelope = Envelope(id_, repo_id, stamp(now), stamp(now + LIFETIME), actor, request, where, type(request).__name__.lower())
        return seal(envelope, Sender.BOT, SigningKey.load((self.base / "keys/bot").read_bytes()))

    def _work(self, *tasks: tuple[str, str]) -> None:
        """These tasks, and whatever follows from them."""
        for name, task in tasks:
            _well(self.cast.ask(name, task=task))
        while (found := self.cast.take_task(0)) is not None:
            task, fields, _ = found
            _well(self.cast.ask(lanes.QUEUES[task], task=task, fields=fields))

    def _keep(self) -> None:
        with redis.Redis.from_url(self.server.url) as client:
            names: Any = client.keys("*")
            self._kept = {name: client.dump(name) for name in names if not name.startswith(FRESH)}


def _well(said: dict[str, Any] | None) -> None:
    assert said is not None, "a life ended while the ground was laid"
    assert "error" not in said, said


def _shared_objects(source: str, target: str) -> None:
    """Git never changes an object or a pack in place: a copy of a repository can share them."""
    if "/objects/" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
