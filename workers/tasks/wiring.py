"""What a worker process is made of: built once per process, on the first task that needs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import redis

from workers.adapters import agent
from workers.adapters.git import lfs
from workers.adapters.git.bookmark import Bookmark
from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.results import GitResults
from workers.adapters.git.source import GitSource
from workers.adapters.git.store import LIMIT as STORE_LIMIT
from workers.adapters.git.tags import GtoTags
from workers.adapters.git.urls import RemoteUrl
from workers.adapters.git.witness import Witness
from workers.adapters.github_app import App, InstallationLogins
from workers.adapters.hosts import statuses
from workers.adapters.pipelines.opening import Grounds, open_pipeline
from workers.adapters.redis.board import RedisBoard
from workers.adapters.redis.connection import connect
from workers.adapters.redis.heartbeats import Heartbeats
from workers.adapters.redis.inbox import RedisInbox
from workers.adapters.redis.leases import Leases
from workers.adapters.redis.projection import ProjectionReader
from workers.adapters.targets import open_target
from workers.contract import lanes
from workers.contract.envelope import Sealed
from workers.contract.names import CommitId
from workers.contract.retraining import How
from workers.contract.signatures import Signer
from workers.domain.gates import commit_status, safety, smoke
from workers.domain.policy import TargetRule
from workers.effects.deployment import Deployment
from workers.effects.gathering import Gathering, Look
from workers.effects.inspection import Inspection
from workers.effects.looks import ArtifactSafety, CommitStatus, Smoke
from workers.effects.observation import Observation
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.effects.training import Training
from workers.effects.watch import Watch
from workers.perform.loop import Loop
from workers.perform.reading import Reader
from workers.ports.errors import BadContent
from workers.ports.pipeline import Pipeline
from workers.ports.statuses import Statuses
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
    trust: str | None = None
    witness: str | None = field(default=None, repr=False)
    app: App | None = None
    lfs_url: RemoteUrl | None = None
    store_limit: int = STORE_LIMIT
    status_token: str | None = field(default=None, repr=False)
    trainings: Grounds | None = None

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
            logins=InstallationLogins(self.app, {"contents": "write" if lane in PUSHING else "read"}, now) if self.app else None,
        )


MIRRORED = ("changes", "effects", "training")
"""The lanes that have a mirror of their own."""
PUSHING = ("changes", "training")
"""Those of them that push: the one the ledger and tags, the other branches with what was trained."""


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
    def heartbeats(self) -> Heartbeats:
        """Signs of life in Redis."""
        return Heartbeats(self.client)

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
    def ledger(self) -> GitLedger:
        """The ledger branch, with the writer's key."""
        return GitLedger(self._changes, self.key("writer"))

    @cached_property
    def witness(self) -> Witness | None:
        """The second remote that gets each head, if there is to be one."""
        place = self._place
        return Witness(self._changes, place.witness, place.configuration) if place.witness else None

    @cached_property
    def keys_told(self) -> Bookmark:
        """How far the ledger was read for changes of keys."""
        return Bookmark(self._changes, "keys-told")

    def witness_head(self) -> CommitId | None:
        """The head that the witness has; None without a witness, or when it has no ledger yet. Raises Unreachable."""
        return self.witness.head() if self.witness else None

    @cached_property
    def loop(self) -> Loop:
        """The loop that writes, with the writer's key."""
        key, ledger = self.key("writer"), self.ledger
        if self._place.known_head and ledger.anchor() is None and ledger.fetch() == self._place.known_head:
            ledger.set_anchor(CommitId.read(self._place.known_head))
        return Loop(ledger, self.inbox, self.board, Reader(ledger, key.public), now)

    def tidy(self) -> None:
        """Pack the mirrors that this process has, if they are littered."""
        if "_changes" in self.__dict__:
            self._changes.tidy()
        if "_effects" in self.__dict__:
            self._effects_mirror.tidy()
        if "_training_mirror" in self.__dict__:
            self._training_mirror.tidy()

    @cached_property
    def tags(self) -> GtoTags:
        """GTO's tags, pushed by the lane that holds the push credential."""
        return GtoTags(self._changes, self.key("writer"))

    @cached_property
    def _effects_mirror(self) -> Mirror:
        return self._place.mirror("effects")

    @cached_property
    def _effects(self) -> tuple[LedgerView, GitSource, Reporter]:
        mirror = self._effects_mirror
        view = LedgerView(GitLedger(mirror, None), self.public("writer"))
        reporter = Reporter(self.key("effects"), self._repo_id(), self.put, now)
        return view, self._place.source(mirror), reporter

    @cached_property
    def deployment(self) -> Deployment:
        """Deploy, verify, restore."""
        view, source, reporter = self._effects
        return Deployment(view, source, self._target, reporter)

    @cached_property
    def observation(self) -> Observation:
        """What targets report."""
        view, _, reporter = self._effects
        return Observation(view, self._target, reporter)

    @cached_property
    def inspection(self) -> Inspection:
        """Versions and policies of the source repository."""
        view, source, reporter = self._effects
        return Inspection(view, source, reporter, lambda: self.leases.is_marked(lanes.TAGS_SHOWN), ArtifactSafety(source))

    @cached_property
    def watch(self) -> Watch:
        """What measures drift when it is due."""
        view, _, reporter = self._effects
        return Watch(view, lambda: self.measuring, reporter)

    @cached_property
    def gathering(self) -> Gathering:
        """Evidence for gates."""
        view, source, reporter = self._effects
        looks: dict[str, Look] = {
            commit_status.CHECK: CommitStatus(self._statuses),
            smoke.CHECK: Smoke(source, self._target),
            safety.CHECK: ArtifactSafety(source),
        }
        return Gathering(view, reporter, looks)

    @cached_property
    def _training_mirror(self) -> Mirror:
        return self._place.mirror("training")

    @cached_property
    def training(self) -> Training:
        """Retrainings, with a mirror of their own that may push branches. Their lane holds no key but the one to report with."""
        mirror, place = self._training_mirror, self._place
        view = LedgerView(GitLedger(mirror, None), self.public("writer"))
        reporter = Reporter(self.key("effects"), self._repo_id(), self.put, now)
        results = GitResults(mirror, lfs.opened(mirror.remote, place.lfs_url, mirror.logins))
        return Training(view, place.source(mirror), results, reporter, self._pipeline)

    def _pipeline(self, how: How) -> Pipeline:
        if self._place.trainings is None:
            raise BadContent(f"This installation runs no pipeline of the kind {how.value}.")
        return open_pipeline(how, self._place.trainings, self._place.source(self._training_mirror).check_out)

    def _statuses(self) -> Statuses:
        place = self._place
        remote = RemoteUrl.read(place.repository).address
        return statuses.open_host(remote, self._environ.get("TOWPATH_GIT_WEB"), place.status_token, self._status_logins)

    @cached_property
    def _status_logins(self) -> InstallationLogins | None:
        app = self._place.app
        return InstallationLogins(app, statuses.PERMISSIONS, now) if app else None

    @property
    def place(self) -> Place:
        """Where everything is."""
        return self._place

    def put(self, sealed: Sealed | str, *, looked: bool = False) -> None:
        """Into the inbox, and wake the loop."""
        self.inbox.put(sealed, looked=looked)
        self._send(lanes.DRAIN, {})

    def key(self, name: str) -> Signer:
        """A key of the keys folder, or of the agent that holds it. Raises BadKey or OSError."""
        return agent.signer(self._place.keys, name)

    def public(self, name: str) -> str:
        """A public key of the keys folder."""
        return (self._place.keys / f"{name}.pub").read_text().strip()

    def _repo_id(self) -> str:
        return (self._place.keys / "repo_id").read_text().strip()

    def _target(self, rule: TargetRule) -> Target:
        return open_target(rule, self._environ)
