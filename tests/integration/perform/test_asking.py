"""`audit verify` in chat: members are told the verdict that the command gives, others nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract import requests as ask
from workers.contract.actors import Actor, Standing
from workers.contract.outcomes import Refused
from workers.contract.signatures import SigningKey
from workers.contract.verified import Verdict, Verification
from workers.tasks import record
from workers.tasks.wiring import Wiring

from . import attacks
from .town import ANA, Town


@pytest.fixture
def asked(busy: Town) -> Town:
    """A town at work, whose host knows the fingerprint of the first key."""
    trust = SigningKey.load((busy.folder / "keys/writer").read_bytes()).fingerprint
    busy.ticks()
    busy.outcomes()
    place = replace(busy.wiring.place, trust=trust)
    loop, busy.wiring = busy.loop, Wiring(place, busy.wiring._send, {})
    busy.wiring.__dict__["loop"] = loop
    return busy


def asks(town: Town, who: Actor = ANA, key: str = "bot") -> list[object]:
    sealed = town.sealed(who, ask.AuditVerify(), key=key)
    assert record.answer(town.wiring, sealed.to_wire(), lambda: None)
    return [delivery.outcome for delivery in town.outcomes()]


def test_a_member_is_told_that_it_is_sound_and_what_it_was_compared_with(asked: Town) -> None:
    (found,) = asks(asked)
    assert isinstance(found, Verification)
    assert (found.verdict, found.records, found.head) == (Verdict.SOUND, len(asked.events()), asked.head())
    assert any("kept in Redis" in one for one in found.compared)


@pytest.mark.parametrize("name", ["truncate", "append a forgery", "re-pointed tag"])
def test_a_member_is_told_what_is_wrong(asked: Town, name: str) -> None:
    attacks.ALL[name].act(asked)
    (found,) = asks(asked)
    assert isinstance(found, Verification)
    assert found.verdict is Verdict.TAMPERED
    assert attacks.ALL[name].code in {one.code for one in found.findings}


def test_it_is_answered_also_when_git_is_away(asked: Town) -> None:
    asked.remote.rename(asked.folder / "gone.git")
    (found,) = asks(asked)
    assert isinstance(found, Verification)
    assert found.verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize("standing", [Standing.GUEST, Standing.STRANGER, Standing.UNKNOWN, Standing.DEACTIVATED])
def test_who_is_no_member_is_told_nothing(asked: Town, standing: Standing) -> None:
    (found,) = asks(asked, replace(ANA, standing=standing))
    assert isinstance(found, Refused)


def test_a_forged_question_is_not_answered(asked: Town) -> None:
    assert asks(asked, key="clock") == []


def test_without_a_projection_it_waits_for_one(asked: Town) -> None:
    asked.client.flushall()
    wanted: list[str] = []
    assert not record.answer(asked.wiring, asked.sealed(ANA, ask.AuditVerify()).to_wire(), lambda: wanted.append("rebuild"))
    assert wanted == ["rebuild"]
