"""Evidence for gates through the real parts: Git, Redis, the inbox, a Git host's API over HTTP; in the record, and binding what was approved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.hosts.standing import HostApi, standing
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.names import CommitId, VersionAsk
from workers.contract.promotion import GateResult, Result
from workers.domain.gates import table
from workers.domain.gates.gate import Gate
from workers.tasks import effects

from .town import ANA, BEN, BIOPSY, POLICY, PROD, STAGING, Town

GATED = f"""{POLICY}\
    gates:
      - model-card: {{sections: [Intended use]}}
      - schema: {{}}
      - artifact-safety: {{allow: [onnx]}}
      - commit-status: {{contexts: [ci/test], at_most_age: 10m}}
"""


@pytest.fixture
def host(town: Town) -> Iterator[HostApi]:
    """The town's Git host, which its effects process may ask."""
    with standing() as api:
        town.wiring._environ = {"TOWPATH_GIT_WEB": f"github {api.site}/bank/models"}
        town.wiring._place = replace(town.wiring._place, status_token="hunter2")
        yield api


def ci(api: HostApi, town: Town, state: str) -> None:
    commit = next(one.commit for version, one in town.world().versions[BIOPSY].items() if version == "v1.0.0")
    at = f"/api/v3/repos/bank/models/commits/{commit}"
    api.says(f"{at}/status?per_page=100", {"statuses": [{"context": "ci/test", "state": state}], "total_count": 1})
    api.says(f"{at}/check-runs?filter=latest&per_page=100", {"check_runs": [], "total_count": 0})


def waiting(town: Town, policy: str = GATED) -> None:
    """The policy is in force, v1 is in staging, and somebody has asked for prod."""
    policy_in_force(town, policy)
    town.promotes("v1.0.0")
    town.works()
    town.promotes("v1.0.0", "prod")
    town.works()


def policy_in_force(town: Town, policy: str) -> None:
    commit = CommitId("1" * 40)
    town.wiring.inbox.put(town.sealed(PROCESSES["effects"], ask.PolicyProposed(commit, policy), key="effects"))
    town.says(BEN, ask.AdoptPolicy(commit[:12]))


def test_what_ci_said_is_recorded_before_the_promotion_and_read_by_everybody(town: Town, host: HostApi) -> None:
    ci(host, town, "success")
    waiting(town)
    assert town.events()[-2:] == ["gathered", "requested"]
    promotion = town.promotion("P-2")
    told = {gate.gate: (gate.result, gate.text) for gate in promotion.gates}
    assert told["commit-status"] == (Result.PASS, "GitHub says that ci/test succeeded at this commit")
    assert told["model-card"] == (Result.PASS, "the card agrees with the metrics file on accuracy, log_loss, auc")
    assert {told[gate][0] for gate in ("schema", "artifact-safety")} == {Result.PASS}
    assert promotion.state.value == "waiting"
    kept = town.git("show", "towpath:evidence/biopsy/v1.0.0/commit-status.yaml")
    assert "check: commit-status" in kept and "hunter2" not in kept
    assert "hunter2" not in town.git("log", "-p", "towpath")
    author = town.git("log", "-1", "--format=%ae", "--grep=Event: gathered", "towpath")
    assert author == "UANA@THOME", "who asked stands behind the look"
    town.approves("P-2")
    town.works()
    assert town.state("P-2") == "succeeded"


def test_ci_that_turned_red_makes_a_waiting_approval_void(town: Town, host: HostApi) -> None:
    ci(host, town, "success")
    waiting(town)
    ci(host, town, "failure")
    town.later(minutes=11)
    town.wiring.inspection._reporter.now = lambda: town.now
    town.approves("P-2")
    town.works()
    promotion = town.promotion("P-2")
    assert (promotion.state.value, promotion.votes) == ("refused", ())
    assert promotion.reasons == ("GitHub says that ci/test failed at this commit",)
    assert town.events()[-2:] == ["gathered", "refused"]


def test_what_goes_on_by_itself_is_looked_at_by_the_clock_and_asked_for_once(town: Town, host: HostApi) -> None:
    ci(host, town, "pending")
    policy_in_force(town, GATED)
    town.says(ANA, ask.Promote(VersionAsk.read("v1"), PROD, BIOPSY, via=STAGING))
    town.works()
    town.wiring.inspection._reporter.now = lambda: town.now
    assert town.state("P-2") == "checking"
    beat(town)
    told = town.promotion("P-2")
    assert (told.state.value, told.events[-1].event) == ("checking", "checking")
    assert "ci/test is pending" in told.reasons[0]
    ci(host, town, "success")
    beat(town)
    assert town.state("P-2") == "waiting"
    assert town.events()[-2:] == ["gathered", "checked"]
    author = town.git("log", "-1", "--format=%ae", "--grep=Event: gathered", "towpath")
    assert author == PROCESSES["effects"].id, "nobody asked for this look"
    town.approves("P-2")
    town.works()
    assert town.state("P-2") == "succeeded"


def test_a_task_that_somebody_forged_has_nothing_looked_at_that_the_ledger_does_not_want(town: Town, host: HostApi) -> None:
    ci(host, town, "success")
    waiting(town)
    town.wiring.inspection._reporter.now = lambda: town.now
    asked, events = len(host.asked), town.events()
    for id_ in ("P-1", "P-2", "P-77"):
        effects.refresh(town.wiring, {"promotion": id_})
    assert (len(host.asked), town.drain(), town.events()) == (asked, 0, events)


def beat(town: Town) -> None:
    """The clock asks for a look, it is reported, and the next beat judges by it."""
    for id_ in town.world().open:
        town.wiring.leases.forget(f"refresh:{id_}")
    town.later(seconds=40)
    town.ticks()
    town.works()
    town.ticks()


def test_a_host_that_cannot_be_asked_refuses_with_the_fix(town: Town) -> None:
    waiting(town)
    promotion = town.promotion("P-2")
    assert promotion.state.value == "refused"
    assert any("Set TOWPATH_GIT_WEB" in reason for reason in promotion.reasons)


def test_a_policy_with_a_gate_of_a_package_is_read_where_the_package_is_not(town: Town) -> None:
    table.bring([Gate("two-keys", "Two keys turn.", lambda _, __: [GateResult("two-keys", Result.PASS, "both turned")])])
    try:
        waiting(town, POLICY + "    gates: [{two-keys: {}}]\n")
    finally:
        table.bring([])
    assert town.state("P-2") == "waiting"
    assert town.promotion("P-2").gates[-1].text == "both turned"
    town.approves("P-2")
    town.works()
    assert town.state("P-2") == "refused"
    assert "not installed here" in town.promotion("P-2").reasons[0]
