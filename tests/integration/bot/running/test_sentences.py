"""Every way of saying a sentence ends in one signed envelope, with who said it and where."""

from __future__ import annotations

from pathlib import Path

from workers.contract.actors import Origin, Standing
from workers.contract.envelope import read_stamp
from workers.contract.requests import Approve, Audit, Freeze, Promote, Reject

from .stage import ANA, BOT_USER, DEPLOYS, GIO, MIA, REPO_ID, SHARED, STRANGER, TEAM, promotion, stage, until


async def test_command_becomes_a_signed_envelope(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        ack = await here.ws.person("ana").command("deploys", "/towpath", "promote biopsy v3 to prod because it misses fewer cases")
        assert ack.ok and ack.body == ""
        envelope = await here.envelope("Promote")
        assert isinstance(envelope.request, Promote) and envelope.request.because == "it misses fewer cases"
        assert (envelope.actor.id, envelope.actor.standing, envelope.actor.groups) == (f"{ANA}@{TEAM}", Standing.MEMBER, ())
        assert envelope.conversation and (envelope.conversation.channel, envelope.conversation.origin) == (DEPLOYS, Origin.COMMAND)
        assert (read_stamp(envelope.expires_at) - read_stamp(envelope.issued_at)).total_seconds() == 900
        assert envelope.repo_id == REPO_ID

        async def rung() -> bool:
            return ("towpath.drain", {}) in await here.tasks("changes")

        await until(rung)


async def test_a_time_is_read_in_the_authors_own_zone(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("mia").command("deploys", "/towpath", "freeze prod until 2030-07-01 9:00 because of the audit")
        request = (await here.envelope("Freeze")).request
        assert isinstance(request, Freeze) and (request.until, request.because) == ("2030-07-01T07:00:00.000Z", "of the audit")


async def test_question_goes_to_the_queries(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "show status")

        async def asked() -> bool:
            return any(name == "towpath.answer" and "envelope" in given for name, given in await here.tasks("queries"))

        await until(asked)
        assert await here.envelopes() == []


async def test_mention_with_its_message_event_is_one(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("mia").say_markup("deploys", f"<@{BOT_USER}> rollback biopsy in prod")
        envelope = await here.envelope("Rollback")
        assert envelope.actor.groups == ("S0LEADS",)
        assert envelope.conversation and envelope.conversation.origin is Origin.MENTION
        await here.ws.person("mia").command("deploys", "/towpath", "cancel P-9")
        await here.envelope("Cancel")
        assert len(await here.envelopes("Rollback")) == 1


async def test_reply_counts_in_our_threads_only(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        theirs = await here.ws.person("ana").say("deploys", "who wants lunch?")
        await here.ws.person("mia").reply(theirs, "approve")
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        await here.ws.person("mia").reply(card, "I think we should wait")
        await here.ws.person("mia").reply(card, "approve because the metrics hold")
        envelope = await here.envelope("Approve")
        assert envelope.conversation and envelope.conversation.origin is Origin.REPLY
        assert (envelope.conversation.thread, envelope.actor.id.user) == (card.ts, MIA)
        assert len(await here.envelopes("Approve")) == 1
        assert (await here.ws.seen()).ephemerals() == []


async def test_edited_message_is_marked(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        said = await here.ws.person("mia").reply(card, "looks fine to me")
        await here.ws.person("mia").edit(said, "approve")
        envelope = await here.envelope("Approve")
        assert envelope.conversation and envelope.conversation.edited


async def test_button_is_a_typed_sentence(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        await here.ws.person("mia").click(card, "Approve")
        envelope = await here.envelope("Approve")
        assert envelope.request == Approve(promotion().id, promotion().plan[7:19])
        assert envelope.conversation and envelope.conversation.origin is Origin.BUTTON


async def test_rejection_asks_for_its_reason(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        mia = here.ws.person("mia")
        await mia.click(card, "Reject")
        form = await here.ws.until(lambda seen: seen.modal(MIA))
        await mia.submit(form, {"because": "the card names no limits <!channel>"})
        envelope = await here.envelope("Reject")
        assert isinstance(envelope.request, Reject) and envelope.request.because
        assert envelope.request.because.startswith("the card names no limits")
        assert envelope.conversation and (envelope.conversation.origin, envelope.conversation.channel) == (Origin.FORM, DEPLOYS)


async def test_details_are_shown_on_top(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        await here.ws.person("ana").choose(card, "Details")
        details = await here.ws.until(lambda seen: seen.modal(ANA))
        assert "P-1" in details.title and promotion().plan in details.plain and "Asked by: Ana Lima" in details.plain


async def test_who_does_not_count_is_shown_no_details(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion(channel=SHARED))
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        await here.ws.person("stranger").choose(card, "Details")
        asked = await here.question()
        assert (asked.request, asked.actor.standing) == (Audit(promotion().id), Standing.STRANGER)
        await here.ws.person("ana").choose(card, "Details")
        await here.ws.until(lambda seen: seen.modal(ANA))
        assert (await here.ws.seen()).modal(STRANGER) is None


async def test_guest_stranger_and_left_are_named_as_such(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("gio").command("deploys", "/towpath", "rollback biopsy in prod")
        await here.ws.person("stranger").say_markup(SHARED, f"<@{BOT_USER}> cancel P-3")
        guest, stranger = await here.envelope("Rollback"), await here.envelope("Cancel")
        assert (guest.actor.id.user, guest.actor.standing) == (GIO, Standing.GUEST)
        assert (stranger.actor.id, stranger.actor.standing) == (f"{STRANGER}@T0OTHER", Standing.STRANGER)


async def test_who_cannot_be_looked_up_is_unknown(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.faults.error("users.info", "internal_error", times=5)
        await here.ws.faults.error("usergroups.list", "internal_error", times=5)
        await here.ws.person("mia").command("deploys", "/towpath", "cancel P-3")
        actor = (await here.envelope("Cancel")).actor
        assert (actor.standing, actor.groups) == (Standing.UNKNOWN, None)


async def test_words_of_other_bots_are_not_heard(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        event = {"type": "app_mention", "user": ANA, "bot_id": "B0OTHER", "channel": DEPLOYS, "ts": "1700000000.000100"}
        text = f"<@{BOT_USER}> cancel P-3"
        body = {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": {**event, "text": text}}
        assert (await here.ws.deliver("event", body)).ok
        await here.ws.person("ana").command("deploys", "/towpath", "cancel P-4")
        envelope = await here.envelope("Cancel")
        assert getattr(envelope.request, "promotion", None) == "P-4"
        assert len(await here.envelopes()) == 1


async def test_what_is_not_understood_is_explained_to_its_author(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "frobnicate everything")
        seen = await here.ws.until(lambda seen: seen.ephemeral(to=ANA))
        assert "frobnicate" in seen.plain and "Nothing was changed" in seen.plain
        assert await here.envelopes() == []
