"""What people see follows from the outcomes: each thing once, in order, whatever breaks on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from demo.processes import free_port
from workers.contract import lanes, outcomes
from workers.contract.names import PromotionId
from workers.contract.promotion import State
from workers.contract.requests import CardPosted
from workers.contract.stories import Card

from .stage import ANA, BOT_TOKEN, DEPLOYS, OTHER, SECRET, grown, promotion, stage, until


async def test_one_card_and_one_post_for_each_event(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        first = promotion()
        await here.move(first)
        await here.move(first)
        later = grown(first, "approved", "deploying", "verifying", "succeeded", state=State.SUCCEEDED)
        await here.move(later)
        await here.move(first)
        await here.shown([1, 2, 3, 4, 5])
        await here.idle()
        (card,) = await here.cards()
        assert "live" in card.plain.lower() or "succeeded" in card.plain.lower()
        assert card.raw["metadata"]["event_payload"]["seq"] == 5
        calls = (await here.ws.seen()).api_calls("chat.postMessage")
        assert all(call["args"]["unfurl_links"] in (False, "false", 0) for call in calls)


async def test_card_place_is_reported_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        first = promotion()
        await here.move(first)
        envelope = await here.envelope("CardPosted")
        (card,) = await here.cards()
        assert envelope.request == CardPosted(PromotionId("P-1"), Card(DEPLOYS, card.ts))
        assert envelope.actor.id == "bot@towpath"
        await here.move(grown(first, "approved"))
        await here.shown([1, 2])
        await here.idle()
        assert len(await here.envelopes("CardPosted")) == 1


async def test_edits_are_coalesced_and_the_last_state_is_shown(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = promotion()
        await here.move(now)
        for step in range(12):
            now = grown(now, "progress" if step < 11 else "succeeded", state=State.DEPLOYING if step < 11 else State.SUCCEEDED)
            await here.move(now)
            await asyncio.sleep(0)
        await here.shown(range(1, 14), seconds=30)
        await here.idle()
        (card,) = await here.cards()
        assert card.raw["metadata"]["event_payload"]["seq"] == 13
        assert len((await here.ws.seen()).api_calls("chat.update")) <= 6


async def test_flush_in_mid_thread_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = promotion()
        await here.move(now)
        now = grown(now, "approved", "deploying")
        await here.move(now)
        await here.shown([1, 2, 3])
        await here.redis.flushall()
        now = grown(now, "verifying")
        await here.move(now)
        await here.shown([1, 2, 3, 4])

        async def rebuild_asked() -> bool:
            return (lanes.REBUILD, {}) in await here.tasks(lanes.QUEUES[lanes.REBUILD])

        await until(rebuild_asked)
        await until(lambda: here.redis.get(lanes.EPOCH))
        await here.move(grown(now, "succeeded", state=State.SUCCEEDED))
        await here.shown([1, 2, 3, 4, 5])
        await here.idle()
        assert len(await here.cards()) == 1


async def test_flush_between_every_step(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = promotion()
        for step in range(4):
            await here.redis.flushall()
            await here.move(now)
            await here.shown(range(1, step + 2))
            now = grown(now, "progress")
        assert len(await here.cards()) == 1


async def test_flushes_at_any_instant(tmp_path: Path) -> None:
    """Redis is emptied again and again while the story goes on; the workers publish again, as they do when they are asked."""
    async with stage(tmp_path) as here, here.bot():
        now = promotion()
        for turn in range(60):
            await here.move(now)
            await asyncio.sleep((turn * 7 % 23) / 400)
            await here.redis.flushall()
            if turn % 4 == 3:
                now = grown(now, "progress")
        await here.move(now)
        await here.shown(range(1, now.events[-1].seq + 1))
        await here.idle()
        assert len(await here.cards()) == 1


async def test_answers_that_are_lost_double_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.faults.drop_answer("chat.postMessage", times=3)
        now = grown(promotion(), "approved", "deploying")
        await here.move(now)
        await here.shown([1, 2, 3])
        await here.idle()
        assert len(await here.cards()) == 1


async def test_killed_between_the_post_and_its_mark(tmp_path: Path) -> None:
    """The bot dies while it waits for the answer to a post that Slack already made: card first, then an event of the thread."""
    async with stage(tmp_path) as here:
        await here.redis.set(lanes.EPOCH, "1600000000000")
        now = promotion()
        for wanted in ([], [1]):
            async with here.bot_process() as process:
                await here.ws.faults.drop_answer("chat.postMessage", times=1)
                for look in ("conversations.history", "conversations.replies"):
                    await here.ws.faults.server_error(look, seconds=60)
                await here.move(now)

                async def posted(before: int = len(wanted)) -> bool:
                    return len(await here.cards()) + len(await here.thread_seqs()) > before + (1 if before else 0)

                await until(posted)
                process.kill()
                await process.wait()
            await here.ws.faults.clear()
            assert "?" in (await here.redis.hgetall("towpath:bot:shown:P-1")).values()
            async with here.bot_process():
                await here.shown([*wanted, len(wanted) + 1], seconds=40)
                await here.idle()
                assert len(await here.cards()) == 1
            now = grown(now, "approved")


async def test_another_bot_takes_over(tmp_path: Path) -> None:
    """Two bots on one Redis: one posts, the other stands by until the first is gone; nothing is lost or doubled on the way."""
    async with stage(tmp_path) as here:
        now = promotion()
        async with here.bot_process() as first:
            await here.move(now)
            await here.shown([1])
            port = str(free_port())
            async with replace(here, port=int(port)).bot(TOWPATH_PORT=port):
                now = grown(now, "approved")
                await here.move(now)
                await here.shown([1, 2])
                first.kill()
                await first.wait()
                now = grown(now, "deploying", "succeeded", state=State.SUCCEEDED)
                await here.move(now)
                await here.shown([1, 2, 3, 4])
                await here.idle()
                assert len(await here.cards()) == 1
        written = (tmp_path / "bot.log").read_text()
        assert "shard_taken" in written
        assert not [secret for secret in (BOT_TOKEN, SECRET, here.server.url, "of the story") if secret in written]


async def test_rate_limits_are_obeyed_in_order(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        for method in ("chat.postMessage", "chat.update", "users.info"):
            await here.ws.faults.rate_limit(method, retry_after=1, times=2)
        await here.move(grown(promotion(), "approved"))
        await here.shown([1, 2])
        await here.ws.faults.rate_limit("*", retry_after=1, times=4)
        await here.move(grown(promotion(), "approved", "deploying", "succeeded", state=State.SUCCEEDED))
        await here.shown([1, 2, 3, 4])
        await here.idle()
        (card,) = await here.cards()
        assert card.raw["metadata"]["event_payload"]["seq"] == 4


async def test_one_slow_channel_holds_up_no_other(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.faults.delay("chat.postMessage", 3.0, times=1)
        await here.move(promotion())
        await here.ws.until(lambda seen: seen.api_calls("users.info"))
        await here.move(promotion(2, OTHER))
        await here.shown([1], "P-2")
        assert await here.thread_seqs("P-1") == []
        await here.shown([1], "P-1")


async def test_deleted_card_is_made_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = promotion()
        await here.move(now)
        await here.shown([1])
        (card,) = await here.cards()
        answer = await _call(here.ws.api_url, "chat.delete", channel=DEPLOYS, ts=card.ts)
        assert answer["ok"]
        await here.move(grown(now, "approved"))
        fresh = await here.ws.until(lambda seen: seen.message("This one carries on"))
        await here.idle()
        assert fresh.thread_ts != card.ts
        assert set(await here.thread_seqs()) >= {0, 2}
        assert len([row for row in await here.cards() if row.raw.get("subtype") != "tombstone"]) == 1


async def test_archived_channel_sends_the_card_to_its_requester(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = promotion()
        await here.move(now)
        await here.shown([1])
        await here.ws.change_channel("deploys", is_archived=True)
        await here.move(grown(now, "succeeded", state=State.SUCCEEDED))
        note = await here.ws.until(lambda seen: seen.message("carries on here"))
        assert note.channel.startswith("D")
        await here.ws.until(lambda seen: seen.message("step 2", channel=note.channel))


async def test_answers_go_to_one_person_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "rollback biopsy in prod")
        asked = (await here.envelope("Rollback")).request_id
        refused = outcomes.Refused("rollback biopsy in prod", (outcomes.Reason("right", "You may not run anything in prod."),))
        await here.publish(refused, ANA, asked)
        await here.publish(refused, ANA, asked)
        await here.ws.until(lambda seen: seen.ephemeral("You may not run", to=ANA))
        await here.idle()
        assert len((await here.ws.seen()).ephemerals("You may not run")) == 1
        assert (await here.ws.seen()).messages("You may not run") == []


async def test_answer_without_response_url_and_outside_the_channel(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.publish(outcomes.Receipt("Your request waits."), ANA)
        await here.ws.until(lambda seen: seen.ephemeral("Your request waits", to=ANA, channel=DEPLOYS))
        await here.ws.change_channel("other", remove=[ANA])
        await here.publish(outcomes.Receipt("It went live."), ANA, channel=OTHER)
        seen = await here.ws.until(lambda seen: seen.message("It went live"))
        assert seen.channel.startswith("D")


async def test_notice_is_for_the_channel_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.faults.drop_answer("chat.postMessage", times=1)
        await here.publish(outcomes.Notice("Writes have stopped."))
        await here.ws.until(lambda seen: seen.message("Writes have stopped"))
        await here.idle()
        assert len((await here.ws.seen()).messages("Writes have stopped")) == 1


async def test_receipt_when_nothing_came_and_none_when_it_did(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "cancel P-7")
        await here.ws.until(lambda seen: seen.ephemeral("Got it, checking", to=ANA))
        await here.ws.person("ana").command("deploys", "/towpath", "cancel P-8")

        async def second() -> bool:
            return len(await here.envelopes("Cancel")) == 2

        await until(second)
        answered = (await here.envelopes("Cancel"))[1].request_id
        await here.publish(outcomes.Receipt("Cancelled."), ANA, answered)
        await here.ws.until(lambda seen: seen.ephemeral("Cancelled", to=ANA))
        late = await here.ws.until(lambda seen: seen.ephemeral("Not recorded yet", to=ANA), deadline=25)
        assert "cancel P-7" in late.plain
        assert [row.plain for row in (await here.ws.seen()).ephemerals("P-8")] == []


async def test_torn_outcome_holds_up_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.redis.xadd(lanes.outcomes(lanes.shard_of(DEPLOYS)), {"delivery": '{"outcome": 3}'})
        await here.redis.xadd(lanes.outcomes(lanes.shard_of(DEPLOYS)), {"nothing": "at all"})
        await here.move(promotion())
        await here.shown([1])
        await here.idle()


async def test_redis_restart_is_waited_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        await here.shown([1])
        await here.restart_redis()
        await here.move(grown(promotion(), "approved"))
        await here.shown([1, 2], seconds=40)
        assert len(await here.cards()) == 1


async def _call(api_url: str, method: str, **arguments: str) -> dict[str, object]:
    answer = await AsyncWebClient(token="xoxb-stand-in", base_url=api_url).api_call(method, json=arguments)
    return dict(answer.data) if isinstance(answer.data, dict) else {}
