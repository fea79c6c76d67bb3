"""`show drift` from the typed word to the picture: below a question that everybody saw, by the page for one that was asked alone."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import aiohttp

from demo.slack.stage import STAGE
from tests.unit.views.drifts import earlier, report
from workers.contract import lanes
from workers.contract.envelope import Envelope, Sealed
from workers.contract.names import Digest
from workers.contract.outcomes import DriftShown, DriftTable, Reason, Receipt, Refused
from workers.contract.requests import ShowDrift

from .stage import ANA, BOT_TOKEN, BOT_USER, REPO_ID, Stage, stage, until

PNG = b"\x89PNG\r\n\x1a\n" + b"bars" * 2000
DIGEST = Digest("sha256:" + hashlib.sha256(PNG).hexdigest())
WORDS = "Bars of PSI: mean_area 0.41 alert."


async def asked(here: Stage, number: int = 0) -> Envelope:
    """That question of those that were asked of live rows, once it was."""

    async def look() -> Envelope | None:
        found = [given["envelope"] for task, given in reversed(await here.tasks("effects")) if task == lanes.SHOW_DRIFT]
        return Sealed.from_wire(found[number]).open(here.keys.bot.public, REPO_ID) if len(found) > number else None

    return await until(look)


async def answered(here: Stage, question: Envelope, **changes: Any) -> None:
    """The workers' answer, with its picture where they lay it."""
    await here.redis.set(lanes.picture(DIGEST), base64.b64encode(PNG).decode(), ex=60)
    await here.publish(DriftShown(report(), earlier(), **{"picture": DIGEST, "picture_text": WORDS, **changes}), ANA, question.request_id)


async def pictures(here: Stage, thread: str | None = None) -> list[Any]:
    """The messages that hold a file."""
    return [row for row in (await here.ws.seen()).messages() if row.raw.get("files") and thread in (None, row.thread_ts)]


async def picture(here: Stage) -> Any:
    """The picture, once it is there."""

    async def look() -> Any:
        return next(iter(await pictures(here)), None)

    return await until(look)


async def test_a_mention_is_answered_in_its_thread_with_the_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        said = await here.ws.person("ana").say("deploys", "@towpath show drift biopsy in prod last 7d")
        question = await asked(here)
        assert question.request == ShowDrift("biopsy", "prod", "7d")  # type: ignore[arg-type]  # names are texts
        await here.publish(Receipt("Reading the live rows of biopsy v3.0.0."), ANA, question.request_id)
        await here.ws.until(lambda seen: seen.ephemeral("Reading the live rows", to=ANA))
        await answered(here, question)
        answer = await here.ws.until(lambda seen: seen.message("Alert: biopsy v3.0.0 in prod", by=BOT_USER))
        assert answer.thread_ts == said.ts
        below = await picture(here)
        assert below.thread_ts == said.ts and float(below.ts) > float(answer.ts)
        (file,) = below.raw["files"]
        assert file["alt_txt"] == WORDS and file["title"] == "Drift of biopsy v3.0.0 in prod" and file["mimetype"] == "image/png"
        async with aiohttp.ClientSession() as http, http.get(file["url_private"]) as got:
            assert await got.read() == PNG
        await here.idle()
        assert "Shared by" not in answer.plain
        assert not (await here.ws.seen()).ephemerals("Alert: biopsy")


async def test_a_command_is_answered_to_its_author_and_shared_with_the_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "show drift biopsy in prod")
        await answered(here, await asked(here))
        alone = await here.ws.until(lambda seen: seen.ephemeral("Alert: biopsy v3.0.0 in prod", to=ANA))
        assert "/drift/prod/biopsy?token=" in str(alone.raw["blocks"])
        await here.idle()
        assert not await pictures(here)
        await here.ws.person("ana").click(alone, "Share")
        await answered(here, await asked(here, 1))
        shared = await here.ws.until(lambda seen: seen.message("Alert: biopsy v3.0.0 in prod", by=BOT_USER))
        assert "Shared by Ana Lima" in shared.plain and shared.thread_ts is None
        assert (await picture(here)).thread_ts == shared.ts


async def test_alone_with_the_bot_the_picture_stands_below_the_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {BOT_TOKEN}"}) as http:
            opened = await (await http.post(f"{here.ws.api_url}chat.postMessage", json={"channel": ANA, "text": "hello"})).json()
        await here.ws.refresh()
        await here.ws.person("ana").say(opened["channel"], "show drift biopsy in prod")
        question = await asked(here)
        assert question.conversation and question.conversation.channel.startswith("D")
        await here.redis.set(lanes.picture(DIGEST), base64.b64encode(PNG).decode(), ex=60)
        await here.publish(DriftShown(report(), None, DIGEST, WORDS), ANA, question.request_id, question.conversation.channel)
        below = await picture(here)
        assert below.thread_ts is None
        (answer,) = (await here.ws.seen()).messages("Alert: biopsy v3.0.0")
        assert answer.thread_ts is None and float(below.ts) > float(answer.ts)


async def test_the_same_picture_is_posted_once_whatever_is_lost_on_the_way(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.faults.rate_limit("files.getUploadURLExternal", retry_after=1)
        await here.ws.faults.drop_answer("files.upload")
        await here.ws.faults.drop_answer("files.completeUploadExternal")
        await here.ws.person("ana").say("deploys", "@towpath show drift biopsy in prod")
        question = await asked(here)
        await answered(here, question)
        await picture(here)
        await answered(here, question, offers=("retrain biopsy",))  # the same question, answered by a worker that was killed and began anew
        await here.idle()
        files = here.runner.app[STAGE].store.files.values()
        assert [row["complete"] for row in files].count(True) == 1
        assert len((await here.ws.seen()).messages("Alert: biopsy v3.0.0")) == 1


async def test_without_the_scope_the_answer_stands_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.configure(scopes=["commands", "chat:write", "app_mentions:read", "users:read", "usergroups:read", "channels:history"])
        await here.ws.person("ana").say("deploys", "@towpath show drift biopsy in prod")
        await answered(here, await asked(here))
        await here.ws.until(lambda seen: seen.message("Alert: biopsy v3.0.0 in prod", by=BOT_USER))
        await here.idle()
        assert not await pictures(here)


async def test_a_picture_that_is_gone_or_another_one_is_not_posted(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        for content in (None, base64.b64encode(b"another").decode(), "no base64!"):
            await here.ws.person("ana").say("deploys", "@towpath show drift biopsy in prod")
            question = await asked(here, len((await here.ws.seen()).messages("Alert: biopsy v3.0.0")))
            await (here.redis.set(lanes.picture(DIGEST), content) if content else here.redis.delete(lanes.picture(DIGEST)))
            await here.publish(DriftShown(report(), None, DIGEST, WORDS), ANA, question.request_id)
            await here.idle()
        assert len((await here.ws.seen()).messages("Alert: biopsy v3.0.0")) == 3
        assert not await pictures(here)


async def test_where_the_bot_may_not_post_the_answer_is_for_who_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.faults.error("chat.postMessage", "not_in_channel")
        await here.ws.person("ana").say("deploys", "@towpath show drift biopsy in prod")
        await answered(here, await asked(here))
        await here.ws.until(lambda seen: seen.ephemeral("Alert: biopsy v3.0.0 in prod", to=ANA))
        await here.idle()
        assert not await pictures(here)


async def test_a_table_and_a_refusal_are_for_who_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").say("deploys", "@towpath show drift all")
        question = await asked(here)
        assert question.request == ShowDrift("all")  # type: ignore[arg-type]
        await here.publish(DriftTable(), ANA, question.request_id)
        seen = await here.ws.until(lambda seen: seen.ephemeral("No model is live yet", to=ANA))
        assert "Share" in seen.buttons
        await here.publish(Refused("show drift wine", (Reason("no-drift-rules", "The policy does not say."),)), ANA, question.request_id)
        await here.ws.until(lambda seen: seen.ephemeral("The policy does not say", to=ANA))
