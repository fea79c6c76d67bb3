"""What a worker process is made of: built once per process, on the first task that needs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import redis

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.source import GitSource
from workers.adapters.git.store import LIMIT as STORE_LIMIT
from workers.adapters.git.tags import GtoTags
from workers.adapters.git.urls import RemoteUrl
from workers.adapters.redis.board import RedisBoard
from workers.adapters.redis.connection import connect
from workers.adapters.redis.inbox import RedisInbox
from workers.adapters.redis.leases import Leases
from workers.adapters.redis.projection import ProjectionReader
from workers.adapters.targets import open_target
from workers.contract import lanes
from workers.contract.envelope import Sealed
from workers.contract.names import CommitId
from workers.contract.signatures import SigningKey
from workers.domain.policy import TargetRule
from workers.effects.deployment import Deployment
from workers.effects.inspection import Inspection
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.perform.loop import Loop
from workers.perform.reading import Reader
from workers.ports.target import Target

Send = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Place:
    """Where everything is: what the settings say, already checked."""

    redis_url: str
    repository: str
    keys: Path
    folder: Path
    source_branch: str
    ledger_branch: str
    configuration: Configuration = Configuration.OURS
    known_head: str | None = None
    lfs_url: RemoteUrl | None = None
    store_limit: int = STORE_LIMIT

    def source(self, mirror: Mirror) -> GitSource:
        """The source side over a mirror, with the host's store of artifacts."""
        return GitSource(mirror, self.folder / "store", store_limit=self.store_limit, lfs_server=self.lfs_url)

    def mirror(self, lane: str) -> Mirror:
        """The bare mirror of a lane; each lane has its own, so that none waits for another."""
        return Mirror(
            self.folder / f"mirror-{lane}",
            self.repository,
            source_branch=self.source_branch,
            ledger_branch=self.ledger_branch,
            configuration=self.configuration,
        )


MIRRORED = ("changes", "effects")
"""The lanes that have a mirror of their own."""


def now() -> datetime:
    """The clock's one door."""
    return datetime.now(UTC)


class Wiring:
    """The parts of one process. Each reads the one key that its lane needs, and no other."""

    def __init__(self, place: Place, send: Send, environ: Mapping[str, str] = os.environ) -> None:
        self._place = place
        self._send = send
        self._environ = environ

    @cached_property
    def client(self) -> redis.Redis:
        """The connection to Redis."""
        return connect(self._place.redis_url)

    @cached_property
    def leases(self) -> Leases:
        """Leases in Redis."""
        return Leases(self.client)

    @cached_property
    def inbox(self) -> RedisInbox:
        """The inbox."""
        return RedisInbox(self.client)

    @cached_property
    def board(self) -> RedisBoard:
        """Outcomes, effects, projection."""
        return RedisBoard(self.client, self._send)

    @cached_property
    def projection(self) -> ProjectionReader:
        """The state for questions."""
        return ProjectionReader(self.client)

    @cached_property
    def _changes(self) -> Mirror:
        return self._place.mirror("changes")

    @cached_property
    def loop(self) -> Loop:
        """The loop that writes, with the writer's key."""
        key = self.key("writer")
        ledger = GitLedger(self._changes, key)
        if self._place.known_head and ledger.anchor() is None and ledger.fetch() == self._place.known_head:
            ledger.set_anchor(CommitId.read(self._place.known_head))
        return Loop(ledger, self.inbox, self.board, Reader(ledger, key.public), now)

    @cached_property
    def tags(self) -> GtoTags:
        """GTO's tags, pushed by the lane that holds the push credential."""
        return GtoTags(self._changes, self.key("writer"))

    @cached_property
    def _effects(self) -> tuple[LedgerView, GitSource, Reporter]:
        mirror = self._place.mirror("effects")
        view = LedgerView(GitLedger(mirror, None), self.public("writer"))
        reporter = Reporter(self.key("effects"), self._repo_id(), self.put, now)
        return view, self._place.source(mirror), reporter

    @cached_property
    def deployment(self) -> Deployment:
        """Deploy, verify, restore."""
        view, source, reporter = self._effects
        return Deployment(view, source, self._target, reporter)

    @cached_property
    def inspection(self) -> Inspection:
        """Versions and policies of the source repository."""
        view, source, reporter = self._effects
        return Inspection(view, source, reporter)

    def put(self, sealed: Sealed | str, *, looked: bool = False) -> None:
        """Into the inbox, and wake the loop."""
        self.inbox.put(sealed, looked=looked)
        self._send(lanes.DRAIN, {})

    def key(self, name: str) -> SigningKey:
        """A private key of the keys folder. Raises BadKey or OSError."""
        return SigningKey.load((self._place.keys / name).read_bytes())

    def public(self, name: str) -> str:
        """A public key of the keys folder."""
        return (self._place.keys / f"{name}.pub").read_text().strip()

    def _repo_id(self) -> str:
        return (self._place.keys / "repo_id").read_text().strip()

    def _target(self, rule: TargetRule) -> Target:
        return open_target(rule, self._environ)
