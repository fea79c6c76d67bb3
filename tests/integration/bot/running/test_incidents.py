"""An incident of drift has one card, edited in place, and a thread; nothing of it is lost or doubled when Redis is emptied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workers.contract import outcomes
from workers.contract.drift import ColumnDrift, DriftReport, Incident, IncidentState, Level, Window
from workers.contract.names import ActorId, ArtifactName, EnvironmentName, IncidentId, Version
from workers.contract.requests import CardPosted
from workers.contract.stories import Card, Told

from .stage import ANA, BEN, COMMIT, DEPLOYS, DIGEST, OTHER, Stage, grown, promotion, stage, stamp_now, until

EFFECTS = ActorId("effects@towpath")


def incident(**changes: object) -> Incident:
    """One that was opened a moment ago."""
    at = stamp_now()
    report = DriftReport(
        ArtifactName("biopsy"), Version("v3.0.0"), EnvironmentName("prod"), Level.ALERT, "Live rows are far from what it learned.",
        Window(None, None, 400), Window(None, None, 300), at, DIGEST, columns=(column("0.31"),), total=30, drifted=1,
    )  # fmt: skip
    opened = Told(7, "drift_alert", at, EFFECTS, "drift alert", "An alert two windows in a row.")
    found = Incident(
        IncidentId("I-7"), report.artifact, report.environment, report.version, DEPLOYS, at, report, IncidentState.DRIFT, (opened,),
        in_a_row=2, owners=(BEN,), offers=("retrain", "rollback"),
    )  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


def column(psi: str) -> ColumnDrift:
    return ColumnDrift("mean radius", "number", Level.ALERT, psi=psi)


def later(before: Incident, event: str, text: str, **changes: object) -> Incident:
    told = Told(before.events[-1].seq + 1, event, stamp_now(), EFFECTS, before.state.value, text)
    return replace(before, events=(*before.events, told), **changes)  # type: ignore[arg-type]


async def tell(here: Stage, one: Incident, elsewhere: str | None = None) -> None:
    """As the workers do it."""
    moved = outcomes.IncidentMoved(one, {str(event.seq): COMMIT for event in one.events}, COMMIT, elsewhere)
    await here.publish(moved, channel=one.channel)


async def test_one_card_is_edited_while_its_numbers_move(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = incident()
        await tell(here, now)
        await here.shown([7], "I-7")
        for psi in ("0.33", "0.41"):
            await tell(here, replace(now, report=replace(now.report, columns=(column(psi),))))
        await here.ws.until(lambda seen: seen.message("PSI 0.41"))
        await here.idle()
        (card,) = await here.cards("I-7")
        assert "Drift alert" in card.plain
        assert "mean radius" in card.plain
        await here.shown([7], "I-7")
        envelope = await here.envelope("CardPosted")
        assert envelope.request == CardPosted(IncidentId("I-7"), Card(DEPLOYS, card.ts))
        assert len({one.request_id for one in await here.envelopes("CardPosted")}) == 1


async def test_owners_are_called_once_and_the_end_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = incident()
        await tell(here, now)
        now = later(now, "drift_changed", "Other features now.")
        await tell(here, now)
        now = later(now, "drift_over", "Two windows without an alert.", state=IncidentState.OVER, ended_at=stamp_now())
        await tell(here, now)
        await here.shown([7, 8, 9], "I-7")
        await here.idle()
        seen = await here.ws.seen()
        assert len([row for row in seen.messages() if f"<@{BEN}>" in str(row.raw)]) == 1
        (card,) = await here.cards("I-7")
        assert "Over" in card.plain
        assert not any(word in str(card.raw) for word in ("retrain", "rollback", "snooze drift"))


async def test_flushes_lose_and_double_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = incident()
        for turn in range(4):
            await here.redis.flushall()
            await tell(here, now)
            await here.shown(range(7, 8 + turn), "I-7")
            now = later(now, "drift_changed", f"Step {turn}.")
        assert len(await here.cards("I-7")) == 1


async def test_incidents_and_promotions_share_a_channel(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        first, second = promotion(), incident()
        await here.move(first)
        await tell(here, second)
        await here.move(grown(first, "approved"))
        await tell(here, later(second, "drift_changed", "More."))
        await here.shown([1, 2], "P-1")
        await here.shown([7, 8], "I-7")
        assert len(await here.cards("P-1")) == len(await here.cards("I-7")) == 1


async def test_a_closed_channel_sends_it_to_the_one_that_is_told_of_everything(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = incident()
        await tell(here, now, OTHER)
        await here.shown([7], "I-7")
        await here.ws.change_channel("deploys", is_archived=True)
        await tell(here, later(now, "drift_changed", "It went on."), OTHER)
        await here.ws.until(lambda seen: seen.message("carries on here", channel=OTHER))
        await here.ws.until(lambda seen: seen.message("It went on", channel=OTHER))


async def test_where_nothing_stands_in_the_others_go_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await tell(here, incident(channel="C0NOWHERE"))
        await here.move(promotion())
        await here.shown([1])
        await here.idle()
        assert await here.cards("I-7") == []


async def test_a_button_is_its_sentence(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await tell(here, incident())
        await here.shown([7], "I-7")
        (card,) = await here.cards("I-7")
        await here.ws.person("ana").click(card, "snooze_drift")

        async def asked() -> bool:
            return bool(await here.envelopes("SnoozeDrift"))

        await until(asked)
        (envelope,) = await here.envelopes("SnoozeDrift")
        assert (envelope.request.artifact, envelope.request.environment) == ("biopsy", "prod")  # type: ignore[union-attr]
        assert envelope.actor.id.user == ANA
