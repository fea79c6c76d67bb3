"""An app that was installed with too little: what it says is late or double at worst, never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.contract import lanes, outcomes
from workers.contract.stories import Card

from .stage import DEPLOYS, grown, promotion, stage, until

WITHOUT_HISTORY = ["commands", "chat:write", "app_mentions:read", "users:read", "usergroups:read"]


async def test_without_history_a_lost_answer_is_rather_double_than_lost(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.configure(scopes=WITHOUT_HISTORY)
        await here.move(promotion())
        await here.shown([1])
        await here.ws.faults.drop_answer("chat.postMessage")
        await here.move(grown(promotion(), "approved", "deploying"))
        await here.idle()
        assert set(await here.thread_seqs()) == {1, 2, 3}
        assert sorted(await here.thread_seqs()) == [1, 2, 2, 3]
        assert len(await here.cards()) == 1


async def test_without_history_a_lost_redis_loses_no_card(tmp_path: Path) -> None:
    """The ledger knows where the card is: it is carried on, not made again."""
    async with stage(tmp_path) as here, here.bot():
        await here.ws.configure(scopes=WITHOUT_HISTORY)
        await here.move(promotion())
        await here.shown([1])
        (card,) = await here.cards()
        await here.redis.flushall()
        await until(lambda: here.redis.get(lanes.EPOCH))
        await here.move(grown(promotion(card=Card(DEPLOYS, card.ts)), "approved"))

        async def shown() -> bool:
            return {1, 2} <= set(await here.thread_seqs())

        await until(shown)
        await here.idle()
        assert len(await here.cards()) == 1


async def test_without_history_a_notice_is_not_lost(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.configure(scopes=WITHOUT_HISTORY)
        await here.ws.faults.rate_limit("chat.postMessage", retry_after=1)
        await here.publish(outcomes.Notice("Writes have stopped."))
        await here.ws.until(lambda seen: seen.message("Writes have stopped"))
        await here.idle()
        assert len((await here.ws.seen()).messages("Writes have stopped")) == 1


async def test_who_is_locked_out_waits_for_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("lane", "notices"):
        monkeypatch.setattr(f"bot.delivery.{module}.LOCKED_OUT_PAUSE", 0.1)
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        await here.shown([1])
        for code in ("missing_scope", "token_revoked"):
            await here.ws.faults.error("chat.postMessage", code, times=2)
        await here.move(grown(promotion(), "approved", "deploying"))
        await here.publish(outcomes.Notice("Writes have stopped."))
        await here.shown([1, 2, 3])
        await here.ws.until(lambda seen: seen.message("Writes have stopped"))
        await here.idle()
        assert len(await here.cards()) == 1
