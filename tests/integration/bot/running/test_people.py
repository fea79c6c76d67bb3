"""Who asks: Slack's word counts for a moment only, and nobody can use up the calls that tell it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.identity import Home
from bot.people import NAMES_A_MINUTE, Ages, People
from bot.slack import Slack
from workers.contract.actors import Standing

from .stage import ANA, BOT_TOKEN, BOT_USER, GIO, MIA, TEAM, Stage, stage, until


@asynccontextmanager
async def people(folder: Path, ages: Ages) -> AsyncIterator[tuple[Stage, People]]:
    """People as a bot sees them that Slack tells of no change."""
    async with stage(folder) as here, Slack(BOT_TOKEN, here.ws.api_url) as slack:
        yield here, People(slack, Home(TEAM, BOT_USER, "B0BOT"), ages)


async def lookups(here: Stage, method: str = "users.info") -> int:
    return len((await here.ws.seen()).api_calls(method))


async def test_a_lost_role_counts_no_longer_than_a_moment(tmp_path: Path) -> None:
    async with people(tmp_path, Ages(users=0.2, groups=0.2)) as (here, known):
        assert (await known.actor(MIA, TEAM)).groups == ("S0LEADS",)
        await here.ws.change_group("ml-leads", remove=["mia"])
        await here.ws.deactivate("gio")

        async def noticed() -> bool:
            return (await known.actor(MIA, TEAM)).groups == () and (await known.actor(GIO, TEAM)).standing is Standing.DEACTIVATED

        await until(noticed)


async def test_answers_are_kept_for_that_moment(tmp_path: Path) -> None:
    async with people(tmp_path, Ages()) as (here, known):
        await asyncio.gather(*(known.actor(MIA, TEAM) for _ in range(5)))
        await known.actor(MIA, TEAM)
        assert (await lookups(here), await lookups(here, "usergroups.list")) == (1, 1)
        known.forget(MIA)
        known.forget()
        await known.actor(MIA, TEAM)
        assert (await lookups(here), await lookups(here, "usergroups.list")) == (2, 2)


async def test_what_was_asked_before_a_change_is_not_kept_after_it(tmp_path: Path) -> None:
    async with people(tmp_path, Ages()) as (here, known):
        await here.ws.faults.delay("users.info", 0.3)
        before = asyncio.create_task(known.standing(GIO, TEAM))
        await asyncio.sleep(0)
        known.forget(GIO)
        await here.ws.change_user("gio", is_restricted=False)
        await before
        assert await known.standing(GIO, TEAM) is Standing.MEMBER


async def test_a_name_may_be_older(tmp_path: Path) -> None:
    async with people(tmp_path, Ages(users=0.0)) as (here, known):
        assert await known.names([ANA, ANA, MIA]) == {ANA: "Ana Lima", MIA: "Mia Chen"}
        await known.names([ANA])
        assert await lookups(here) == 2
        await known.standing(ANA, TEAM)
        assert await lookups(here) == 3


async def test_ids_of_nobody_leave_calls_for_those_who_ask(tmp_path: Path) -> None:
    async with people(tmp_path, Ages()) as (here, known):
        invented = [f"U0NOBODY{n}" for n in range(3 * NAMES_A_MINUTE)]
        assert await known.names(invented) == {user: user for user in invented}
        await known.names(invented)
        assert await lookups(here) == NAMES_A_MINUTE
        assert (await known.actor(MIA, TEAM)).standing is Standing.MEMBER
        assert (await known.actor("U0NOBODY1", TEAM)).standing is Standing.UNKNOWN


def test_the_documents_say_for_how_long() -> None:
    text = (Path(__file__).parents[4] / "docs" / "slack.md").read_text("utf-8")
    found = re.search(r"for (\d+) seconds, and on user groups for (\d+)", text)
    assert found and Ages() == replace(Ages(), users=float(found[1]), groups=float(found[2]))


async def test_the_time_zone_is_the_one_of_the_profile_and_utc_when_nobody_can_say(tmp_path: Path) -> None:
    async with people(tmp_path, Ages()) as (here, known):
        assert await known.zone(ANA) == ZoneInfo("Europe/Amsterdam")
        await here.ws.change_user("mia", tz="Atlantis/Center")
        assert await known.zone(MIA) == UTC
        await here.ws.faults.error("users.info", "internal_error", times=5)
        assert await known.zone("U0NOBODY") == UTC
