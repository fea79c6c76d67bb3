"""Answers for one person's eyes: what a question was read as, the button that shows the answer to everybody, troubles on the way."""

from __future__ import annotations

from pathlib import Path

from demo.slack.seen import Message
from workers.contract import outcomes as out
from workers.contract.actors import Origin
from workers.contract.envelope import Envelope
from workers.contract.names import ActorId, EnvironmentName
from workers.contract.promotion import Hold
from workers.contract.requests import Approve, AuditVerify, ShowStatus, Whoami
from workers.contract.verified import Found, Verdict, Verification

from .stage import ANA, BOT_USER, DEPLOYS, DIGEST, GIO, MIA, TEAM, Stage, as_moved, promotion, stage, stamp_now, until

PROD = (EnvironmentName("prod"),)
STATUS = out.Status(environments=PROD)


async def answered(here: Stage, outcome: out.Outcome = STATUS, text: str = "show status") -> Message:
    """Ana asks, and is answered: what she sees."""
    await here.ws.person("ana").command("deploys", "/towpath", text)
    await here.publish(outcome, ANA, (await here.question()).request_id)
    return await here.ws.until(lambda seen: seen.ephemeral("What is where", to=ANA))


async def test_misspelt_question_says_what_it_was_read_as(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        seen = await answered(here, text="show sttus")
        assert "Read as show status" in seen.plain.replace("`", "")
        await here.ws.person("ana").command("deploys", "/towpath", "show status")
        await here.publish(STATUS, ANA, (await here.question(1)).request_id)
        await here.idle()
        assert len((await here.ws.seen()).ephemerals("What is where")) == 2
        assert len((await here.ws.seen()).ephemerals("Read as")) == 1


async def test_share_asks_anew_and_shows_everybody(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        seen = await answered(here)
        await here.ws.person("ana").click(seen, "Share")
        again = await here.question(1)
        assert again.request == ShowStatus()
        assert again.conversation and (again.conversation.channel, again.conversation.origin) == (DEPLOYS, Origin.BUTTON)
        held = promotion()
        hold = Hold(held.artifact, PROD[0], held.to.version, DIGEST, f"{GIO} saw it time out", ActorId(f"{MIA}@{TEAM}"), stamp_now())
        await here.publish(out.Status(environments=PROD, holds=(hold,)), ANA, again.request_id)
        public = await here.ws.until(lambda seen: seen.message("What is where", channel=DEPLOYS, by=BOT_USER))
        assert "Shared by Ana Lima" in public.plain and "by Mia Chen" in public.plain
        assert "<@" not in str(public.raw["blocks"]) + public.text
        assert public.buttons == [] and public.thread_ts is None

        async def taken_back() -> bool:
            return not (await here.ws.seen()).ephemerals("What is where")

        await until(taken_back)


async def test_two_clicks_share_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        seen = await answered(here)
        await here.ws.faults.copies(2)
        for _ in range(2):
            await here.ws.person("ana").click_as_seen(seen, "Share")
        await here.ws.faults.copies(1)
        asked = (await here.question(1)).request_id
        await here.ws.faults.drop_answer("chat.postMessage")
        for environments in (PROD, (), PROD):
            await here.publish(out.Status(environments=environments), ANA, asked)
        await here.ws.until(lambda seen: seen.message("Shared by"))
        await here.idle()
        assert len((await here.ws.seen()).messages("Shared by")) == 1
        assert len([task for task, _ in await here.tasks("queries")]) == 2


async def test_share_stays_in_its_thread(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        await here.ws.person("ana").reply(card, "audit P-1")
        await here.publish(out.Page(as_moved(promotion())), ANA, (await here.question()).request_id)
        seen = await here.ws.until(lambda seen: seen.ephemeral("Records", to=ANA))
        await here.ws.person("ana").click(seen, "Share")
        await here.publish(out.Page(as_moved(promotion())), ANA, (await here.question(1)).request_id)
        public = await here.ws.until(lambda seen: seen.message("Shared by Ana Lima", channel=DEPLOYS))
        assert public.thread_ts == card.ts


async def test_what_is_for_one_person_has_no_button(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        ana = ActorId(f"{ANA}@{TEAM}")
        await here.ws.person("ana").command("deploys", "/towpath", "whoami")
        asked = await here.question()
        assert asked.request == Whoami()
        await here.publish(out.Person(ana, "member"), ANA, asked.request_id)
        assert (await here.ws.until(lambda seen: seen.ephemeral("You are", to=ANA))).buttons == []
        await here.ws.person("ana").command("deploys", "/towpath", "show status")
        await here.publish(
            out.Refused("show status", (out.Reason("standing", "You do not count."),)), ANA, (await here.question(1)).request_id
        )
        assert "Share" not in (await here.ws.until(lambda seen: seen.ephemeral("do not count", to=ANA))).buttons


async def test_a_refused_share_is_for_one_person(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        seen = await answered(here)
        await here.ws.person("ana").click(seen, "Share")
        refused = out.Refused("show status", (out.Reason("standing", "You do not count any more."),))
        await here.publish(refused, ANA, (await here.question(1)).request_id)
        await here.ws.until(lambda seen: seen.ephemeral("not count any more", to=ANA))
        await here.idle()
        assert (await here.ws.seen()).messages(by=BOT_USER) == []


async def test_where_the_bot_may_not_post_the_reader_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        seen = await answered(here)
        await here.ws.faults.error("chat.postMessage", "not_in_channel")
        await here.ws.person("ana").click(seen, "Share")
        await here.publish(STATUS, ANA, (await here.question(1)).request_id)
        await here.ws.until(lambda seen: seen.ephemeral("nobody else saw the answer", to=ANA))
        assert (await here.ws.seen()).ephemerals("What is where")


async def test_trouble_swallows_no_later_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "rollback biopsy in prod")
        asked = (await here.envelope("Rollback")).request_id
        trouble = out.Trouble("the shared repository does not answer", kept=True)
        await here.publish(trouble, ANA, asked)
        await here.publish(trouble, ANA, asked)
        await here.ws.until(lambda seen: seen.ephemeral("I could not decide now", to=ANA))
        refused = out.Refused("rollback biopsy in prod", (out.Reason("right", "You may not run anything in prod."),))
        await here.publish(refused, ANA, asked)
        await here.ws.until(lambda seen: seen.ephemeral("You may not run", to=ANA))
        await here.idle()
        assert len((await here.ws.seen()).ephemerals("I could not decide now")) == 1


async def test_trouble_swallows_no_later_promotion(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "promote biopsy v3 to prod")
        asked = (await here.envelope("Promote")).request_id
        await here.publish(out.Trouble("the shared repository does not answer", kept=True), ANA, asked)
        await here.publish(as_moved(promotion()), ANA, asked)
        await here.shown([1])
        await here.ws.until(lambda seen: seen.ephemeral("I could not decide now", to=ANA))


async def test_an_adopted_policy_rings_for_nobody(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.publish(out.PolicyAdopted(as_moved(promotion()).commits["1"], f"+ users: [{GIO}]", ActorId(f"{MIA}@{TEAM}")))
        seen = await here.ws.until(lambda seen: seen.message("A policy took force", channel=DEPLOYS))
        assert "adopted by Mia Chen" in seen.plain
        assert "<@" not in str(seen.raw["blocks"]) + seen.text


async def test_a_verification_is_asked_of_git_and_told_to_one_person(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "audit verify")
        asked = await here.look()
        assert asked.request == AuditVerify()
        found = Verification(Verdict.TAMPERED, (Found("gap", "Ledger commit 1a2b3c holds record 9: there is a gap."),))
        await here.publish(found, ANA, asked.request_id)
        seen = await here.ws.until(lambda seen: seen.ephemeral("Tampered", to=ANA))
        assert "there is a gap" in seen.text
        assert "Share" in seen.buttons


async def test_what_came_too_late_in_a_thread_is_offered_again_there_to_its_author_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        await here.ws.person("mia").reply(card, "approve")
        first = await here.envelope("Approve")
        await here.publish(out.Late("approve", 17), MIA, first.request_id)
        seen = await here.ws.until(lambda seen: seen.ephemeral("Too late", to=MIA))
        assert seen.thread_ts == card.ts
        await here.ws.person("mia").click(seen, "Ask again")

        async def asked() -> Envelope | None:
            again = [one for one in await here.envelopes("Approve") if one.request_id != first.request_id]
            return again[0] if again else None

        again = await until(asked)
        assert again.request == Approve()
        assert again.conversation and (again.conversation.thread, again.conversation.origin) == (card.ts, Origin.BUTTON)
