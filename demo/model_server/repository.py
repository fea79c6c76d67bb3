"""The model repository: loads versions beside the running ones, and moves the pointer that callers follow.

Everything that answers is one `Model` value per name, replaced by one assignment: a call that has looked it up keeps
its session until it is done, whatever happens to the pointer meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from demo.model_server import digest, shelf
from demo.model_server.messages import Load, Operation, Unload
from demo.model_server.refusals import Refused, conflict, corrupt, not_ready, stale_fence, unknown
from demo.model_server.sessions import Session, open_model
from demo.model_server.shelf import Shelf, Slot
from demo.model_server.store import Store

LOADS_AT_ONCE = 2

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Model:
    """One model: what is on its shelf, and the opened session of each version."""

    shelf: Shelf = field(default_factory=Shelf)
    sessions: Mapping[str, Session] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """What answers one call."""

    slot: Slot
    session: Session


@dataclass(frozen=True)
class Outcome:
    """How a request that changes something ended: `result` is `done` or `already`; then the state afterwards."""

    result: str
    version: str | None
    digest: str | None
    default_version: str | None
    fence: int | None


class Repository:
    """All models of one server. Its methods belong to one event loop; slow work runs in threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._models: dict[str, Model] = {}
        self._writing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._loading = asyncio.Semaphore(LOADS_AT_ONCE)

    @property
    def ready(self) -> bool:
        """Whether every model that had a default version before a restart has one now."""
        return all(model.shelf.lost_default is None for model in self._models.values())

    def find(self, name: str) -> Shelf:
        """Return the shelf of a model that has versions. Raises Refused (404)."""
        model = self._models.get(name)
        if model is None or not model.shelf.slots:
            raise unknown(f"unknown model {name}")
        return model.shelf

    def served(self, name: str, version: str | None) -> Served:
        """Return what answers for a version, or with None for the default. Raises Refused (400, 404)."""
        found = self.find(name)
        if version is None and found.default is None:
            raise not_ready(name)
        slot = found.find(version or found.default)
        if slot is None:
            raise unknown(f"unknown version {version} of model {name}")
        return Served(slot, self._models[name].sessions[slot.version])

    def index(self) -> list[dict[str, str]]:
        """Return the repository index: every version with its state, and the reason of one that is not there."""
        rows: list[dict[str, str]] = []
        for name, model in sorted(self._models.items()):
            rows.extend(_row(name, version, "READY", "") for version in model.shelf.versions)
            rows.extend(_row(name, version, "UNAVAILABLE", reason) for version, reason in model.shelf.lost.items())
        return rows

    async def load(self, name: str, asked: Load) -> Outcome:
        """Load a version beside the others; the default stays. Raises Refused (409)."""
        own = await asyncio.to_thread(lambda: asked.digest)
        async with self._writing[name]:
            known = await self._admitted(name, asked.operation)
            if _is_loaded(known, asked, own):
                return _outcome("already", known, asked.version)
        async with self._loading:
            return await self._load_beside(name, asked, own)

    async def make_default(self, name: str, version: str, asked: Operation) -> Outcome:
        """Let `version` answer callers that name none, and retire what nobody needs. Raises Refused (404, 409)."""
        self._require(name)
        async with self._writing[name]:
            known = await self._admitted(name, asked)
            if known.find(version) is None:
                raise unknown(f"unknown version {version} of model {name}")
            if known.default == version or _effect("default", version, asked) in known.operations:
                return _outcome("already", known, version)
            flipped = _remembering(known.with_default(version), "default", version, asked)
            await self._retire(name, flipped, flipped.surplus())
            return _outcome("done", self._models[name].shelf, version)

    async def unload(self, name: str, asked: Unload) -> Outcome:
        """Drop one version or all; dropping the default leaves none. Raises Refused (404, 409)."""
        self._require(name)
        async with self._writing[name]:
            known = await self._admitted(name, asked.operation)
            if _effect("unload", asked.version, asked.operation) in known.operations:
                return _outcome("already", known, asked.version)
            gone = _present(known, name, asked.version)
            left = known.emptied() if asked.version is None else known
            await self._retire(name, _remembering(left, "unload", asked.version, asked.operation), gone)
            return _outcome("done", self._models[name].shelf, asked.version)

    async def restore(self) -> None:
        """Open everything that the store holds; what no longer loads is dropped, with the reason in the log."""
        for name in await asyncio.to_thread(self._store.models):
            self._models[name] = await asyncio.to_thread(self._restored, name)

    def _require(self, name: str) -> None:
        if name not in self._models:
            raise unknown(f"unknown model {name}")

    async def _admitted(self, name: str, asked: Operation) -> Shelf:
        """Return the shelf once `asked` is known to be no older than what was seen. Raises Refused (409)."""
        model = self._models.get(name, Model())
        seen = model.shelf.fence
        if asked.fence is None or asked.fence == seen:
            return model.shelf
        if seen is not None and asked.fence < seen:
            raise stale_fence(asked.fence, seen)
        await self._put(name, Model(model.shelf.seeing(asked.fence), model.sessions))
        return self._models[name].shelf

    async def _load_beside(self, name: str, asked: Load, own: str) -> Outcome:
        staged = await asyncio.to_thread(self._store.stage, asked.files)
        try:
            session = await asyncio.to_thread(open_model, staged / asked.entry)
            async with self._writing[name]:
                known = await self._admitted(name, asked.operation)
                if _is_loaded(known, asked, own):
                    return _outcome("already", known, asked.version)
                await asyncio.to_thread(self._store.publish, staged, name, asked.version)
                await self._publish(name, known.with_version(asked.version, own, asked.entry), session)
                return _outcome("done", self._models[name].shelf, asked.version)
        finally:
            await asyncio.to_thread(self._store.discard, staged)

    async def _publish(self, name: str, filled: Shelf, session: Session) -> None:
        version = filled.versions[-1]
        sessions = {**self._models.get(name, Model()).sessions, version: session}
        await self._put(name, Model(filled, sessions))
        await self._retire(name, filled, filled.overflow())

    async def _retire(self, name: str, left: Shelf, gone: Iterable[str]) -> None:
        """Put the shelf `left` without the versions `gone` in force, then remove their files."""
        gone = tuple(gone)
        for version in gone:
            left = left.without(version)
        sessions = {label: own for label, own in self._models[name].sessions.items() if label not in gone}
        await self._put(name, Model(left, sessions))
        for version in gone:
            await asyncio.to_thread(self._store.drop, name, version)

    async def _put(self, name: str, model: Model) -> None:
        """Make `model` durable, then let it answer."""
        await asyncio.to_thread(self._store.write_state, name, model.shelf.to_json())
        self._models[name] = model

    def _restored(self, name: str) -> Model:
        known = self._read_shelf(name)
        sessions: dict[str, Session] = {}
        for slot in known.slots:
            try:
                sessions[slot.version] = self._reopened(name, slot)
            except (Refused, OSError) as exc:
                log.warning("model_server.version_lost", model=name, version=slot.version, reason=str(exc))
                known = known.losing(slot.version, str(exc))
        self._store.write_state(name, known.to_json())
        self._store.drop_all_but(name, known.versions)
        return Model(known, sessions)

    def _read_shelf(self, name: str) -> Shelf:
        try:
            state: Any = self._store.read_state(name)
            return Shelf() if state is None else shelf.from_json(state)
        except (KeyError, TypeError, ValueError) as exc:
            log.warning("model_server.state_lost", model=name, reason=repr(exc))
            return Shelf(lost={"state": "the state on disk could not be read"}, lost_default="state")

    def _reopened(self, name: str, slot: Slot) -> Session:
        folder = self._store.folder(name, slot.version)
        if digest.of_folder(folder) != slot.digest:
            raise corrupt("the files on disk are not those that were loaded")
        return open_model(folder / slot.entry)


def _is_loaded(known: Shelf, asked: Load, own: str) -> bool:
    """Return whether exactly this version is there. Raises Refused (409) when its label stands for something else."""
    slot = known.find(asked.version)
    if slot is not None and (slot.digest, slot.entry) != (own, asked.entry):
        raise conflict(f"version {asked.version} is loaded with digest {slot.digest}", digest=slot.digest)
    return slot is not None


def _present(known: Shelf, name: str, version: str | None) -> tuple[str, ...]:
    """Return the versions that an unload of `version`, or of all, removes. Raises Refused (404)."""
    if version is None:
        return known.versions
    if version not in known.versions and version not in known.lost:
        raise unknown(f"unknown version {version} of model {name}")
    return (version,)


def _effect(verb: str, version: str | None, asked: Operation) -> str | None:
    return None if asked.operation_id is None else f"{verb} {version or '*'} {asked.operation_id}"


def _remembering(known: Shelf, verb: str, version: str | None, asked: Operation) -> Shelf:
    effect = _effect(verb, version, asked)
    return known if effect is None else known.remembering(effect)


def _outcome(result: str, known: Shelf, version: str | None) -> Outcome:
    slot = known.find(version)
    return Outcome(result, version, slot.digest if slot else None, known.default, known.fence)


def _row(name: str, version: str, state: str, reason: str) -> dict[str, str]:
    return {"name": name, "version": version, "state": state, "reason": reason}
