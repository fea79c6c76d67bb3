"""Keeping a demo's conversation over a restart: one JSON file and the uploaded files, in a folder."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from aiohttp import web

from demo.slack.shapes import Json
from demo.slack.stage import STAGE, Stage
from demo.slack.store import Whisper
from demo.slack.workspace import Channel

EVERY = 1.0
"""Seconds between looks whether there is something new to keep."""
URLS = ("events_url", "commands_url", "interactivity_url")


def keeper(folder: Path) -> Callable[[web.Application], AsyncIterator[None]]:
    """An aiohttp cleanup context that loads at the start, saves while running and at the end."""

    async def run(app: web.Application) -> AsyncIterator[None]:
        stage = app[STAGE]
        load(stage, folder)
        saving = asyncio.create_task(_keep_saving(stage, folder))
        yield
        saving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await saving
        save(stage, folder)

    return run


async def _keep_saving(stage: Stage, folder: Path) -> None:
    saved = stage.feed.last
    while True:
        await asyncio.sleep(EVERY)
        if stage.feed.last != saved:
            saved = stage.feed.last
            save(stage, folder)


def save(stage: Stage, folder: Path) -> None:
    """Write what was said and who is where; no token and no secret."""
    folder.mkdir(parents=True, exist_ok=True)
    store, space = stage.store, stage.workspace
    kept: Json = {
        "messages": store.messages,
        "whispers": {ts: asdict(row) for ts, row in store.whispers.items()},
        "files": store.files,
        "channels": [asdict(row) for row in space.channels.values()],
        "groups": {row.id: row.users for row in space.groups.values()},
        "gone": [row.id for row in space.users.values() if row.deleted],
        "urls": {name: getattr(space.app, name) for name in URLS},
    }
    _write(folder / "conversation.json", json.dumps(kept).encode())
    for name, content in store.bytes.items():
        if not (folder / name).exists():
            _write(folder / name, content)


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def load(stage: Stage, folder: Path) -> None:
    """Read it back, if there is something to read."""
    path = folder / "conversation.json"
    if not path.exists():
        return
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    store, space = stage.store, stage.workspace
    store.messages = kept["messages"]
    store.whispers = {ts: Whisper(**row) for ts, row in kept["whispers"].items()}
    store.files = kept["files"]
    store.bytes = {name: (folder / name).read_bytes() for name in store.files if (folder / name).exists()}
    known = {row.name for row in fields(Channel)}
    for row in kept["channels"]:
        space.channels[row["id"]] = Channel(**{key: value for key, value in row.items() if key in known})
    for name, users in kept["groups"].items():
        if name in space.groups:
            space.groups[name].users = users
    for name in kept["gone"]:
        if name in space.users:
            space.users[name].deleted = True
    for name, value in kept["urls"].items():
        setattr(space.app, name, getattr(space.app, name) or value)
    for stamp in [*store.whispers, *(ts for rows in store.messages.values() for ts in rows)]:
        stage.clock.not_before(stamp)
