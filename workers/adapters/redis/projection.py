"""The projection as readers see it: the same state as the writer's, folded from documents in Redis and kept warm by the list of changes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import redis

from workers.adapters.redis.board import ABOUT, CHANGES, COMMITS, FILES, HEAD
from workers.adapters.redis.connection import told
from workers.contract.names import CommitId
from workers.domain.state import World, apply, fold


class NoProjection(Exception):
    """Redis holds no projection; it is being made from Git."""


class ProjectionReader:
    """Keeps a state in memory; `read` brings it up to date with one or two round trips."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._world: World | None = None
        self._commits: dict[int, CommitId] = {}
        self._place = "0-1"

    def read(self) -> tuple[World, dict[int, CommitId]]:
        """The state that the projection shows. Raises NoProjection or Unreachable."""
        with told("reading the projection"):
            head: Any = self._client.get(HEAD)
            if head is None:
                self._world = None
                raise NoProjection
            if self._world is None or (self._world.head != head.decode() and not self._follow(head.decode())):
                self._load()
        assert self._world is not None, "it was just read"
        return self._world, self._commits

    def _follow(self, head: str) -> bool:
        """Apply the changes since the last look; False when the list no longer reaches back that far."""
        changes: Any = self._client.xrange(CHANGES, min=f"({self._place}")
        if self._world is None or not _joins(self._world.head, [fields for _, fields in changes], head):
            return False
        paths = sorted({path for _, fields in changes for path in json.loads(fields[b"paths"])})
        found: Any = self._client.hmget(FILES, paths) if paths else []
        world = apply(self._world, CommitId.read(head), dict(zip(paths, found, strict=True)), None)
        seq = self._seq()
        self._take_commits(range(self._world.seq + 1, seq + 1))
        self._world = replace(world, seq=seq)
        self._place = changes[-1][0].decode()
        return True

    def _load(self) -> None:
        """Everything at one instant."""
        with self._client.pipeline(transaction=True) as pipe:
            for name in (HEAD, ABOUT):
                pipe.get(name)
            for name in (FILES, COMMITS):
                pipe.hgetall(name)
            pipe.xrevrange(CHANGES, count=1)
            head, about, files, commits, last = pipe.execute()
        if head is None or about is None:
            raise NoProjection
        self._place = last[0][0].decode() if last else "0-1"
        self._commits = {int(seq): CommitId.read(commit.decode()) for seq, commit in commits.items()}
        documents = ((path.decode(), data) for path, data in files.items())
        told_about = json.loads(about)
        self._world = fold(told_about["repo_id"], CommitId.read(head.decode()), told_about["seq"], documents, ())

    def _take_commits(self, numbers: range) -> None:
        found: Any = self._client.hmget(COMMITS, [str(number) for number in numbers]) if numbers else []
        self._commits |= {number: CommitId.read(one.decode()) for number, one in zip(numbers, found, strict=True) if one}

    def _about(self) -> dict[str, Any]:
        found: Any = self._client.get(ABOUT)
        if found is None:
            raise NoProjection
        return dict(json.loads(found))

    def _seq(self) -> int:
        return int(self._about()["seq"])


def _joins(base: str, changes: list[dict[bytes, bytes]], head: str) -> bool:
    """Whether the changes lead from one head to the other without a gap."""
    for fields in changes:
        if fields[b"base"].decode() != base:
            return False
        base = fields[b"head"].decode()
    return bool(changes) and base == head
