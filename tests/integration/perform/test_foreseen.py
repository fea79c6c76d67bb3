"""Questions about what would happen, and a way that goes on by itself: over a real ledger and a real Redis."""

from __future__ import annotations

from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.names import CommitId, PromotionId, VersionAsk
from workers.contract.outcomes import Planned, PolicyShown, Unmet
from workers.contract.promotion import State
from workers.tasks import changes, queries

from .test_verification import Auditor
from .town import ANA, BEN, BIOPSY, PROD, STAGING, Town

WAY = ask.Promote(VersionAsk.read("v1.0.0"), PROD, BIOPSY, via=STAGING)


def _answered(town: Town, question: ask.Request) -> None:
    assert queries.answer(town.wiring, town.sealed(ANA, question).to_wire(), lambda: None)


def test_a_way_is_foreseen_gone_and_explained(town: Town) -> None:
    changes.rebuild_now(town.wiring)
    before = town.head()
    _answered(town, ask.Plan(ask.Nested.of(WAY, "promote biopsy v1.0.0 to prod via staging")))
    (planned,) = town.told(Planned)
    assert planned.promotion.state is State.DEPLOYING
    assert planned.promotion.then_to == "prod"
    assert town.head() == before
    town.says(ANA, WAY)
    town.works()
    assert (town.state("P-1"), town.state("P-2")) == ("succeeded", "waiting")
    assert town.events().count("succeeded") == 1
    town.outcomes()
    _answered(town, ask.WhyNot(PromotionId.read("P-2")))
    (unmet,) = town.told(Unmet)
    assert [(one.code, one.clears.split(",")[0]) for one in unmet.conditions] == [("approval", "UBEN or UMIA")]
    town.approves("P-2")
    town.works()
    assert town.state("P-2") == "succeeded"
    status, verdict = Auditor(town).trusting()
    assert status == 0, verdict


def test_who_adopted_the_policy_is_in_the_ledger_and_told(town: Town) -> None:
    changes.rebuild_now(town.wiring)
    commit = "1a2b3c4d5e" * 4
    text = town.world().policy_text.replace("after: staging", "after: staging\n    per_kind: {service: {approve: []}}")
    proposed = town.sealed(PROCESSES["effects"], ask.PolicyProposed(CommitId.read(commit), text), key="effects")
    town.wiring.put(proposed.to_wire())
    town.drain()
    town.says(BEN, ask.AdoptPolicy(commit[:12]))
    town.drain()
    _answered(town, ask.ShowPolicy(BIOPSY, PROD))
    shown = town.told(PolicyShown)[-1]
    assert (shown.by, shown.commit) == (BEN.id, town.head())
    assert town.begun().world == town.world()
    status, verdict = Auditor(town).trusting()
    assert status == 0, verdict
