"""What the loop pins up: outcomes for the bot, effects for Celery, the projection for whoever reads. All of it can be made again from Git."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import redis

from workers.adapters.redis.connection import told
from workers.contract import lanes, wire
from workers.contract.drift import Watching
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.outcomes import Delivery, Moved
from workers.contract.promotion import Promotion
from workers.domain import affected, lineage, reads
from workers.domain import decision as d
from workers.domain.state import World

FILES = lanes.document("files")
COMMITS = lanes.document("commits")
CHANGES = lanes.document("changes")
HEAD = lanes.document("head")
ABOUT = lanes.document("about")
Send = Callable[[str, dict[str, Any]], None]
TASKS: dict[type[d.Effect], str] = {
    d.Inspect: lanes.INSPECT,
    d.ReadRecipe: lanes.READ_RECIPE,
    d.Gather: lanes.GATHER,
    d.Refresh: lanes.REFRESH,
    d.PutBack: lanes.PUT_BACK,
    d.Deploy: lanes.DEPLOY,
    d.Verify: lanes.VERIFY,
    d.Restore: lanes.RESTORE,
    d.Observe: lanes.OBSERVE,
    d.Measure: lanes.MEASURE,
    d.Train: lanes.TRAIN,
    d.EndTraining: lanes.END_TRAINING,
}


class RedisBoard:
    """Implements ports.inbox.Board. `send` queues a Celery task by name."""

    def __init__(self, client: redis.Redis, send: Send) -> None:
        self._client = client
        self._send = send

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Each to the stream of its channel's shard, in order."""
        with told("publishing outcomes"), self._client.pipeline(transaction=False) as pipe:
            for delivery in deliveries:
                stream = lanes.outcomes(lanes.shard_of(delivery.channel))
                pipe.xadd(stream, {"delivery": delivery.to_wire()}, maxlen=lanes.LONGEST_STREAM, approximate=True)
            pipe.execute()

    def start(self, effects: Sequence[d.Effect]) -> None:
        """Each as its Celery task."""
        for effect in effects:
            self._send(TASKS[type(effect)], wire.plain(effect))

    def show(self, world: World, files: Mapping[str, bytes | None], changed: Sequence[Promotion], commits: Mapping[int, str]) -> None:
        """The changed files, the changed promotions, and the new head, in one transaction.

        Only on top of the state that these changes were made on. Where Redis was emptied, or missed a change, its head stays as it is:
        the sweep then makes the whole anew.
        """
        if not files:
            return
        kept = {path: data for path, data in files.items() if not path.startswith("records/")}
        first = world.seq - (len(files) - len(kept)) + 1
        with told("updating the projection"), self._client.pipeline(transaction=True) as pipe:
            pipe.watch(HEAD)  # type: ignore[no-untyped-call]
            base: Any = pipe.get(HEAD)
            if base is None or base.decode() != commits.get(first - 1):
                return
            pipe.multi()
            for path, data in kept.items():
                pipe.hdel(FILES, path) if data is None else pipe.hset(FILES, path, data)
            self._promotions(pipe, world, {one.id: one for one in (*affected.concerned(world, kept), *changed)}.values(), commits)
            self._drifts(pipe, world, kept)
            if any(path.startswith(("versions/", "policy/")) for path in kept):
                self._vocabulary(pipe, world)
            self._about(pipe, world)
            pipe.hset(COMMITS, mapping={str(seq): commits[seq] for seq in range(first, world.seq + 1)})
            change = {"base": base, "head": world.head, "paths": json.dumps(sorted(kept))}
            pipe.xadd(CHANGES, change, maxlen=1000, approximate=True)  # type: ignore[arg-type]  # bytes and texts
            with suppress(redis.WatchError):
                pipe.execute()

    def show_all(self, world: World, files: Mapping[str, bytes], commits: Mapping[int, str]) -> None:
        """The whole projection anew."""
        with told("making the projection"), self._client.pipeline(transaction=True) as pipe:
            pipe.delete(FILES, COMMITS, CHANGES)
            pipe.hset(FILES, mapping=dict(files))  # type: ignore[arg-type]
            pipe.hset(COMMITS, mapping={str(seq): commit for seq, commit in commits.items()})
            self._promotions(pipe, world, world.promotions.values(), commits)
            self._drifts(pipe, world, files)
            self._vocabulary(pipe, world)
            self._about(pipe, world)
            pipe.execute()

    def is_empty(self, head: str) -> bool:
        """Whether the projection is missing or of another head."""
        with told("looking at the projection"):
            found = self._client.get(HEAD)
            return not isinstance(found, bytes) or found.decode() != head

    def _promotions(self, pipe: Any, world: World, promotions: Iterable[Promotion], commits: Mapping[int, str]) -> None:
        for promotion in promotions:
            named = {str(event.seq): commits[event.seq] for event in promotion.events if event.seq in commits}
            descent = lineage.of_promotion(world, promotion)
            held = affected.of_promotion(world, promotion)
            moved = Moved(promotion, named, world.head, verified=True, descent=descent, held=held)  # type: ignore[arg-type]  # commit ids
            pipe.set(lanes.document(f"promotion:{promotion.id}"), wire.canonical(moved))
            if promotion.card:
                pipe.set(lanes.document(f"thread:{promotion.card.channel}:{promotion.card.ts}"), promotion.id)

    def _drifts(self, pipe: Any, world: World, paths: Iterable[str]) -> None:
        """The pages of the lanes among these paths."""
        for path in paths:
            if path.startswith("drift/"):
                environment, name = path.removeprefix("drift/").removesuffix(".yaml").split("/", 1)
                watch, page = (
                    world.drifts.get((EnvironmentName(environment), ArtifactName(name))),
                    lanes.document(f"drift:{environment}:{name}"),
                )
                pipe.set(page, wire.canonical(Watching(watch, world.head))) if watch else pipe.delete(page)

    def _vocabulary(self, pipe: Any, world: World) -> None:
        pipe.set(lanes.document("vocabulary"), json.dumps(reads.vocabulary(world)))

    def _about(self, pipe: Any, world: World) -> None:
        pipe.set(lanes.watched(), wire.canonical(reads.watched(world)))
        pipe.set(ABOUT, json.dumps({"repo_id": world.repo_id, "seq": world.seq}))
        pipe.set(HEAD, world.head)
