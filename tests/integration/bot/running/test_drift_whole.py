"""From the typed word to the picture: the bot, the envelope, the task of the effects lane and a drawing of matplotlib; only live rows are played."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.keys import Keys
from tests.integration.perform import test_showing_drift as showing
from tests.integration.perform import town as towns
from workers.contract import lanes
from workers.tasks import changes, drift

from .stage import Stage, stage, until


def laid(folder: Path, redis_url: str) -> towns.Town:
    """A repository whose ledger has biopsy live in staging, where the policy has drift measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(towns, "POLICY", showing.POLICY)
        town = towns.Town.found(towns.Foundation(folder).lay(), redis_url)
    town.promotes("v2.0.0")
    town.works()
    town.client.flushall()
    changes.rebuild_now(town.wiring)
    town.outcomes()
    town.wiring.__dict__["measuring"] = showing.Rows()
    return town


async def worked(here: Stage, town: towns.Town) -> None:
    """The effects lane takes the one question that lies in its queue."""

    async def look() -> str | None:
        return next((given["envelope"] for task, given in await here.tasks("effects") if task == lanes.SHOW_DRIFT), None)

    assert await asyncio.to_thread(drift.answer, town.wiring, await until(look), lambda: None, 1) is None


async def test_a_question_in_a_thread_is_answered_with_a_picture_of_what_was_measured(tmp_path: Path) -> None:
    async with stage(tmp_path / "stage") as here:
        town = await asyncio.to_thread(laid, tmp_path / "town", here.server.url)
        here.keys = Keys.load(tmp_path / "town/keys")
        async with here.bot(TOWPATH_KEYS=str(tmp_path / "town/keys")):
            said = await here.ws.person("ana").say("deploys", "@towpath show drift biopsy")
            await worked(here, town)
            answer = await here.ws.until(lambda seen: seen.message("Alert: biopsy v2.0.0 in staging"), 30)
            assert answer.thread_ts == said.ts
            assert "PSI 0.41 (alert from 0.3): live rows lie higher" in answer.plain

            async def file() -> Any:
                return next((row.raw["files"][0] for row in (await here.ws.seen()).messages() if row.raw.get("files")), None)

            shown = await until(file)
            assert "mean_area 0.41 alert" in shown["alt_txt"]
            async with aiohttp.ClientSession() as http, http.get(shown["url_private"]) as got:
                with Image.open(io.BytesIO(await got.read())) as image:
                    assert image.size == (800, 1000)
            assert len(await asyncio.to_thread(showing.reported, town)) == 1
